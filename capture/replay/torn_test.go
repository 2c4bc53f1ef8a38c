package replay

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// unmark takes the sync marks out of a recording, as if it had been torn before the first.
func unmark(t testing.TB, dir string) {
	t.Helper()
	path := filepath.Join(dir, associationsIndex)
	data := read(t, path)
	write(t, path, regexp.MustCompile(`(?m)^# synced \d+\n`).ReplaceAll(data, nil))
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// replays expects exactly the first n of want.
func replays(t *testing.T, dir string, want []*capture.Pair, n int) Stats {
	t.Helper()
	r := open(t, dir, Options{Threads: -1})
	got, err := play(t, r)
	if err != nil || len(got) != n {
		t.Fatalf("%d pairs, want %d; %v", len(got), n, err)
	}
	for i := range got {
		if !same(got[i], want[i]) {
			t.Fatalf("pair %d differs", i)
		}
	}
	return r.Stats()
}

// TestTornIndex cuts each index file at every byte. Only the associations count: what replays is the pairs whose lines
// are whole.
func TestTornIndex(t *testing.T) {
	dir, want := record(t, 4, WriterOptions{Classes: 3}, true)
	for _, marked := range []bool{true, false} {
		if !marked {
			unmark(t, dir)
		}
		for _, name := range []string{colorIndex, depthIndex, associationsIndex} {
			path := filepath.Join(dir, name)
			whole := read(t, path)
			for n := range len(whole) + 1 {
				write(t, path, whole[:n])
				pairs, torn := 4, 0
				if name == associationsIndex {
					if n == 0 {
						continue // then it is TUM's rgb.txt and depth.txt
					}
					pairs = strings.Count(string(whole[:n]), ".png\n")
					if whole[n-1] != '\n' {
						torn = 1
					}
					if n < len(header) {
						torn = 1
					}
				}
				if s := replays(t, dir, want, pairs); s.TornLines != torn {
					t.Fatalf("%s cut at %d: %d torn lines, want %d", name, n, s.TornLines, torn)
				}
			}
			write(t, path, whole)
		}
	}
}

// TestTornImages cuts the images of the last pairs at every byte. Before a sync the recording ends at the first that is
// not whole; what a sync covers cannot tear, so that a fault there is told.
func TestTornImages(t *testing.T) {
	dir, want := record(t, 4, WriterOptions{}, false)
	cut := func(name string, check func(n int)) {
		path := filepath.Join(dir, name)
		whole := read(t, path)
		for n := range whole {
			write(t, path, whole[:n])
			check(n)
		}
		os.Remove(path)
		check(-1)
		write(t, path, make([]byte, len(whole))) // the length without the data
		check(len(whole))
		write(t, path, whole)
	}
	cut("depth/00000006.png", func(n int) {
		if _, err := play(t, open(t, dir, Options{Threads: -1})); err == nil || !strings.Contains(err.Error(), `replay: depth "depth/00000006.png": `) {
			t.Fatalf("synced, cut at %d: %v", n, err)
		}
	})
	unmark(t, dir)
	for i, name := range []string{"rgb/00000004.png", "depth/00000006.png", "rgb/00000000.png"} {
		cut(name, func(n int) {
			pairs := []int{2, 3, 0}[i]
			if s := replays(t, dir, want, pairs); s.TornPairs != 4-pairs || len(s.Problems) != 1 {
				t.Fatalf("%s cut at %d: %+v", name, n, s)
			}
		})
	}
	replays(t, dir, want, 4)
}

// TestAppend goes on after a clean end, and after a torn one.
func TestAppend(t *testing.T) {
	dir, want := record(t, 3, WriterOptions{}, false)
	more := func(n int) {
		t.Helper()
		w, err := Create(dir, camera(), WriterOptions{Append: true, Sync: -1})
		if err != nil {
			t.Fatal(err)
		}
		base := uint64(0)
		if len(want) > 0 {
			base = want[len(want)-1].Seq + 1
		}
		for i := range n {
			p := noise(i, camera(), false)
			if err := w.Write(p); err != nil {
				t.Fatal(err)
			}
			p.Seq += base
			want = append(want, p)
		}
		if err := w.Close(); err != nil || w.Written() != len(want) {
			t.Fatalf("%d written, %v", w.Written(), err)
		}
	}
	more(2)
	replays(t, dir, want, 5)

	path := filepath.Join(dir, associationsIndex)
	unmark(t, dir)
	whole := read(t, path)
	write(t, path, whole[:len(whole)-5])                                              // the last line
	write(t, filepath.Join(dir, colorDir, fmt.Sprintf("%08d.png", want[3].Seq)), nil) // and an image before it
	want = want[:3]
	more(2)
	if s := replays(t, dir, want, 5); s.TornLines+s.TornPairs+s.BadLines != 0 {
		t.Errorf("%+v", s)
	}
	if lines := bytes.Count(read(t, filepath.Join(dir, colorIndex)), []byte(".png\n")); lines != 5 {
		t.Errorf("%s has %d lines", colorIndex, lines)
	}
	more(0)
	replays(t, dir, want, 5)
}

func TestCreateRefuses(t *testing.T) {
	dir, _ := record(t, 1, WriterOptions{}, false)
	other := camera()
	other.Color.Fx++
	wrong := camera()
	wrong.DepthScale = 0
	photos := folder(t, map[string]any{"holiday.jpg": rgbOf(1)})
	plainFolders := folder(t, map[string]any{"rgb/1.png": rgbOf(1), "depth/1.png": depthOf(1)})
	for name, c := range map[string]struct {
		dir string
		cal capture.Calibration
		o   WriterOptions
	}{
		"a recording without Append": {dir, camera(), WriterOptions{}},
		"another calibration":        {dir, other, WriterOptions{Append: true}},
		"other files":                {photos, camera(), WriterOptions{}},
		"other files with Append":    {photos, camera(), WriterOptions{Append: true}},
		"not ours":                   {plainFolders, camera(), WriterOptions{Append: true}},
		"no depth scale":             {t.TempDir(), wrong, WriterOptions{}},
		"a thousand classes":         {t.TempDir(), camera(), WriterOptions{Classes: 1000}},
		"below a file":               {filepath.Join(photos, "holiday.jpg", "x"), camera(), WriterOptions{}},
	} {
		before, _ := os.ReadDir(c.dir)
		if w, err := Create(c.dir, c.cal, c.o); err == nil {
			w.Close()
			t.Errorf("%s: no error", name)
		} else if after, _ := os.ReadDir(c.dir); len(after) != len(before) {
			t.Errorf("%s: left %d files where %d were", name, len(after), len(before))
		}
	}
}
