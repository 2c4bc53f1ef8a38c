package runtime

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/mask"
)

// slot is the memory of one pair on its way.
type slot struct {
	pair    capture.Pair
	spent   time.Duration // on checks and registration
	health  Health
	arrived time.Time
}

// runner is one run of a pipeline.
type runner struct {
	p     *Pipeline
	cal   capture.Calibration
	reg   *capture.Registrar // nil: nothing to register
	spare capture.Depth      // what a pair's depth is registered into; the two then change places
	free  chan *slot         // pairs without a use
	ready chan *slot         // pairs to work on; closed when capture ends
	began time.Time

	monitor *Monitor // nil: no checks
	choice  Choice   // of the last frame
	chosen  bool
	modes   [len(modes)]uint64

	prepared map[Model]bool
	native   mask.Mask // of the model's size, its classes the model's
	mask     mask.Mask // of the colour image's size

	skipper Skipper // nil: the source leaves nothing out by itself
	skipped uint64  // what it told last

	seq    sequence
	base   uint64 // added to the source's numbers
	failed uint64 // errors of the source since the last pair
	broken int    // errors in a row, of any stage of capture
	inHand bool   // a pair has arrived, and is neither handed on nor dropped

	emitting atomic.Int64 // since when Emit works, nanoseconds after began; 0 = it does not; or abandoned

	mu  sync.Mutex
	sum Summary
}

// Skipper is a source that may leave pairs out by itself because they cannot be read; their Seq are missing.
type Skipper interface {
	Skipped() uint64 // so far
}

// abandoned is an Emit that the run does not wait for.
const abandoned = -1

// modes are those that a Summary counts.
var modes = [...]mask.Mode{mask.Paired, mask.ColorOnly, mask.DepthOnly}

// slots are two: one is being filled, or waits, while the other is being worked on. Live, a newer pair may be filled while one
// waits.
func (p *Pipeline) slots() int {
	if p.Live {
		return 3
	}
	return 2
}

func (p *Pipeline) prepare() (*runner, error) {
	switch {
	case p.Source == nil || p.Policy == nil || p.Emit == nil || len(p.Models) == 0:
		return nil, errors.New("runtime: pipeline: needs a Source, a Policy, Models and Emit")
	case p.OnError != "" && p.OnError != Stop && p.OnError != Skip:
		return nil, fmt.Errorf("runtime: pipeline: OnError is %q, want %q or %q", p.OnError, Stop, Skip)
	}
	r := &runner{p: p, cal: p.Source.Calibration(), began: time.Now(),
		free: make(chan *slot, p.slots()), ready: make(chan *slot, 1), prepared: map[Model]bool{}}
	registered, depth := r.cal, false
	registered.Depth, registered.DepthToColor = r.cal.Color, capture.Identity
	for _, m := range p.Models {
		if err := m.Prepare(registered); err != nil {
			return nil, err
		}
		depth = depth || m.UsesDepth()
		r.prepared[m] = true
	}
	if depth && !r.cal.Registered() {
		var err error
		if r.reg, err = capture.NewRegistrar(r.cal, p.Pool); err != nil {
			return nil, err
		}
	}
	if p.Checks != nil {
		r.monitor = NewMonitor(*p.Checks, r.cal)
	}
	r.skipper, _ = p.Source.(Skipper)
	for range p.slots() {
		r.free <- new(slot)
	}
	return r, nil
}

// drop counts n frames without a mask.
func (r *runner) drop(why Drop, n uint64) {
	r.mu.Lock()
	r.sum.Drops[why] += n
	r.mu.Unlock()
}

// drain counts what was still waiting. Both stages have ended, or one is stuck and adds nothing more.
func (r *runner) drain() {
	for {
		select {
		case s, ok := <-r.ready:
			if !ok {
				return
			}
			if s != nil {
				r.drop(DropShutdown, 1)
			}
		default:
			return
		}
	}
}

// catch turns a panic of a stage into its error.
func catch(stage string, err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{stage, v, debug.Stack()}
	}
}
