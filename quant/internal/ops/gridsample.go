package ops

import (
	"math"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// sampler is a checked GridSample of images: [N, C, H, W] at the points of a grid [N, OH, OW, 2] of (x, y) in −1 … 1.
type sampler struct {
	h, w    int
	mode    string // linear, nearest, cubic
	padding string // zeros, border, reflection
	corners bool   // −1 and 1 are the centres of the outer pixels, else their outer edges
}

func buildGridSample(b *build) *Impl {
	if !b.arity(2, 2) || !b.float32s() || !b.rank(0, 4) || !b.rank(1, 4) {
		return nil
	}
	x, g := b.In[0].Shape, b.In[1].Shape
	if g[0] != x[0] || g[3] != 2 || product(x) == 0 {
		return b.fail("grid %v for input %v", g, x)
	}
	s := &sampler{h: x[2], w: x[3]}
	s.mode = b.attrString("mode", "linear", "bilinear", "nearest", "cubic", "bicubic")
	s.padding = b.attrString("padding_mode", "zeros", "border", "reflection")
	s.corners = b.attrBool("align_corners", false)
	c, oh, ow := x[1], g[1], g[2]
	out := []int{x[0], c, oh, ow}
	b.volume(out)
	return one(tensor.Float32, out, x[0]*oh, func(in, outs []*tensor.T, lo, hi int) {
		src, grid, dst := tensor.View[float32](in[0]), tensor.View[float32](in[1]), tensor.View[float32](outs[0])
		for u := lo; u < hi; u++ {
			n, y := u/oh, u%oh
			for i := range ow {
				p := grid[(u*ow+i)*2:]
				px, py := s.pixel(p[0], s.w), s.pixel(p[1], s.h)
				for k := range c {
					plane := src[(n*c+k)*s.h*s.w:][:s.h*s.w]
					dst[((n*c+k)*oh+y)*ow+i] = float32(s.at(plane, px, py))
				}
			}
		}
	})
}

// pixel is where a grid coordinate lies on an axis of n pixels.
func (s *sampler) pixel(v float32, n int) float64 {
	if s.corners {
		return float64(float64(v)+1) / 2 * float64(n-1)
	}
	return (float64(float64(float64(v)+1)*float64(n)) - 1) / 2
}

// fold brings a coordinate into the image as the padding mode says.
func (s *sampler) fold(v float64, n int) float64 {
	switch s.padding {
	case "border":
		return min(max(v, 0), float64(n-1))
	case "reflection":
		lo, hi := -0.5, float64(n)-0.5
		if s.corners {
			lo, hi = 0, float64(n-1)
		}
		length := hi - lo
		if length <= 0 || v != v || math.IsInf(v, 0) {
			return 0
		}
		d := math.Abs(v - lo)
		d = math.Mod(d, 2*length)
		if d > length {
			d = 2*length - d
		}
		return min(max(lo+d, 0), float64(n-1))
	}
	return v
}

// value is a pixel, under the padding mode.
func (s *sampler) value(plane []float32, x, y float64) float64 {
	if s.padding != "zeros" {
		x, y = s.fold(x, s.w), s.fold(y, s.h)
	}
	if !(x >= 0 && x < float64(s.w) && y >= 0 && y < float64(s.h)) {
		return 0
	}
	return float64(plane[int(y)*s.w+int(x)])
}

func (s *sampler) at(plane []float32, x, y float64) float64 {
	switch s.mode {
	case "nearest":
		x, y = s.fold(x, s.w), s.fold(y, s.h)
		return s.value(plane, math.RoundToEven(x), math.RoundToEven(y))
	case "cubic", "bicubic":
		fx, fy := math.Floor(x), math.Floor(y)
		wx, wy := keys(x-fx, -0.75), keys(y-fy, -0.75)
		total := 0.0
		for j := range 4 {
			row := 0.0
			for i := range 4 {
				row += float64(wx[i] * s.value(plane, fx+float64(i)-1, fy+float64(j)-1))
			}
			total += float64(wy[j] * row)
		}
		return total
	}
	if s.padding != "zeros" {
		x, y = s.fold(x, s.w), s.fold(y, s.h)
	}
	fx, fy := math.Floor(x), math.Floor(y)
	dx, dy := x-fx, y-fy
	top := float64((1-dx)*s.value(plane, fx, fy)) + float64(dx*s.value(plane, fx+1, fy))
	low := float64((1-dx)*s.value(plane, fx, fy+1)) + float64(dx*s.value(plane, fx+1, fy+1))
	return float64((1-dy)*top) + float64(dy*low)
}

// keys are the weights of Keys' kernel (1981) with parameter a for the four pixels around a fraction t.
func keys(t, a float64) [4]float64 {
	poly := func(c3, c2, c1, c0, t float64) float64 {
		return float64((float64((float64(c3*t)+c2)*t)+c1)*t) + c0
	}
	return [4]float64{
		poly(a, -5*a, 8*a, -4*a, t+1), poly(a+2, -(a + 3), 0, 1, t),
		poly(a+2, -(a + 3), 0, 1, 1-t), poly(a, -5*a, 8*a, -4*a, 2-t),
	}
}

// buildAffineGrid makes a grid of an image's pixels under a 2×3 matrix for each image.
func buildAffineGrid(b *build) *Impl {
	if !b.arity(2, 2) || !b.want(0, tensor.Float32) || !b.rank(0, 3) {
		return nil
	}
	size := b.ints(1, "size")
	corners := b.attrBool("align_corners", false)
	t := b.In[0].Shape
	if b.err != nil {
		return nil
	}
	if len(size) != 4 || t[1] != 2 || t[2] != 3 || size[0] != t[0] || min(size[2], size[3]) < 1 {
		return b.fail("theta %v for size %v: images of two axes are supported", t, size)
	}
	h, w := size[2], size[3]
	out := []int{t[0], h, w, 2}
	b.volume(out)
	at := func(i, n int) float64 {
		if corners {
			if n == 1 {
				return 0
			}
			return -1 + float64(2*i)/float64(n-1)
		}
		return (float64(2*i)+1)/float64(n) - 1
	}
	return one(tensor.Float32, out, t[0]*h, func(in, outs []*tensor.T, lo, hi int) {
		m, y := tensor.View[float32](in[0]), tensor.View[float32](outs[0])
		for u := lo; u < hi; u++ {
			a := m[u/h*6:]
			py := at(u%h, h)
			for i := range w {
				px := at(i, w)
				for k := range 2 {
					r := a[3*k:]
					y[(u*w+i)*2+k] = float32(float64(float64(r[0])*px) + float64(float64(r[1])*py) + float64(r[2]))
				}
			}
		}
	})
}
