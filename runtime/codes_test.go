package runtime

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/mask"
	"github.com/depthwise/depthwise/quant"
)

func TestSigns(t *testing.T) {
	v := make([]float32, 64)
	for i := range v {
		v[i] = -1
	}
	if got := signs(v); got != 0 {
		t.Errorf("all negative: %016x", got)
	}
	v[0], v[5], v[63] = 0, 2, 1e-9
	if got, want := signs(v), uint64(1)<<63|1<<5|1; got != want {
		t.Errorf("got %016x, want %016x", got, want)
	}
}

// TestStudentCodes sets one cell of the grid each and expects its bit.
func TestStudentCodes(t *testing.T) {
	s := openTiny(t, "codes", StudentOptions{})
	for i := range s.color.Uint8s() {
		s.color.Uint8s()[i] = 0
	}
	for i := range s.depth.Uint8s() {
		s.depth.Uint8s()[i] = 0
	}
	const row, column = 5, 2
	s.color.Uint8s()[3*((6*row+1)*64+8*column+3)+1] = 200 // green
	s.depth.Uint8s()[(6*row+2)*64+8*column+7] = 250       // near
	if _, err := s.Infer(); err != nil {
		t.Fatal(err)
	}
	bit := uint64(1) << (8*row + column)
	got := s.Codes(nil)
	want := []mask.Code{{Modality: "color", Bits: ^bit}, {Modality: "depth", Bits: bit}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestPipelineCodes expects the codes of what each mask was made from, and of nothing else.
func TestPipelineCodes(t *testing.T) {
	s := openTiny(t, "codes", StudentOptions{})
	for mode, want := range map[mask.Mode]string{mask.Paired: "color depth", mask.ColorOnly: "color", mask.DepthOnly: "depth"} {
		var got []string
		p := &Pipeline{Source: counting(2), Policy: Always(Choice{Model: s, Mode: mode}), Models: []Model{s},
			Emit: func(m *mask.Mask, _ *capture.Pair) error {
				var names []string
				for _, c := range m.Codes {
					names = append(names, c.Modality)
				}
				got = append(got, strings.Join(names, " "))
				return nil
			}}
		if _, err := p.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got[0] != want || got[1] != want {
			t.Errorf("%s: codes %q, want %q twice", mode, got, want)
		}
	}
}

func TestStudentCodesRefused(t *testing.T) {
	for _, codes := range []string{`{"color":"code"}`, `{"color":"classes"}`, `{"smell":"code_color"}`, `["code_color"]`} {
		props := maps.Clone(tinyMetadata("tiny-codes"))
		props["codes"] = codes
		if _, err := NewStudent(signed(tinyStudent("codes", props)), StudentOptions{}); err == nil {
			t.Errorf("codes %s: no error", codes)
		} else {
			t.Log(err)
		}
	}
	s := openTiny(t, "codes", StudentOptions{})
	for _, bad := range []*quant.Tensor{{Name: "code_color", Type: quant.Uint8, Shape: []int{1, 64}}, {Name: "code_color", Type: quant.Float32, Shape: []int{1, 63}}} {
		if err := s.bindCodes([]*quant.Tensor{bad}); err == nil || !strings.Contains(err.Error(), "want 64 numbers") {
			t.Errorf("an output of %v %v: error %v", bad.Type, bad.Shape, err)
		}
	}
}
