package plan

import (
	"fmt"

	"github.com/depthwise/depthwise/quant/internal/graph"
	"github.com/depthwise/depthwise/quant/internal/kernel"
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// form is a value's buffer in one form, nil when it does not exist (yet).
func (p *planner) form(v *graph.Value, f Form) *Buffer {
	if e := p.forms[v]; e != nil {
		return e[f]
	}
	return nil
}

func (p *planner) setForm(v *graph.Value, b *Buffer) {
	e := p.forms[v]
	if e == nil {
		e = new([3]*Buffer)
		p.forms[v] = e
	}
	e[b.Form] = b
}

// newBuffer makes a buffer in the arena for a value's form.
func newBuffer(name string, t tensor.DType, shape []int, f Form) *Buffer {
	b := &Buffer{Name: name, Type: t, Shape: shape, Form: f}
	if f == Inner {
		m := layout(shape)
		b.Size = shape[0] * m.Size()
	} else {
		b.Size = product(shape) * t.Size()
	}
	return b
}

// make is a new buffer for a value that a unit computes.
func (p *planner) make(v *graph.Value, f Form) *Buffer {
	b := newBuffer(v.Name, v.Type, v.Shape, f)
	p.setForm(v, b)
	return b
}

// input gives a graph input its memory.
func (p *planner) input(v *graph.Value) {
	f := Plain
	if p.o.NHWC && len(v.Shape) == 4 {
		f = NHWC
	}
	b := p.make(v, f)
	b.Place = IsInput
	p.plan.Inputs = append(p.plan.Inputs, b)
}

// output gives a graph output its memory, copying where the value already has some that is not the output's.
func (p *planner) output(v *graph.Value) error {
	b, err := p.plain(v)
	if err != nil {
		return err
	}
	if r := b.Root(); r.Place == InArena && r.Size == b.Size {
		r.Place = IsOutput
	} else {
		c := newBuffer(v.Name, v.Type, v.Shape, Plain)
		c.Place = IsOutput
		p.copyStep(v.Name, c, b)
		b = c
	}
	p.plan.Outputs = append(p.plan.Outputs, b)
	return nil
}

// plain is the value in ONNX's order, converted if it must be.
func (p *planner) plain(v *graph.Value) (*Buffer, error) {
	if b := p.form(v, Plain); b != nil {
		return b, nil
	}
	if v.Static() {
		t, err := p.g.Constant(v)
		if err != nil {
			return nil, err
		}
		b := &Buffer{Name: v.Name, Type: v.Type, Shape: v.Shape, Size: len(t.Data), Place: IsConstant}
		b.attach(t.Data)
		p.setForm(v, b)
		return b, nil
	}
	if in := p.form(v, NHWC); in != nil {
		return p.fromNHWC(v, in), nil
	}
	in := p.form(v, Inner)
	if in == nil {
		return nil, fmt.Errorf("value %q is not computed", v.Name)
	}
	out := p.make(v, Plain)
	n, h, _, _ := dims(v.Shape)
	image := product(v.Shape[1:])
	x := flip(v.Type)
	p.add(&Step{Name: v.Name, Op: "to plain", Kernel: "edge", In: []*Buffer{in}, Out: []*Buffer{out}, Units: n * h, Align: 1,
		bind: func([][]byte) func(int, int, int) {
			return func(_, lo, hi int) {
				eachImage(h, lo, hi, func(i, y0, y1 int) { kernel.ToNCHW(out.Data[i*image:], &in.maps[i], x, y0, y1) })
			}
		}})
	return out, nil
}

// inner is the 8-bit value in the kernels' layout, converted if it must be.
func (p *planner) inner(v *graph.Value) (*Buffer, error) {
	if b := p.form(v, Inner); b != nil {
		return b, nil
	}
	x := flip(v.Type)
	n, h, w, c := dims(v.Shape)
	image := product(v.Shape[1:])
	if in := p.form(v, NHWC); in != nil {
		if c == 4 && w%4 == 0 && x == 0 {
			b := &Buffer{Name: v.Name, Type: v.Type, Shape: v.Shape, Form: Inner, Size: in.Size, Of: in}
			p.setForm(v, b)
			return b, nil
		}
		out := p.make(v, Inner)
		p.add(&Step{Name: v.Name, Op: "from nhwc", Kernel: "edge", In: []*Buffer{in}, Out: []*Buffer{out}, Units: n * h, Align: 1,
			bind: func([][]byte) func(int, int, int) {
				return func(_, lo, hi int) {
					eachImage(h, lo, hi, func(i, y0, y1 int) { kernel.FromNHWC(&out.maps[i], in.Data[i*image:], x, y0, y1) })
				}
			}})
		return out, nil
	}
	in, err := p.plain(v)
	if err != nil {
		return nil, err
	}
	out, set := p.make(v, Inner), p.set
	p.add(&Step{Name: v.Name, Op: "from plain", Kernel: "edge", In: []*Buffer{in}, Out: []*Buffer{out}, Units: n * h, Align: 1,
		bind: func([][]byte) func(int, int, int) {
			return func(_, lo, hi int) {
				eachImage(h, lo, hi, func(i, y0, y1 int) { set.FromNCHW(&out.maps[i], in.Data[i*image:], x, y0, y1) })
			}
		}})
	return out, nil
}

// eachImage splits units [lo, hi), rows of consecutive images of h rows, into ranges of rows of one image.
func eachImage(h, lo, hi int, f func(image, y0, y1 int)) {
	for lo < hi {
		i := lo / h
		end := min(hi, (i+1)*h)
		f(i, lo-i*h, end-i*h)
		lo = end
	}
}

// fromNHWC transposes a channels-last input of any type into ONNX's order.
func (p *planner) fromNHWC(v *graph.Value, in *Buffer) *Buffer {
	out := p.make(v, Plain)
	n, h, w, c := dims(v.Shape)
	size := v.Type.Size()
	p.add(&Step{Name: v.Name, Op: "to plain", Kernel: "transpose", In: []*Buffer{in}, Out: []*Buffer{out}, Units: n * c, Align: 1,
		bind: func([][]byte) func(int, int, int) {
			return func(_, lo, hi int) {
				for u := lo; u < hi; u++ {
					src, dst := in.Data[(u/c*h*w*c+u%c)*size:], out.Data[u*h*w*size:]
					for i := range h * w {
						copy(dst[i*size:(i+1)*size], src[i*c*size:])
					}
				}
			}
		}})
	return out
}

func (p *planner) add(s *Step) {
	if s.Align == 0 {
		s.Align = 1
	}
	p.steps = append(p.steps, s)
}

// copyStep copies plain bytes.
func (p *planner) copyStep(name string, dst, src *Buffer) {
	const part = 1 << 14
	p.add(&Step{Name: name, Op: "copy", Kernel: "copy", In: []*Buffer{src}, Out: []*Buffer{dst}, Units: (src.Size + part - 1) / part,
		bind: func([][]byte) func(int, int, int) {
			return func(_, lo, hi int) {
				lo, hi = lo*part, min(hi*part, len(dst.Data))
				copy(dst.Data[lo:hi], src.Data[lo:hi])
			}
		}})
}

func product(s []int) int {
	p := 1
	for _, v := range s {
		p *= v
	}
	return p
}
