package capture

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// halves feeds two streams of 30 frames a second, of which each may be away for a while, and gives what came of them.
func halves(o PairerOptions, frames int, color, depth func(i int) bool) (out []Pair, counts PairerCounts) {
	p := NewPairer(o)
	var c Color
	var d Depth
	var pair Pair
	take := func(now time.Duration) {
		for p.Next(now, &pair) {
			kept := pair
			kept.Color.Pix, kept.Depth.Pix = append([]byte(nil), pair.Color.Pix...), append([]uint16(nil), pair.Depth.Pix...)
			out = append(out, kept)
		}
	}
	for i := range frames {
		at := time.Duration(i) * 33 * ms
		if color(i) {
			c.Resize(1, 1)
			c.Pix[0] = byte(i)
			p.PushColor(at+2*ms, at, &c)
		}
		take(at + 2*ms)
		if depth(i) {
			d.Resize(1, 1)
			d.Pix[0] = uint16(i)
			p.PushDepth(at+5*ms, at+3*ms, &d)
		}
		take(at + 5*ms)
		if due, ok := p.Due(); ok && due < at+33*ms {
			take(due)
		}
	}
	return out, p.Counts()
}

func TestPairerHalves(t *testing.T) {
	always := func(int) bool { return true }
	away := func(i int) bool { return i < 20 || i >= 40 }
	o := PairerOptions{Halves: true, ColorPeriod: 33 * ms, DepthPeriod: 33 * ms}
	for name, run := range map[string]struct{ color, depth func(int) bool }{
		"depth away": {always, away}, "colour away": {away, always},
	} {
		t.Run(name, func(t *testing.T) {
			out, counts := halves(o, 60, run.color, run.depth)
			seen, alone := map[int]bool{}, 0
			for i, p := range out {
				if p.Seq != uint64(i) {
					t.Fatalf("pair %d says Seq %d", i, p.Seq)
				}
				n := 0
				switch {
				case p.HasColor() && p.HasDepth():
					if n = int(p.Color.Pix[0]); n != int(p.Depth.Pix[0]) || p.Skew() != 3*ms {
						t.Fatalf("colour %d with depth %d, skew %v", n, p.Depth.Pix[0], p.Skew())
					}
				case p.HasColor():
					n = int(p.Color.Pix[0])
				case p.HasDepth():
					n = int(p.Depth.Pix[0])
				default:
					t.Fatalf("pair %d has neither image", i)
				}
				if !p.HasColor() || !p.HasDepth() {
					alone++
					if p.Skew() != 0 || away(n) && n != 40 { // the first back may be later than its partner was let go
						t.Fatalf("frame %d came alone, skew %v", n, p.Skew())
					}
				}
				if seen[n] {
					t.Fatalf("frame %d came twice", n)
				}
				seen[n] = true
			}
			// Frames of the silent 100 ms wait, and come when it is over: none is lost.
			for i := range 59 {
				if !seen[i] {
					t.Errorf("frame %d never came", i)
				}
			}
			if alone != 20 && alone != 21 || counts.Color.Halves+counts.Depth.Halves != alone || counts.Pairs != len(out)-alone {
				t.Errorf("%d alone of %d; counts %+v", alone, len(out), counts)
			}
		})
	}
	if out, counts := halves(PairerOptions{}, 60, always, away); len(out) != counts.Pairs || counts.Color.Halves != 0 || len(out) > 40 {
		t.Errorf("without Halves %d pairs, %+v", len(out), counts)
	}
	if out, _ := halves(o, 30, always, func(int) bool { return false }); len(out) < 28 {
		t.Errorf("a depth camera that never began: %d half pairs of 30", len(out))
	}
	// A stream that lives and only loses frames is not silent: its partners are left out as without Halves.
	if _, counts := halves(o, 60, always, func(i int) bool { return i%2 == 0 }); counts.Color.Halves != 0 {
		t.Errorf("depth at half the rate: %+v", counts)
	}
}

// TestPairerHalvesProperty takes both streams away at random: order, balance, and a bound on how long a frame waits.
func TestPairerHalvesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		there := func(label string) func(int) bool {
			bits := rapid.SliceOfN(rapid.Bool(), 8, 8).Draw(t, label)
			return func(i int) bool { return bits[i/12%8] }
		}
		out, counts := halves(PairerOptions{Halves: true}, 96, there("colour"), there("depth"))
		for i := 1; i < len(out); i++ {
			if out[i].ColorTime <= out[i-1].ColorTime && out[i].HasColor() && out[i-1].HasColor() ||
				out[i].DepthTime <= out[i-1].DepthTime && out[i].HasDepth() && out[i-1].HasDepth() {
				t.Fatalf("pair %d goes back: %v %v after %v %v", i, out[i].ColorTime, out[i].DepthTime, out[i-1].ColorTime, out[i-1].DepthTime)
			}
		}
		for _, s := range []StreamCounts{counts.Color, counts.Depth} {
			if s.In != counts.Pairs+s.Halves+s.Unpaired.Total()+s.Waiting {
				t.Fatalf("%+v with %d pairs does not add up", s, counts.Pairs)
			}
		}
		if len(out) != counts.Pairs+counts.Color.Halves+counts.Depth.Halves {
			t.Fatalf("%d pairs came: %+v", len(out), counts)
		}
	})
}

// TestPairerHalvesWaitForTheStart begins far from the clock's epoch: a stream that has not begun is given its wait.
func TestPairerHalvesWaitForTheStart(t *testing.T) {
	p := NewPairer(PairerOptions{Halves: true})
	c, pair := Color{1, 1, []byte{1, 2, 3}}, Pair{}
	p.PushColor(time.Hour, 0, &c)
	for _, wait := range []time.Duration{0, 99 * ms} {
		if p.Next(time.Hour+wait, &pair) {
			t.Errorf("alone after %v", wait)
		}
	}
	if !p.Next(time.Hour+100*ms, &pair) || pair.HasDepth() {
		t.Error("not alone after 100 ms")
	}
}
