package png

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"testing"
)

// chunkOf is one chunk with its checksum.
func chunkOf(name string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, name...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

func ihdr(w, h, bits int, c ColorType, interlace byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(w))
	b = binary.BigEndian.AppendUint32(b, uint32(h))
	return chunkOf("IHDR", append(b, byte(bits), byte(c), 0, 0, interlace))
}

func deflated(raw []byte, level int) []byte {
	var buf bytes.Buffer
	z, err := zlib.NewWriterLevel(&buf, level)
	if err != nil {
		panic(err)
	}
	z.Write(raw)
	z.Close()
	return buf.Bytes()
}

// join puts a file together.
func join(chunks ...[]byte) []byte { return append([]byte(signature), bytes.Join(chunks, nil)...) }

// handmade are files that image/png's encoder does not write: every kind of sample with every filter, several IDAT
// chunks, other chunks between, interlacing, transparency, short palettes and all kinds of faults.
func handmade() map[string][]byte {
	r := rand.New(rand.NewPCG(5, 5))
	files := map[string][]byte{}
	iend := chunkOf("IEND", nil)
	for _, k := range []struct {
		bits int
		c    ColorType
	}{{1, Gray}, {2, Gray}, {4, Gray}, {8, Gray}, {16, Gray}, {8, RGB}, {16, RGB}, {1, Palette}, {2, Palette}, {4, Palette},
		{8, Palette}, {8, GrayAlpha}, {16, GrayAlpha}, {8, RGBA}, {16, RGBA}} {
		for _, size := range [][2]int{{1, 1}, {7, 6}, {9, 11}, {33, 10}} {
			h := Header{Width: size[0], Height: size[1], Bits: k.bits, Type: k.c}
			raw := make([]byte, (h.rowBytes()+1)*h.Height)
			for i := range raw {
				if raw[i] = byte(r.Uint32()); i%(h.rowBytes()+1) == 0 {
					raw[i] = byte(r.IntN(5))
				}
			}
			palette := []byte{}
			if k.c == Palette {
				for range 3 * min(1<<k.bits, 7) { // shorter than the samples reach
					palette = append(palette, byte(r.Uint32()))
				}
				palette = chunkOf("PLTE", palette)
			}
			z := deflated(raw, r.IntN(10))
			name := fmt.Sprintf("%v %d×%d", h, h.Width, h.Height)
			head := append(ihdr(h.Width, h.Height, h.Bits, h.Type, 0), palette...)
			files[name] = join(head, chunkOf("IDAT", z), iend)
			cut := r.IntN(len(z))
			files[name+" split"] = join(head, chunkOf("tEXt", []byte("a\x00b")), chunkOf("IDAT", z[:cut]), chunkOf("IDAT", nil), chunkOf("IDAT", z[cut:]), chunkOf("tIME", make([]byte, 7)), iend)
			files[name+" interlaced"] = join(ihdr(h.Width, h.Height, h.Bits, h.Type, 1), palette, chunkOf("IDAT", deflated(interlaced(h, r), 9)), iend)
			files[name+" transparent"] = join(head, chunkOf("tRNS", make([]byte, map[ColorType]int{Gray: 2, RGB: 6, Palette: 2}[k.c])), chunkOf("IDAT", z), iend)
			files[name+" trailing"] = join(head, chunkOf("IDAT", append(bytes.Clone(z), 1, 2, 3)), iend)
			files[name+" another image"] = join(head, chunkOf("IDAT", z), chunkOf("tEXt", nil), chunkOf("IDAT", z), iend)
			files[name+" chunk between"] = join(head, chunkOf("IDAT", z[:cut]), chunkOf("tEXt", nil), chunkOf("IDAT", z[cut:]), iend)
			files[name+" too few"] = join(head, chunkOf("IDAT", deflated(raw[:len(raw)-1], 6)), iend)
			files[name+" too many"] = join(head, chunkOf("IDAT", deflated(append(bytes.Clone(raw), 0), 6)), iend)
			raw[0] = 5
			files[name+" bad filter"] = join(head, chunkOf("IDAT", deflated(raw, 6)), iend)
			z[len(z)-1] ^= 1
			files[name+" bad sum"] = join(head, chunkOf("IDAT", z), iend)
		}
	}
	z := deflated([]byte{0, 1, 2, 3}, 6)
	rgb := ihdr(1, 1, 8, RGB, 0)
	for i, name := range []string{"header", "text", "image", "end"} { // a wrong checksum in each chunk
		chunks := [][]byte{bytes.Clone(rgb), chunkOf("tEXt", []byte("a\x00b")), chunkOf("IDAT", z), bytes.Clone(iend)}
		chunks[i][len(chunks[i])-1] ^= 1
		files["wrong sum of "+name] = join(chunks...)
	}
	files["no palette"] = join(ihdr(1, 1, 8, Palette, 0), chunkOf("IDAT", deflated([]byte{0, 1}, 6)), iend)
	files["palette of RGB"] = join(rgb, chunkOf("PLTE", make([]byte, 9)), chunkOf("IDAT", z), iend)
	files["palette of 8 bytes"] = join(rgb, chunkOf("PLTE", make([]byte, 8)), chunkOf("IDAT", z), iend)
	files["two palettes"] = join(rgb, chunkOf("PLTE", make([]byte, 9)), chunkOf("PLTE", make([]byte, 9)), chunkOf("IDAT", z), iend)
	files["palette too long"] = join(ihdr(1, 1, 1, Palette, 0), chunkOf("PLTE", make([]byte, 9)), chunkOf("IDAT", deflated([]byte{0, 0}, 6)), iend)
	files["two headers"] = join(rgb, rgb, chunkOf("IDAT", z), iend)
	files["no image"] = join(rgb, iend)
	files["no end"] = join(rgb, chunkOf("IDAT", z))
	files["long end"] = join(rgb, chunkOf("IDAT", z), chunkOf("IEND", []byte{1}))
	files["after the end"] = append(join(rgb, chunkOf("IDAT", z), iend), "rest"...)
	files["dictionary"] = join(rgb, chunkOf("IDAT", append([]byte{0x78, 0xbb, 0, 0, 0, 1}, z[2:]...)), iend)
	files["window of 64 KiB"] = join(rgb, chunkOf("IDAT", append([]byte{0x88, 0x1c}, z[2:]...)), iend)
	files["late transparency"] = join(rgb, chunkOf("IDAT", z), chunkOf("tRNS", make([]byte, 6)), iend)
	files["alpha twice"] = join(ihdr(1, 1, 8, RGBA, 0), chunkOf("tRNS", make([]byte, 6)), chunkOf("IDAT", deflated(make([]byte, 5), 6)), iend)
	return files
}

// interlaced makes the seven passes of Adam7 (PNG specification, 8.2), unfiltered noise.
func interlaced(h Header, r *rand.Rand) []byte {
	var raw []byte
	for _, p := range [][4]int{{8, 8, 0, 0}, {8, 8, 4, 0}, {4, 8, 0, 4}, {4, 4, 2, 0}, {2, 4, 0, 2}, {2, 2, 1, 0}, {1, 2, 0, 1}} {
		pass := h
		pass.Width, pass.Height = (h.Width-p[2]+p[0]-1)/p[0], (h.Height-p[3]+p[1]-1)/p[1]
		if pass.Width <= 0 || pass.Height <= 0 {
			continue
		}
		for range pass.Height {
			raw = append(raw, 0)
			for range pass.rowBytes() {
				raw = append(raw, byte(r.Uint32()))
			}
		}
	}
	return raw
}

func TestHandmade(t *testing.T) {
	for name, file := range handmade() {
		if _, err := ParseHeader(file); (err != nil) != (name == "wrong sum of header") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var d Decoder
	for name, file := range handmade() {
		t.Run(name, func(t *testing.T) { compare(t, &d, file) })
	}
}

// TestFast makes sure that the usual kinds are decoded by our own code, not by image/png behind it.
func TestFast(t *testing.T) {
	for name, file := range handmade() {
		if !strings.Contains(name, "×") {
			continue
		}
		h, err := ParseHeader(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(name, " ") > 2+strings.Count(h.Type.String(), " ") && !strings.HasSuffix(name, "split") {
			continue
		}
		var d Decoder
		if err := d.rows(file, func(int, []byte) {}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTruncated cuts a file at every byte: never an image, and the error says so.
func TestTruncated(t *testing.T) {
	var e Encoder
	var d Decoder
	pix := make([]uint16, 20*10)
	for i := range pix {
		pix[i] = uint16(i * i)
	}
	file, err := e.Gray16(pix, 20, 10)
	if err != nil {
		t.Fatal(err)
	}
	file = bytes.Clone(file)
	for n := range file {
		if Whole(file[:n]) {
			t.Errorf("%d of %d bytes pass for whole", n, len(file))
		}
		if err := d.Gray16(pix, file[:n]); !errors.Is(err, ErrTruncated) {
			t.Errorf("%d of %d bytes: %v", n, len(file), err)
		}
	}
	if err := d.Gray16(pix, file); err != nil || !Whole(file) {
		t.Error(err)
	}
}

// TestFlips turns every bit of a file: an error or the same pixels.
func TestFlips(t *testing.T) {
	var e Encoder
	var d Decoder
	pix := bytes.Repeat([]byte{1, 2, 3, 200, 100}, 3*20)
	file, err := e.RGB(pix, 10, 10)
	if err != nil {
		t.Fatal(err)
	}
	file = bytes.Clone(file)
	got := make([]byte, len(pix))
	for i := range 8 * len(file) {
		file[i/8] ^= 1 << (i % 8)
		if d.RGB(got, file) == nil && !bytes.Equal(got, pix) {
			t.Errorf("bit %d: other pixels without an error", i)
		}
		file[i/8] ^= 1 << (i % 8)
	}
}

// TestBounds: a small file that promises much allocates little.
func TestBounds(t *testing.T) {
	z := chunkOf("IDAT", deflated(make([]byte, 100), 9))
	for _, size := range [][2]int{{MaxSide + 1, 1}, {1, MaxSide + 1}, {8193, 8193}, {1<<31 - 1, 1<<31 - 1}, {0, 5}, {5, 0}} {
		if h, err := ParseHeader(join(ihdr(size[0], size[1], 16, RGBA, 0), z)); err == nil {
			t.Errorf("%v passed", h)
		}
	}
	file := join(ihdr(8000, 8000, 16, Gray, 0), z, chunkOf("IEND", nil))
	var d Decoder
	if n := testing.AllocsPerRun(1, func() {
		if err := d.rows(file, nil); err == nil {
			t.Error("no error")
		}
	}); cap(d.raw) > 0 {
		t.Errorf("%d bytes, %v allocations", cap(d.raw), n)
	}
}

func TestWrongKind(t *testing.T) {
	var d Decoder
	files := handmade()
	for name, want := range map[string]string{
		"8-bit gray 7×6":      "8-bit gray PNG, 16-bit gray required",
		"8-bit RGB 7×6":       "8-bit RGB PNG, 16-bit gray required",
		"16-bit RGB 7×6":      "16-bit RGB PNG, 16-bit gray required",
		"8-bit palette 7×6":   "8-bit palette PNG, 16-bit gray required",
		"4-bit palette 33×10": "memory is for",
	} {
		if err := d.Gray16(make([]uint16, 42), files[name]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := d.Index(make([]byte, 42), files["8-bit RGB 7×6"]); err == nil {
		t.Error("RGB passed for labels")
	}
	if err := d.Index(make([]byte, 42), files["16-bit gray 7×6"]); err == nil {
		t.Error("16-bit gray passed for labels")
	}
}

// TestIndex: samples come as stored, also of few bits and of palettes.
func TestIndex(t *testing.T) {
	var d Decoder
	got := make([]byte, 5)
	for _, c := range []ColorType{Gray, Palette} {
		for bits, row := range map[int][]byte{1: {0, 0b10110_000}, 2: {0, 0b00_01_10_11, 0b10_000000}, 4: {0, 0x0f, 0x3a, 0x70}, 8: {0, 0, 1, 2, 254, 255}} {
			want := map[int][]byte{1: {1, 0, 1, 1, 0}, 2: {0, 1, 2, 3, 2}, 4: {0, 15, 3, 10, 7}, 8: {0, 1, 2, 254, 255}}[bits]
			head := ihdr(5, 1, bits, c, 0)
			if c == Palette {
				head = append(head, chunkOf("PLTE", make([]byte, 6))...)
			}
			z := deflated(row, 6)
			file := join(head, chunkOf("IDAT", z), chunkOf("IEND", nil))
			if err := d.Index(got, file); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d-bit %v: %v, want %v; %v", bits, c, got, want, err)
			}
			// the same through image/png, which is asked because of the trailing bytes
			file = join(head, chunkOf("IDAT", append(z, 0)), chunkOf("IEND", nil))
			if err := d.Index(got, file); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d-bit %v by image/png: %v, want %v; %v", bits, c, got, want, err)
			}
		}
	}
}

// TestSteady: the second image of a size allocates nothing.
func TestSteady(t *testing.T) {
	var e Encoder
	var d Decoder
	gray, rgb := make([]uint16, 64*48), make([]byte, 3*64*48)
	file, _ := e.Gray16(gray, 64, 48)
	depth := bytes.Clone(file)
	file, _ = e.RGB(rgb, 64, 48)
	color := bytes.Clone(file)
	if n := testing.AllocsPerRun(20, func() {
		if d.Gray16(gray, depth) != nil || d.RGB(rgb, color) != nil {
			t.Fatal("error")
		}
	}); n != 0 {
		t.Errorf("decoding allocates %v times", n)
	}
	if n := testing.AllocsPerRun(20, func() {
		e.Gray16(gray, 64, 48)
		e.RGB(rgb, 64, 48)
		e.Gray8(rgb[:64*48], 64, 48)
	}); n != 0 {
		t.Errorf("encoding allocates %v times", n)
	}
}
