package runtime

import (
	"context"
	"fmt"
	"time"
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
	choice := r.p.Policy.Choose(&s.pair)
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
	n.Seq, n.Time, n.Skew = s.pair.Seq, s.pair.ColorTime, s.pair.Skew()
	n.Mode, n.Reason, n.Model = choice.Mode, choice.Reason, choice.Model.Name()
	m := n
	if !r.p.ModelSize {
		m = &r.mask
		n.ScaleTo(m, r.cal.Color.Width, r.cal.Color.Height)
	}
	m.Infer, m.Frame = spent, s.spent+time.Since(begin)
	dropped = DropUnwritten
	if err := r.p.Emit(m, &s.pair); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sum.Masks++; r.sum.Masks == 1 {
		r.sum.First = time.Since(r.began)
	}
	r.sum.Infer.Add(spent)
	r.sum.Frame.Add(s.spent + time.Since(begin))
	return nil
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
