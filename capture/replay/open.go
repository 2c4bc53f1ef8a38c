package replay

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/capture/internal/jpeg"
	"github.com/depthwise/depthwise/capture/internal/png"
)

// Open lists the recording in dir and makes it a Source. It reads index files and the headers of a pair, not images.
// The Recording reads ahead from its first Next on, until Close.
func Open(dir string, o Options) (*Recording, error) {
	switch o.OnError {
	case "", Stop, Skip:
	default:
		return nil, fmt.Errorf("replay: open %q: OnError is %q, want %q or %q", dir, o.OnError, Stop, Skip)
	}
	if o.FPS < 0 || o.FPS != o.FPS || o.FPS > 1e6 {
		return nil, fmt.Errorf("replay: open %q: %v pairs per second", dir, o.FPS)
	}
	p, err := makePlan(dir, o)
	if err != nil {
		return nil, err
	}
	cal, err := p.calibration()
	if err != nil {
		return nil, err
	}
	return newRecording(p, cal), nil
}

// calibration is the caller's, the recording's, or made from the sizes of the first pair that can be read.
func (p *plan) calibration() (capture.Calibration, error) {
	if p.o.Calibration != nil {
		if err := checkCalibration(*p.o.Calibration); err != nil {
			return capture.Calibration{}, fmt.Errorf("replay: open %q: Options.Calibration: %w", p.dir, err)
		}
		return *p.o.Calibration, nil
	}
	cal, ok, err := readCalibration(p.dir)
	if ok || err != nil {
		return cal, err
	}
	var first error
	for i := range p.entries {
		e := &p.entries[i]
		cal, err := p.sizes(e)
		if err == nil {
			lens := "a 60° lens"
			if with, ok := withIntrinsics(p.dir, cal); ok {
				cal, lens = with, "the lens of "+intrinsicsFile
			}
			p.assumed = append(p.assumed, fmt.Sprintf("calibration: no %s: depth registered, %s, %v m per unit of depth",
				CalibrationFile, lens, p.scale))
			return cal, nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = fmt.Errorf("replay: open %q: no pair and no %s", p.dir, CalibrationFile)
	}
	return capture.Calibration{}, first
}

// sizes makes a calibration from the headers of one pair.
func (p *plan) sizes(e *entry) (capture.Calibration, error) {
	c, err := p.probe(e.color)
	if err != nil {
		return capture.Calibration{}, &frameError{"color", e.color, reasonOf(err), err}
	}
	d, err := p.probe(e.depth)
	if err != nil {
		return capture.Calibration{}, &frameError{"depth", e.depth, reasonOf(err), err}
	}
	if c.Width != d.Width || c.Height != d.Height {
		return capture.Calibration{}, fmt.Errorf("replay: color %q is %d×%d and depth %q is %d×%d: "+
			"without %s depth must be registered, of the size of colour", e.color, c.Width, c.Height, e.depth, d.Width, d.Height, CalibrationFile)
	}
	return assume(c.Width, c.Height, p.scale), nil
}

// probe reads the head of an image file. Of a JPEG it tells only the size.
func (p *plan) probe(name string) (png.Header, error) {
	path := filepath.Join(p.dir, filepath.FromSlash(name))
	if info, err := os.Stat(path); err != nil {
		return png.Header{}, plain(err)
	} else if !info.Mode().IsRegular() {
		return png.Header{}, errNotRegular
	}
	f, err := os.Open(path)
	if err != nil {
		return png.Header{}, plain(err)
	}
	defer f.Close()
	head := make([]byte, 64)
	n, err := io.ReadFull(f, head)
	if n == 0 && err != io.EOF {
		return png.Header{}, plain(err)
	}
	if !jpeg.IsJPEG(head[:n]) {
		if n > 0 && !png.IsPNG(head[:n]) && n >= 8 {
			return png.Header{}, errFormat
		}
		return png.ParseHeader(head[:n])
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return png.Header{}, plain(err)
	}
	w, h, err := jpeg.Size(bufio.NewReader(f))
	return png.Header{Width: w, Height: h, Bits: 8, Type: png.RGB}, err
}
