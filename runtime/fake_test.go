package runtime

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/depthwise/depthwise/capture"
	"github.com/depthwise/depthwise/mask"
)

// small is the calibration of the fakes: both cameras at one place.
func small() capture.Calibration {
	in := capture.Intrinsics{Width: 8, Height: 6, Fx: 8, Fy: 8, Cx: 3.5, Cy: 2.5}
	return capture.Calibration{Color: in, Depth: in, DepthToColor: capture.Identity, DepthScale: 0.001}
}

// fakeSource gives what its script says: step(n, dst) fills the n-th answer.
type fakeSource struct {
	cal   capture.Calibration
	step  func(ctx context.Context, n int, dst *capture.Pair) error
	n     int
	close func()
}

func (f *fakeSource) Calibration() capture.Calibration { return f.cal }

func (f *fakeSource) Next(ctx context.Context, dst *capture.Pair) error {
	f.n++
	return f.step(ctx, f.n-1, dst)
}

func (f *fakeSource) Close() error {
	if f.close != nil {
		f.close()
	}
	return nil
}

// fill makes dst pair number seq of a source with calibration c; its first colour byte is the number's low byte.
func fill(dst *capture.Pair, c capture.Calibration, seq uint64) error {
	dst.Seq = seq
	dst.ColorTime = time.Duration(seq) * 33 * time.Millisecond
	dst.DepthTime = dst.ColorTime + 2*time.Millisecond
	dst.Color.Resize(c.Color.Width, c.Color.Height)
	dst.Depth.Resize(c.Depth.Width, c.Depth.Height)
	for i := range dst.Color.Pix {
		dst.Color.Pix[i] = byte(seq)
	}
	for i := range dst.Depth.Pix {
		dst.Depth.Pix[i] = 1000
	}
	return nil
}

// counting is a source of n good pairs.
func counting(n int) *fakeSource {
	f := &fakeSource{cal: small()}
	f.step = func(ctx context.Context, i int, dst *capture.Pair) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i >= n {
			return io.EOF
		}
		return fill(dst, f.cal, uint64(i))
	}
	return f
}

// fakeModel's classes are the first colour byte of the pair, everywhere.
type fakeModel struct {
	w, h    int
	classes []uint8
	first   uint8
	infer   func(first uint8) error
	depth   bool
	blind   bool // takes no colour
	saw     func(p *capture.Pair)
}

func newFakeModel() *fakeModel {
	return &fakeModel{w: 4, h: 3, classes: make([]uint8, 12), depth: true}
}

func (m *fakeModel) Prepare(cal capture.Calibration) error {
	if !cal.Registered() {
		return errors.New("prepared for depth that is not registered")
	}
	return nil
}

func (m *fakeModel) Preprocess(p *capture.Pair) error {
	m.first = p.Color.Pix[0]
	if m.saw != nil {
		m.saw(p)
	}
	return nil
}

func (m *fakeModel) Infer() ([]uint8, error) {
	if m.infer != nil {
		if err := m.infer(m.first); err != nil {
			return nil, err
		}
	}
	for i := range m.classes {
		m.classes[i] = m.first
	}
	return m.classes, nil
}

func (m *fakeModel) Size() (int, int) { return m.w, m.h }
func (m *fakeModel) Name() string     { return "fake" }
func (m *fakeModel) UsesColor() bool  { return !m.blind }
func (m *fakeModel) UsesDepth() bool  { return m.depth }

// pipe is a pipeline of one model that calls emit for each mask.
func pipe(src capture.Source, m Model, emit func(*mask.Mask, *capture.Pair) error) *Pipeline {
	return &Pipeline{Source: src, Policy: Always{Model: m, Mode: mask.Paired}, Models: []Model{m}, Emit: emit}
}

func ignore(*mask.Mask, *capture.Pair) error { return nil }
