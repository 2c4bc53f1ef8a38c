package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/depthwise/depthwise/mask"
)

// hostile is a camera of n pairs, each changed on its way.
func hostile(n int, change func(i int, p *capture.Pair)) *fakeSource {
	f := &fakeSource{cal: capturetest.SmallCalibration()}
	f.step = func(ctx context.Context, i int, dst *capture.Pair) error {
		if i >= n {
			return io.EOF
		}
		capturetest.Paint(f.cal, uint64(i), false, dst)
		dst.ColorTime = time.Duration(i) * frame
		dst.DepthTime = dst.ColorTime + time.Millisecond
		change(i, dst)
		return ctx.Err()
	}
	return f
}

func all[T any](pix []T, v T) {
	for i := range pix {
		pix[i] = v
	}
}

// TestHostileCameras has cameras misbehave in ways of their own. Whatever they do, the run goes on to its end without an
// error, although errors stop it, and every frame has a mask with mode and reason, or is counted.
func TestHostileCameras(t *testing.T) {
	const years = 50 * 365 * 24 * time.Hour
	still := new(capture.Pair)
	capturetest.Paint(capturetest.SmallCalibration(), 77, false, still)
	for _, test := range []struct {
		name   string
		change func(i int, p *capture.Pair)
		want   string // P paired, C colour alone, D depth alone, . none
		drops  Drops
		reason string // the latest that a mask or a frame without one had
	}{
		{"depth flickers", func(i int, p *capture.Pair) {
			if i%2 == 1 {
				p.Depth.Resize(0, 0)
			}
		}, "PCCCCCCCCCCCCCCCCCCC", Drops{}, "depth lost: unplugged"},
		{"the two flicker in turn", func(i int, p *capture.Pair) {
			if i%2 == 1 {
				p.Depth.Resize(0, 0)
			} else {
				p.Color.Resize(0, 0)
			}
		}, "DCDCDCDCDCDCDCDCDCDC", Drops{}, "depth lost: unplugged"},
		{"depth blinks blind, colour dark", func(i int, p *capture.Pair) {
			switch i % 3 {
			case 1:
				clear(p.Depth.Pix)
			case 2:
				clear(p.Color.Pix)
			}
		}, "PCDDCDDCDDCDDCDDCDDC", Drops{}, "depth lost: blind"},
		{"both change their size for good", func(i int, p *capture.Pair) {
			if i >= 4 {
				p.Color.Resize(24, 16)
				p.Depth.Resize(32, 24)
			}
		}, "PPPP................", Drops{DropSize: 16}, "colour lost: wrong size, depth lost: wrong size"},
		{"colour changes its size, depth is gone", func(i int, p *capture.Pair) {
			p.Color.Resize(24, 16)
			p.Depth.Resize(0, 0)
		}, "....................", Drops{DropSize: 20}, "colour lost: wrong size, depth lost: unplugged"},
		{"neither comes", func(i int, p *capture.Pair) {
			if i >= 2 {
				p.Color.Resize(0, 0)
				p.Depth.Resize(0, 0)
			}
		}, "PP..................", Drops{DropUnusable: 18}, "colour lost: unplugged, depth lost: unplugged"},
		{"short colour", func(i int, p *capture.Pair) { p.Color.Pix = p.Color.Pix[:100] }, "DDDDDDDDDDDDDDDDDDDD", Drops{}, "colour lost: wrong size"},
		{"long depth", func(i int, p *capture.Pair) { p.Depth.Pix = append(p.Depth.Pix, 1) }, "CCCCCCCCCCCCCCCCCCCC", Drops{}, "depth lost: wrong size"},
		{"size of a lie", func(i int, p *capture.Pair) { p.Depth.Width, p.Depth.Height = -1, math.MaxInt }, "CCCCCCCCCCCCCCCCCCCC", Drops{}, "depth lost: wrong size"},
		{"one colour image, times go on", func(i int, p *capture.Pair) { copy(p.Color.Pix, still.Color.Pix) }, "PPDDDDDDDDDDDDDDDDDD", Drops{}, "colour lost: frozen"},
		{"white", func(i int, p *capture.Pair) { all(p.Color.Pix, 255) }, "DDDDDDDDDDDDDDDDDDDD", Drops{}, "colour lost: stuck"},
		{"grey", func(i int, p *capture.Pair) { all(p.Color.Pix, byte(100+i)) }, "DDDDDDDDDDDDDDDDDDDD", Drops{}, "colour lost: stuck"},
		{"depth 65535", func(i int, p *capture.Pair) { all(p.Depth.Pix, 65535) }, "CCCCCCCCCCCCCCCCCCCC", Drops{}, "depth lost: stuck"},
		{"depth 1000", func(i int, p *capture.Pair) { all(p.Depth.Pix, 1000) }, "CCCCCCCCCCCCCCCCCCCC", Drops{}, "depth lost: stuck"},
		{"half of the depth missing", func(i int, p *capture.Pair) { clear(p.Depth.Pix[:len(p.Depth.Pix)/2]) }, "PPPPPPPPPPPPPPPPPPPP", Drops{}, ""},
		{"depth at a tenth of the rate", func(i int, p *capture.Pair) {
			if i%10 != 0 {
				p.Depth.Resize(0, 0)
			}
		}, "PCCCCCCCCCCCCCCCCCCC", Drops{}, "depth lost: unplugged"},
		{"colour at a tenth of the rate, repeated", func(i int, p *capture.Pair) {
			capturetest.Paint(capturetest.SmallCalibration(), uint64(i/10), false, still)
			copy(p.Color.Pix, still.Color.Pix)
			p.ColorTime = time.Duration(i/10*10) * frame
		}, "PDDDDDDDDDDDDDDDDDDD", Drops{}, "colour lost: frozen"},
		{"times before 0", func(i int, p *capture.Pair) { p.ColorTime, p.DepthTime = p.ColorTime-years, p.DepthTime-years }, "PPPPPPPPPPPPPPPPPPPP", Drops{}, ""},
		{"times jump by years and back", func(i int, p *capture.Pair) {
			if i%2 == 1 {
				p.ColorTime, p.DepthTime = p.ColorTime+years, p.DepthTime+years
			}
		}, "PPPPPPPPPPPPPPPPPPPP", Drops{}, ""},
		{"depth's clock is years ahead", func(i int, p *capture.Pair) { p.DepthTime += years }, "DDDDDDDDDDDDDDDDDDDD", Drops{}, "colour lost: stale"},
		{"times at both ends", func(i int, p *capture.Pair) {
			p.ColorTime, p.DepthTime = math.MinInt64+time.Duration(i), math.MaxInt64-time.Duration(i)
		},
			"DDDDDDDDDDDDDDDDDDDD", Drops{}, "colour lost: stale"},
		{"times stand still", func(i int, p *capture.Pair) { p.ColorTime, p.DepthTime = 5, 6 }, "PPPPPPPPPPPPPPPPPPPP", Drops{}, ""},
		{"numbers run wild", func(i int, p *capture.Pair) {
			p.Seq = []uint64{0, 1 << 63, 1000, 1 << 40, 3000, math.MaxUint64 - 100}[i%6] + uint64(i)
		}, "PPPPPPPPPPPPPPPPPPPP", Drops{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			policy, err := NewStudents(Students{Main: fused(), Color: rgbOnly(), Depth: depthOnly()})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			enc, err := mask.NewEncoder(&out, "ndjson", mask.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got, reason, last := "", "", int64(-1)
			src := hostile(len(test.want), test.change)
			p := &Pipeline{Source: src, Policy: policy, Models: policy.Models(), Checks: &Checks{},
				Told: func(c Change) { reason = c.To.Reason },
				Emit: func(m *mask.Mask, _ *capture.Pair) error {
					if int64(m.Seq) <= last || (m.Reason == "") != (m.Mode == mask.Paired) {
						t.Errorf("after %d: frame %d, %s for %q", last, m.Seq, m.Mode, m.Reason)
					}
					last = int64(m.Seq)
					got += map[mask.Mode]string{mask.Paired: "P", mask.ColorOnly: "C", mask.DepthOnly: "D"}[m.Mode]
					out.Reset()
					if err := enc.Encode(m, mask.Image{}); err != nil || !json.Valid(out.Bytes()) {
						t.Errorf("frame %d: %v: %s", m.Seq, err, out.String())
					}
					return nil
				}}
			sum, err := p.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			balanced(t, sum)
			if want := strings.TrimRight(test.want, "."); got != want || sum.Drops != test.drops || reason != test.reason || sum.Frames != uint64(len(test.want)) {
				t.Errorf("%s\nwant %s; drops %v, reason %q", got, test.want, sum.Drops.Map(), reason)
			}
		})
	}
}

// TestErrorsBeforeALatePair has an error use a number up, and a pair that comes again before the next in order: nothing
// counts twice.
func TestErrorsBeforeALatePair(t *testing.T) {
	numbers := []int{0, 1, -1, 1, 3, -1, -1, 2, 5, 7} // −1: an error; 2 and 4 went with the first two, 6 is lost
	src := &fakeSource{cal: small()}
	src.step = func(_ context.Context, i int, dst *capture.Pair) error {
		switch {
		case i == len(numbers):
			return io.EOF
		case numbers[i] < 0:
			return errors.New("no answer")
		}
		return fill(dst, src.cal, uint64(numbers[i]))
	}
	p := pipe(src, newFakeModel(), ignore)
	p.OnError = Skip
	sum, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, sum)
	if want := (Drops{DropUnreadable: 3, DropLate: 2, DropLost: 1}); sum.Masks != 5 || sum.Drops != want {
		t.Errorf("%d masks, drops %v", sum.Masks, sum.Drops.Map())
	}
}

// TestRunIsBounded ends runs whose parts do not return: neither Next nor Close, nor Emit, nor any of them.
func TestRunIsBounded(t *testing.T) {
	for _, test := range []struct {
		name         string
		source, emit bool // hang
		want         error
		within       time.Duration
	}{
		{"all return", false, false, nil, 0},
		{"a source that neither ends nor closes", true, false, ErrStuck, 4 * time.Second},
		{"nobody takes the masks", false, true, ErrUntaken, 2250 * time.Millisecond},
		{"both", true, true, ErrUntaken, 6250 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			never := make(chan struct{})
			src := hostile(math.MaxInt, func(int, *capture.Pair) {})
			if step := src.step; true {
				src.step = func(ctx context.Context, n int, dst *capture.Pair) error {
					if test.source && n == 20 {
						<-never
					}
					time.Sleep(frame)
					return step(ctx, n, dst)
				}
			}
			src.close = func() {
				if <-never; test.source {
					panic("Close") // after all, and of no interest any more
				}
			}
			p := pipe(src, newFakeModel(), func(m *mask.Mask, _ *capture.Pair) error {
				if test.emit && m.Seq == 10 {
					<-never
				}
				return nil
			})
			time.AfterFunc(5*time.Second, cancel)
			begin := time.Now()
			sum, err := p.Run(ctx)
			if took := time.Since(begin) - 5*time.Second; !errors.Is(err, test.want) || took < 0 || took > test.within+frame {
				t.Errorf("%s: %v, %v after the end", test.name, err, took)
			}
			balanced(t, sum)
			if n := sum.Drops[DropUnwritten]; test.emit && (n != 1 || sum.Masks != 10) || !test.emit && n != 0 {
				t.Errorf("%s: %d masks, drops %v", test.name, sum.Masks, sum.Drops.Map())
			}
			masks := sum.Masks
			close(never) // what hung goes on, and changes nothing
			time.Sleep(time.Second)
			if balanced(t, sum); sum.Masks != masks {
				t.Errorf("%s: %d masks, then %d", test.name, masks, sum.Masks)
			}
		})
	}
}

// TestTheLastMaskIsAwaited: at the end a reader has the whole grace for a mask, from the end on or, if it is handed out
// later, from then on.
func TestTheLastMaskIsAwaited(t *testing.T) {
	for _, test := range []struct{ infer, emit, end time.Duration }{
		{0, 3 * time.Second, 1500 * time.Millisecond},                             // handed out 1.5 s before the end
		{3 * time.Second, time.Second, 500 * time.Millisecond},                    // handed out 2.5 s after it
		{2500 * time.Millisecond, 1900 * time.Millisecond, 10 * time.Millisecond}, // nearly the grace
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			m := newFakeModel()
			m.infer = func(uint8) error {
				time.Sleep(test.infer)
				return nil
			}
			src := hostile(5, func(i int, _ *capture.Pair) {
				if i > 0 {
					<-ctx.Done()
				}
			})
			p := pipe(src, m, func(*mask.Mask, *capture.Pair) error {
				time.Sleep(test.emit)
				return nil
			})
			time.AfterFunc(test.end, cancel)
			sum, err := p.Run(ctx)
			if balanced(t, sum); err != nil || sum.Masks != 1 {
				t.Errorf("%+v: %v, %d masks, drops %v", test, err, sum.Masks, sum.Drops.Map())
			}
		})
	}
}
