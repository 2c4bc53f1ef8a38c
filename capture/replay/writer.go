package replay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/png"
	"github.com/depthwise/depthwise/internal/disk"
)

// Writer writes a recording. Pairs are compressed by a few goroutines and enter the index in the order of Write. Write
// and Close belong to one goroutine.
type Writer struct {
	dir    string
	cal    capture.Calibration
	o      WriterOptions
	labels string // folder

	base  uint64 // added to the pairs' sequence numbers
	last  uint64 // sequence number of the latest pair
	any   bool   // whether there was one
	index [3]*os.File

	free, order, jobs chan *writing
	workers           sync.WaitGroup
	commits, syncs    sync.WaitGroup
	closed            bool

	mu       sync.Mutex
	err      error // the first; nothing enters the index after it
	written  int   // pairs in the index
	shed     Shed
	clock    capture.Domain // that the index tells for the latest of them
	unsynced []string       // their files that are not yet forced onto the disk
	syncing  bool
	synced   time.Time
}

// writing is one pair on its way to the disk.
type writing struct {
	entry
	pair capture.Pair
	err  error
	done chan struct{}
}

func newWriter(dir string, cal capture.Calibration, o WriterOptions) *Writer {
	if o.Threads <= 0 {
		o.Threads = min(runtime.GOMAXPROCS(0), 4)
	}
	if o.Queue <= 0 {
		o.Queue = 2 * o.Threads
	}
	if o.Sync == 0 {
		o.Sync = 5 * time.Second
	}
	if o.create == nil {
		o.create = func(path string) (file, error) { return os.Create(path) }
	}
	w := &Writer{dir: dir, cal: cal, o: o, labels: "labels", synced: time.Now()}
	if o.Classes > 0 {
		w.labels = fmt.Sprintf("label%d", o.Classes)
	}
	return w
}

// run starts the goroutines.
func (w *Writer) run() {
	n := w.o.Queue
	w.free, w.order, w.jobs = make(chan *writing, n), make(chan *writing, n), make(chan *writing, n)
	for range n {
		w.free <- &writing{done: make(chan struct{}, 1)}
	}
	for range w.o.Threads {
		w.workers.Add(1)
		go func() {
			defer w.workers.Done()
			var e png.Encoder
			for p := range w.jobs {
				p.err = w.images(&e, p)
				p.done <- struct{}{}
			}
		}()
	}
	w.commits.Add(1)
	go func() {
		defer w.commits.Done()
		for p := range w.order {
			<-p.done
			w.commit(p)
			w.free <- p
		}
	}()
}

// Write takes a copy of p and returns; it waits only while the queue is full. Sequence numbers must rise. An error is
// p's own, or the first that an earlier pair met on its way to the disk; after such a one the recording takes no more.
func (w *Writer) Write(p *capture.Pair) error {
	if w.closed {
		return fmt.Errorf("replay: write %q: %w", w.dir, fs.ErrClosed)
	}
	if err := w.failed(); err != nil {
		return err
	}
	if err := w.fits(p); err != nil {
		return fmt.Errorf("replay: write %q: pair %d: %w", w.dir, p.Seq, err)
	}
	w.last, w.any = p.Seq, true
	var s *writing
	select {
	case s = <-w.free:
	default:
		if w.o.ShedSlow {
			w.mu.Lock()
			w.shed.Slow++
			w.mu.Unlock()
			return nil
		}
		s = <-w.free
	}
	s.pair.CopyFrom(p)
	s.err = nil
	s.seq, s.colorTime, s.depthTime, s.clock = w.base+p.Seq, p.ColorTime, p.DepthTime, p.Clock
	name := fmt.Sprintf("%08d.png", s.seq)
	s.color, s.depth, s.label = colorDir+"/"+name, depthDir+"/"+name, ""
	if len(p.Labels.Pix) > 0 {
		s.label = w.labels + "/" + name
	}
	w.order <- s
	w.jobs <- s
	return nil
}

// fits compares a pair with the calibration.
func (w *Writer) fits(p *capture.Pair) error {
	c, d, l := &p.Color, &p.Depth, &p.Labels
	switch {
	case w.any && p.Seq <= w.last:
		return fmt.Errorf("comes after pair %d", w.last)
	case c.Width != w.cal.Color.Width || c.Height != w.cal.Color.Height:
		return fmt.Errorf("color: %w", sizeError(c.Width, c.Height, w.cal.Color))
	case d.Width != w.cal.Depth.Width || d.Height != w.cal.Depth.Height:
		return fmt.Errorf("depth: %w", sizeError(d.Width, d.Height, w.cal.Depth))
	case len(c.Pix) != 3*c.Width*c.Height || len(d.Pix) != d.Width*d.Height:
		return errors.New("pixels do not fill the image")
	case len(l.Pix) > 0 && (l.Width != c.Width || l.Height != c.Height || len(l.Pix) != l.Width*l.Height):
		return fmt.Errorf("labels are %d×%d, color is %d×%d", l.Width, l.Height, c.Width, c.Height)
	}
	return nil
}

// images compresses and writes a pair's files.
func (w *Writer) images(e *png.Encoder, p *writing) error {
	if w.failed() != nil {
		return nil // commit drops the pair
	}
	c, d, l := &p.pair.Color, &p.pair.Depth, &p.pair.Labels
	data, err := e.RGB(c.Pix, c.Width, c.Height)
	if err = w.image("color", p.color, data, err); err != nil {
		return err
	}
	data, err = e.Gray16(d.Pix, d.Width, d.Height)
	if err = w.image("depth", p.depth, data, err); err != nil || p.label == "" {
		return err
	}
	if err := os.MkdirAll(filepath.Join(w.dir, w.labels), 0o777); err != nil {
		return &frameError{"label", p.label, Missing, plain(err)}
	}
	data, err = e.Gray8(l.Pix, l.Width, l.Height)
	return w.image("label", p.label, data, err)
}

// image writes one file under another name and renames it when it is whole.
func (w *Writer) image(kind, name string, data []byte, err error) error {
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	dir, base := filepath.Split(path)
	temp := dir + "." + base + ".part"
	if err == nil {
		err = writeFile(w.o.create, temp, data)
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		os.Remove(temp)
		return &frameError{kind, name, Missing, plain(err)}
	}
	return nil
}

func writeFile(create func(string) (file, error), path string, data []byte) error {
	f, err := create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// commit enters a written pair into the index, the association last: it is what replay believes.
func (w *Writer) commit(p *writing) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = p.err
	}
	if w.o.ShedFull {
		defer w.takeBack(p, w.written, w.ends())
	}
	for i, line := range [][]byte{
		p.appendStamp(nil, p.colorTime, p.color),
		p.appendStamp(nil, p.depthTime, p.depth),
		p.appendAssociation(p.appendClock(nil, w.clock)),
	} {
		if w.err == nil {
			w.err = w.line(i, line)
		}
	}
	if w.err != nil {
		return
	}
	w.written++
	w.clock = p.clock
	w.unsynced = append(w.unsynced, p.color, p.depth)
	if p.label != "" {
		w.unsynced = append(w.unsynced, p.label)
	}
	if w.o.Sync > 0 && !w.syncing && time.Since(w.synced) >= w.o.Sync {
		w.syncing = true
		w.syncs.Add(1)
		go func() {
			defer w.syncs.Done()
			w.sync()
		}()
	}
}

// line appends to an index file, whole or not at all where the disk allows.
func (w *Writer) line(i int, line []byte) error {
	f := w.index[i]
	n, err := f.Write(line)
	if err == nil {
		return nil
	}
	if end, serr := f.Seek(0, 2); serr == nil && n > 0 {
		f.Truncate(end - int64(n))
	}
	return fmt.Errorf("replay: index %q: %w", filepath.Base(f.Name()), plain(err))
}

// sync forces the pairs that the index has onto the disk, and then says so in the index.
func (w *Writer) sync() {
	w.mu.Lock()
	files, pairs := w.unsynced, w.written
	w.unsynced = nil
	w.mu.Unlock()
	err := w.flush(files)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && w.err == nil && len(files) > 0 {
		if err = w.line(2, appendMark(nil, pairs)); err == nil {
			err = w.index[2].Sync()
		}
	}
	if w.o.ShedFull && disk.Full(err) {
		err = nil // the pairs are whole, and forced onto the disk another time
		w.unsynced = append(files, w.unsynced...)
	}
	if w.err == nil && err != nil {
		w.err = fmt.Errorf("replay: sync %q: %w", w.dir, plain(err))
	}
	w.syncing, w.synced = false, time.Now()
}

// flush forces files of the recording and their names onto the disk.
func (w *Writer) flush(files []string) error {
	dirs := map[string]bool{}
	for _, name := range files {
		path := filepath.Join(w.dir, filepath.FromSlash(name))
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
		dirs[filepath.Dir(path)] = true
	}
	for d := range dirs {
		if err := syncDir(d); err != nil {
			return err
		}
	}
	return nil
}

// Written is the number of pairs in the index: those that a reader would see now, with those of an earlier session.
func (w *Writer) Written() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written
}

func (w *Writer) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Close waits for the pairs on their way, forces all onto the disk and tells the first error since Create. Closing
// twice is harmless.
func (w *Writer) Close() error {
	if w.closed {
		return w.failed()
	}
	w.closed = true
	close(w.jobs)
	close(w.order)
	w.workers.Wait()
	w.commits.Wait()
	w.syncs.Wait()
	w.sync()
	for _, f := range w.index {
		err := errors.Join(f.Sync(), f.Close())
		if w.mu.Lock(); w.err == nil && err != nil {
			w.err = fmt.Errorf("replay: close %q: %w", f.Name(), plain(err))
		}
		w.mu.Unlock()
	}
	return w.failed()
}
