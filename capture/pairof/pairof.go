package pairof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// ErrStuck is what Close tells of a sub-source that does not end in time; what it holds is lost.
var ErrStuck = errors.New("the source does not end")

// Stats account for the frames of both streams.
type Stats struct {
	capture.PairerCounts
	ColorErrors, DepthErrors int // that the sub-sources told
}

// A Source pairs the colour images of one source with the depth images of another. Next belongs to one goroutine; Close
// and Stats may be called from any.
type Source struct {
	cal  capture.Calibration
	o    Options
	side [2]*side // colour, depth

	turn   sync.Mutex // held by Next
	mu     sync.Mutex // guards pairer and what live sides share
	pairer *capture.Pairer
	out    capture.Pair  // what the pairer fills
	labels labels        // of the colour images that wait
	wake   chan struct{} // something was pushed or ended
	timer  *time.Timer
	epoch  time.Time

	ctx    context.Context // of the live sides' Next
	cancel context.CancelFunc
	closed chan struct{}
	once   sync.Once
	shut   error
}

// side is one sub-source.
type side struct {
	name   string
	src    capture.Source
	pair   capture.Pair // what src fills: one of its images is used
	clock  clock
	domain capture.Domain // whose clock the latest frame's time is of
	last   time.Duration  // time of the latest frame, offset and all
	frames int
	ended  bool
	errors int
	err    error         // live: not told yet, or with halves, what it fails with
	again  chan struct{} // live: the error was told, and the source may be asked again
	done   chan struct{} // live: the goroutine has ended
}

var _ capture.Source = (*Source)(nil)

// New pairs color's colour images with depth's depth images. The Source owns both from then on, and closes them; if New
// fails they are the caller's still.
func New(color, depth capture.Source, o Options) (*Source, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Source{o: o, wake: make(chan struct{}, 1), closed: make(chan struct{}), epoch: time.Now()}
	if s.cal, err = o.calibration(color.Calibration(), depth.Calibration()); err != nil {
		return nil, err
	}
	s.pairer = capture.NewPairer(capture.PairerOptions{Window: o.Window, Wait: o.Wait, Queue: o.Queue, Halves: o.Halves})
	queue := o.Queue
	if queue <= 0 {
		queue = defaultQueue
	}
	s.labels.slots = make([]labelled, max(queue, 2)+1)
	s.side[0] = &side{name: "colour", src: color, clock: newClock(o.Clock, 0)}
	s.side[1] = &side{name: "depth", src: depth, clock: newClock(o.Clock, o.Offset)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if o.Live {
		s.timer = time.NewTimer(time.Hour)
		for i, d := range s.side {
			d.again, d.done = make(chan struct{}, 1), make(chan struct{})
			go s.pump(i)
		}
	}
	return s, nil
}

// Calibration is the pair's.
func (s *Source) Calibration() capture.Calibration { return s.cal }

// Stats is a copy of the counts so far. Of each stream, frames in = pairs + halves + unpaired + waiting.
func (s *Source) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{s.pairer.Counts(), s.side[0].errors, s.side[1].errors}
}

// Next fills dst with the next pair. It returns io.EOF when one of the streams has ended and nothing that waits can pair
// any more. An error of a sub-source names the stream, and comes
// after the pairs before it; the other stream goes on meanwhile. With halves it is told only while both fail. After Close it is an error that wraps fs.ErrClosed.
func (s *Source) Next(ctx context.Context, dst *capture.Pair) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.o.Live {
		return s.nextLive(ctx, dst)
	}
	return s.nextMerged(ctx, dst)
}

// interrupted tells whether ctx or the source has ended.
func (s *Source) interrupted(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-s.closed:
		return fmt.Errorf("pairof: next: %w", fs.ErrClosed)
	default:
		return nil
	}
}

// nextMerged reads on the stream that is behind until there is a pair.
func (s *Source) nextMerged(ctx context.Context, dst *capture.Pair) error {
	for {
		if err := s.interrupted(ctx); err != nil {
			return err
		}
		if s.take(0, dst) {
			return nil
		}
		i := s.behind()
		if i < 0 {
			return io.EOF
		}
		d := s.side[i]
		switch err := d.src.Next(ctx, &d.pair); {
		case err == nil:
			s.push(i, 0)
		case err == io.EOF:
			s.end(i)
		case s.interrupted(ctx) != nil:
			return s.interrupted(ctx)
		default:
			s.mu.Lock()
			d.errors++
			s.mu.Unlock()
			return fmt.Errorf("pairof: %s: %w", d.name, err)
		}
	}
}

// behind is the side to read next: the one whose latest frame is the earlier; −1 if nothing that comes can make a pair.
func (s *Source) behind() int {
	c, d := s.side[0], s.side[1]
	switch {
	case c.ended && d.ended || c.ended && s.over(0) || d.ended && s.over(1):
		return -1
	case c.ended || d.frames == 0 && !d.ended && c.frames > 0:
		return 1
	case d.ended || c.frames == 0 || c.last <= d.last:
		return 0
	}
	return 1
}

// over tells whether no frame of side i, which has ended, waits for a partner.
func (s *Source) over(i int) bool {
	counts := s.pairer.Counts()
	return [2]int{counts.Color.Waiting, counts.Depth.Waiting}[i] == 0
}

// take copies the next pair, if there is one, into dst.
func (s *Source) take(now time.Duration, dst *capture.Pair) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	if !s.pairer.Next(now, &s.out) {
		return false
	}
	s.deliver(dst)
	return true
}

// deliver copies what the pairer gave into dst.
func (s *Source) deliver(dst *capture.Pair) {
	dst.CopyFrom(&s.out)
	if l := s.labels.of(dst.ColorTime); l != nil && dst.HasColor() {
		dst.Labels.Resize(l.Width, l.Height)
		copy(dst.Labels.Pix, l.Pix)
	}
	c, d := s.side[0], s.side[1]
	dst.Clock = c.domain
	if dst.Clock != d.domain {
		dst.Clock = capture.UnknownClock
	}
}

// settle tells the pairer to decide as it stands, when no frame that is still to come can change anything for those of a
// stream that has ended: the other stream has passed its last.
func (s *Source) settle() {
	c, d := s.side[0], s.side[1]
	if c.ended && (d.ended || d.frames > 0 && d.last >= c.last) || d.ended && c.frames > 0 && c.last >= d.last {
		s.pairer.End()
	}
}

// push hands the frame that side i has read to the pairer.
func (s *Source) push(i int, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.side[i]
	d.frames++
	d.err = nil
	d.domain = d.clock.domain(d.pair.Clock)
	if i == 0 {
		d.last = d.clock.tell(now, d.pair.ColorTime)
		s.labels.put(d.last, &d.pair.Labels)
		s.pairer.PushColor(now, d.last, &d.pair.Color)
		return
	}
	d.last = d.clock.tell(now, d.pair.DepthTime)
	s.pairer.PushDepth(now, d.last, &d.pair.Depth)
}

// end marks the end of side i's stream.
func (s *Source) end(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.side[i].ended = true
}

// shut closes a source, a panic of which is an error.
func shut(src capture.Source) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the source panics: %v", v)
		}
	}()
	return src.Close()
}

// Close closes both sub-sources and ends a waiting Next. It waits the options' Grace for each at most, and then tells
// ErrStuck.
func (s *Source) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.cancel()
		var ends [2]chan error
		for i, d := range s.side {
			ends[i] = make(chan error, 1)
			go func() {
				err := shut(d.src)
				if d.done != nil {
					<-d.done
				}
				ends[i] <- err
			}()
		}
		timer := time.NewTimer(s.o.Grace)
		defer timer.Stop()
		for i, d := range s.side {
			select {
			case err := <-ends[i]:
				if err != nil {
					s.shut = errors.Join(s.shut, fmt.Errorf("pairof: close: %s: %w", d.name, err))
				}
			case <-timer.C:
				timer.Reset(0) // the other one had the same time
				s.shut = errors.Join(s.shut, fmt.Errorf("pairof: close: %s: %w", d.name, ErrStuck))
			}
		}
	})
	return s.shut
}
