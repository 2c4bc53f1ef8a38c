package replay

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/depthwise/depthwise/capture"
	"pgregory.net/rapid"
)

// TestRoundTripLaws writes pairs of any size, time, sequence and labels with any options: the same come back.
func TestRoundTripLaws(t *testing.T) {
	root := t.TempDir()
	var count atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.IntRange(1, 20)
		cal := assume(side.Draw(t, "width"), side.Draw(t, "height"), rapid.Float64Range(1e-5, 1).Draw(t, "scale"))
		if rapid.Bool().Draw(t, "apart") {
			cal.Depth = assume(side.Draw(t, "depth width"), side.Draw(t, "depth height"), 1).Depth
			cal.DepthToColor.Translation[0] = rapid.Float64Range(-1, 1).Draw(t, "baseline")
		}
		dir := filepath.Join(root, fmt.Sprint(count.Add(1)))
		o := WriterOptions{
			Classes: rapid.IntRange(0, 5).Draw(t, "classes"),
			Threads: rapid.IntRange(1, 3).Draw(t, "threads"),
			Queue:   rapid.IntRange(1, 3).Draw(t, "queue"),
			Sync:    rapid.SampledFrom([]time.Duration{-1, 0, 1}).Draw(t, "sync"),
		}
		w, err := Create(dir, cal, o)
		if err != nil {
			t.Fatal(err)
		}
		var want []*capture.Pair
		seq := uint64(0)
		for i := range rapid.IntRange(0, 6).Draw(t, "pairs") {
			p := noise(i, cal, rapid.Bool().Draw(t, "labelled"))
			seq += rapid.Uint64Range(1, 1<<40).Draw(t, "gap")
			p.Seq = seq - 1
			p.ColorTime = time.Duration(rapid.Int64().Draw(t, "color time"))
			p.DepthTime = time.Duration(rapid.Int64().Draw(t, "depth time"))
			want = append(want, p)
			if err := w.Write(p); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if w.Written() != len(want) {
			t.Fatalf("%d written of %d", w.Written(), len(want))
		}
		r, err := Open(dir, Options{Threads: rapid.IntRange(-1, 2).Draw(t, "readers")})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if r.Calibration() != cal || len(r.Assumed()) != 0 {
			t.Fatalf("%+v", r.Calibration())
		}
		for _, p := range want {
			var got capture.Pair
			if err := r.Next(t.Context(), &got); err != nil || !same(&got, p) {
				t.Fatalf("pair %d: %v", p.Seq, err)
			}
		}
	})
}

func TestWriteRefuses(t *testing.T) {
	w, err := Create(filepath.Join(t.TempDir(), "r"), camera(), WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Write(noise(1, camera(), false)); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(p *capture.Pair){
		"the same sequence number": func(p *capture.Pair) { p.Seq = 2 },
		"a lower sequence number":  func(p *capture.Pair) { p.Seq = 0 },
		"another size of color":    func(p *capture.Pair) { p.Color.Resize(5, 5) },
		"another size of depth":    func(p *capture.Pair) { p.Depth.Resize(5, 5) },
		"color without pixels":     func(p *capture.Pair) { p.Color.Pix = nil },
		"depth of too many":        func(p *capture.Pair) { p.Depth.Pix = append(p.Depth.Pix, 1) },
		"another size of labels":   func(p *capture.Pair) { p.Labels.Resize(2, 2) },
		"labels that do not fill":  func(p *capture.Pair) { p.Labels.Resize(13, 7); p.Labels.Pix = p.Labels.Pix[1:] },
	} {
		p := noise(5, camera(), false)
		spoil(p)
		if err := w.Write(p); err == nil || !strings.HasPrefix(err.Error(), "replay: write ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.Write(noise(5, camera(), true)); err != nil { // none of these harmed the recording
		t.Error(err)
	}
	if err := w.Close(); err != nil || w.Written() != 2 {
		t.Errorf("%d written, %v", w.Written(), err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Write(noise(6, camera(), false)); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

// fullDisk counts bytes down and then fails as a full disk does: with a part of the data written.
type fullDisk struct {
	left *atomic.Int64
	*os.File
}

func (f fullDisk) Write(p []byte) (int, error) {
	if left := f.left.Add(-int64(len(p))); left < 0 {
		n, _ := f.File.Write(p[:max(0, int64(len(p))+left)])
		return n, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return f.File.Write(p)
}

// TestFullDisk: the error names the file, later pairs are refused, and what was written before replays.
func TestFullDisk(t *testing.T) {
	for _, room := range []int64{0, 1, 500, 1000, 1500, 2500} {
		var left atomic.Int64
		left.Store(room)
		dir := filepath.Join(t.TempDir(), "r")
		w, err := Create(dir, camera(), WriterOptions{Threads: 2, Queue: 2, create: func(path string) (file, error) {
			f, err := os.Create(path)
			return fullDisk{&left, f}, err
		}})
		if err != nil {
			t.Fatal(err)
		}
		var want []*capture.Pair
		for i := range 20 {
			p := noise(i, camera(), false)
			want = append(want, p)
			if err = w.Write(p); err != nil {
				break
			}
		}
		if err == nil {
			t.Fatal("20 pairs fit")
		}
		closed := w.Close()
		for _, err := range []error{err, closed} {
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), `0`) || !strings.Contains(err.Error(), ".png\": no space left on device") {
				t.Errorf("room for %d bytes: %v", room, err)
			}
		}
		n := w.Written()
		if room == 2500 && n == 0 || room == 0 && n > 0 {
			t.Errorf("room for %d bytes: %d written", room, n)
		}
		replays(t, dir, want, n)
		for _, sub := range []string{colorDir, depthDir} {
			files, _ := filepath.Glob(filepath.Join(dir, sub, ".*"))
			if len(files) > 0 {
				t.Errorf("left %q", files)
			}
		}
	}
}

// TestIndexFull: an index that cannot grow is told, too, and keeps its whole lines.
func TestIndexFull(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r")
	w, err := Create(dir, camera(), WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var want []*capture.Pair
	for i := range 3 {
		want = append(want, noise(i, camera(), false))
		if err := w.Write(want[i]); err != nil {
			t.Fatal(err)
		}
	}
	for w.Written() < 3 {
		time.Sleep(time.Millisecond)
	}
	w.index[2].Close()
	if err := w.Write(noise(3, camera(), false)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), `replay: index "associations.txt": `) {
		t.Error(err)
	}
	replays(t, dir, want, 3)
}

// TestSyncMarks: with a short period the index tells more and more pairs safe, never more than it has.
func TestSyncMarks(t *testing.T) {
	dir, want := record(t, 30, WriterOptions{Sync: 1}, false)
	text := string(read(t, filepath.Join(dir, associationsIndex)))
	lines, marks := 0, 0
	for line := range strings.Lines(text) {
		var n int
		if strings.HasSuffix(line, ".png\n") {
			lines++
		} else if k, _ := fmt.Sscanf(line, "# synced %d", &n); k == 1 {
			if marks++; n > lines {
				t.Errorf("%d synced of %d", n, lines)
			}
		}
	}
	if marks < 3 || !strings.HasSuffix(text, "# synced 30\n") {
		t.Errorf("%d marks:\n%s", marks, text)
	}
	replays(t, dir, want, 30)
}
