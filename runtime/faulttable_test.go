package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/capturetest"
	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/quant"
)

var (
	faultsEach = flag.Int("faults", 3, "inject each kind of fault so often")
	faultsTo   = flag.String("table", "", "append the fault table to this file")
)

// stage is a run on the tests' clock: 30 pairs a second, real students, masks as ndjson.
type stage struct {
	t      *testing.T
	begun  []time.Time // of each fault
	ended  []time.Time // of each fault: its last frame, or its repair
	masks  []emitted
	sum    *Summary
	out    bytes.Buffer
	emit   func() // before each mask; may sleep
	cancel context.CancelFunc

	keepNothing bool // masks and times, of a run that is long
}

type emitted struct {
	at   time.Time
	mode mask.Mode
}

// perform runs the source to its end, or until it is cancelled, and holds what left stdout to its promises.
func (s *stage) perform(src capture.Source) {
	s.t.Helper()
	var memory quant.Memory
	var students []Model
	for _, kind := range []string{"early", "rgb", "depth"} {
		m, err := OpenStudent("testdata/students/tiny-"+kind+".onnx", StudentOptions{Threads: 1, Memory: &memory})
		if err != nil {
			s.t.Fatal(err)
		}
		defer m.Close()
		students = append(students, m)
	}
	policy, err := NewStudents(Students{Main: students[0], Color: students[1], Depth: students[2]})
	if err != nil {
		s.t.Fatal(err)
	}
	enc, err := mask.NewEncoder(&s.out, "ndjson", mask.Options{Palette: students[0].(*Student).Metadata().Palette})
	if err != nil {
		s.t.Fatal(err)
	}
	last := int64(-1)
	ctx, cancel := context.WithCancel(s.t.Context())
	s.cancel = cancel
	defer cancel()
	p := &Pipeline{Source: src, Policy: policy, Models: policy.Models(), Checks: &Checks{}, Live: true, OnError: Skip,
		Emit: func(m *mask.Mask, _ *capture.Pair) error {
			if s.emit != nil {
				s.emit()
			}
			s.out.Reset()
			if err := enc.Encode(m, mask.Image{}); err != nil {
				return err
			}
			last = s.line(last)
			if !s.keepNothing {
				s.masks = append(s.masks, emitted{time.Now(), m.Mode})
			}
			return nil
		}}
	if s.sum, err = p.Run(ctx); err != nil {
		s.t.Fatal(err)
	}
	balanced(s.t, s.sum)
}

// line looks at what left stdout for a frame.
func (s *stage) line(last int64) int64 {
	var m struct {
		Seq          int64
		Mode, Reason string
		Model        string
		Width        int
		Classes      map[string]int
	}
	if err := json.Unmarshal(s.out.Bytes(), &m); err != nil {
		s.t.Fatalf("stdout: %v: %q", err, s.out.String())
	}
	pixels := 0
	for _, n := range m.Classes {
		pixels += n
	}
	model := map[string]string{"paired": "tiny-early", "color-only": "tiny-rgb", "depth-only": "tiny-depth"}[m.Mode]
	if m.Seq <= last || pixels != 32*24 || m.Model != model || (m.Reason == "") != (m.Mode == "paired") {
		s.t.Fatalf("stdout, after frame %d: %s", last, s.out.String())
	}
	return m.Seq
}

// waits are, for each fault, how long it took from its beginning to the next mask (of a device: from its repair), and
// from its end to the next one that is paired.
func (s *stage) waits() (any, paired []time.Duration) {
	for i, at := range s.begun {
		for _, m := range s.masks {
			if !m.at.Before(at) {
				any = append(any, m.at.Sub(at))
				break
			}
		}
		for _, m := range s.masks {
			if !m.at.Before(s.ended[i]) && m.mode == mask.Paired {
				paired = append(paired, m.at.Sub(s.ended[i]))
				break
			}
		}
	}
	slices.Sort(any)
	slices.Sort(paired)
	return any, paired
}

// probe notes when faults of an injector begin and end.
type probe struct {
	*capturetest.Injector
	s           *stage
	begun, hits int
}

func (p *probe) Next(ctx context.Context, dst *capture.Pair) error {
	err := p.Injector.Next(ctx, dst)
	c, begun, hits := p.Injector.Counts(), 0, 0
	for kind := range c.Faults {
		begun, hits = begun+c.Faults[kind], hits+c.Hits[kind]
	}
	now := time.Now()
	for ; p.begun < begun; p.begun++ {
		p.s.begun, p.s.ended = append(p.s.begun, now), append(p.s.ended, now)
	}
	if hits > p.hits {
		p.hits, p.s.ended[len(p.s.ended)-1] = hits, now
	}
	return err
}

// faultRow is a kind of fault and what it may cost.
type faultRow struct {
	name   string
	lost   []Drop        // the reasons for which frames may be lost
	mask   time.Duration // the next mask comes within
	paired time.Duration // the next paired mask comes within
	// Either a kind of the injector with its length, or a fault of the device and its repair.
	kind      capturetest.Kind
	min, max  int
	each      time.Duration
	do        func(d *capturetest.Device)
	slow      bool
	stdoutSay string
}

const frame = time.Second / 30

var faultRows = []faultRow{
	{name: "unplug depth", kind: capturetest.LoseDepth, min: 1, max: 20, mask: 0, paired: 20 * frame, stdoutSay: "colour alone"},
	{name: "unplug colour", kind: capturetest.LoseColor, min: 1, max: 20, mask: 0, paired: 20 * frame, stdoutSay: "depth alone"},
	{name: "unplug both, replug", do: (*capturetest.Device).Unplug, lost: []Drop{DropUnreadable}, mask: 10 * time.Second, paired: 10 * time.Second, stdoutSay: "nothing"},
	{name: "device hangs, lets go", do: func(d *capturetest.Device) { d.Hang(true) }, mask: 10 * time.Second, paired: 10 * time.Second, stdoutSay: "nothing"},
	{name: "device silent, back", do: func(d *capturetest.Device) { d.Silence(true) }, mask: 10 * time.Second, paired: 10 * time.Second, stdoutSay: "nothing"},
	{name: "stall up to 0.5 s", kind: capturetest.Stall, min: 1, max: 1, each: 500 * time.Millisecond, mask: 0, paired: 0, stdoutSay: "the frame, late"},
	{name: "freeze both", kind: capturetest.Freeze, min: 3, max: 20, lost: []Drop{DropUnusable}, mask: 0, paired: 20 * frame, stdoutSay: "two frames, then nothing"},
	{name: "freeze depth", kind: capturetest.FreezeDepth, min: 3, max: 20, mask: 0, paired: 20 * frame, stdoutSay: "two frames, then colour alone"},
	{name: "freeze colour", kind: capturetest.FreezeColor, min: 3, max: 20, mask: 0, paired: 20 * frame, stdoutSay: "two frames, then depth alone"},
	{name: "depth blind", kind: capturetest.Blind, min: 1, max: 20, mask: 0, paired: 20 * frame, stdoutSay: "colour alone"},
	{name: "depth stuck", kind: capturetest.StickDepth, min: 1, max: 20, mask: 0, paired: 20 * frame, stdoutSay: "colour alone"},
	{name: "colour dark", kind: capturetest.Dark, min: 1, max: 20, mask: 0, paired: 20 * frame, stdoutSay: "depth alone"},
	{name: "reorder", kind: capturetest.Reorder, min: 1, max: 1, lost: []Drop{DropLate}, mask: 0, paired: 0, stdoutSay: "the later frame alone"},
	{name: "duplicate", kind: capturetest.Duplicate, min: 1, max: 5, lost: []Drop{DropLate}, mask: 6 * frame, paired: 6 * frame, stdoutSay: "once"},
	{name: "frames lost", kind: capturetest.Drop, min: 1, max: 10, lost: []Drop{DropLost}, mask: 0, paired: 0, stdoutSay: "the rest"},
	{name: "clock jumps by 2 s", kind: capturetest.ClockJump, min: 1, max: 20, each: 2 * time.Second, mask: 0, paired: 0, stdoutSay: "as ever, with those times"},
	{name: "wrong size", kind: capturetest.WrongSize, min: 1, max: 5, lost: []Drop{DropSize}, mask: 6 * frame, paired: 6 * frame, stdoutSay: "nothing"},
	{name: "torn transfer", kind: capturetest.Tear, min: 1, max: 5, mask: 0, paired: 0, stdoutSay: "as ever"},
	{name: "corrupt payload", kind: capturetest.Corrupt, min: 1, max: 5, mask: 0, paired: 0, stdoutSay: "as ever"},
	{name: "slow consumer", slow: true, lost: []Drop{DropSuperseded}, mask: time.Second, paired: time.Second, stdoutSay: "the newest frames"},
}

// TestFaultTable injects every kind of fault at random frames and holds what came of it to the table: nothing but whole
// masks in order leave, they come back in time, and only what the row allows is lost.
func TestFaultTable(t *testing.T) {
	var table strings.Builder
	fmt.Fprintf(&table, "%-22s %6s  %-30s %-19s %-19s %s\n", "fault", "times", "left stdout meanwhile", "next mask, ms", "then paired, ms", "lost, of frames")
	for seed, row := range faultRows {
		t.Run(row.name, func(t *testing.T) {
			s := &stage{t: t}
			synctest.Test(t, func(t *testing.T) {
				s.t = t
				rng := rand.New(rand.NewPCG(uint64(seed), 0xfa))
				switch {
				case row.do != nil:
					s.device(row, rng)
				case row.slow:
					s.consumer(rng)
				default:
					s.inject(row, rng)
				}
			})
			if t.Failed() {
				return
			}
			any, paired := s.waits()
			if len(any) != *faultsEach || len(paired) != *faultsEach || len(s.begun) != *faultsEach {
				t.Fatalf("%d faults, %d masks and %d paired masks after them", len(s.begun), len(any), len(paired))
			}
			if w := any[len(any)-1]; w > row.mask {
				t.Errorf("a mask came %v after the fault, the table says %v", w, row.mask)
			}
			if w := paired[len(paired)-1]; w > row.paired {
				t.Errorf("a paired mask came %v after the fault, the table says %v", w, row.paired)
			}
			for d := range s.sum.Drops {
				if n := s.sum.Drops[d]; n > 0 && !slices.Contains(row.lost, Drop(d)) {
					t.Errorf("%d frames were lost: %v", n, Drop(d))
				}
			}
			spread := func(d []time.Duration) string {
				return fmt.Sprintf("%6.0f, worst %5.0f", float64(d[len(d)/2])/1e6, float64(d[len(d)-1])/1e6)
			}
			fmt.Fprintf(&table, "%-22s %6d  %-30s %-19s %-19s %s\n", row.name, *faultsEach, row.stdoutSay, spread(any), spread(paired), lossWords(s.sum))
		})
	}
	if !t.Failed() {
		appendTable(t, table.String())
	}
}

func lossWords(s *Summary) string {
	if s.Drops.Total() == 0 {
		return fmt.Sprintf("none of %d", s.Frames)
	}
	var words []string
	drops := s.Drops.Map()
	for _, why := range slices.Sorted(maps.Keys(drops)) {
		words = append(words, fmt.Sprintf("%d %s", drops[why], why))
	}
	return fmt.Sprintf("%s of %d", strings.Join(words, ", "), s.Frames)
}

func appendTable(t *testing.T, text string) {
	if *faultsTo == "" {
		t.Log("\n" + text)
		return
	}
	f, err := os.OpenFile(*faultsTo, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// inject has the injector do a kind of fault once in every second, at random.
func (s *stage) inject(row faultRow, rng *rand.Rand) {
	var faults []capturetest.Fault
	const every = 60
	for i := range *faultsEach {
		f := capturetest.Fault{Kind: row.kind, At: 5 + i*every + rng.IntN(every-45), Count: row.min + rng.IntN(row.max-row.min+1)}
		switch row.kind {
		case capturetest.Stall:
			f.For = time.Duration(1 + rng.Int64N(int64(row.each)))
		case capturetest.ClockJump:
			f.For = time.Duration(rng.Int64N(2*int64(row.each))) - row.each
		}
		faults = append(faults, f)
	}
	pairs := (*faultsEach + 1) * (every + 10)
	j := capturetest.Inject(capturetest.NewFake(capturetest.FakeOptions{Pairs: pairs, Pace: frame}), faults...)
	defer j.Close()
	s.perform(&probe{Injector: j, s: s})
	c := j.Counts()
	if want := uint64(c.Pulled + c.Repeated); s.sum.Frames != want {
		s.t.Errorf("%d frames are accounted for, %d came or were lost: %+v", s.sum.Frames, want, c)
	}
}

// device breaks the camera under a supervisor, and mends it after up to 3 s.
func (s *stage) device(row faultRow, rng *rand.Rand) {
	d := capturetest.NewDevice(capturetest.FakeOptions{})
	sup, err := capture.Supervise(s.t.Context(), d.Open, capture.SupervisorOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer sup.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range *faultsEach {
			time.Sleep(time.Second + time.Duration(rng.Int64N(int64(time.Second))))
			row.do(d)
			time.Sleep(time.Duration(rng.Int64N(int64(3 * time.Second))))
			d.Hang(false)
			d.Silence(false)
			d.Plug()
			s.begun = append(s.begun, time.Now())
			s.ended = append(s.ended, time.Now())
			time.Sleep(10 * time.Second)
		}
		s.cancel()
	}()
	s.perform(sup)
	<-done
}

// consumer has stdout take a mask only after up to 0.5 s, now and then.
func (s *stage) consumer(rng *rand.Rand) {
	const every = 60
	slow := map[int]time.Duration{}
	for i := range *faultsEach {
		slow[i*every/2+rng.IntN(10)] = time.Duration(1 + rng.Int64N(int64(500*time.Millisecond)))
	}
	n := 0
	s.emit = func() {
		if d, ok := slow[n]; ok {
			s.begun = append(s.begun, time.Now())
			s.ended = append(s.ended, time.Now())
			time.Sleep(d)
		}
		n++
	}
	f := capturetest.NewFake(capturetest.FakeOptions{Pairs: (*faultsEach + 1) * every, Pace: frame})
	defer f.Close()
	s.perform(f)
	if s.sum.Frames != uint64((*faultsEach+1)*every) {
		s.t.Errorf("%d frames are accounted for", s.sum.Frames)
	}
}
