package replay

import (
	"os"
	"path/filepath"
	"testing"
)

// realData finds a folder of the real recordings, or skips.
func realData(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("DEPTHWISE_DATA")
	if root == "" {
		dir, _ := os.Getwd()
		for dir != filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				root = filepath.Join(dir, "..", "shared", "data")
				break
			}
			dir = filepath.Dir(dir)
		}
	}
	path := filepath.Join(root, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no real data: %v (set DEPTHWISE_DATA)", err)
	}
	return path
}

func TestRealRecordings(t *testing.T) {
	for _, c := range []struct {
		name                             string
		pairs, labelled, width, height   int
		firstColor, secondColor, lastOne string
	}{
		{"recordings/kitchen", 200, 0, 640, 480, "color/frame-000000.jpg", "color/frame-000005.jpg", "color/frame-000995.jpg"},
		{"recordings/corridor", 37, 0, 640, 480, "color/0000000081.png", "color/0000000087.png", ""},
		{"recordings/cup", 207, 0, 640, 360, "color/00000.jpg", "color/00001.jpg", "color/00206.jpg"},
		{"recordings/table", 42, 0, 640, 480, "color/001.png", "color/004.png", ""},
		{"recordings/unaligned", 20, 0, 640, 480, "color/0.png", "color/18.png", "color/198.png"},
		{"tabletop-labelled", 45, 45, 640, 480, "rgb/learn0.png", "rgb/learn1.png", "rgb/learn44.png"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := open(t, realData(t, c.name), Options{})
			for i, want := range map[int]string{0: c.firstColor, 1: c.secondColor, r.Len() - 1: c.lastOne} {
				if want != "" && r.entries[i].color != want {
					t.Errorf("pair %d is %q, want %q", i, r.entries[i].color, want)
				}
			}
			for _, e := range r.entries {
				if stem(e.color) != stem(e.depth) || e.label != "" && stem(e.label) != stem(e.color) {
					t.Errorf("paired %v", e)
				}
			}
			got, err := play(t, r)
			if err != nil || len(got) != c.pairs {
				t.Fatalf("%d pairs, want %d; %v", len(got), c.pairs, err)
			}
			for i, p := range got {
				if p.Color.Width != c.width || p.Color.Height != c.height || p.Depth.Width != c.width || p.Depth.Height != c.height {
					t.Fatalf("pair %d is %d×%d", i, p.Color.Width, p.Color.Height)
				}
				if p.Seq != uint64(i) {
					t.Errorf("pair %d has Seq %d", i, p.Seq)
				}
				for _, l := range p.Labels.Pix {
					if l > 2 {
						t.Fatalf("pair %d has label %d: label3 has classes 0 to 2", i, l)
					}
				}
			}
			s := r.Stats()
			if s.Labelled != c.labelled || s.ColorAlone+s.DepthAlone+s.Duplicates != 0 {
				t.Errorf("%+v", s)
			}
			t.Logf("assumed %q", r.Assumed())
		})
	}
}
