package quant_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant"
)

var update = flag.Bool("update", false, "rewrite testdata/golden/sha256.json")

// npy is a .npy file: element kind as numpy writes it, shape, bytes.
type npy struct {
	kind  string
	shape []int
	data  []byte
}

var npyHeader = regexp.MustCompile(`'descr': '([^']*)', 'fortran_order': False, 'shape': \(([^)]*)\)`)

func readNpy(t testing.TB, path string) npy {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := int(binary.LittleEndian.Uint16(b[8:]))
	m := npyHeader.FindSubmatch(b[10 : 10+n])
	a := npy{kind: string(m[1]), data: b[10+n:]}
	for _, s := range strings.Split(string(m[2]), ",") {
		if s = strings.TrimSpace(s); s != "" {
			v, _ := strconv.Atoi(s)
			a.shape = append(a.shape, v)
		}
	}
	return a
}

// fill copies a uint8 array into an input, widening it where the input is float32.
func fill(t testing.TB, in *quant.Tensor, a npy) {
	t.Helper()
	if in.Len() != len(a.data) {
		t.Fatalf("input %q has %d elements, the array %d", in.Name, in.Len(), len(a.data))
	}
	if in.Type == quant.Uint8 {
		copy(in.Uint8s(), a.data)
		return
	}
	for i, v := range a.data {
		in.Float32s()[i] = float32(v)
	}
}

func goldens(t testing.TB) []string {
	t.Helper()
	dirs, err := filepath.Glob("testdata/golden/*/model.onnx")
	if err != nil || len(dirs) < 7 {
		t.Fatalf("%d golden models, %v", len(dirs), err)
	}
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	return dirs
}

// open plans a golden model and fills its inputs.
func open(t testing.TB, dir string, o quant.Options) *quant.Network {
	t.Helper()
	net, err := quant.Load(filepath.Join(dir, "model.onnx"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { net.Close() })
	for _, in := range net.Inputs() {
		fill(t, in, readNpy(t, filepath.Join(dir, in.Name+".npy")))
	}
	return net
}

// TestGolden holds whole networks against what ONNX Runtime made of them: equal bit for bit where everything is integer,
// close in float32; and against the committed SHA-256 of our own answer, which every CPU must give.
func TestGolden(t *testing.T) {
	const sums = "testdata/golden/sha256.json"
	want := map[string]string{}
	if b, err := os.ReadFile(sums); err == nil {
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
	}
	got := map[string]string{}
	for _, dir := range goldens(t) {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			net := open(t, dir, quant.Options{Threads: 1})
			if err := net.Run(); err != nil {
				t.Fatal(err)
			}
			out := net.Outputs()[0]
			sum := sha256.Sum256(out.Bytes())
			got[name] = hex.EncodeToString(sum[:])
			if !*update && got[name] != want[name] {
				t.Errorf("SHA-256 %s, want %s", got[name], want[name])
			}
			ref := readNpy(t, filepath.Join(dir, "output.npy"))
			if fmt.Sprint(ref.shape) != fmt.Sprint(out.Shape) {
				t.Fatalf("shape %v, want %v", out.Shape, ref.shape)
			}
			if strings.Contains(name, "float32") {
				if d := greatestDifference(out.Float32s(), ref.data); d > 1e-4 {
					t.Errorf("it differs from ONNX Runtime's by %v", d)
				}
				return
			}
			size := len(ref.data) / out.Len()
			different := 0
			for i := 0; i < len(ref.data); i += size {
				if !bytes.Equal(ref.data[i:i+size], out.Bytes()[i:i+size]) {
					different++
				}
			}
			// Ties that ONNX Runtime breaks by its own order of float operations are allowed to one value in a thousand.
			if different*1000 > out.Len() {
				t.Errorf("%d of %d values differ from ONNX Runtime's", different, out.Len())
			}
		})
	}
	if *update {
		b, _ := json.MarshalIndent(got, "", "\t")
		if err := os.WriteFile(sums, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func greatestDifference(got []float32, want []byte) float64 {
	d := 0.0
	for i, v := range got {
		w := math.Float32frombits(binary.LittleEndian.Uint32(want[4*i:]))
		d = max(d, math.Abs(float64(v)-float64(w)))
	}
	return d
}

// The same bytes with 1 to 4 workers, without SIMD, channels-last, and when run again.
func TestSameAnswer(t *testing.T) {
	for _, dir := range goldens(t) {
		first := open(t, dir, quant.Options{Threads: 1})
		first.Run()
		want := bytes.Clone(first.Outputs()[0].Bytes())
		for _, o := range []quant.Options{{Threads: 1}, {Threads: 2}, {Threads: 3}, {Threads: 4}, {Threads: 2, Disable: []string{"simd"}}} {
			net := open(t, dir, o)
			for range 3 {
				net.Run()
				if !bytes.Equal(net.Outputs()[0].Bytes(), want) {
					t.Fatalf("%s: %+v: another answer", dir, o)
				}
			}
		}
		net, err := quant.Load(filepath.Join(dir, "model.onnx"), quant.Options{NHWC: true, Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range net.Inputs() {
			a := readNpy(t, filepath.Join(dir, in.Name+".npy"))
			last := make([]byte, len(a.data))
			c, hw := a.shape[1], a.shape[2]*a.shape[3]
			for i, v := range a.data {
				last[i%hw*c+i/hw] = v
			}
			if in.Shape[3] != c {
				t.Fatalf("%s: input bound as %v", dir, in.Shape)
			}
			fill(t, in, npy{data: last})
		}
		net.Run()
		if !bytes.Equal(net.Outputs()[0].Bytes(), want) {
			t.Errorf("%s: another answer channels-last", dir)
		}
		net.Close()
	}
}

// A steady Run allocates nothing, and writes to no input.
func TestRunAllocatesNothing(t *testing.T) {
	for _, dir := range goldens(t) {
		for _, threads := range []int{1, 2} {
			net := open(t, dir, quant.Options{Threads: threads})
			net.Run()
			before := bytes.Clone(net.Inputs()[0].Bytes())
			if n := testing.AllocsPerRun(5, func() { net.Run() }); n != 0 {
				t.Errorf("%s: %d threads: %v allocations", filepath.Base(dir), threads, n)
			}
			if !bytes.Equal(before, net.Inputs()[0].Bytes()) {
				t.Errorf("%s: Run changed its input", filepath.Base(dir))
			}
		}
	}
}

// The arena is near the least possible, and every convolution of a quantized network stays in the integers.
func TestPlans(t *testing.T) {
	for _, dir := range goldens(t) {
		net := open(t, dir, quant.Options{Threads: 1})
		a := net.Arena()
		if float64(a.Bytes) > 1.1*float64(a.LowerBound) {
			t.Errorf("%s: arena of %d bytes, lower bound %d", filepath.Base(dir), a.Bytes, a.LowerBound)
		}
		for _, s := range net.Steps() {
			if s.MACs > 0 && s.Kernel == "plain" && !strings.Contains(dir, "float32") {
				t.Errorf("%s: %s %q runs in float", filepath.Base(dir), s.Op, s.Name)
			}
		}
		steps := net.Steps()
		if last := steps[len(steps)-1]; strings.Contains(dir, "classes") && last.Op != "resize argmax" {
			t.Errorf("%s: the last step is %q", filepath.Base(dir), last.Op)
		}
	}
}

// ClassMap gives the classes that the model's own tail would.
func TestClassMap(t *testing.T) {
	net := open(t, "testdata/golden/mobilenetv2-qdq-u8s8", quant.Options{ClassMap: true})
	net.Run()
	out := net.Outputs()[0]
	if out.Type != quant.Uint8 || fmt.Sprint(out.Shape) != "[32 48]" {
		t.Fatalf("class map is %v %v", out.Type, out.Shape)
	}
	seen := map[uint8]int{}
	for _, c := range out.Uint8s() {
		seen[c]++
	}
	if len(seen) < 3 {
		t.Errorf("classes %v", seen)
	}
	// A model that ends in classes already is narrowed to its map.
	tail := open(t, "testdata/golden/mobilenetv2-classes", quant.Options{ClassMap: true})
	tail.Run()
	if got := tail.Outputs()[0]; fmt.Sprint(got.Shape) != "[32 48]" {
		t.Errorf("class map is %v", got.Shape)
	}
}
