package mcap

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
)

// smallDisk has room for so many bytes; a write that does not fit fails with ENOSPC after what does.
type smallDisk struct {
	file
	room *int
	slow time.Duration
}

func (d smallDisk) WriteAt(b []byte, at int64) (int, error) {
	time.Sleep(d.slow)
	if len(b) <= *d.room {
		*d.room -= len(b)
		return d.file.WriteAt(b, at)
	}
	n, _ := d.file.WriteAt(b[:max(*d.room, 0)], at)
	*d.room = 0
	return n, &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
}

func onDisk(room *int, slow time.Duration) func(string) (file, error) {
	return func(path string) (file, error) {
		f, err := os.Create(path)
		return smallDisk{f, room, slow}, err
	}
}

// TestShedFull has the disk fill up and empty again, at random: what found no room leaves no trace, what did replays, clock
// and all, with the file's summary or without.
func TestShedFull(t *testing.T) {
	for _, chunk := range []int{0, 12000} { // a pair, or some, a chunk
		for _, full := range []int{0, 5, 9} { // the pair at which the disk is full, for three pairs
			for _, end := range []bool{true, false} {
				name := filepath.Join(t.TempDir(), "r.mcap")
				room := 1 << 30
				w, err := Create(name, rig(), WriterOptions{ShedFull: true, ChunkSize: chunk, Sync: -1, create: onDisk(&room, 0)})
				if err != nil {
					t.Fatal(err)
				}
				written := map[uint64]*capture.Pair{}
				for i := range 20 {
					switch i {
					case full:
						room = 150
					case full + 3:
						room = 1 << 30
					}
					p := noise(i, rig(), i%2 == 0)
					written[p.Seq] = p
					if err := w.Write(p); err != nil {
						t.Fatal(err)
					}
				}
				w.flush()
				if !end {
					room = 10
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				n := w.Shed()
				if n.Full > 12 || chunk == 0 && n.Full != 3 || chunk > 0 && full > 0 && n.Full == 0 || n.Slow != 0 || n.NoEnd == end {
					t.Errorf("chunk %d, full at %d: %+v", chunk, full, n)
				}
				r := open(t, name, Options{})
				got, err := play(r)
				if err != nil || len(got) != 20-n.Full || r.Stats().Torn == end || r.Calibration() != rig() {
					t.Fatalf("chunk %d, full at %d: %d pairs, %v, torn %v; shed %+v", chunk, full, len(got), err, r.Stats().Torn, n)
				}
				for _, p := range got {
					if p.Clock = written[p.Seq].Clock; !same(p, written[p.Seq]) { // a clock's mark may have found no room
						t.Errorf("pair %d is not as it was written", p.Seq)
					}
				}
			}
		}
	}
}

// TestStopOnFull: without ShedFull the first is the error, and what was written before replays without a torn record.
func TestStopOnFull(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.mcap")
	room := 1 << 30
	w, err := Create(name, rig(), WriterOptions{ChunkSize: 1, create: onDisk(&room, 0)})
	if err != nil {
		t.Fatal(err)
	}
	var want []*capture.Pair
	for i := range 3 {
		want = append(want, noise(i, rig(), false))
		if err := w.Write(want[i]); err != nil {
			t.Fatal(err)
		}
	}
	room = 200
	if w.Write(noise(3, rig(), false)) == nil || w.Close() == nil {
		t.Error("a full disk is no error")
	}
	if n := w.Shed(); n != (Shed{}) {
		t.Errorf("%+v", n)
	}
	replays(t, open(t, name, Options{}), want)
	room = 30
	if _, err := Create(filepath.Join(t.TempDir(), "s.mcap"), rig(), WriterOptions{ShedFull: true, create: onDisk(&room, 0)}); err == nil {
		t.Error("a file without a head is no error")
	}
}

// TestShedSlow writes faster than a disk that takes 20 ms a pair.
func TestShedSlow(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.mcap")
	room := 1 << 30
	w, err := Create(name, rig(), WriterOptions{ShedSlow: true, Queue: 2, ChunkSize: 1, create: onDisk(&room, 20*time.Millisecond)})
	if err != nil {
		t.Fatal(err)
	}
	written := map[uint64]*capture.Pair{}
	for i := range 30 {
		p := noise(i, rig(), i%2 == 1)
		written[p.Seq] = p
		if err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := open(t, name, Options{})
	got, err := play(r)
	if n := w.Shed(); err != nil || n.Slow == 0 || n.Full != 0 || len(got)+n.Slow != 30 || len(got) < 2 {
		t.Fatalf("%d pairs, %v, %+v", len(got), err, n)
	}
	for _, p := range got {
		if !same(p, written[p.Seq]) {
			t.Errorf("pair %d is not as it was written", p.Seq)
		}
	}
	// An error of the disk comes with a later pair or with Close, and is told for ever.
	room = 0
	w, err = Create(filepath.Join(t.TempDir(), "s.mcap"), rig(), WriterOptions{ShedSlow: true, create: func(path string) (file, error) {
		room = 1 << 30
		f, err := os.Create(path)
		return smallDisk{f, &room, 0}, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.jobs.end() // nothing is at work
	room = 10
	w.jobs = newQueue(1, w.write)
	w.o.ChunkSize = 1
	for i := range 1000 {
		if err = w.Write(noise(i, rig(), false)); err != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err == nil || w.Close() == nil || w.Close() == nil {
		t.Errorf("a full disk is no error: %v", err)
	}
	if err == io.EOF {
		t.Error(err)
	}
}
