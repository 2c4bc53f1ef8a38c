package synth

import (
	"bytes"
	"context"
	"io"
	"slices"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// clone copies a pair.
func clone(p *capture.Pair) *capture.Pair {
	q := *p
	q.Color.Pix = slices.Clone(p.Color.Pix)
	q.Depth.Pix = slices.Clone(p.Depth.Pix)
	q.Labels.Pix = slices.Clone(p.Labels.Pix)
	return &q
}

func same(a, b *capture.Pair) bool {
	return bytes.Equal(a.Color.Pix, b.Color.Pix) && slices.Equal(a.Depth.Pix, b.Depth.Pix) && bytes.Equal(a.Labels.Pix, b.Labels.Pix)
}

func frames(t *testing.T, args string) []*capture.Pair {
	t.Helper()
	c, err := Open(args)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all []*capture.Pair
	var p capture.Pair
	for {
		err := c.Next(context.Background(), &p)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, clone(&p))
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	const args = "seed=5,width=96,height=72,frames=5,cut=2,threads="
	a, b := frames(t, args+"1"), frames(t, args+"3")
	if len(a) != 5 || len(b) != 5 {
		t.Fatalf("got %d and %d frames, want 5", len(a), len(b))
	}
	for i := range a {
		if !same(a[i], b[i]) {
			t.Errorf("frame %d differs between 1 and 3 threads", i)
		}
	}
	if same(a[0], a[1]) || same(a[1], a[2]) {
		t.Error("consecutive frames are equal")
	}
}

// A frame does not depend on what was rendered before it.
func TestFrameStandsAlone(t *testing.T) {
	all := frames(t, "seed=9,width=64,height=48,frames=6,cut=2")
	c, err := Open("seed=9,width=64,height=48,cut=2")
	if err != nil {
		t.Fatal(err)
	}
	var p capture.Pair
	for _, i := range []int{5, 0, 3} {
		c.Frame(i, &p)
		if !same(&p, all[i]) {
			t.Errorf("frame %d rendered alone differs", i)
		}
		if c.loaded != i/2 {
			t.Errorf("frame %d shows scene %d, want %d", i, c.loaded, i/2)
		}
	}
}
