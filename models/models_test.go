package models

import (
	"slices"
	"strings"
	"testing"
)

const (
	mostEach = 3 << 20
	mostAll  = 8 << 20
)

func TestEveryStudentOpensAndIsSmall(t *testing.T) {
	if !slices.Contains(List(), Default) {
		t.Fatalf("students %v, without the default %q", List(), Default)
	}
	total := 0
	for _, name := range List() {
		m, err := Open(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if m.Name != name || m.Card.Name != name {
			t.Errorf("%s: card of %q", name, m.Card.Name)
		}
		if len(m.ONNX) == 0 || len(m.ONNX) > mostEach {
			t.Errorf("%s: %d bytes, at most %d are shipped", name, len(m.ONNX), mostEach)
		}
		if len(m.Card.Classes) < 2 || m.Card.Summary == "" || m.Card.Method == "" {
			t.Errorf("%s: the card lacks classes, summary or method", name)
		}
		if m.Card.FloatMIoU <= 0 || m.Card.FloatMIoU > 100 || m.Card.Int8MIoU <= 0 || m.Card.Int8MIoU > 100 {
			t.Errorf("%s: mIoU %v (float) and %v (int8) are no percentages", name, m.Card.FloatMIoU, m.Card.Int8MIoU)
		}
		total += len(m.ONNX)
	}
	if total > mostAll {
		t.Errorf("the students have %d bytes, at most %d are shipped", total, mostAll)
	}
}

func TestNamesThatAreNone(t *testing.T) {
	for _, name := range []string{"", "nothing", "../models", "a/b", ".", "tabletop.onnx"} {
		if _, err := Open(name); err == nil || !strings.HasPrefix(err.Error(), "models: open ") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
