package replay

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// WriterOptions of Create. The zero value starts a new recording that is synced to the disk every 5 s.
type WriterOptions struct {
	Append  bool          // go on with a recording that is already there; its sequence numbers go on, too
	Classes int           // number of label classes, which names the folder label<N>; 0 = labels
	Sync    time.Duration // how often what is written is forced onto the disk; 0 = every 5 s, below 0 = only by Close
	Threads int           // goroutines that compress; 0 = one per CPU, at most 4
	Queue   int           // pairs held in memory until they are compressed; 0 = twice Threads

	// ShedFull leaves pairs out for which there is no room on the disk, and goes on when there is; without, the first
	// one is the writer's error. ShedSlow leaves pairs out that come while the queue is full; without, Write waits.
	ShedFull, ShedSlow bool

	create func(path string) (file, error) // of tests; nil = os.Create
}

// file is what the Writer needs of an *os.File.
type file interface {
	Write([]byte) (int, error)
	Close() error
}

// The names in a recording of ours.
const (
	colorDir, depthDir   = "rgb", "depth"
	colorIndex           = "rgb.txt"
	depthIndex           = "depth.txt"
	associationsIndex    = "associations.txt"
	colorIndexHead       = "# color images\n# timestamp filename\n"
	depthIndexHead       = "# depth images\n# timestamp filename\n"
	associationsIndexTop = header + "\n# color time, color file, depth time, depth file; a file's number is its sequence number\n"
)

// Create starts a recording in dir, which must be empty or not there, or with Append a recording of the same
// calibration.
func Create(dir string, cal capture.Calibration, o WriterOptions) (*Writer, error) {
	fail := func(err error) (*Writer, error) { return nil, fmt.Errorf("replay: create %q: %w", dir, err) }
	if err := checkCalibration(cal); err != nil {
		return fail(err)
	}
	if o.Classes < 0 || o.Classes > capture.Void {
		return fail(fmt.Errorf("%d label classes", o.Classes))
	}
	w := newWriter(dir, cal, o)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fail(plain(err))
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		return fail(plain(err))
	}
	var entries []entry
	if len(names) > 0 {
		if !o.Append {
			return fail(fmt.Errorf("the folder is not empty (%s)", names[0].Name()))
		}
		if entries, err = appendable(dir, cal); err != nil {
			return fail(err)
		}
	}
	for _, sub := range []string{colorDir, depthDir} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o777); err != nil {
			return fail(plain(err))
		}
	}
	if len(names) == 0 {
		var js bytes.Buffer
		if err := cal.Write(&js); err != nil {
			return fail(err)
		}
		if err := replaceFile(dir, CalibrationFile, js.Bytes()); err != nil {
			return fail(err)
		}
	}
	if err := w.openIndex(entries); err != nil {
		return fail(err)
	}
	w.run()
	return w, nil
}

// appendable lists the whole pairs of a recording of ours.
func appendable(dir string, cal capture.Calibration) ([]entry, error) {
	there, ok, err := readCalibration(dir)
	if err != nil {
		return nil, err
	}
	p, err := makePlan(dir, Options{Labels: "-"})
	if err != nil || !ok || !p.ours {
		return nil, errors.Join(errors.New("the folder is not empty and not a recording of Depthwise"), err)
	}
	if there != cal {
		return nil, fmt.Errorf("the recording there has another %s", CalibrationFile)
	}
	return p.entries, nil
}

// openIndex writes the index files of the pairs that are already there, or of none, and opens them for more.
func (w *Writer) openIndex(entries []entry) error {
	color, depth, both := []byte(colorIndexHead), []byte(depthIndexHead), []byte(associationsIndexTop)
	for i := range entries {
		e := &entries[i]
		color = e.appendStamp(color, e.colorTime, e.color)
		depth = e.appendStamp(depth, e.depthTime, e.depth)
		both = e.appendAssociation(e.appendClock(both, w.clock))
		w.clock = e.clock
		w.base = max(w.base, e.seq+1)
		w.unsynced = append(w.unsynced, e.color, e.depth)
	}
	w.written = len(entries)
	if err := w.flush(w.unsynced); err != nil {
		return err
	}
	w.unsynced = nil
	both = appendMark(both, len(entries))
	for i, f := range []struct {
		name string
		data []byte
	}{{colorIndex, color}, {depthIndex, depth}, {associationsIndex, both}} {
		if err := replaceFile(w.dir, f.name, f.data); err != nil {
			return err
		}
		out, err := os.OpenFile(filepath.Join(w.dir, f.name), os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		w.index[i] = out
	}
	return nil
}

func (e *entry) appendStamp(b []byte, t time.Duration, file string) []byte {
	b = append(appendTime(b, t), ' ')
	return append(append(b, file...), '\n')
}

func (e *entry) appendAssociation(b []byte) []byte {
	b = append(appendTime(b, e.colorTime), ' ')
	b = append(append(b, e.color...), ' ')
	return e.appendStamp(b, e.depthTime, e.depth)
}

// appendClock tells whose clock the times of e and of what follows are of, if it is another than before.
func (e *entry) appendClock(b []byte, before capture.Domain) []byte {
	if e.clock == before {
		return b
	}
	if e.clock == capture.UnknownClock {
		return append(b, clockMark+"unknown\n"...)
	}
	return append(append(append(b, clockMark...), e.clock...), '\n')
}

func appendMark(b []byte, pairs int) []byte {
	return append(strconv.AppendInt(append(b, syncMark...), int64(pairs), 10), '\n')
}

// replaceFile writes a small file whole or not at all, and onto the disk.
func replaceFile(dir, name string, data []byte) error {
	f, err := os.CreateTemp(dir, "."+name+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	return syncDir(dir)
}

// syncDir forces a folder's names onto the disk, where the system can: Windows has no such call, and some file systems
// refuse it with EINVAL.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
