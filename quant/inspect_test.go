package quant_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/quant"
	ot "github.com/depthwise/depthwise/quant/internal/onnx/onnxtest"
)

// The listing names what was folded, the kernel and the place of every step.
func TestWriteGraph(t *testing.T) {
	net, err := quant.Parse(ot.Sample().Bytes(), quant.Options{Threads: 1, Disable: []string{"simd"}})
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	var text, dot bytes.Buffer
	if err := net.WriteGraph(&text); err != nil {
		t.Fatal(err)
	}
	if err := net.WriteDot(&dot); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"conv_generic", `Relu "Relu r1"`, `HardSwish "HardSwish h2"`, "resize argmax", `Cast "Cast classes"`,
		"input image", "output classes", "arena+"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing in\n%s", want, text.String())
		}
	}
	steps := len(net.Steps())
	if steps > 7 {
		t.Errorf("%d steps: something was not fused\n%s", steps, text.String())
	}
	if n := strings.Count(dot.String(), "shape=ellipse"); n != 2 || !strings.HasPrefix(dot.String(), "digraph") {
		t.Errorf("dot:\n%s", dot.String())
	}
}
