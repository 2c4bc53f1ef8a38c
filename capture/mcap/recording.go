package mcap

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/png"
)

// Recording is an open MCAP file. Next belongs to one goroutine; Close and Stats may be called from any.
type Recording struct {
	name                string
	o                   Options
	file                storage
	cal                 capture.Calibration
	assumed             []string
	color, depth, label *channel
	entries             []entry
	span                loopSpan

	next   uint64
	stuck  error
	unpack unpacker
	cache  [3]cached // chunks, the latest used first
	data   []byte    // of a message outside of chunks
	png    png.Decoder

	reading sync.Mutex // held by Next, so that Close does not pull the file away
	mu      sync.Mutex
	stats   Stats
	closed  chan struct{}
	once    sync.Once
}

type cached struct {
	at      int64 // of the chunk; 0 = empty
	records []byte
}

var _ capture.Source = (*Recording)(nil)

// Calibration is the caller's, the file's, or made from what the file has; see Assumed.
func (r *Recording) Calibration() capture.Calibration { return r.cal }

// Assumed says in words what the file does not tell and was made up. Empty when nothing was.
func (r *Recording) Assumed() []string { return slices.Clone(r.assumed) }

// Len is the number of pairs of one pass.
func (r *Recording) Len() int { return len(r.entries) }

// Stats is a copy of the counts so far.
func (r *Recording) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Problems = slices.Clone(s.Problems)
	return s
}

// Next fills dst with the next pair. A broken pair is an error, told again by each later Next, or with Skip left out.
// After Close it is an error that wraps fs.ErrClosed.
func (r *Recording) Next(ctx context.Context, dst *capture.Pair) error {
	r.reading.Lock()
	defer r.reading.Unlock()
	n := uint64(len(r.entries))
	for skipped := uint64(0); ; skipped++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		select {
		case <-r.closed:
			return fmt.Errorf("mcap: next %q: %w", r.name, fs.ErrClosed)
		default:
		}
		if r.stuck != nil {
			return r.stuck
		}
		if n == 0 || r.next >= n && !r.o.Loop {
			return io.EOF
		}
		if skipped == n {
			r.stuck = fmt.Errorf("mcap: %q: none of %d pairs can be read", r.name, n)
			return r.stuck
		}
		e, loop := &r.entries[r.next%n], r.next/n
		err := r.pair(e, dst)
		if err != nil {
			err = fmt.Errorf("mcap: %q: pair %d: %w", r.name, e.seq, err)
			if !r.o.Skip {
				r.stuck = err
				return err
			}
		}
		r.next++
		r.count(err)
		if err == nil {
			dst.Seq, dst.Clock = e.seq+loop*r.span.seq, e.clock
			shift := time.Duration(loop) * r.span.time
			dst.ColorTime, dst.DepthTime = e.color.time+shift, e.depth.time+shift
			return nil
		}
	}
}

func (r *Recording) count(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.stats.Delivered++
		return
	}
	r.stats.Skipped++
	r.stats.note(err.Error())
}

// pair reads the images of e.
func (r *Recording) pair(e *entry, dst *capture.Pair) error {
	p, err := r.sized(r.color, e.color, r.cal.Color)
	if err == nil {
		w, h := r.cal.Color.Width, r.cal.Color.Height
		dst.Color.Resize(w, h)
		err = p.color(dst.Color.Pix, w, h, r.color.kind, &r.png)
	}
	if err != nil {
		return fmt.Errorf("color %q: %w", r.color.topic, err)
	}
	if p, err = r.sized(r.depth, e.depth, r.cal.Depth); err == nil {
		w, h := r.cal.Depth.Width, r.cal.Depth.Height
		dst.Depth.Resize(w, h)
		err = p.depth(dst.Depth.Pix, w, h, r.depth.kind, r.cal.DepthScale, &r.png)
	}
	if err != nil {
		return fmt.Errorf("depth %q: %w", r.depth.topic, err)
	}
	if e.label == nil {
		dst.Labels.Resize(0, 0)
		return nil
	}
	if p, err = r.sized(r.label, e.label, r.cal.Color); err == nil {
		w, h := r.cal.Color.Width, r.cal.Color.Height
		dst.Labels.Resize(w, h)
		err = p.labels(dst.Labels.Pix, w, h, r.label.kind, &r.png)
	}
	if err != nil {
		return fmt.Errorf("labels %q: %w", r.label.topic, err)
	}
	return nil
}

// sized reads an image message and compares its size with the calibration's.
func (r *Recording) sized(ch *channel, at *ref, in capture.Intrinsics) (picture, error) {
	p, err := r.picture(ch, at)
	if err != nil {
		return p, err
	}
	w, h, err := p.size(ch.kind)
	if err == nil && (w != in.Width || h != in.Height) {
		err = fmt.Errorf("image is %d×%d, calibration says %d×%d", w, h, in.Width, in.Height)
	}
	return p, err
}

func (r *Recording) picture(ch *channel, at *ref) (picture, error) {
	data, err := r.message(at)
	if err != nil {
		return picture{}, err
	}
	return ch.picture(data)
}

// message gives a message's data, valid until the third chunk after its own is read.
func (r *Recording) message(at *ref) ([]byte, error) {
	if at.chunk < 0 {
		if at.size > maxChunk {
			return nil, fmt.Errorf("message of %d bytes", at.size)
		}
		if int64(cap(r.data)) < at.size {
			r.data = make([]byte, at.size)
		}
		r.data = r.data[:at.size]
		_, err := r.file.ReadAt(r.data, at.offset)
		return r.data, err
	}
	i := slices.IndexFunc(r.cache[:], func(c cached) bool { return c.at == at.chunk })
	if i < 0 {
		i = len(r.cache) - 1
		var head [recordHead]byte
		if _, err := r.file.ReadAt(head[:], at.chunk); err != nil {
			return nil, err
		}
		in := cursor{data: head[1:]}
		records, err := r.unpack.chunk(r.file, at.chunk+recordHead, int64(in.u64()), r.cache[i].records)
		if err != nil {
			r.cache[i].at = 0
			return nil, err
		}
		r.cache[i] = cached{at.chunk, records}
	}
	c := r.cache[i]
	copy(r.cache[1:i+1], r.cache[:i])
	r.cache[0] = c
	if at.offset+at.size > int64(len(c.records)) {
		return nil, errShort
	}
	return c.records[at.offset : at.offset+at.size], nil
}

// Close frees the file. It waits for a Next that reads; closing twice is harmless.
func (r *Recording) Close() (err error) {
	r.once.Do(func() {
		close(r.closed)
		r.reading.Lock()
		defer r.reading.Unlock()
		r.unpack.close()
		err = r.file.Close()
	})
	return err
}

// loopSpan is what one pass adds to sequence numbers and times.
type loopSpan struct {
	seq  uint64
	time time.Duration
}

// measure makes a second pass begin one mean period after the end of the first.
func measure(entries []entry) loopSpan {
	if len(entries) == 0 {
		return loopSpan{}
	}
	var s loopSpan
	first, last := entries[0].color.time, entries[0].color.time
	for _, e := range entries {
		s.seq = max(s.seq, e.seq+1)
		first, last = min(first, e.color.time), max(last, e.color.time)
	}
	period := time.Second / 30
	if n := time.Duration(len(entries) - 1); n > 0 && last > first {
		period = (last - first) / n
	}
	s.time = last - first + period
	return s
}
