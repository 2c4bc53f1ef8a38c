package png

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	stdpng "image/png"
	"testing"
)

// FuzzEqualsImagePNG holds the decoder to image/png: same verdict, same pixels. Checksums of mutated chunks are
// mended first, else nearly every mutation would stop there.
func FuzzEqualsImagePNG(f *testing.F) {
	for _, size := range [][2]int{{1, 1}, {5, 3}, {17, 9}} {
		for _, img := range images(size[0], size[1], 3) {
			var buf bytes.Buffer
			if err := stdpng.Encode(&buf, img); err != nil {
				f.Fatal(err)
			}
			f.Add(buf.Bytes(), false)
			f.Add(buf.Bytes(), true)
		}
	}
	for _, file := range handmade() {
		f.Add(file, true)
	}
	f.Fuzz(func(t *testing.T, file []byte, mendAll bool) {
		if mendAll {
			file = mend(file)
		}
		var d Decoder
		compare(t, &d, file)
		Whole(file)
	})
}

// mend gives a copy of file with the right checksum in every chunk that is all there.
func mend(file []byte) []byte {
	out := bytes.Clone(file)
	for i := len(signature); i+12 <= len(out); {
		n := int(binary.BigEndian.Uint32(out[i:]))
		if n > len(out)-i-12 {
			break
		}
		binary.BigEndian.PutUint32(out[i+8+n:], crc32.ChecksumIEEE(out[i+4:i+8+n]))
		i += 12 + n
	}
	return out
}

// FuzzEncode holds the encoder to image/png: what it writes is read back the same by both.
func FuzzEncode(f *testing.F) {
	f.Add(uint8(5), []byte("some pixels of an image that has rows"))
	f.Add(uint8(1), []byte{0})
	f.Add(uint8(40), make([]byte, 3000))
	f.Fuzz(func(t *testing.T, width uint8, pix []byte) {
		w := int(width)
		if w == 0 || len(pix) > 1<<16 {
			return
		}
		var e Encoder
		var d Decoder
		if h := len(pix) / (3 * w); h > 0 {
			rgb := pix[:3*w*h]
			file, err := e.RGB(rgb, w, h)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(rgb))
			if err := d.RGB(got, file); err != nil || !bytes.Equal(got, rgb) {
				t.Fatalf("RGB %d×%d: %v", w, h, err)
			}
			compare(t, &d, file)
		}
		if h := len(pix) / (2 * w); h > 0 {
			gray := make([]uint16, w*h)
			for i := range gray {
				gray[i] = binary.LittleEndian.Uint16(pix[2*i:])
			}
			file, err := e.Gray16(gray, w, h)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, &d, file)
			got := make([]uint16, len(gray))
			if err := d.Gray16(got, file); err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if got[i] != gray[i] {
					t.Fatalf("Gray16 %d×%d: pixel %d", w, h, i)
				}
			}
		}
		if h := len(pix) / w; h > 0 {
			labels := pix[:w*h]
			file, err := e.Gray8(labels, w, h)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(labels))
			if err := d.Index(got, file); err != nil || !bytes.Equal(got, labels) {
				t.Fatalf("Gray8 %d×%d: %v", w, h, err)
			}
			if !Whole(file) || Whole(file[:len(file)-1]) {
				t.Fatal("Whole is wrong")
			}
		}
	})
}
