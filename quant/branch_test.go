package quant_test

import (
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

const boolean = 9 // ONNX's element type

// branching is y = x·3 where x has more than two columns, else x + c; both branches read values from around them, and
// name a value of their own alike. A second If picks between values that the first made.
func branching(columns int) *ot.Model {
	m := ot.New(17).Input("x", ot.F32, 1, columns).Init("three", ot.F32, ot.Float32s(3)).Init("i", ot.I64, ot.Int64s(1), 1)
	m.Node("Shape", []string{"x"}, []string{"shape"}).Node("Gather", []string{"shape", "i"}, []string{"columns"})
	m.Init("two", ot.I64, ot.Int64s(2), 1).Node("Greater", []string{"columns", "two"}, []string{"many"})
	times := ot.New(17).Node("Mul", []string{"x", "three"}, []string{"inner"}).Output("inner", ot.F32)
	plus := ot.New(17).Init("c", ot.F32, ot.Float32s(10)).Node("Add", []string{"x", "c"}, []string{"inner"}).Output("inner", ot.F32)
	m.Node("If", []string{"many"}, []string{"z"}, "then_branch", times, "else_branch", plus)
	pick := ot.New(17).Output("z", ot.F32)
	nested := ot.New(17).Node("If", []string{"many"}, []string{"deep"}, "then_branch", pick, "else_branch", pick).Output("deep", ot.F32)
	return m.Node("If", []string{"many"}, []string{"y"}, "then_branch", nested, "else_branch", nested).Output("y", ot.F32)
}

// An If whose condition follows from shapes is the branch that it takes.
func TestKnownCondition(t *testing.T) {
	for columns, want := range map[int]float32{2: 17, 3: 21} {
		net, err := quant.Parse(branching(columns).Bytes(), quant.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		for i := range net.Inputs()[0].Float32s() {
			net.Inputs()[0].Float32s()[i] = 7
		}
		net.Run()
		if out := net.Outputs()[0]; out.Name != "y" || out.Float32s()[1] != want {
			t.Errorf("%d columns: %s = %v, want %v", columns, out.Name, out.Float32s(), want)
		}
		net.Close()
	}
}

// What cannot be a branch is refused.
func TestBrokenBranches(t *testing.T) {
	branch := func(g *ot.Model) *ot.Model {
		m := ot.New(17).Input("x", ot.F32, 1).Init("yes", boolean, []byte{1})
		return m.Node("If", []string{"yes"}, []string{"y"}, "then_branch", g, "else_branch", g).Output("y", ot.F32)
	}
	bomb := ot.New(17).Node("Relu", []string{"x"}, []string{"a"}).Output("a", ot.F32)
	for range 100 {
		bomb = ot.New(17).Node("If", []string{"yes"}, []string{"a"}, "then_branch", bomb, "else_branch", bomb).Output("a", ot.F32)
		if len(bomb.Graph) > 1<<20 {
			break
		}
	}
	for fault, m := range map[string]*ot.Model{
		`If "If y" reads value "ghost"`: branch(ot.New(17).Node("Relu", []string{"x"}, []string{"z"}).Output("ghost", ot.F32)),
		`reads value "ghost"`:           branch(ot.New(17).Node("Relu", []string{"ghost"}, []string{"z"}).Output("z", ot.F32)),
		"0 outputs for 1":               branch(ot.New(17)),
		`value "x" is given twice`:      branch(ot.New(17).Node("Relu", []string{"x"}, []string{"x"}).Output("x", ot.F32)),
		"operator is not supported":     branch(ot.New(17).Node("Loop2", []string{"x"}, []string{"z"}).Output("z", ot.F32)),
		`"then_branch" is missing`:      ot.New(17).Init("yes", boolean, []byte{1}).Node("If", []string{"yes"}, []string{"y"}).Output("y", ot.F32),
		`"then_branch" is a int`:        ot.New(17).Init("yes", boolean, []byte{1}).Node("If", []string{"yes"}, []string{"y"}, "then_branch", 3).Output("y", ot.F32),
		"depends on run-time data":      ot.New(17).Input("c", boolean, 1).Node("If", []string{"c"}, []string{"y"}).Output("y", boolean),
		"the condition is int64":        ot.New(17).Init("c", ot.I64, ot.Int64s(1)).Node("If", []string{"c"}, []string{"y"}).Output("y", boolean),
		"nested deeper":                 branch(bomb),
	} {
		if _, err := quant.Parse(m.Bytes(), quant.Options{}); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%v, want %q", err, fault)
		}
	}
}

// Names inside a branch end with it: branches of two Ifs may share them, and so may nodes behind them.
func TestBranchNamesEnd(t *testing.T) {
	m := ot.New(17).Input("x", ot.F32, 1).Init("yes", boolean, []byte{1}).Init("three", ot.F32, ot.Float32s(3))
	inner := func(in string) *ot.Model {
		return ot.New(17).Init("c", ot.F32, ot.Float32s(2)).Node("Mul", []string{in, "c"}, []string{"inner"}).Output("inner", ot.F32)
	}
	m.Node("If", []string{"yes"}, []string{"a"}, "then_branch", inner("x"), "else_branch", inner("x"))
	m.Node("If", []string{"yes"}, []string{"b"}, "then_branch", inner("a"), "else_branch", inner("a"))
	m.Node("Mul", []string{"b", "three"}, []string{"inner"}).Node("Add", []string{"inner", "a"}, []string{"y"})
	net, err := quant.Parse(m.Output("y", ot.F32).Bytes(), quant.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	net.Inputs()[0].Float32s()[0] = 1
	net.Run()
	if got := net.Outputs()[0].Float32s()[0]; got != 14 {
		t.Errorf("%v, want 14", got)
	}
}
