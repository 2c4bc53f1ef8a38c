package png

import (
	"bytes"
	stdpng "image/png"
	"os"
	"path/filepath"
	"testing"
)

// benchmarkFiles are one colour and one depth file: of $DEPTHWISE_DATA, else our own of noise on a slope.
func benchmarkFiles(b *testing.B) map[string][]byte {
	const w, h = 640, 480
	var e Encoder
	depth, color := make([]uint16, w*h), make([]byte, 3*w*h)
	seed := uint32(1)
	for i := range depth {
		seed = seed*1664525 + 1013904223
		depth[i] = uint16(800+i/w) + uint16(seed>>30)
		color[3*i], color[3*i+1], color[3*i+2] = byte(i/w+int(seed>>29)), byte(i/w), byte(seed>>28)
	}
	files := map[string][]byte{}
	for name, encode := range map[string]func() ([]byte, error){
		"color": func() ([]byte, error) { return e.RGB(color, w, h) },
		"depth": func() ([]byte, error) { return e.Gray16(depth, w, h) },
	} {
		file, err := encode()
		if real := os.Getenv("DEPTHWISE_DATA"); real != "" {
			file, err = os.ReadFile(filepath.Join(real, "recordings/table", name, "001.png"))
		}
		if err != nil {
			b.Fatal(err)
		}
		files[name] = bytes.Clone(file)
	}
	return files
}

func BenchmarkDecode(b *testing.B) {
	for name, file := range benchmarkFiles(b) {
		h, err := ParseHeader(file)
		if err != nil {
			b.Fatal(err)
		}
		var d Decoder
		rgb, gray := make([]byte, 3*h.Width*h.Height), make([]uint16, h.Width*h.Height)
		b.Run(name+"/ours", func(b *testing.B) {
			b.SetBytes(int64(h.rowBytes() * h.Height))
			b.ReportAllocs()
			for b.Loop() {
				if h.Bits == 16 {
					err = d.Gray16(gray, file)
				} else {
					err = d.RGB(rgb, file)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/inflate", func(b *testing.B) {
			b.SetBytes(int64(h.rowBytes() * h.Height))
			if err := d.rows(file, func(int, []byte) {}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if err := d.z.zlib(d.raw, d.packed); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/image-png", func(b *testing.B) {
			b.SetBytes(int64(h.rowBytes() * h.Height))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := stdpng.Decode(bytes.NewReader(file)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	for name, file := range benchmarkFiles(b) {
		h, _ := ParseHeader(file)
		var d Decoder
		var e Encoder
		rgb, gray := make([]byte, 3*h.Width*h.Height), make([]uint16, h.Width*h.Height)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(h.rowBytes() * h.Height))
			b.ReportAllocs()
			var out []byte
			for b.Loop() {
				if h.Bits == 16 {
					d.Gray16(gray, file)
					out, _ = e.Gray16(gray, h.Width, h.Height)
				} else {
					d.RGB(rgb, file)
					out, _ = e.RGB(rgb, h.Width, h.Height)
				}
			}
			b.ReportMetric(float64(len(out))/float64(len(file)), "of-the-file")
		})
	}
}
