package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/mask"
)

// infer turns ready pairs into masks until there are no more, the context ends or something fails.
func (r *runner) infer(ctx context.Context) error {
	for {
		select { // a run that was told to end does not begin another frame
		case <-ctx.Done():
			return nil
		default:
		}
		select {
		case s, ok := <-r.ready:
			if !ok {
				return nil
			}
			if err := r.frame(s); err != nil {
				return err
			}
			r.free <- s
		case <-ctx.Done():
			return nil
		}
	}
}

// frame makes and emits one mask. Its error ends the run.
func (r *runner) frame(s *slot) (err error) {
	dropped := DropInference
	defer func() {
		if err != nil {
			r.drop(dropped, 1)
		}
	}()
	defer catch("inference", &err)
	begin := time.Now()
	choice := r.p.Policy.Choose(&s.pair, s.health)
	r.tell(s.pair.Seq, choice)
	if r.p.Beat != nil && choice.Drop != DropUnusable && (s.health.Color.Trouble == Fine || s.health.Depth.Trouble == Fine) {
		r.p.Beat()
	}
	if choice.Model == nil {
		if s.health.misfit() {
			choice.Drop = DropSize
		}
		r.drop(choice.Drop, 1)
		return nil
	}
	if choice.ZeroColor {
		clear(s.pair.Color.Pix)
	}
	if choice.ZeroDepth {
		clear(s.pair.Depth.Pix)
	}
	classes, spent, err := r.classify(choice.Model, s)
	if err != nil {
		if r.p.OnError == Skip {
			r.drop(DropInference, 1)
			return nil
		}
		return err
	}
	n := &r.native
	n.Classes = classes
	n.Width, n.Height = choice.Model.Size()
	n.Seq, n.Time, n.Clock, n.Skew = s.pair.Seq, s.pair.ColorTime, string(s.pair.Clock), s.pair.Skew()
	n.Mode, n.Reason, n.Model = choice.Mode, choice.Reason, choice.Model.Name()
	n.Codes = n.Codes[:0]
	if c, ok := choice.Model.(Coder); ok {
		n.Codes = seen(c.Codes(n.Codes), choice.Mode)
	}
	n.Confidence = 0
	if c, ok := choice.Model.(interface{ Confidence() float64 }); ok {
		n.Confidence = c.Confidence()
	}
	m := n
	if !r.p.ModelSize {
		m = &r.mask
		if r.p.Spread {
			n.SpreadTo(m, r.cal.Color.Width, r.cal.Color.Height)
		} else {
			n.ScaleTo(m, r.cal.Color.Width, r.cal.Color.Height)
		}
	}
	if m.NoDepth, m.Holes = 0, m.Holes[:0]; m.Mode != mask.ColorOnly {
		Holes(m, &s.pair.Depth, r.p.Holes)
	}
	m.Infer, m.Frame = spent, s.spent+time.Since(begin)
	if r.late(s, choice) {
		r.drop(DropDeadline, 1)
		return nil
	}
	dropped = DropUnwritten
	switch err := r.emit(m, &s.pair); {
	case err == errAbandoned: // and accounted for
		return nil
	case errors.Is(err, ErrShed):
		r.drop(DropUnwritten, 1)
		return nil
	case err != nil:
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(modes[:], choice.Mode); i >= 0 {
		r.modes[i]++
	}
	if r.sum.Masks++; r.sum.Masks == 1 {
		r.sum.First = time.Since(r.began)
		if r.p.Settled != nil {
			go r.p.Settled()
		}
	}
	r.sum.Infer.Add(spent)
	r.sum.Frame.Add(s.spent + time.Since(begin))
	return nil
}

// emit hands a mask out, and lets it be seen for how long that takes. Its error is errAbandoned, whatever came of it, when
// the run has ended meanwhile.
func (r *runner) emit(m *mask.Mask, p *capture.Pair) (err error) {
	begin := max(int64(time.Since(r.began)), 1)
	r.emitting.Store(begin)
	defer func() {
		if !r.emitting.CompareAndSwap(begin, 0) {
			err = errAbandoned
		}
	}()
	return r.p.Emit(m, p)
}

var errAbandoned = errors.New("runtime: inference: the run has ended")

// late tells whether a mask is past the deadline, and has the budget know its age.
func (r *runner) late(s *slot, c Choice) bool {
	if r.p.Deadline <= 0 {
		return false
	}
	now := time.Now()
	age := now.Sub(s.arrived)
	if r.p.Budget != nil {
		students, ok := r.p.Policy.(*Students)
		r.p.Budget.Done(!ok || c.Model != students.Nano, age, now)
	}
	return age > r.p.Deadline
}

// tell says that the choice is another one than on the frame before.
func (r *runner) tell(seq uint64, c Choice) {
	was := r.choice
	if r.chosen && was.Model == c.Model && was.Mode == c.Mode && was.Reason == c.Reason {
		return
	}
	if r.chosen && (was.Model != c.Model || was.Mode != c.Mode) {
		r.mu.Lock()
		r.sum.Changes++
		r.mu.Unlock()
	}
	r.choice, r.chosen = c, true
	if r.p.Told != nil {
		r.p.Told(Change{Seq: seq, From: was, To: c})
	}
}

func (r *runner) classify(m Model, s *slot) ([]uint8, time.Duration, error) {
	if !r.prepared[m] {
		return nil, 0, fmt.Errorf("runtime: inference: frame %d: the policy chose a model that is not in Models", s.pair.Seq)
	}
	if err := m.Preprocess(&s.pair); err != nil {
		return nil, 0, err
	}
	begin := time.Now()
	classes, err := m.Infer()
	spent := time.Since(begin)
	if err != nil {
		return nil, 0, err
	}
	if w, h := m.Size(); len(classes) != w*h {
		return nil, 0, fmt.Errorf("runtime: inference: frame %d: model %q gave %d classes for %d×%d pixels",
			s.pair.Seq, m.Name(), len(classes), w, h)
	}
	return classes, spent, nil
}
