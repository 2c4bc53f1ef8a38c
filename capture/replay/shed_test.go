package replay

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// smallDisk has room for so many bytes of images; more fail with ENOSPC after what fits.
type smallDisk struct {
	file
	room *int
}

func (d smallDisk) Write(b []byte) (int, error) {
	if len(b) <= *d.room {
		*d.room -= len(b)
		return d.file.Write(b)
	}
	n, _ := d.file.Write(b[:max(*d.room, 0)])
	*d.room = 0
	return n, &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
}

// TestShedFull has the disk fill up and empty again: what found no room leaves no trace, what did replays.
func TestShedFull(t *testing.T) {
	for _, shed := range []bool{true, false} {
		dir := filepath.Join(t.TempDir(), "r")
		room := 1 << 30
		depthRoom := len(noise(0, camera(), false).Color.Pix) + 300 // noise does not compress
		w, err := Create(dir, camera(), WriterOptions{Classes: 3, Threads: 1, Queue: 1, Sync: -1, ShedFull: shed,
			create: func(path string) (file, error) {
				f, err := os.Create(path)
				return smallDisk{f, &room}, err
			}})
		if err != nil {
			t.Fatal(err)
		}
		failed := 0
		for i := range 12 {
			for range 500 { // one at a time, so that the disk's state is the pair's
				if w.Written()+w.Shed().Full+failed >= i {
					break
				}
				time.Sleep(time.Millisecond)
			}
			switch i {
			case 4:
				room = 100 // a part of the colour image
			case 6:
				room = depthRoom // the colour image and a part of the depth image
			case 7:
				room = 1 << 30
			}
			if err := w.Write(noise(i, camera(), i%2 == 0)); err != nil {
				failed++
				if shed {
					t.Fatal(err)
				}
			}
		}
		err = w.Close()
		if (err == nil) != shed {
			t.Fatalf("shed %v: %v", shed, err)
		}
		if !shed {
			continue
		}
		n := w.Shed()
		if n.Full < 2 || n.Slow != 0 || w.Written()+n.Full != 12 {
			t.Errorf("%d written, %+v", w.Written(), n)
		}
		rec, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer rec.Close()
		var p = noise(0, camera(), false)
		got := 0
		for err = rec.Next(t.Context(), p); err == nil; err = rec.Next(t.Context(), p) {
			want := noise(int(p.Seq)/2, camera(), p.Seq%4 == 0) // numbers rise by two
			if fmt.Sprint(p.Color.Pix) != fmt.Sprint(want.Color.Pix) || fmt.Sprint(p.Depth.Pix) != fmt.Sprint(want.Depth.Pix) {
				t.Errorf("pair %d is not as it was written", p.Seq)
			}
			got++
		}
		if err != io.EOF || got != w.Written() {
			t.Errorf("%v after %d of %d pairs", err, got, w.Written())
		}
		for _, sub := range []string{colorDir, depthDir} {
			if files, _ := os.ReadDir(filepath.Join(dir, sub)); len(files) != got {
				t.Errorf("%d files in %s for %d pairs", len(files), sub, got)
			}
		}
	}
}

// TestShedSlow writes faster than a disk that takes 20 ms an image.
func TestShedSlow(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r")
	w, err := Create(dir, camera(), WriterOptions{Threads: 1, Queue: 2, ShedSlow: true, create: func(path string) (file, error) {
		time.Sleep(20 * time.Millisecond)
		return os.Create(path)
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		if err := w.Write(noise(i, camera(), false)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if n := w.Shed(); n.Slow == 0 || n.Full != 0 || w.Written()+n.Slow != 30 || w.Written() < 2 {
		t.Errorf("%d written, %+v", w.Written(), n)
	}
}
