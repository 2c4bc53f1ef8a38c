package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/cmd/edge/internal/npy"
	"github.com/depthwise/depthwise/models"
	"github.com/depthwise/depthwise/runtime"
)

// save writes an array to a file in a new folder.
func save(t *testing.T, a npy.Array) string {
	t.Helper()
	var b bytes.Buffer
	if err := npy.Write(&b, a); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "in.npy")
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, path string) npy.Array {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a, err := npy.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// pixels are 64×48 pixels in planes, the order of the ONNX graph, and what a student of runtime makes of them.
func pixels(t *testing.T, channels int) (planes []byte, classes []uint8) {
	t.Helper()
	planes = make([]byte, channels*48*64)
	for i := range planes {
		planes[i] = byte(i*i/977 + i/64*3)
	}
	s, err := runtime.OpenStudent(student("early"), runtime.StudentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	in := s.Network().Inputs()[0].Uint8s()
	for c := range 4 {
		for i := range 48 * 64 {
			in[4*i+c] = planes[c*48*64+i]
		}
	}
	classes, err = s.Infer()
	if err != nil {
		t.Fatal(err)
	}
	return planes, bytes.Clone(classes)
}

func TestInfer(t *testing.T) {
	planes, want := pixels(t, 4)
	out := t.TempDir()
	early := save(t, npy.Array{Type: "|u1", Shape: []int{1, 4, 48, 64}, Data: planes})
	rgb := save(t, npy.Array{Type: "|u1", Shape: []int{1, 3, 48, 64}, Data: planes[:3*48*64]})
	depth := save(t, npy.Array{Type: "|u1", Shape: []int{1, 1, 48, 64}, Data: planes[3*48*64:]})
	for name, args := range map[string][]string{
		"named":   {student("early"), "--in", "pixels=" + early},
		"unnamed": {student("early"), "--in", early},
		"threads": {student("early"), "--in", early, "--threads", "3", "--disable", "simd"},
		"two":     {student("two"), "--in", "depth=" + depth, "--in", "rgb=" + rgb},
		"left":    {student("two"), "--in", "depth=" + depth, "--in", rgb},
	} {
		dir := filepath.Join(out, name)
		var list []inferOutput
		if err := json.Unmarshal([]byte(good(t, append([]string{"infer", "--out", dir, "--json"}, args...)...)), &list); err != nil {
			t.Fatal(err)
		}
		if len(list) != 1 || list[0].Name != "classes" || list[0].File != filepath.Join(dir, "classes.npy") {
			t.Errorf("%s: %+v", name, list)
		}
		a := load(t, filepath.Join(dir, "classes.npy"))
		if a.Type != "|u1" || len(a.Shape) != 3 || a.Shape[1] != 48 || !bytes.Equal(a.Data, want) {
			t.Errorf("%s: %s %v differs from the student's classes", name, a.Type, a.Shape)
		}
	}
}

func TestInferRefuses(t *testing.T) {
	planes, _ := pixels(t, 4)
	u8 := func(shape ...int) string {
		n := 1
		for _, d := range shape {
			n *= d
		}
		return save(t, npy.Array{Type: "|u1", Shape: shape, Data: planes[:n]})
	}
	float := save(t, npy.Array{Type: "<f4", Shape: []int{1, 1, 48, 64}, Data: planes})
	notNpy := filepath.Join(t.TempDir(), "x.npy")
	if err := os.WriteFile(notNpy, []byte("PNG, say, and some more bytes"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		code  int
		words string
		args  []string
	}{
		{exitFailed, "dimension 1 is 4", []string{student("early"), "--in", "pixels=" + u8(1, 3, 48, 64)}},
		{exitFailed, "uint8", []string{student("depth"), "--in", "depth=" + float}},
		{exitFailed, "not a .npy file", []string{student("early"), "--in", notNpy}},
		{exitFailed, "no such file", []string{student("early"), "--in", "pixels=missing.npy"}},
		{exitUsage, `nothing for input "pixels"`, []string{student("early")}},
		{exitFailed, `no input "extra"`, []string{student("early"), "--in", "pixels=" + u8(1, 4, 48, 64), "--in", "extra=" + u8(1)}},
		{exitUsage, "two arrays", []string{student("early"), "--in", "a=" + u8(1), "--in", "a=" + u8(1)}},
		{exitUsage, "2 inputs", []string{student("two"), "--in", u8(1, 3, 48, 64)}},
		{exitFailed, "quant", []string{notNpy, "--in", u8(1)}},
	} {
		bad(t, test.code, []string{test.words}, append([]string{"infer", "--out", t.TempDir()}, test.args...)...)
	}
}

func TestFileName(t *testing.T) {
	taken := map[string]bool{}
	for _, test := range []struct{ name, want string }{
		{"logits", "logits"}, {"a/b:c", "a_b_c"}, {"../../etc", "_.._etc"}, {"", "output"}, {"...", "output_2"}, {"LOGITS", "LOGITS_2"},
		{"a b\x00c", "a_b_c_2"}, {"größe", "gr__e"},
	} {
		if got := fileName(test.name, taken); got != test.want || strings.ContainsAny(got, `/\`) {
			t.Errorf("%q becomes %q, want %q", test.name, got, test.want)
		}
	}
}

func TestInspect(t *testing.T) {
	out := good(t, "inspect", student("early"))
	for _, want := range []string{"tiny-early", "pixels uint8 [1 4 48 64]", "classes uint8 [1 48 64]", "arena", "depthwise.depth"} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	var i inspection
	if err := json.Unmarshal([]byte(good(t, "inspect", student("early"), "--json")), &i); err != nil {
		t.Fatal(err)
	}
	var macs int64
	for _, s := range i.Steps {
		macs += s.MACs
	}
	if want := int64(32 * 24 * 3 * 4 * 4); macs != want || i.MACs != want || i.Arena.Bytes < i.Arena.LowerBound || i.Arena.LowerBound == 0 {
		t.Errorf("%d and %d multiply-accumulates, want %d; arena %+v", macs, i.MACs, want, i.Arena)
	}
	if graph := good(t, "inspect", student("early"), "--graph"); !strings.Contains(graph, "conv") {
		t.Errorf("graph: %s", graph)
	}
	dot := good(t, "inspect", student("two"), "--dot")
	for _, arrow := range []string{"in0 -> s0;", "in1 -> s1;", "s0 -> s2;", "s1 -> s2;", "s2 -> s3;", "s3 -> s4;"} {
		if !strings.Contains(dot, arrow) || strings.Count(dot, "->") != 6 {
			t.Errorf("the graph lacks %s, or has too many:\n%s", arrow, dot)
		}
	}
	bad(t, exitUsage, []string{"nobody"}, "inspect", "nobody")
}

func TestBench(t *testing.T) {
	cmd := process(t, "bench", "-m", student("early"), "--threads", "1,2", "-n", "20", "--size", "96x72", "--json")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(lines) != 2 {
		t.Fatalf("%d lines for 2 numbers of threads", len(lines))
	}
	for i, line := range lines {
		var r benchResult
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		if r.Threads != i+1 || r.Model != "tiny-early" || r.MACs != 32*24*3*16 || r.Frames != 20 || r.FirstMaskMS <= 0 || r.AllocsPerFrame != 0 {
			t.Errorf("%+v", r)
		}
		if r.SteadyMS.P50 <= 0 || r.SteadyMS.P50 > r.SteadyMS.P99 {
			t.Errorf("back to back %+v", r.SteadyMS)
		}
		if r.InferMS.P50 <= 0 || r.InferMS.P50 > r.InferMS.P99 || r.FrameMS.P50 < r.InferMS.P50 || len(r.Steps) == 0 {
			t.Errorf("times %+v %+v, %d steps", r.InferMS, r.FrameMS, len(r.Steps))
		}
		var share float64
		for _, s := range r.Steps {
			share += s.Share
		}
		if share < 0.99 || share > 1.01 {
			t.Errorf("the steps' shares add to %v", share)
		}
		var raw map[string]json.RawMessage
		json.Unmarshal(line, &raw)
		for _, key := range strings.Fields("model threads macs infer_ms frame_ms first_mask_ms rss_mb allocs_per_frame peak_gmacs steps") {
			if raw[key] == nil {
				t.Errorf("no %q", key)
			}
		}
	}
	if text := good(t, "bench", "-m", student("rgb"), "--threads", "1", "-n", "3", "--size", "96x72", "--no-start", "-q"); !strings.Contains(text, "GMAC/s") {
		t.Errorf("text: %s", text)
	}
}

func TestDoctor(t *testing.T) {
	if out := good(t, "doctor"); !strings.Contains(out, "processor") || !strings.Contains(out, "kernels") {
		t.Errorf("got %s", out)
	}
	var d diagnosis
	if err := json.Unmarshal([]byte(good(t, "doctor", "--json")), &d); err != nil || d.Threads < 1 || d.CPU == "" {
		t.Errorf("%v: %+v", err, d)
	}
}

func TestReadsBigEndianInput(t *testing.T) {
	b := []byte("\x93NUMPY\x01\x00")
	head := "{'descr': '>i8', 'fortran_order': False, 'shape': (1,), }\n"
	b = binary.LittleEndian.AppendUint16(b, uint16(len(head)))
	b = append(append(b, head...), 0, 0, 0, 0, 0, 0, 1, 2)
	path := filepath.Join(t.TempDir(), "a.npy")
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
	in, err := readInputs([]string{"n=" + path})
	if err != nil || in["n"] == nil || in["n"].Type != "<i8" || in["n"].Data[1] != 1 || in["n"].Data[0] != 2 {
		t.Errorf("%v: %+v", err, in["n"])
	}
}

// TestModels lists what ships, or says that nothing does.
func TestModels(t *testing.T) {
	names := models.List()
	if len(names) == 0 {
		bad(t, exitFailed, []string{"--model"}, "models")
		bad(t, exitUsage, []string{"no model is inside"}, "run", source)
		return
	}
	out := good(t, "models")
	for _, name := range names {
		if !strings.Contains(out, "\n"+name+" ") {
			t.Errorf("%s is not listed:\n%s", name, out)
		}
		var card map[string]any
		if err := json.Unmarshal([]byte(good(t, "inspect", name, "--card")), &card); err != nil {
			t.Errorf("%s: card: %v", name, err)
		}
	}
	if lines := strings.Count(good(t, "models", "--json"), "\n"); lines != len(names) {
		t.Errorf("%d lines for %d models", lines, len(names))
	}
	if out := good(t, "run", source, "-n", "1"); !strings.Contains(out, `"model":"`) {
		t.Errorf("the default model gives %q", out)
	}
	bad(t, exitUsage, append([]string{"nobody"}, names...), "run", source, "-m", "nobody")
}

// testdata/open.onnx is y = Reshape(Relu(x) + o, s), x and o [1, h, w], s two integers: h and w are open, and s must be
// known at load.
func TestInferOpenShapes(t *testing.T) {
	f := func(shape []int, v ...float32) string {
		a := npy.Array{Type: "<f4", Shape: shape}
		for _, e := range v {
			a.Data = binary.LittleEndian.AppendUint32(a.Data, math.Float32bits(e))
		}
		return save(t, a)
	}
	x, o := f([]int{1, 2, 3}, 1, -2, 3, -4, 5, -6), f([]int{1, 2, 3}, 10, 20, 30, 40, 50, 60)
	var s []byte
	for _, v := range []uint64{3, 2} {
		s = binary.LittleEndian.AppendUint64(s, v)
	}
	shape := save(t, npy.Array{Type: "<i8", Shape: []int{2}, Data: s})
	dir := t.TempDir()
	good(t, "infer", "testdata/open.onnx", "--in", "x="+x, "--in", "o="+o, "--in", "s="+shape, "--out", dir)
	y := load(t, filepath.Join(dir, "y.npy"))
	var got []float32
	for i := 0; i < len(y.Data); i += 4 {
		got = append(got, math.Float32frombits(binary.LittleEndian.Uint32(y.Data[i:])))
	}
	if !slices.Equal(y.Shape, []int{3, 2}) || !slices.Equal(got, []float32{11, 20, 33, 40, 55, 60}) {
		t.Errorf("y is %v %v", y.Shape, got)
	}
	// Without values a shape is open, and inspect says which input would close it.
	for fault, args := range map[string][]string{
		`shape depends on run-time data (inputs ["s"])`: {"inspect", "testdata/open.onnx", "--input", "x=1x2x3"},
		`dimension 1 ("h") is symbolic`:                 {"inspect", "testdata/open.onnx"},
		`dimension 2 ("w") is bound to 4 here and to 3`: {"inspect", "testdata/open.onnx", "--input", "x=1x2x3", "--input", "o=1x2x4"},
		`dimension 0 is 1, bound to 2`:                  {"inspect", "testdata/open.onnx", "--input", "x=2x2x3"},
		`there is no input "q"`:                         {"inspect", "testdata/open.onnx", "--input", "x=1x2x3", "--input", "q=1"},
	} {
		bad(t, exitFailed, []string{fault}, args...)
	}
	for fault, arg := range map[string]string{"want NAME=SHAPE": "1x2x3", `"0" is not a dimension`: "x=1x0", `"" is not a dimension`: "x="} {
		for _, command := range [][]string{{"inspect", "testdata/open.onnx"}, {"run", "synth:", "--model", "testdata/open.onnx"}, {"bench", "--model", "testdata/open.onnx"}} {
			bad(t, exitUsage, []string{fault}, append(command, "--input", arg)...)
		}
	}
}
