package replay

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
)

// A fuzzed folder is a sequence of files: a byte that picks the name, two bytes of length, the content.
var fuzzNames = []string{
	"rgb.txt", "depth.txt", "associations.txt", CalibrationFile,
	"rgb/00000000.png", "rgb/00000001.png", "rgb/2.jpg", "depth/00000000.png", "depth/00000001.png", "depth/2.png",
	"color/1305031102.175304.png", "color/x.png", "label3/00000000.png", "labels/1.png", "depth/1305031102.160407.png", "associate.txt",
}

func packFolder(t testing.TB, dir string) []byte {
	var out []byte
	for i, name := range fuzzNames {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		out = append(out, byte(i))
		out = binary.LittleEndian.AppendUint16(out, uint16(len(data)))
		out = append(out, data...)
	}
	return out
}

func unpackFolder(t testing.TB, dir string, packed []byte) {
	for len(packed) >= 3 {
		name, n := fuzzNames[int(packed[0])%len(fuzzNames)], int(binary.LittleEndian.Uint16(packed[1:]))
		packed = packed[3:]
		n = min(n, len(packed))
		path := filepath.Join(dir, name)
		os.MkdirAll(filepath.Dir(path), 0o777)
		write(t, path, packed[:n])
		packed = packed[n:]
	}
}

// FuzzOpen opens folders of anything: an error or pairs that hold what the contract says, never a panic; Skip delivers
// no fewer than Stop, and every pair is accounted for.
func FuzzOpen(f *testing.F) {
	dir, _ := record(f, 2, WriterOptions{Classes: 3}, true)
	f.Add(packFolder(f, dir))
	unmark(f, dir)
	f.Add(packFolder(f, dir))
	for _, files := range []map[string]any{
		{"rgb.txt": "1 rgb/00000000.png\n2 rgb/2.jpg\n", "depth.txt": "1.01 depth/00000000.png\n2.01 depth/2.png\n", "rgb/00000000.png": rgbOf(0), "rgb/2.jpg": rgbOf(2), "depth/00000000.png": depthOf(0), "depth/2.png": depthOf(2)},
		{"color/x.png": rgbOf(0), "depth/2.png": depthOf(0), "color/1305031102.175304.png": rgbOf(1), "depth/1305031102.160407.png": depthOf(1)},
		{"associate.txt": "1 depth/2.png 1 rgb/2.jpg\n", "rgb/2.jpg": rgbOf(2), "depth/2.png": wide(2), "labels/1.png": labelOf(3)},
	} {
		f.Add(packFolder(f, folder(f, files)))
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		dir := t.TempDir()
		unpackFolder(t, dir, packed)
		var delivered [2]uint64
		for i, o := range []Options{{OnError: Stop, Threads: -1}, {OnError: Skip, Threads: 1, Ahead: 2}} {
			detected := Detect(dir)
			r, err := Open(dir, o)
			if err != nil {
				if !strings.HasPrefix(err.Error(), "replay: ") {
					t.Fatalf("%v", err)
				}
				continue
			}
			if detected != nil {
				t.Fatalf("opened what Detect refuses: %v", detected)
			}
			cal := r.Calibration()
			if cal.Color.Width*cal.Color.Height > 1<<20 || cal.Depth.Width*cal.Depth.Height > 1<<20 {
				r.Close() // right, but slow to fuzz
				return
			}
			var p capture.Pair
			for err = r.Next(context.Background(), &p); err == nil; err = r.Next(context.Background(), &p) {
				if p.Color.Width != cal.Color.Width || p.Color.Height != cal.Color.Height || len(p.Color.Pix) != 3*p.Color.Width*p.Color.Height ||
					p.Depth.Width != cal.Depth.Width || p.Depth.Height != cal.Depth.Height || len(p.Depth.Pix) != p.Depth.Width*p.Depth.Height ||
					len(p.Labels.Pix) != p.Labels.Width*p.Labels.Height {
					t.Fatalf("pair of color %d×%d, depth %d×%d", p.Color.Width, p.Color.Height, p.Depth.Width, p.Depth.Height)
				}
			}
			s := r.Stats()
			delivered[i] = s.Delivered
			if errors.Is(err, io.EOF) != (s.Delivered+s.Skipped == uint64(r.Len())) || o.OnError == Skip && !errors.Is(err, io.EOF) {
				t.Fatalf("%s: %v after %+v", o.OnError, err, s)
			}
			r.Close()
		}
		if delivered[0] > delivered[1] {
			t.Fatalf("%d pairs, with faults skipped only %d", delivered[0], delivered[1])
		}
	})
}
