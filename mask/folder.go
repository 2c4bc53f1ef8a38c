package mask

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
)

// NewFolder returns the encoder of a folder format, which writes one file per mask, named for its sequence number
// (000042.png), into dir. It makes the folder. A file appears under its name only when it is whole.
func NewFolder(dir, format string, o Options) (Encoder, error) {
	if err := o.defaults(); err != nil {
		return nil, err
	}
	f := &folder{dir: dir, png: png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: new(pngBuffer)}}
	switch format {
	case "png":
		f.palette = make(color.Palette, 256)
		for i := range f.palette {
			c := o.Palette.Color(uint8(i))
			f.palette[i] = color.RGBA{c.R, c.G, c.B, 255}
		}
	case "overlay":
		f.blend = newBlender(o)
	default:
		return nil, fmt.Errorf("mask: format %q: not a folder format", format)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("mask: make folder: %w", err)
	}
	return f, nil
}

type folder struct {
	dir     string
	png     png.Encoder
	palette color.Palette // of png
	blend   *blender      // of overlay
	rgba    image.RGBA
	buf     bytes.Buffer
	spare   Mask
}

func (f *folder) Encode(m *Mask, im Image) error {
	if err := m.check(); err != nil {
		return err
	}
	if err := im.check(); err != nil {
		return err
	}
	m = m.whole(&f.spare)
	var picture image.Image
	if f.palette != nil {
		picture = &image.Paletted{Pix: m.Classes, Stride: m.Width, Rect: image.Rect(0, 0, m.Width, m.Height), Palette: f.palette}
	} else {
		picture = f.overlay(m, im)
	}
	f.buf.Reset()
	if err := f.png.Encode(&f.buf, picture); err != nil {
		return fmt.Errorf("mask: png of frame %d: %w", m.Seq, err)
	}
	return f.write(fmt.Sprintf("%06d.png", m.Seq))
}

func (f *folder) overlay(m *Mask, im Image) image.Image {
	rgb, w, h := f.blend.paint(m, im)
	f.rgba.Pix = extend(f.rgba.Pix[:0], 4*w*h)
	f.rgba.Stride, f.rgba.Rect = 4*w, image.Rect(0, 0, w, h)
	for i := range w * h {
		p := f.rgba.Pix[4*i : 4*i+4]
		p[0], p[1], p[2], p[3] = rgb[3*i], rgb[3*i+1], rgb[3*i+2], 255
	}
	return &f.rgba
}

// write puts buf into the named file by way of a hidden one beside it.
func (f *folder) write(name string) error {
	part := filepath.Join(f.dir, "."+name+".part")
	err := os.WriteFile(part, f.buf.Bytes(), 0o666)
	if err == nil {
		err = os.Rename(part, filepath.Join(f.dir, name))
	}
	if err != nil {
		os.Remove(part)
		return fmt.Errorf("mask: write frame: %w", err)
	}
	return nil
}

func (f *folder) Close() error { return nil }

// pngBuffer lends the one encoder of a folder its buffer again and again.
type pngBuffer struct{ b *png.EncoderBuffer }

func (p *pngBuffer) Get() *png.EncoderBuffer  { return p.b }
func (p *pngBuffer) Put(b *png.EncoderBuffer) { p.b = b }
