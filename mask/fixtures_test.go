package mask

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestWriteFixtures writes every format into the folder that $DEPTHWISE_MASK_FIXTURES names, for the tests that read
// them back with other programs' decoders (distill/tests/test_mask_formats.py). classes.raw and camera.rgb hold what
// went in; sizes and palette stand in that test.
func TestWriteFixtures(t *testing.T) {
	dir := os.Getenv("DEPTHWISE_MASK_FIXTURES")
	if dir == "" {
		t.Skip("DEPTHWISE_MASK_FIXTURES names no folder: pytest runs this test")
	}
	o := Options{Palette: testPalette(t), FPS: 25}
	o.Terminal.Now = tick()
	var masks []*Mask
	for seq := range uint64(3) {
		m := testMask(61, 43, seq) // odd, so that 4:2:0 has a border of its own
		m.Reason = "says \"why\"\n"
		masks = append(masks, m)
	}
	im := testImage(61, 43)
	var classes bytes.Buffer
	for _, m := range masks {
		classes.Write(m.Classes)
	}
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("classes.raw", classes.Bytes())
	write("camera.rgb", im.Pix)
	for _, f := range Formats() {
		if !f.Folder {
			write("stream."+f.Name, encode(t, f.Name, o, im, masks...))
			continue
		}
		e, err := NewFolder(filepath.Join(dir, f.Name), f.Name, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range masks {
			if err := e.Encode(m, im); err != nil {
				t.Fatal(err)
			}
		}
	}
}
