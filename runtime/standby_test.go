package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/quant"
)

// tinyStandby stands for a tiny student, and counts how often it is loaded.
func tinyStandby(t *testing.T, kind string, o StudentOptions) (*Standby, *atomic.Int32) {
	loads := new(atomic.Int32)
	s := NewStandby(StandbyOptions{Name: "tiny-" + kind, UsesColor: kind != "depth", UsesDepth: kind != "rgb", Load: func() (*Student, error) {
		loads.Add(1)
		return openTiny(t, kind, o), nil
	}})
	t.Cleanup(func() { s.Close() })
	return s, loads
}

// losing is a source of n scenes of which depth is missing from frame `from` on.
func losing(from, n int) *fakeSource {
	pair, cal := scene()
	return &fakeSource{cal: cal, step: func(_ context.Context, i int, dst *capture.Pair) error {
		if i >= n {
			return io.EOF
		}
		dst.CopyFrom(pair)
		dst.Seq = uint64(i)
		dst.Color.Pix[0] = byte(i)
		if i >= from {
			dst.Depth.Resize(0, 0)
		}
		return nil
	}}
}

// TestStandbyIsTheStudent runs through the loss of depth, from the first frame on too, with a student that is there from
// the beginning, one that is loaded when it is needed, and ones that are loaded meanwhile, and expects the same masks.
func TestStandbyIsTheStudent(t *testing.T) {
	for _, from := range []int{0, 1, 7} {
		var want [][]uint8
		for _, how := range []string{"loaded", "needed", "settled", "while it runs"} {
			var memory quant.Memory
			p := Students{Main: openTiny(t, "early", StudentOptions{Memory: &memory, Margin: true})}
			standby, loads := tinyStandby(t, "rgb", StudentOptions{Memory: &memory, Margin: true})
			p.Color = standby
			if how == "loaded" {
				p.Color = openTiny(t, "rgb", StudentOptions{Memory: &memory, Margin: true})
			}
			policy, err := NewStudents(p)
			if err != nil {
				t.Fatal(err)
			}
			var got [][]uint8
			run := &Pipeline{Source: losing(from, 12), Policy: policy, Models: policy.Models(), Emit: func(m *mask.Mask, _ *capture.Pair) error {
				if lost := int(m.Seq) >= from; lost != (m.Model == "tiny-rgb") || lost != (m.Mode == mask.ColorOnly) || m.Confidence < 0.5 {
					return fmt.Errorf("frame %d by %s in mode %s, confidence %v", m.Seq, m.Model, m.Mode, m.Confidence)
				}
				got = append(got, bytes.Clone(m.Classes))
				return nil
			}}
			var settled sync.WaitGroup
			settled.Add(1)
			run.Settled = func() {
				defer settled.Done()
				if how == "settled" {
					if err := standby.Load(); err != nil {
						t.Error(err)
					}
				}
			}
			if how == "while it runs" {
				settled.Go(func() { standby.Load() })
			}
			sum, err := run.Run(t.Context())
			if err == nil {
				settled.Wait()
			}
			if err != nil || sum.Masks != 12 {
				t.Fatalf("from %d, %s: %d masks, %v", from, how, sum.Masks, err)
			}
			if n := loads.Load(); n != map[bool]int32{true: 0, false: 1}[how == "loaded"] {
				t.Errorf("from %d, %s: loaded %d times", from, how, n)
			}
			if how == "loaded" {
				want = got
				continue
			}
			for i := range want {
				if !bytes.Equal(got[i], want[i]) {
					t.Fatalf("from %d, %s: frame %d differs", from, how, i)
				}
			}
		}
	}
}

// Nothing is loaded for a run that does not need it.
func TestStandbyStaysAway(t *testing.T) {
	standby, loads := tinyStandby(t, "rgb", StudentOptions{})
	policy, err := NewStudents(Students{Main: openTiny(t, "early", StudentOptions{}), Color: standby})
	if err != nil {
		t.Fatal(err)
	}
	run := &Pipeline{Source: losing(99, 5), Policy: policy, Models: policy.Models(), Emit: ignore}
	if sum, err := run.Run(t.Context()); err != nil || sum.Masks != 5 || loads.Load() != 0 {
		t.Errorf("%d masks, %v, loaded %d times", sum.Masks, err, loads.Load())
	}
	if w, h := standby.Size(); w != 0 || h != 0 || standby.Confidence() != 0 || len(standby.Codes(nil)) != 0 {
		t.Error("a student that is not there has a size, a confidence or codes")
	}
	if _, err := standby.Infer(); err == nil || !strings.Contains(err.Error(), `standby "tiny-rgb": Infer before Preprocess`) {
		t.Errorf("Infer: %v", err)
	}
}

// What cannot be loaded, or is something else, ends the run with its error when it is needed, and is tried again.
func TestStandbyFails(t *testing.T) {
	broken := errors.New("torn file")
	for fault, load := range map[string]func() (*Student, error){
		"torn file":                    func() (*Student, error) { return nil, broken },
		"standby: panic: index":        func() (*Student, error) { panic("index") },
		"is not what was expected":     func() (*Student, error) { return openTiny(t, "early", StudentOptions{}), nil },
		"tiny-depth, 64×48 from depth": func() (*Student, error) { return openTiny(t, "depth", StudentOptions{}), nil },
	} {
		var mended atomic.Bool // Settled's Load may still be going on when the run has ended
		standby := NewStandby(StandbyOptions{Name: "tiny-rgb", UsesColor: true, Load: func() (*Student, error) {
			if mended.Load() {
				return openTiny(t, "rgb", StudentOptions{}), nil
			}
			return load()
		}})
		policy, err := NewStudents(Students{Main: openTiny(t, "early", StudentOptions{}), Color: standby})
		if err != nil {
			t.Fatal(err)
		}
		run := &Pipeline{Source: losing(2, 5), Policy: policy, Models: policy.Models(), Emit: ignore, Settled: func() { standby.Load() }}
		sum, err := run.Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), fault) || !strings.Contains(err.Error(), `runtime: standby "tiny-rgb": `) || sum.Masks != 2 {
			t.Errorf("%s: %d masks, %v", fault, sum.Masks, err)
		}
		balanced(t, sum)
		mended.Store(true)
		if err := standby.Load(); err != nil {
			t.Errorf("%s: then %v", fault, err)
		}
	}
}

// A student of the right name that takes something else is refused.
func TestStandbyKnowsWhatItTakes(t *testing.T) {
	for kind, takes := range map[string][2]bool{"early": {true, true}, "rgb": {true, false}, "depth": {false, true}} {
		for _, said := range [][2]bool{{true, true}, {true, false}, {false, true}} {
			s := NewStandby(StandbyOptions{Name: "tiny-" + kind, UsesColor: said[0], UsesDepth: said[1],
				Load: func() (*Student, error) { return openTiny(t, kind, StudentOptions{}), nil }})
			if err := s.Load(); (err == nil) != (said == takes) {
				t.Errorf("tiny-%s as one that takes colour %v, depth %v: %v", kind, said[0], said[1], err)
			}
			s.Close()
		}
	}
}

// Close does not wait for a Load, which closes what it has loaded for nobody.
func TestStandbyClosesWhileItLoads(t *testing.T) {
	begun, end := make(chan bool), make(chan bool)
	m := openTiny(t, "rgb", StudentOptions{})
	s := NewStandby(StandbyOptions{Name: "tiny-rgb", UsesColor: true, Load: func() (*Student, error) {
		close(begun)
		<-end
		return m, nil
	}})
	loaded := make(chan error)
	go func() { loaded <- s.Load() }()
	<-begun
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Close waits for Load")
	}
	close(end)
	if err := <-loaded; err == nil || !strings.Contains(err.Error(), "is closed") {
		t.Errorf("Load: %v", err)
	}
	if _, err := m.Infer(); err == nil {
		t.Error("the student is still open")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
