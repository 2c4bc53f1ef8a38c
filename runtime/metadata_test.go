package runtime

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strings"
	"testing"

	"github.com/depthwise/depthwise/mask"
)

var goodProps = map[string]string{
	"depthwise.format": "1", "depthwise.name": "tabletop", "depthwise.classes": `["background","table","object"]`,
	"depthwise.palette": `["#202020","#4c9a6a","#e2572b"]`, "depthwise.void": "255", "depthwise.input": "320x240",
	"depthwise.color_order": "rgb", "depthwise.depth": `{"kind":"inverse","near":0.4,"far":8}`,
	"depthwise.fusion": "early", "depthwise.modalities": `["color","depth"]`, "depthwise.int8_miou": "93.1",
	"depthwise.codes": `{"color":"code_color","depth":"code_depth"}`,
}

func TestParseMetadata(t *testing.T) {
	m, err := ParseMetadata(goodProps, MetadataOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "tabletop" || m.Width != 320 || m.Height != 240 || m.BGR || m.Depth != (DepthEncoding{"inverse", 0.4, 8}) ||
		m.Fusion != "early" || m.Int8MIoU != "93.1" || m.Palette.Name(2) != "object" || m.Codes["depth"] != "code_depth" || m.Palette.Void != 255 ||
		m.Palette.Color(1) != (mask.RGB{R: 0x4c, G: 0x9a, B: 0x6a}) || !m.Uses("depth") {
		t.Errorf("got %+v", m)
	}
	bgr := true
	m, err = ParseMetadata(goodProps, MetadataOptions{Classes: []string{"a", "b"}, Depth: &DepthEncoding{"linear", 1, 2}, BGR: &bgr, Name: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "mine" || len(m.Palette.Classes) != 2 || m.Depth.Kind != "linear" || !m.BGR {
		t.Errorf("options did not overrule: %+v", m)
	}
	m, err = ParseMetadata(nil, MetadataOptions{})
	if err != nil || m.Palette.Void != 255 || len(m.Palette.Classes) != 0 || !m.Uses("color") {
		t.Errorf("nothing at all: %+v, %v", m, err)
	}
}

func TestParseMetadataRefuses(t *testing.T) {
	for key, value := range map[string]string{
		"format": "2", "classes": `["a"`, "palette": `["#12345"]`, "void": "300", "input": "320", "color_order": "grb",
		"depth": `{"kind":"log","near":1,"far":2}`, "modalities": "color",
		"codes": `{"sound":"code"}`,
	} {
		props := maps.Clone(goodProps)
		props["depthwise."+key] = value
		if _, err := ParseMetadata(props, MetadataOptions{}); err == nil || !strings.HasPrefix(err.Error(), "runtime: metadata \"depthwise.") {
			t.Errorf("%s=%s: error %v", key, value, err)
		}
	}
	for _, input := range []string{"0x240", "x", "320x240x4", "99999x1", "-1x5"} {
		props := maps.Clone(goodProps)
		props["depthwise.input"] = input
		if _, err := ParseMetadata(props, MetadataOptions{}); err == nil {
			t.Errorf("input %q was accepted", input)
		}
	}
}

func TestVerifySHA256(t *testing.T) {
	zero := strings.Repeat("0", 64)
	h := sha256.Sum256([]byte("model " + zero + " weights"))
	sum := hex.EncodeToString(h[:])
	file := "model " + sum + " weights"
	if err := verifySHA256([]byte(file), sum); err != nil {
		t.Error(err)
	}
	for name, test := range map[string]struct{ file, sum string }{
		"changed":  {strings.Replace(file, "weights", "weightz", 1), sum},
		"absent":   {"model " + zero + " weights", sum},
		"twice":    {file + sum, sum},
		"no hash":  {file, "xyz"},
		"one char": {file, "g" + sum[1:]},
	} {
		if err := verifySHA256([]byte(test.file), test.sum); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
