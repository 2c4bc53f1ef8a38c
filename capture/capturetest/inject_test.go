package capturetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"pgregory.net/rapid"
)

// script pulls from j until io.EOF and writes each call as "Seq", or as its error.
func script(t *testing.T, j *Injector) (calls []string, pairs []*capture.Pair) {
	t.Helper()
	for range 100 {
		var pair capture.Pair
		err := j.Next(context.Background(), &pair)
		switch {
		case err == io.EOF:
			return calls, pairs
		case errors.Is(err, ErrUnplugged):
			calls = append(calls, "unplugged")
			pairs = append(pairs, nil)
		case err != nil:
			t.Fatal(err)
		default:
			calls = append(calls, fmt.Sprint(pair.Seq))
			pairs = append(pairs, clone(&pair))
		}
	}
	t.Fatal("no end")
	return nil, nil
}

func TestInjectChangesTheOrder(t *testing.T) {
	for name, test := range map[string]struct {
		faults []Fault
		want   []string
	}{
		"nothing":            {nil, []string{"0", "1", "2", "3", "4", "5"}},
		"drop":               {[]Fault{{Kind: Drop, At: 1, Count: 2}}, []string{"0", "3", "4", "5"}},
		"drop at the end":    {[]Fault{{Kind: Drop, At: 5, Count: 9}}, []string{"0", "1", "2", "3", "4"}},
		"duplicate":          {[]Fault{{Kind: Duplicate, At: 2, Count: 2}}, []string{"0", "1", "1", "1", "2", "3", "4", "5"}},
		"duplicate of none":  {[]Fault{{Kind: Duplicate, At: 0}}, []string{"0", "1", "2", "3", "4", "5"}},
		"reorder":            {[]Fault{{Kind: Reorder, At: 1}}, []string{"0", "2", "1", "3", "4", "5"}},
		"reorder at the end": {[]Fault{{Kind: Reorder, At: 5}}, []string{"0", "1", "2", "3", "4", "5"}},
		"unplug":             {[]Fault{{Kind: Unplug, At: 2, Count: 3}}, []string{"0", "1", "unplugged", "unplugged", "unplugged", "5"}},
		"reorder, drop":      {[]Fault{{Kind: Reorder, At: 0}, {Kind: Drop, At: 1}}, []string{"1", "2", "3", "4", "5"}},
	} {
		t.Run(name, func(t *testing.T) {
			j := Inject(NewFake(FakeOptions{Pairs: 6}), test.faults...)
			got, _ := script(t, j)
			if !slices.Equal(got, test.want) {
				t.Errorf("calls gave %v, want %v", got, test.want)
			}
			c := j.Counts()
			if c.Pulled != c.Delivered-c.Repeated+c.Lost {
				t.Errorf("%d pulled, %d delivered, %d repeated, %d lost: they do not add up", c.Pulled, c.Delivered, c.Repeated, c.Lost)
			}
			for _, f := range test.faults {
				if c.Faults[f.Kind] != 1 {
					t.Errorf("%v acted %d times, want once", f.Kind, c.Faults[f.Kind])
				}
			}
		})
	}
}

func TestInjectDamagesPairs(t *testing.T) {
	paint := func(seq uint64) *capture.Pair {
		var p capture.Pair
		Paint(SmallCalibration(), seq, true, &p)
		p.ColorTime = time.Duration(seq) * time.Second / 30
		p.DepthTime = p.ColorTime
		return &p
	}
	// Each check looks at pair 2, on which the fault acts; pairs 1 and 3 must be untouched.
	for kind, check := range map[Kind]func(p *capture.Pair) string{
		Tear: func(p *capture.Pair) string {
			want, old := paint(2), paint(1)
			copy(want.Color.Pix[12*32*3:], old.Color.Pix[12*32*3:])
			copy(want.Depth.Pix[8*24:], old.Depth.Pix[8*24:])
			return difference(p, want)
		},
		WrongSize: func(p *capture.Pair) string {
			c := SmallCalibration()
			if p.Color.Width != 16 || p.Color.Height != 12 || len(p.Color.Pix) != 16*12*3 || p.Depth.Width != 12 || p.Depth.Height != 8 ||
				len(p.Depth.Pix) != 12*8 || p.Labels.Width != 16 || len(p.Labels.Pix) != 16*12 {
				return "sizes"
			}
			full := paint(2)
			if p.Depth.Pix[12+3] != full.Depth.Pix[2*c.Depth.Width+6] || p.Color.Pix[3*(16+3)+1] != full.Color.Pix[3*(2*32+6)+1] {
				return "pixels"
			}
			return ""
		},
		Freeze: func(p *capture.Pair) string {
			want, old := paint(2), paint(1)
			want.Color, want.Depth = old.Color, old.Depth
			return difference(p, want)
		},
		FreezeColor: func(p *capture.Pair) string {
			want := paint(2)
			want.Color = paint(1).Color
			return difference(p, want)
		},
		FreezeDepth: func(p *capture.Pair) string {
			want := paint(2)
			want.Depth = paint(1).Depth
			return difference(p, want)
		},
		StickDepth: func(p *capture.Pair) string {
			want := paint(2)
			for i := range want.Depth.Pix {
				want.Depth.Pix[i] = 0xffff
			}
			return difference(p, want)
		},
		ClockJump: func(p *capture.Pair) string {
			want := paint(2)
			want.ColorTime -= time.Second
			want.DepthTime -= time.Second
			return difference(p, want)
		},
		Blind: func(p *capture.Pair) string {
			want := paint(2)
			clear(want.Depth.Pix)
			return difference(p, want)
		},
		Dark: func(p *capture.Pair) string {
			want := paint(2)
			clear(want.Color.Pix)
			return difference(p, want)
		},
		LoseDepth: func(p *capture.Pair) string {
			want := paint(2)
			want.Depth = capture.Depth{}
			return difference(p, want)
		},
		LoseColor: func(p *capture.Pair) string {
			want := paint(2)
			want.Color = capture.Color{}
			return difference(p, want)
		},
		Corrupt: func(p *capture.Pair) string {
			want, changed := paint(2), 0
			for i := range p.Color.Pix {
				if p.Color.Pix[i] != want.Color.Pix[i] {
					changed++
				}
			}
			if share := float64(changed) / float64(len(p.Color.Pix)); share < 0.05 || share > 0.15 {
				return fmt.Sprintf("%v of the colour", share)
			}
			return ""
		},
	} {
		t.Run(kind.String(), func(t *testing.T) {
			j := Inject(NewFake(FakeOptions{Pairs: 5, Labels: true}), Fault{Kind: kind, At: 2, For: -time.Second})
			_, pairs := script(t, j)
			if what := check(pairs[2]); what != "" {
				t.Errorf("%s is not as the fault makes it", what)
			}
			for _, i := range []int{0, 1, 3, 4} {
				want := paint(uint64(i))
				want.ColorTime, want.DepthTime = pairs[i].ColorTime, pairs[i].DepthTime // rounded differently
				if what := difference(pairs[i], want); what != "" {
					t.Errorf("pair %d: %s changed too", i, what)
				}
			}
			if c := j.Counts(); c.Faults[kind] != 1 || c.Hits[kind] != 1 {
				t.Errorf("counted %d faults and %d hits, want 1 and 1", c.Faults[kind], c.Hits[kind])
			}
		})
	}
}

func TestInjectStall(t *testing.T) {
	j := Inject(NewFake(FakeOptions{}), Fault{Kind: Stall, At: 0, For: time.Millisecond}, Fault{Kind: Stall, At: 1})
	var pair capture.Pair
	if err := j.Next(context.Background(), &pair); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := j.Next(ctx, &pair); err != context.DeadlineExceeded {
		t.Errorf("a stall ends with %v, want context.DeadlineExceeded", err)
	}
	time.AfterFunc(10*time.Millisecond, func() { j.Close() })
	if err := j.Next(context.Background(), &pair); err != ErrClosed {
		t.Errorf("a stall ends with %v, want ErrClosed", err)
	}
	if c := j.Counts(); c.Faults[Stall] != 2 || c.Delivered != 1 {
		t.Errorf("counts are %+v", c)
	}
}

func TestInjectWithoutFaultsConforms(t *testing.T) {
	Conform(t, func(testing.TB) capture.Source {
		return Inject(NewFake(FakeOptions{Pairs: 40}))
	}, Options{Pairs: 40})
}

// A damaged source is still a source: faults that only change images break no promise of waiting and closing.
func TestInjectFailsOnlyWhatItsFaultsBreak(t *testing.T) {
	for kind, want := range map[Kind][]string{
		WrongSize: {"sizes", "other-sizes"},
		Duplicate: {"order", "eof"},
		Reorder:   {"order"},
		Drop:      {"order", "eof"},
		Freeze:    {},
		Dark:      {},
	} {
		failed, text := judge(func() capture.Source {
			return Inject(NewFake(FakeOptions{Pairs: 20}), Fault{Kind: kind, At: 3, Count: 1})
		}, Options{Pairs: 20, Allocs: -1})
		if !slices.Equal(failed, want) {
			t.Errorf("%v: cases %v fail, want %v\n%s", kind, failed, want, text)
		}
	}
}

func TestRandomFaultsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		faults := RandomFaults(seed, rapid.IntRange(0, 40).Draw(t, "faults"), 60)
		if !slices.Equal(faults, RandomFaults(seed, len(faults), 60)) {
			t.Fatal("the same seed gives other faults")
		}
		j := Inject(NewFake(FakeOptions{Pairs: 80}), faults...)
		seen := map[uint64]int{}
		ends := false
		for range 400 {
			var pair capture.Pair
			err := j.Next(context.Background(), &pair)
			if err == io.EOF {
				ends = true
				break
			}
			if err == nil {
				seen[pair.Seq]++
			} else if err != ErrUnplugged {
				t.Fatal(err)
			}
		}
		c := j.Counts()
		if !ends || c.Pulled != 80 {
			t.Fatalf("ended %v after %d pairs", ends, c.Pulled)
		}
		if len(seen) != c.Delivered-c.Repeated || c.Pulled != len(seen)+c.Lost {
			t.Fatalf("%d different pairs seen; counts %+v", len(seen), c)
		}
	})
}
