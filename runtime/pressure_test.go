package runtime

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/mask"
)

// TestBudget tells a budget of late and early frames, and looks at when it calls for the nano student.
func TestBudget(t *testing.T) {
	b := &Budget{Deadline: 33 * time.Millisecond, Misses: 3, Back: time.Second}
	now := time.Unix(1000, 0)
	frame := func(main bool, age time.Duration) Pressure {
		now = now.Add(100 * time.Millisecond)
		b.Done(main, age*time.Millisecond, now)
		return b.Pressure()
	}
	for i, step := range []struct {
		age  time.Duration
		want Pressure
	}{{33, 0}, {34, 0}, {34, 0}, {33, 0}, {34, 0}, {34, 0}, {34, TooSlow}} {
		if got := frame(true, step.age); got != step.want {
			t.Fatalf("frame %d: pressure %q", i, got)
		}
	}
	wait := func() (frames int) {
		for frame(false, 5) == TooSlow {
			frames++
		}
		return frames
	}
	// After a second the main student is tried; each failure doubles the wait, up to a minute.
	for i, want := range []int{9, 19, 39, 79, 159, 319, 599, 599} {
		if got := wait(); got != want {
			t.Fatalf("try %d came after %d frames, want %d", i, got, want)
		}
		if frame(true, 50) != TooSlow {
			t.Fatalf("try %d was late, and the main student stays", i)
		}
	}
	wait()
	if frame(true, 20) != NoPressure || frame(true, 50) != NoPressure || frame(true, 50) != NoPressure || frame(true, 50) != TooSlow {
		t.Error("a try in time does not forgive")
	}
	if got := wait(); got != 9 {
		t.Errorf("after a success the wait is %d frames, want 9", got)
	}
	if frame(false, 500) != NoPressure {
		t.Error("frames of another student count")
	}
}

func TestHeat(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	h := &Heat{Root: root, Limit: 70, Cool: 5}
	if _, ok := h.Hottest(); ok || h.Poll() != NoPressure {
		t.Error("a machine without sensors is hot")
	}
	zone := func(n, milli string) { write("class/thermal/thermal_zone"+n+"/temp", milli+"\n") }
	zone("0", "45000")
	zone("1", "-274000") // not connected
	zone("2", "200000")
	zone("3", "nonsense")
	for _, step := range []struct {
		milli string
		want  Pressure
	}{{"69999", NoPressure}, {"70000", TooHot}, {"66000", TooHot}, {"64999", NoPressure}, {"69000", NoPressure}} {
		zone("4", step.milli)
		if got := h.Poll(); got != step.want || h.Pressure() != got {
			t.Errorf("at %s: %q, want %q", step.milli, got, step.want)
		}
	}
	zone("4", "50000")
	for _, step := range []struct {
		flags string
		want  Pressure
	}{{"0x0", NoPressure}, {"50005", Throttled}, {"0x50000", NoPressure}, {"0x8", Throttled}, {"", NoPressure}} {
		write("devices/platform/soc/soc:firmware/get_throttled", step.flags+"\n")
		if got := h.Poll(); got != step.want {
			t.Errorf("flags %q: %q, want %q", step.flags, got, step.want)
		}
	}
}

// TestDeadline has a main student that takes longer than the deadline, and a nano one that does not.
func TestDeadline(t *testing.T) {
	for _, withNano := range []bool{false, true} {
		main, nano := fused(), fused()
		main.infer = func(uint8) error {
			time.Sleep(20 * time.Millisecond)
			return nil
		}
		b := &Budget{Deadline: 15 * time.Millisecond, Misses: 2, Back: time.Hour}
		s := Students{Main: main, Pressure: b.Pressure}
		if withNano {
			s.Nano = nano
		}
		policy, err := NewStudents(s)
		if err != nil {
			t.Fatal(err)
		}
		var told []Change
		p := pipe(counting(12), main, ignore)
		p.Policy, p.Models, p.Deadline, p.Budget = policy, policy.Models(), b.Deadline, b
		p.Told = func(c Change) { told = append(told, c) }
		sum, err := p.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		balanced(t, sum)
		switch {
		case !withNano && (sum.Masks != 0 || sum.Drops[DropDeadline] != 12 || len(told) != 1):
			t.Errorf("without nano: %d masks, drops %v, told %v", sum.Masks, sum.Drops.Map(), told)
		case withNano && (sum.Masks < 8 || sum.Drops[DropDeadline] < 2 || len(told) != 2 || told[1].To.Model != Model(nano) ||
			told[1].To.Reason != "over the deadline" || told[1].From.Model != Model(main) || sum.Changes != 1):
			t.Errorf("with nano: %d masks, drops %v, %d changes, told %+v", sum.Masks, sum.Drops.Map(), sum.Changes, told)
		}
	}
}

// TestBeat expects a beat for each frame that can be used, and none while the camera repeats itself.
func TestBeat(t *testing.T) {
	beats := 0
	src := counting(10)
	step := src.step
	src.step = func(ctx context.Context, n int, dst *capture.Pair) error {
		err := step(ctx, n, dst)
		if n >= 4 && n < 8 { // one image again and again
			fill(dst, src.cal, 3)
			dst.Seq = uint64(n)
		}
		return err
	}
	policy, err := NewStudents(Students{Main: fused()})
	if err != nil {
		t.Fatal(err)
	}
	policy.Main.(*fakeModel).saw = func(p *capture.Pair) {
		if zero := p.Depth.Pix[7] == 0; zero != (p.Seq > 0) {
			t.Errorf("frame %d: depth %d", p.Seq, p.Depth.Pix[7])
		}
	}
	p := pipe(src, policy.Main, func(m *mask.Mask, _ *capture.Pair) error { return nil })
	p.Policy, p.Beat = policy, func() { beats++ }
	p.Checks = &Checks{MinLight: -1, MaxSame: -1, MaxSkew: -1, Hold: -1, Repeats: 1}
	sum, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Depth is the same in every pair of this source, so the masks are of colour alone.
	if beats != 6 || sum.Masks != 6 || sum.Drops[DropUnusable] != 4 {
		t.Errorf("%d beats, %d masks, drops %v", beats, sum.Masks, sum.Drops.Map())
	}
}

// TestBeatOnlyOfUse: frames that nothing can be made of do not feed a watchdog, whatever the policy.
func TestBeatOnlyOfUse(t *testing.T) {
	students, err := NewStudents(Students{Main: depthOnly()})
	if err != nil {
		t.Fatal(err)
	}
	model := newFakeModel()
	for name, p := range map[string]*Pipeline{
		"the student takes depth, which is lost": {Policy: students, Models: students.Models(), Source: hostile(5, func(_ int, p *capture.Pair) { clear(p.Depth.Pix) })},
		"one model, both images are lost": {Policy: Always{Model: model, Mode: mask.Paired}, Models: []Model{model}, Source: hostile(5, func(_ int, p *capture.Pair) {
			clear(p.Depth.Pix)
			clear(p.Color.Pix)
		})},
	} {
		beats := 0
		p.Beat, p.Checks, p.Emit = func() { beats++ }, &Checks{}, ignore
		sum, err := p.Run(t.Context())
		if balanced(t, sum); err != nil || beats != 0 || sum.Masks != 0 {
			t.Errorf("%s: %v, %d beats, %d masks", name, err, beats, sum.Masks)
		}
	}
}

// TestNanoIsNoMeasure: late frames of the nano student, at work for the heat, say nothing about the main one.
func TestNanoIsNoMeasure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		main, nano := fused(), fused()
		var cool atomic.Bool
		nano.infer = func(first uint8) error {
			time.Sleep(50 * time.Millisecond)
			return nil
		}
		b := &Budget{Deadline: 20 * time.Millisecond, Misses: 2}
		policy, err := NewStudents(Students{Main: main, Nano: nano, Pressure: func() Pressure {
			if !cool.Load() {
				return TooHot
			}
			return b.Pressure()
		}})
		if err != nil {
			t.Fatal(err)
		}
		src := hostile(20, func(i int, _ *capture.Pair) {
			time.Sleep(100 * time.Millisecond)
			if i == 10 {
				cool.Store(true)
			}
		})
		p := pipe(src, main, ignore)
		p.Policy, p.Models, p.Deadline, p.Budget = policy, policy.Models(), b.Deadline, b
		sum, err := p.Run(t.Context())
		if balanced(t, sum); err != nil || sum.Masks < 9 || b.Pressure() != NoPressure || sum.Drops[DropDeadline] != 20-sum.Masks {
			t.Errorf("%v, %d masks, drops %v, pressure %q", err, sum.Masks, sum.Drops.Map(), b.Pressure())
		}
	})
}
