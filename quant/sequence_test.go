package quant_test

import (
	"fmt"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// outcome is the float32 output of a model with an input of 1, 2, 3, …
func outcome(t *testing.T, m *ot.Model) []float32 {
	t.Helper()
	net, err := quant.Parse(m.Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	for i := range net.Inputs()[0].Float32s() {
		net.Inputs()[0].Float32s()[i] = float32(i + 1)
	}
	net.Run()
	return append([]float32(nil), net.Outputs()[0].Float32s()...)
}

// A list of tensors is split, changed and put together while the network is planned.
func TestSequences(t *testing.T) {
	m := ot.New(17).Input("x", ot.F32, 2, 3).Init("last", ot.I64, ot.Int64s(-1)).Init("first", ot.I64, ot.Int64s(0)).Init("two", ot.I64, ot.Int64s(2))
	m.Node("SplitToSequence", []string{"x", "two"}, []string{"s"}, "axis", 1) // columns 0, 1 and column 2
	m.Node("SequenceAt", []string{"s", "last"}, []string{"c"}).Node("Neg", []string{"c"}, []string{"n"})
	m.Node("SequenceInsert", []string{"s", "n", "first"}, []string{"t"}).Node("SequenceErase", []string{"t"}, []string{"u"})
	m.Node("SequenceInsert", []string{"u", "c"}, []string{"v"}).Node("ConcatFromSequence", []string{"v"}, []string{"y"}, "axis", 1)
	if got := fmt.Sprint(outcome(t, m.Output("y", ot.F32))); got != "[-3 1 2 3 -6 4 5 6]" {
		t.Error(got)
	}
	rows := ot.New(17).Input("x", ot.F32, 2, 3).Node("SplitToSequence", []string{"x"}, []string{"s"}, "keepdims", 0)
	rows.Node("ConcatFromSequence", []string{"s"}, []string{"y"}, "axis", 1, "new_axis", 1)
	if got := fmt.Sprint(outcome(t, rows.Output("y", ot.F32))); got != "[1 4 2 5 3 6]" {
		t.Error(got)
	}
}

// brokenSequences are lists that are none, or are used for what they are not.
func brokenSequences() []hostile {
	list := func() *ot.Model {
		return relu(2, 3).Init("i", ot.I64, ot.Int64s(9)).Init("none", ot.I64, nil, 0).Node("SplitToSequence", []string{"x"}, []string{"s"})
	}
	long := relu(1 << 14)
	long.Node("SplitToSequence", []string{"x"}, []string{"t0"})
	for i := range 100 {
		long.Node("SequenceInsert", []string{fmt.Sprintf("t%d", i), "x"}, []string{fmt.Sprintf("t%d", i+1)})
	}
	return []hostile{
		{"a sequence that is added", list().Node("Add", []string{"s", "x"}, []string{"z"}), `Add "Add z": value "s" is a sequence`},
		{"a sequence that is an output", list().Output("s", ot.F32), `output "s" is made by no node`},
		{"a place behind a sequence", list().Node("SequenceAt", []string{"s", "i"}, []string{"z"}), "position [9] in a sequence of 2"},
		{"no place in a sequence", list().Node("SequenceAt", []string{"s", "none"}, []string{"z"}), "position [] in a sequence of 2"},
		{"a tensor that is no sequence", list().Node("SequenceAt", []string{"x", "i"}, []string{"z"}), `SequenceAt "SequenceAt z": input 0 ("x") is no sequence`},
		{"a place that only running knows", ot.New(17).Input("x", ot.F32, 2).Input("p", ot.I64).Node("SplitToSequence", []string{"x"}, []string{"s"}).
			Node("SequenceAt", []string{"s", "p"}, []string{"z"}).Output("z", ot.F32), "position depends on run-time data"},
		{"an element of nothing", relu(1).Node("SequenceEmpty", nil, []string{"s"}).Node("SequenceErase", []string{"s"}, []string{"z"}), "the sequence is empty"},
		{"a concatenation of nothing", relu(1).Node("SequenceEmpty", nil, []string{"s"}).Node("ConcatFromSequence", []string{"s"}, []string{"z"}, "axis", 0), "Concat"},
		{"a sequence of sequences", list().Node("SequenceConstruct", []string{"s"}, []string{"z"}), "input 0 is missing"},
		{"a split by 0", list().Init("o", ot.I64, ot.Int64s(0)).Node("SplitToSequence", []string{"x", "o"}, []string{"z"}), "chunks of 0"},
		{"a split by none", list().Node("SplitToSequence", []string{"x", "none"}, []string{"z"}).Node("SequenceAt", []string{"z", "i"}, []string{"zz"}), "position [9] in a sequence of 0"},
		{"a sequence in a branch", list().Init("c", boolean, []byte{1}).Node("If", []string{"c"}, []string{"z"}, "then_branch", ot.New(17).Output("s", ot.F32),
			"else_branch", ot.New(17).Output("s", ot.F32)), "made by no node"},
		{"long sequences", long, "more than 1048576 values"},
	}
}

// A BatchNormalization in training mode takes the statistics of its input: (x − 2.5)/√1.25 here.
func TestBatchStatistics(t *testing.T) {
	m := ot.New(15).Input("x", ot.F32, 2, 1, 2).Init("one", ot.F32, ot.Float32s(1), 1).Init("zero", ot.F32, ot.Float32s(0), 1).Init("nine", ot.F32, ot.Float32s(9), 1)
	m.Node("BatchNormalization", []string{"x", "one", "zero", "nine", "nine"}, []string{"y", "mean", "var"}, "training_mode", 1, "momentum", float32(0.5), "epsilon", float32(0))
	got := outcome(t, m.Output("y", ot.F32).Output("mean", ot.F32))
	near(t, got, []float32{-1.3416408, -0.4472136, 0.4472136, 1.3416408})
	m = ot.New(15).Input("x", ot.F32, 2, 1, 2).Init("one", ot.F32, ot.Float32s(1), 1).Init("nine", ot.F32, ot.Float32s(9), 1)
	m.Node("BatchNormalization", []string{"x", "one", "one", "nine", "nine"}, []string{"y", "mean", "var"}, "training_mode", 1, "momentum", float32(0.25))
	near(t, outcome(t, m.Output("var", ot.F32)), []float32{0.25*9 + 0.75*1.25})
}

func near(t *testing.T, got, want []float32) {
	t.Helper()
	for i := range want {
		if len(got) != len(want) || !(got[i]-want[i] <= 1e-6 && want[i]-got[i] <= 1e-6) {
			t.Errorf("%v, want %v", got, want)
			return
		}
	}
}
