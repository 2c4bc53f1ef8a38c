package drift_test

import (
	"bytes"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant"
	"github.com/depthwise/depthwise/quant/drift"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

var update = flag.Bool("update", false, "write testdata")

const height, width = 24, 32

// recipe is how a pair of models is written.
type recipe struct {
	coarse string // the layer whose scale is 24 times what it should be
	names  bool   // the quantised graph keeps the float tensors' names
	early  bool   // it keeps those in front of the Relus that it leaves out, as ONNX Runtime's QOperator format does
	bytes  bool   // the float model takes uint8, too
}

// layers of the small network: 4 → 8 → 8 → 8 → 3 channels, all but the last with a Relu.
var layers = []struct {
	name       string
	in, out, k int
}{{"one", 4, 8, 3}, {"two", 8, 8, 1}, {"three", 8, 8, 1}, {"head", 8, 3, 1}}

// weights of a layer, on a grid of 1/64 so that their quantisation is exact, and with a sum of about 0 in every row, so that
// no class wins everywhere.
func weights(i int) (ints []byte, reals []float32) {
	rng := rand.New(rand.NewPCG(uint64(i), 7))
	l := layers[i]
	for range l.out {
		row, sum := make([]int, l.in*l.k*l.k), 0
		for j := range row {
			row[j] = rng.IntN(81) - 40
			sum += row[j]
		}
		for _, v := range row {
			v -= sum / len(row)
			ints, reals = append(ints, byte(v)), append(reals, float32(v)/64)
		}
	}
	return ints, reals
}

// tail ends a network with the class map.
func tail(m *ot.Model, logits string) *ot.Model {
	m.Init("up", ot.F32, ot.Float32s(1, 1, 2, 2), 4)
	m.Node("Resize", []string{logits, "", "up"}, []string{"large"}, "mode", "linear")
	m.Node("ArgMax", []string{"large"}, []string{"top"}, "axis", 1, "keepdims", 0)
	m.Node("Cast", []string{"top"}, []string{"classes"}, "to", ot.U8)
	for _, kv := range [][2]string{{"format", "1"}, {"name", "drifting"}, {"classes", `["background","table","object"]`}, {"input", "32x24"},
		{"depth", `{"kind":"inverse","near":0.4,"far":8}`}, {"fusion", "early"}} {
		m.Meta("depthwise."+kv[0], kv[1])
	}
	return m.Output("classes", ot.U8)
}

func conv(m *ot.Model, i int, x, w, y string) {
	l := layers[i]
	stride := 1
	if i == 0 {
		stride = 2
	}
	m.Node("Conv", []string{x, w}, []string{y}, "strides", []int{stride, stride}, "pads", []int{l.k / 2, l.k / 2, l.k / 2, l.k / 2})
}

func floatModel(r recipe) []byte {
	m := ot.New(17)
	x := "pixels"
	if r.bytes {
		m.Input("pixels", ot.U8, 1, 4, height, width)
		m.Init("byte", ot.F32, ot.Float32s(1./255))
		m.Node("DequantizeLinear", []string{"pixels", "byte"}, []string{"real"})
		x = "real"
	} else {
		m.Input("pixels", ot.F32, 1, 4, height, width)
	}
	for i, l := range layers {
		_, w := weights(i)
		m.Init(l.name+".w", ot.F32, ot.Float32s(w...), l.out, l.in, l.k, l.k)
		conv(m, i, x, l.name+".w", l.name)
		if x = l.name; l.name != "head" {
			m.Node("Relu", []string{l.name}, []string{l.name + ".relu"})
			x = l.name + ".relu"
		}
	}
	return tail(m, x).Bytes()
}

// ranges are the least and greatest values of the float tensors over some images.
func ranges(t *testing.T) map[string][2]float64 {
	t.Helper()
	names := []string{"one.relu", "two.relu", "three.relu", "head"}
	net, err := quant.Parse(floatModel(recipe{}), quant.Options{Threads: 1, NHWC: true, Outputs: names})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	found := map[string][2]float64{}
	for seed := range 4 {
		for i, b := range image(seed) {
			net.Inputs()[0].Float32s()[i] = float32(b) / 255
		}
		if err := net.Run(); err != nil {
			t.Fatal(err)
		}
		for i, name := range names {
			lo, hi := found[name][0], found[name][1]
			for _, v := range net.Outputs()[1+i].Float32s() {
				lo, hi = min(lo, float64(v)), max(hi, float64(v))
			}
			found[name] = [2]float64{lo, hi}
		}
	}
	return found
}

// int8Model is the float model in QDQ, its Relus left to the range of the integers as ONNX Runtime does it.
func int8Model(t *testing.T, r recipe) []byte {
	span := ranges(t)
	m := ot.New(17).Input("pixels", ot.U8, 1, 4, height, width)
	m.Init("in.s", ot.F32, ot.Float32s(1./255)).Init("in.z", ot.U8, []byte{0}).Init("w.s", ot.F32, ot.Float32s(1./64)).Init("w.z", ot.S8, []byte{0})
	m.Node("DequantizeLinear", []string{"pixels", "in.s", "in.z"}, []string{"real"})
	x := "real"
	for i, l := range layers {
		ints, _ := weights(i)
		name := l.name + ".relu"
		if l.name == "head" {
			name = l.name
		}
		scale := (span[name][1] - span[name][0]) / 255
		zero := math.Round(-span[name][0] / scale)
		if l.name == r.coarse {
			scale, zero = 24*scale, math.Round(zero/24)
		}
		m.Init(l.name+".s", ot.F32, ot.Float32s(float32(scale))).Init(l.name+".z", ot.U8, []byte{byte(zero)})
		m.Init(l.name+".q", ot.S8, ints, l.out, l.in, l.k, l.k)
		m.Node("DequantizeLinear", []string{l.name + ".q", "w.s", "w.z"}, []string{l.name + ".w"})
		y, q, d := name, name+"_QuantizeLinear_Output", name+"_DequantizeLinear_Output"
		if r.early {
			y, q, d = "a"+l.name, l.name+"_quantized", "c"+l.name
		} else if !r.names {
			y, q, d = "a"+l.name, "b"+l.name, "c"+l.name
		}
		conv(m, i, x, l.name+".w", y)
		m.Node("QuantizeLinear", []string{y, l.name + ".s", l.name + ".z"}, []string{q})
		m.Node("DequantizeLinear", []string{q, l.name + ".s", l.name + ".z"}, []string{d})
		x = d
	}
	return tail(m, x).Bytes()
}

// image is noise, [24, 32, 4].
func image(seed int) []byte {
	rng := rand.New(rand.NewPCG(uint64(seed), 1))
	b := make([]byte, height*width*4)
	for i := range b {
		b[i] = byte(rng.IntN(256))
	}
	return b
}

func open(t *testing.T, float, int8 []byte) *drift.Pair {
	t.Helper()
	p, err := drift.Open(drift.Model{File: float}, drift.Model{File: int8}, drift.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// outputs runs a network by itself and returns the named float tensors of all images, one after another.
func outputs(t *testing.T, file []byte, names []string) map[string][]float32 {
	t.Helper()
	net, err := quant.Parse(file, quant.Options{Threads: 1, NHWC: true, Outputs: names})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	all := map[string][]float32{}
	for seed := range 4 {
		in := net.Inputs()[0]
		for i, b := range image(seed) {
			if in.Type == quant.Uint8 {
				in.Uint8s()[i] = b
			} else {
				in.Float32s()[i] = float32(b) / 255
			}
		}
		if err := net.Run(); err != nil {
			t.Fatal(err)
		}
		for i, name := range names {
			all[name] = append(all[name], net.Outputs()[1+i].Float32s()...)
		}
	}
	return all
}

// TestTheCoarseLayerIsFirst quantises one layer at a time badly; it is named first, whatever the layers behind it suffer,
// and every ratio is what the formula says of tensors taken from each network by itself.
func TestTheCoarseLayerIsFirst(t *testing.T) {
	for _, l := range layers {
		for _, r := range []recipe{{coarse: l.name, names: true}, {coarse: l.name}, {coarse: l.name, early: true}, {coarse: l.name, names: true, bytes: true}} {
			float, int8 := floatModel(r), int8Model(t, r)
			p := open(t, float, int8)
			for seed := range 4 {
				if err := p.Run(image(seed)); err != nil {
					t.Fatal(err)
				}
			}
			list := p.Layers()
			if len(list) != 4 || p.Unmatched() != 0 {
				t.Fatalf("%+v: %d layers, %d unmatched", r, len(list), p.Unmatched())
			}
			if !strings.HasPrefix(list[0].Name, l.name) {
				t.Errorf("%+v: %s is first", r, list[0].Name)
			}
			for _, got := range list {
				how, dequantised := drift.ByName, got.Name+"_DequantizeLinear_Output"
				if r.early {
					dequantised = "c" + strings.TrimSuffix(got.Name, ".relu")
				} else if !r.names {
					how, dequantised = drift.ByPosition, "c"+strings.TrimSuffix(got.Name, ".relu")
				}
				if got.Match != how || got.Name != "head" && !strings.HasSuffix(got.Name, ".relu") {
					t.Errorf("%+v: %s is matched by %s", r, got.Name, got.Match)
				}
				a, b := outputs(t, float, []string{got.Name})[got.Name], outputs(t, int8, []string{dequantised})[dequantised]
				signal, noise := 0., 0.
				for i := range a {
					signal += float64(a[i]) * float64(a[i])
					noise += (float64(a[i]) - float64(b[i])) * (float64(a[i]) - float64(b[i]))
				}
				if want := 10 * math.Log10(signal/noise); got.SNR == nil || math.Abs(*got.SNR-want) > 1e-4 {
					t.Errorf("%+v: %s has %v dB, want %v", r, got.Name, *got.SNR, want)
				}
			}
		}
	}
}

// TestAlone: weights are exact here, so a layer by itself loses what rounding its float tensor loses.
func TestAlone(t *testing.T) {
	for _, coarse := range []string{"", "two"} {
		r := recipe{coarse: coarse, names: true}
		float, int8 := floatModel(r), int8Model(t, r)
		p := open(t, float, int8)
		for seed := range 4 {
			if err := p.Run(image(seed)); err != nil {
				t.Fatal(err)
			}
		}
		span := ranges(t)
		for _, l := range p.Layers() {
			scale := (span[l.Name][1] - span[l.Name][0]) / 255
			zero := math.Round(-span[l.Name][0] / scale)
			if l.Name == coarse+".relu" {
				scale, zero = 24*scale, math.Round(zero/24)
			}
			signal, noise := 0., 0.
			for _, v := range outputs(t, float, []string{l.Name})[l.Name] {
				x := float64(v)
				d := x - scale*(max(0, min(255, math.RoundToEven(x/scale)+zero))-zero)
				signal, noise = signal+x*x, noise+d*d
			}
			if want := 10 * math.Log10(signal/noise); l.Alone == nil || math.Abs(*l.Alone-want) > 0.02 {
				t.Errorf("coarse %q: %s alone has %v dB, want %v", coarse, l.Name, *l.Alone, want)
			}
			if l.Name == "one.relu" && *l.SNR != *l.Alone || l.Name == "head" && coarse == "two" && *l.Alone < *l.SNR+6 {
				t.Errorf("coarse %q: %s has %v dB, alone %v", coarse, l.Name, *l.SNR, *l.Alone)
			}
		}
	}
}

// TestClassesAreTheModels: asking for tensors inside changes no class.
func TestClassesAreTheModels(t *testing.T) {
	r := recipe{names: true}
	for _, file := range [][]byte{floatModel(r), int8Model(t, r)} {
		net, err := quant.Parse(file, quant.Options{Threads: 1, NHWC: true, ClassMap: true})
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		in := net.Inputs()[0]
		for i, b := range image(1) {
			if in.Type == quant.Uint8 {
				in.Uint8s()[i] = b
			} else {
				in.Float32s()[i] = float32(1./255) * float32(b)
			}
		}
		if err := net.Run(); err != nil {
			t.Fatal(err)
		}
		p := open(t, floatModel(r), int8Model(t, r))
		if err := p.Run(image(1)); err != nil {
			t.Fatal(err)
		}
		got, int8 := p.Classes()
		if in.Type == quant.Uint8 {
			got = int8
		}
		if want := net.Outputs()[0].Uint8s(); !bytes.Equal(got, want) || bytes.Count(want, want[:1]) == len(want) {
			t.Errorf("%v input: the class map is not the model's, or has one class", in.Type)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	r := recipe{names: true}
	float, int8 := floatModel(r), int8Model(t, r)
	two := ot.New(17).Input("a", ot.F32, 1, 4, height, width).Input("b", ot.F32, 1, 4, height, width)
	small := ot.New(17).Input("pixels", ot.F32, 1, 4, 8, 8)
	small.Node("Relu", []string{"pixels"}, []string{"y"})
	for name, test := range map[string]struct {
		float, int8 []byte
		want        string
	}{
		"no float":      {[]byte("no"), int8, "float model"},
		"no int8":       {float, nil, "quantised model"},
		"two inputs":    {tail(two, "a").Bytes(), int8, "2 inputs"},
		"another size":  {tail(small, "y").Bytes(), int8, "pixels"},
		"float as int8": {float, float, "want uint8"},
	} {
		p, err := drift.Open(drift.Model{File: test.float}, drift.Model{File: test.int8}, drift.Options{Threads: 1})
		if err == nil {
			p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
	if err := open(t, float, int8).Run([]byte{1}); err == nil {
		t.Error("an image of one byte runs")
	}
}

// TestPairOnDisk holds the pair that the command's test takes to what it expects of it.
func TestPairOnDisk(t *testing.T) {
	r := recipe{coarse: "two", names: true}
	if *update {
		for name, file := range map[string][]byte{"float.onnx": floatModel(r), "coarse.onnx": int8Model(t, r)} {
			if err := os.WriteFile(filepath.Join("testdata", name), file, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	var files [2][]byte
	for i, name := range []string{"float.onnx", "coarse.onnx"} {
		var err error
		if files[i], err = os.ReadFile(filepath.Join("testdata", name)); err != nil {
			t.Fatal(err)
		}
	}
	p := open(t, files[0], files[1])
	if err := p.Run(image(0)); err != nil {
		t.Fatal(err)
	}
	if l := p.Layers(); len(l) != 4 || l[0].Name != "two.relu" {
		t.Errorf("%+v", l)
	}
}
