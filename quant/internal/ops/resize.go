package ops

import (
	"math"
	"slices"

	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// Resize is a checked Resize or Upsample node.
type Resize struct {
	In, Out   []int
	Mode      string // nearest, linear, cubic
	Coord     string // coordinate_transformation_mode
	Nearest   string // nearest_mode
	Antialias bool   // an axis shrinks, and the kernel widens with it
	scales    []float64
	roi       []float64 // start and end per axis, for tf_crop_and_resize
	cubic     float64
	exclude   bool
	extra     float32 // extrapolation value
}

// ResizeOf checks a node.
func ResizeOf(n *Node) (*Resize, error) {
	b := &build{Node: n, used: map[string]bool{}}
	r := b.resize()
	return r, b.err
}

func (b *build) resize() *Resize {
	v := b.In[0]
	rank := len(v.Shape)
	r := &Resize{In: v.Shape, Coord: "half_pixel", Nearest: "round_prefer_floor", cubic: -0.75}
	var scales []float32
	var sizes []int
	hasSizes := false
	switch {
	case b.Op == "Upsample" && b.Version < 9:
		scales = b.attrFloats("scales")
		r.Coord, r.Nearest = "asymmetric", "floor"
		r.Mode = b.attrString("mode", "nearest", "linear")
	case b.Op == "Upsample" || b.Version < 11:
		scales = b.floats(1, "scales")
		r.Coord, r.Nearest = "asymmetric", "floor"
		r.Mode = b.attrString("mode", "nearest", "linear")
	default:
		r.Mode = b.attrString("mode", "nearest", "linear", "cubic")
		r.Coord = b.attrString("coordinate_transformation_mode", "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
			"tf_crop_and_resize", "half_pixel_symmetric", "tf_half_pixel_for_nn")
		r.Nearest = b.attrString("nearest_mode", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
		r.cubic = float64(b.attrFloat("cubic_coeff_a", -0.75))
		r.exclude = b.attrBool("exclude_outside", false)
		r.extra = b.attrFloat("extrapolation_value", 0)
		if s := b.in(2); s != nil && product(s.Shape) > 0 {
			scales = b.floats(2, "scales")
		}
		if s := b.in(3); s != nil && product(s.Shape) > 0 {
			sizes, hasSizes = b.ints(3, "sizes"), true
		}
		r.Antialias = b.attrBool("antialias", false)
	}
	policy := b.attrString("keep_aspect_ratio_policy", "stretch", "not_larger", "not_smaller")
	axes := b.attrInts("axes")
	if b.err != nil {
		return nil
	}
	if axes == nil {
		for i := range rank {
			axes = append(axes, i)
		}
	}
	b.axes(axes, rank)
	if b.err != nil {
		return nil
	}
	if hasSizes == (scales != nil) {
		b.fail("it needs either scales or sizes")
		return nil
	}
	if !hasSizes && len(scales) != len(axes) || hasSizes && len(sizes) != len(axes) {
		b.fail("scales %v, sizes %v for %d axes", scales, sizes, len(axes))
		return nil
	}
	r.Out = clone(v.Shape)
	r.scales = make([]float64, rank)
	r.roi = make([]float64, 2*rank)
	for k := range rank {
		r.scales[k], r.roi[rank+k] = 1, 1
	}
	common := float32(0) // the scale of all axes under keep_aspect_ratio_policy
	if hasSizes && policy != "stretch" {
		sizes, common = keepAspect(v.Shape, sizes, axes, policy == "not_larger", b)
	}
	for i, a := range axes {
		a = b.axis(a, rank)
		if hasSizes {
			if sizes[i] < 1 || v.Shape[a] < 1 {
				b.fail("resizing %v to %v", v.Shape, sizes)
				return nil
			}
			r.Out[a] = sizes[i]
			r.scales[a] = float64(float32(sizes[i]) / float32(v.Shape[a]))
			if common > 0 {
				r.scales[a] = float64(common)
			}
			continue
		}
		s := float64(scales[i])
		if !(s > 0) || s*float64(v.Shape[a]) > tensor.MaxElements {
			b.fail("scale[%d] is %v", i, s)
			return nil
		}
		r.scales[a] = s
		r.Out[a] = int(math.Floor(float64(scales[i] * float32(v.Shape[a]))))
		if r.Out[a] < 1 {
			b.fail("axis %d of %v becomes empty", a, v.Shape)
			return nil
		}
	}
	r.Antialias = r.Antialias && r.Mode != "nearest" && slices.ContainsFunc(r.scales, func(s float64) bool { return s < 1 })
	if r.Coord == "tf_crop_and_resize" {
		roi := b.floats(1, "roi")
		if b.err != nil || len(roi) != 2*len(axes) {
			b.fail("roi %v for %d axes", roi, len(axes))
			return nil
		}
		for i, a := range axes {
			a = b.axis(a, rank)
			r.roi[a], r.roi[rank+a] = float64(roi[i]), float64(roi[len(axes)+i])
		}
	}
	b.volume(r.Out)
	for k := range r.Out { // an output index has up to 4 taps of 16 bytes and lists to hold them; stretched kernels share 2·in
		b.tables(16*r.Out[k], 4*r.In[k])
	}
	if b.err != nil {
		return nil
	}
	return r
}

// keepAspect changes sizes to one common scale: the least of all, or the greatest.
func keepAspect(in, sizes, axes []int, smaller bool, b *build) ([]int, float32) {
	best := float32(0)
	for i, a := range axes {
		n := in[b.axis(a, len(in))]
		if n == 0 {
			continue
		}
		s := float32(sizes[i]) / float32(n)
		if i == 0 || smaller == (s < best) {
			best = s
		}
	}
	out := make([]int, len(sizes))
	for i, a := range axes {
		v := float64(best * float32(in[b.axis(a, len(in))]))
		if !(v < tensor.MaxElements) {
			b.fail("sizes %v", sizes)
			return sizes, 0
		}
		out[i] = int(math.Floor(v + 0.5))
	}
	return out, best
}

// source is the coordinate on axis k that output i lies on; outside says that the value is the extrapolation value. It is
// in float32, each operation rounded, as ONNX Runtime computes it: where a coordinate is whole, nearest_mode depends on
// the last bit. The last pixel of align_corners and tf_crop_and_resize is the output's last one, as ONNX's text, ONNX
// Runtime and PyTorch have it; ONNX's reference puts it at scale × input − 1 where a scale makes a size that is not whole.
func (r *Resize) source(k, i int) (at float64, outside bool) {
	n, m, s := float32(r.In[k]), float32(r.Out[k]), float32(r.scales[k])
	x, y := float32(i), float32(0)
	switch r.Coord {
	case "half_pixel":
		y = (x+0.5)/s - 0.5
	case "pytorch_half_pixel":
		if r.Out[k] > 1 {
			y = (x+0.5)/s - 0.5
		}
	case "half_pixel_symmetric":
		adjust := m / float32(s*n)
		y = float32(n/2*(1-adjust)) + (x+0.5)/s - 0.5
	case "align_corners":
		if r.Out[k] > 1 {
			y = float32(x*(n-1)) / (m - 1)
		}
	case "asymmetric":
		y = x / s
	case "tf_half_pixel_for_nn":
		y = (x + 0.5) / s
	case "tf_crop_and_resize":
		a, e := float32(r.roi[k]), float32(r.roi[len(r.In)+k])
		if r.Out[k] > 1 {
			y = float32(a*(n-1)) + float32(x*float32((e-a)*(n-1)))/(m-1)
		} else {
			y = 0.5 * float32((a+e)*(n-1))
		}
		return float64(y), y < 0 || y > n-1
	}
	return float64(y), false
}

// Sources are the source indices of a nearest resize on axis k.
func (r *Resize) Sources(k int) []int {
	at := make([]int, r.Out[k])
	for i, t := range r.taps(k) {
		at[i] = t.at[0]
	}
	return at
}

// taps1 are the source indices and weights of one output index on one axis.
type taps1 struct {
	at     []int
	weight []float64
	out    bool
}

func (r *Resize) taps(k int) []taps1 {
	list := make([]taps1, r.Out[k])
	n := r.In[k]
	for i := range list {
		if r.In[k] == r.Out[k] && r.scales[k] == 1 && r.Coord != "tf_crop_and_resize" && r.Coord != "tf_half_pixel_for_nn" {
			list[i] = taps1{at: []int{i}, weight: []float64{1}}
			continue
		}
		x, outside := r.source(k, i)
		switch {
		case r.Antialias:
			list[i] = r.wideTaps(x, r.scales[k], n)
		case r.Mode == "nearest":
			list[i] = taps1{at: []int{clampInt(r.round(x), n)}, weight: []float64{1}}
		case r.Mode == "linear":
			f := math.Floor(x)
			w := x - f
			list[i] = taps1{at: []int{clampInt(f, n), clampInt(f+1, n)}, weight: []float64{1 - w, w}}
		default:
			list[i] = r.cubicTaps(x, n)
		}
		list[i].out = outside
	}
	return list
}

func clampInt(x float64, n int) int { return int(min(max(x, 0), float64(n-1))) }

// round is nearest_mode. What lies within 1e-6 of the middle of two pixels is the middle, as ONNX Runtime 1.32 has it: the
// float32 quotient of a coordinate and a scale misses it by a few units in the last place.
func (r *Resize) round(x float64) float64 {
	tie := math.Abs(x-math.Floor(x)-0.5) < 1e-6
	switch r.Nearest {
	case "floor":
		return math.Floor(x)
	case "ceil":
		return math.Ceil(x)
	case "round_prefer_ceil":
		if tie {
			return math.Ceil(x)
		}
		return math.Floor(x + 0.5)
	}
	if tie {
		return math.Floor(x)
	}
	return math.Ceil(x - 0.5)
}

// cubicTaps is Keys' kernel (1981) with parameter a.
func (r *Resize) cubicTaps(x float64, n int) taps1 {
	f := math.Floor(x)
	k := keys(x-f, r.cubic)
	w := k[:]
	return r.spreadTaps(f-1, w, n)
}

// wideTaps is the linear or cubic kernel stretched by 1/scale where the image shrinks, its weights made to sum to 1.
func (r *Resize) wideTaps(x, scale float64, n int) taps1 {
	s, reach := min(scale, 1), 1.0
	if r.Mode == "cubic" {
		reach = 2
	}
	f := math.Ceil(x) - 1 // the pixel left of x
	start := math.Floor(-reach/s) + 1
	w := make([]float64, int(2-2*start))
	sum := 0.0
	for i := range w {
		w[i] = r.kernel(math.Abs(float64((start + float64(i) - (x - f)) * s)))
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
	}
	return r.spreadTaps(f+start, w, n)
}

// kernel is the weight at a distance in pixels.
func (r *Resize) kernel(d float64) float64 {
	if r.Mode == "linear" {
		return max(1-d, 0)
	}
	a, sq := r.cubic, float64(d*d)
	switch {
	case d <= 1:
		return float64(sq*(float64((a+2)*d)-(a+3))) + 1
	case d < 2:
		return float64(a * (float64(sq*(d-5)) + float64(8*d) - 4))
	}
	return 0
}

// spreadTaps are weights on the pixels from first on. Those outside repeat the border, or are left out on request.
func (r *Resize) spreadTaps(first float64, w []float64, n int) taps1 {
	p := taps1{at: make([]int, len(w)), weight: w}
	sum := 0.0
	for j := range w {
		i := first + float64(j)
		if r.exclude && (i < 0 || i >= float64(n)) {
			w[j] = 0
		}
		sum += w[j]
		p.at[j] = clampInt(i, n)
	}
	if r.exclude {
		for j := range w {
			w[j] /= sum
		}
	}
	return p
}

// buildResize interpolates every axis at once: the sum over the axes' taps, weights multiplied, in float64. Integer
// types are truncated and saturated, as numpy and ONNX Runtime have it: the operator itself names no rounding.
func buildResize(b *build) *Impl {
	if len(b.In) == 0 || b.In[0] == nil || len(b.In) > 4 || len(b.In[0].Shape) == 0 {
		return b.fail("1 to 4 inputs and a rank of at least 1 are expected")
	}
	r := b.resize()
	if b.err != nil {
		return nil
	}
	v := b.In[0]
	rank := len(r.In)
	tables := make([][]taps1, rank)
	st := strides(r.In)
	var from [][]int
	for k := range rank {
		tables[k] = r.taps(k)
		f := make([]int, len(tables[k]))
		for i, t := range tables[k] {
			f[i] = t.at[0] * st[k]
			if t.out {
				f[i] = fillMark
			}
		}
		from = append(from, f)
	}
	if r.Mode == "nearest" {
		m := newMover(v.Type.Size(), r.Out, from)
		m.fill = tensor.Aligned(8)
		if put := storer(v.Type); put != nil {
			put(m.fill, 0, float64(r.extra))
		}
		return moved(v.Type, m, r.Out)
	}
	counts := clone(r.Out)
	for k := range tables {
		if len(tables[k]) > 0 {
			counts = append(counts, len(tables[k][0].at))
		}
	}
	get, put := loader(v.Type), storer(v.Type)
	if v.Type != tensor.Float32 && !v.Type.IsInt8() {
		return b.fail("element type %v", v.Type)
	}
	lo0, hi0 := math.Inf(-1), math.Inf(1)
	whole := v.Type != tensor.Float32
	if whole {
		lo0, hi0, _ = integerRange(v.Type)
	}
	out := r.Out
	if rank >= 2 && v.Type == tensor.Float32 && r.planes(tables) {
		impl := r.planar(tables[rank-2], tables[rank-1])
		impl.Work = operations(counts...)
		return impl
	}
	impl := one(v.Type, out, product(out[:rank-1]), func(in, outs []*tensor.T, lo, hi int) {
		var pick [maxRank]*taps1
		row := out[rank-1]
		for u := lo; u < hi; u++ {
			rest := u
			for k := rank - 2; k >= 0; k-- {
				pick[k] = &tables[k][rest%out[k]]
				rest /= out[k]
			}
			for x := range row {
				pick[rank-1] = &tables[rank-1][x]
				y := r.sum(in[0].Data, get, pick[:rank], st, 0, 0, 1)
				for _, p := range pick[:rank] {
					if p.out {
						y = float64(r.extra)
					}
				}
				if whole {
					y = min(max(math.Trunc(y), lo0), hi0)
				}
				put(outs[0].Data, u*row+x, y)
			}
		}
	})
	impl.Work = operations(counts...)
	return impl
}

// planes reports whether the axes before the last two stay as they are and nothing is extrapolated.
func (r *Resize) planes(tables [][]taps1) bool {
	for k, table := range tables {
		for i, t := range table {
			if t.out || k < len(tables)-2 && (len(t.at) != 1 || t.at[0] != i || r.In[k] != r.Out[k]) {
				return false
			}
		}
	}
	return true
}

// planar is the same sum, in the same order, for float32 planes.
func (r *Resize) planar(ys, xs []taps1) *Impl {
	rank := len(r.In)
	h, w, oh, ow := r.In[rank-2], r.In[rank-1], r.Out[rank-2], r.Out[rank-1]
	return one(tensor.Float32, r.Out, product(r.Out[:rank-1]), func(in, outs []*tensor.T, lo, hi int) {
		for u := lo; u < hi; u++ {
			plane := tensor.View[float32](in[0])[u/oh*h*w:][:h*w]
			dst, ty := tensor.View[float32](outs[0])[u*ow:][:ow], &ys[u%oh]
			for x := range dst {
				tx, total := &xs[x], 0.0
				for j, wy := range ty.weight {
					if wy == 0 {
						continue
					}
					row, sum := plane[ty.at[j]*w:][:w], 0.0
					for i, wx := range tx.weight {
						if wx != 0 {
							sum += float64(float64(wy*wx) * float64(row[tx.at[i]]))
						}
					}
					total += sum
				}
				dst[x] = float32(total)
			}
		}
	})
}

// maxRank is the reader's bound on dimensions.
const maxRank = 32

// sum adds the weighted taps of axes k and on.
func (r *Resize) sum(src []byte, get func([]byte, int) float64, pick []*taps1, st []int, k, at int, weight float64) float64 {
	if k == len(pick) {
		return float64(weight * get(src, at))
	}
	total := 0.0
	for j, i := range pick[k].at {
		if w := pick[k].weight[j]; w != 0 {
			total += r.sum(src, get, pick, st, k+1, at+i*st[k], float64(weight*w))
		}
	}
	return total
}

// Whole reports whether the scales are those of the sizes, or do not matter: then output pixels lie where a resize between
// whole sizes puts them, which is all that integer kernels know.
func (r *Resize) Whole() bool {
	if r.Coord == "align_corners" {
		return true
	}
	for k := range r.In {
		want := float64(r.Out[k]) / float64(r.In[k])
		if math.Abs(r.scales[k]-want) > 1e-6*want {
			return false
		}
	}
	return true
}

// Scale is axis k's scale as the node gives it, or as its sizes do.
func (r *Resize) Scale(k int) float32 { return float32(r.scales[k]) }
