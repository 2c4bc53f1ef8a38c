package runtime

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/pool"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const goldenDir = "testdata/preprocess"

// goldenCase is one entry of cases.json, which the Python side reads too. Inputs are made by goldenPair's formulas, so
// that only hashes and a few small outputs are stored.
type goldenCase struct {
	Name       string        `json:"name"`
	ColorSize  [2]int        `json:"color_size"` // width, height
	DepthSize  [2]int        `json:"depth_size"`
	Size       [2]int        `json:"size"` // of the student's input
	Seed       uint32        `json:"seed"`
	Depth      DepthEncoding `json:"depth"`
	DepthScale float64       `json:"depth_scale"`
	ColorSHA   string        `json:"color_sha256"`   // of the colour image's bytes
	DepthSHA   string        `json:"depth_sha256"`   // of the depth image's readings, little-endian
	TableSHA   string        `json:"table_sha256"`   // of the 65,536-byte depth table
	FusedSHA   string        `json:"fused_sha256"`   // of the output, R G B D for each pixel
	File       string        `json:"file,omitempty"` // the output itself
}

var goldenCases = []goldenCase{
	{Name: "vga-half", ColorSize: [2]int{640, 480}, Size: [2]int{320, 240}},
	{Name: "640x360", ColorSize: [2]int{640, 360}, Size: [2]int{320, 240}},
	{Name: "hd", ColorSize: [2]int{1280, 720}, Size: [2]int{320, 240}},
	{Name: "off-by-one", ColorSize: [2]int{321, 243}, Size: [2]int{320, 240}},
	{Name: "same", ColorSize: [2]int{320, 240}, Size: [2]int{320, 240}},
	{Name: "enlarge-2", ColorSize: [2]int{160, 120}, Size: [2]int{320, 240}},
	{Name: "enlarge-odd", ColorSize: [2]int{211, 167}, Size: [2]int{320, 240}},
	{Name: "wide-and-low", ColorSize: [2]int{848, 200}, Size: [2]int{320, 240}},
	{Name: "two-sizes", ColorSize: [2]int{640, 480}, DepthSize: [2]int{424, 240}, Size: [2]int{320, 240}},
	{Name: "linear-mm-tum", ColorSize: [2]int{640, 480}, Size: [2]int{320, 240}, DepthScale: 0.0002,
		Depth: DepthEncoding{"linear", 0.3, 5}},
	{Name: "large", ColorSize: [2]int{1920, 1080}, Size: [2]int{256, 192}, DepthScale: 0.00025},
	{Name: "small-half", ColorSize: [2]int{64, 48}, Size: [2]int{32, 24}},
	{Name: "small-odd", ColorSize: [2]int{61, 47}, Size: [2]int{32, 24}},
	{Name: "small-third", ColorSize: [2]int{96, 72}, Size: [2]int{32, 24}},
	{Name: "small-enlarge", ColorSize: [2]int{20, 15}, Size: [2]int{32, 24}},
	{Name: "small-mixed", ColorSize: [2]int{50, 17}, Size: [2]int{32, 24}},
	{Name: "one-pixel", ColorSize: [2]int{1, 1}, Size: [2]int{5, 3}},
}

// mix is the finaliser of MurmurHash3 (public domain, Austin Appleby), here as a generator that NumPy repeats.
func mix(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

// goldenPair makes the inputs of a case: noise on stepped ramps; depth with surfaces, edges between them and holes.
func goldenPair(c goldenCase) *capture.Pair {
	p := new(capture.Pair)
	p.Color.Resize(c.ColorSize[0], c.ColorSize[1])
	for y := range p.Color.Height {
		for x := range p.Color.Width {
			for k := range 3 {
				i := 3*(y*p.Color.Width+x) + k
				n := mix(c.Seed + uint32(i))
				v := uint32(x*(k+1) + y*(3-k))
				if n>>28 < 4 {
					v = n
				}
				p.Color.Pix[i] = byte(v + n>>8&15)
			}
		}
	}
	p.Depth.Resize(c.DepthSize[0], c.DepthSize[1])
	for y := range p.Depth.Height {
		for x := range p.Depth.Width {
			i := y*p.Depth.Width + x
			n := mix(c.Seed ^ 0x9e3779b9 + uint32(i))
			d := uint32(600 + 5*x + 3*y)
			if (x/7+y/5)%3 == 1 {
				d *= 2
			}
			d += n >> 8 & 63
			if n>>28 < 3 || (x/9+y/11)%4 == 2 && n&3 != 0 {
				d = 0
			}
			if n>>20 == 5 {
				d = 65535
			}
			p.Depth.Pix[i] = uint16(min(d, 65535))
		}
	}
	return p
}

func (c goldenCase) filled(i int) goldenCase {
	if c.DepthSize[0] == 0 {
		c.DepthSize = c.ColorSize
	}
	if c.DepthScale == 0 {
		c.DepthScale = 0.001
	}
	if c.Depth.Kind == "" {
		c.Depth = DepthEncoding{"inverse", 0.25, 8}
	}
	c.Seed = 1000003 * uint32(i+1)
	return c
}

func sha(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func (c goldenCase) fused(t testing.TB, p *capture.Pair, threads int) []byte {
	pre := newTestPreprocess(t, c, threads)
	out := make([]byte, 4*c.Size[0]*c.Size[1])
	if err := pre.Fused(out, &p.Color, &p.Depth); err != nil {
		t.Fatal(err)
	}
	return out
}

func newTestPreprocess(t testing.TB, c goldenCase, threads int) *Preprocess {
	workers := pool.New(threads)
	t.Cleanup(workers.Close)
	pre, err := NewPreprocess(PreprocessOptions{
		Width: c.Size[0], Height: c.Size[1],
		ColorWidth: c.ColorSize[0], ColorHeight: c.ColorSize[1],
		DepthWidth: c.DepthSize[0], DepthHeight: c.DepthSize[1],
		Depth: c.Depth, DepthScale: c.DepthScale, Pool: workers,
	})
	if err != nil {
		t.Fatal(err)
	}
	return pre
}

// TestGolden holds preprocessing to the committed vectors, which distill's tests hold the training side to.
func TestGolden(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	text, err := os.ReadFile(filepath.Join(goldenDir, "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != len(goldenCases) {
		t.Errorf("cases.json has %d cases, the test %d: run with -update", len(cases), len(goldenCases))
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			p := goldenPair(c)
			if sha(p.Color.Pix) != c.ColorSHA || sha(littleEndian(p.Depth.Pix)) != c.DepthSHA {
				t.Fatal("the inputs are not those of cases.json")
			}
			table, err := NewDepthTable(c.Depth, c.DepthScale)
			if err != nil {
				t.Fatal(err)
			}
			if sha(table[:]) != c.TableSHA {
				t.Error("depth table differs")
			}
			for _, threads := range []int{1, 2, 3, 7} {
				out := c.fused(t, p, threads)
				if sha(out) != c.FusedSHA {
					t.Errorf("output differs at %d threads", threads)
				}
				if c.File == "" {
					continue
				}
				want, err := os.ReadFile(filepath.Join(goldenDir, c.File))
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(out, want) {
					t.Errorf("output differs from %s at %d threads", c.File, threads)
				}
			}
		})
	}
}

func writeGolden(t *testing.T) {
	cases := make([]goldenCase, len(goldenCases))
	for i, c := range goldenCases {
		c = c.filled(i)
		p := goldenPair(c)
		table, err := NewDepthTable(c.Depth, c.DepthScale)
		if err != nil {
			t.Fatal(err)
		}
		out := c.fused(t, p, 1)
		c.ColorSHA, c.DepthSHA = sha(p.Color.Pix), sha(littleEndian(p.Depth.Pix))
		c.TableSHA, c.FusedSHA = sha(table[:]), sha(out)
		if strings.HasPrefix(c.Name, "small-") {
			c.File = c.Name + ".bin"
			if err := os.WriteFile(filepath.Join(goldenDir, c.File), out, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		cases[i] = c
	}
	text, err := json.MarshalIndent(cases, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(goldenDir, "cases.json"), append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func littleEndian(pix []uint16) []byte {
	b := make([]byte, 0, 2*len(pix))
	for _, v := range pix {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}
