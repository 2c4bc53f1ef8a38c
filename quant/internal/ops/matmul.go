package ops

import (
	"github.com/depthwise/depthwise/quant/internal/tensor"
)

// MatMul is the geometry of a batched matrix product under numpy's rule.
type MatMul struct {
	Out     []int // output shape
	M, K, N int
	batch   *spread // over the batch axes: one "row" a matrix
	Batches int
}

// MatMulOf checks two operands' shapes.
func MatMulOf(a, c []int) (*MatMul, error) {
	b := &build{Node: &Node{Op: "MatMul"}, used: map[string]bool{}}
	m := b.matmul(a, c)
	return m, b.err
}

func (b *build) matmul(x, y []int) *MatMul {
	if len(x) == 0 || len(y) == 0 {
		b.fail("cannot multiply %v by %v", x, y)
		return nil
	}
	row, col := len(x) == 1, len(y) == 1
	if row {
		x = []int{1, x[0]}
	}
	if col {
		y = []int{y[0], 1}
	}
	m := &MatMul{M: x[len(x)-2], K: x[len(x)-1], N: y[len(y)-1]}
	if y[len(y)-2] != m.K {
		b.fail("cannot multiply %v by %v", x, y)
		return nil
	}
	bx, by := x[:len(x)-2], y[:len(y)-2]
	batch := b.broadcast(bx, by)
	if b.err != nil {
		return nil
	}
	m.Out = clone(batch)
	if !row {
		m.Out = append(m.Out, m.M)
	}
	if !col {
		m.Out = append(m.Out, m.N)
	}
	m.Batches = product(batch)
	// An extra axis of 1 makes each matrix a row of its own.
	m.batch = &spread{shape: batch}
	for _, o := range [][]int{bx, by} {
		p := make([]int, len(batch))
		for k := range p {
			p[k] = 1
		}
		copy(p[len(batch)-len(o):], o)
		st := strides(p)
		for k := range st {
			if p[k] == 1 {
				st[k] = 0
			}
		}
		m.batch.step = append(m.batch.step, st)
	}
	b.volume(m.Out)
	return m
}

// MACs is the number of multiply-accumulates.
func (m *MatMul) MACs() int64 { return int64(m.Batches) * int64(m.M) * int64(m.K) * int64(m.N) }

// buildMatMul is the float32 product; every output row is a sum of scaled rows of the right operand, in order.
func buildMatMul(b *build) *Impl {
	if !b.arity(2, 2) || !b.want(0, tensor.Float32) || !b.want(1, tensor.Float32) {
		return nil
	}
	m := b.matmul(b.In[0].Shape, b.In[1].Shape)
	if b.err != nil {
		return nil
	}
	impl := one(tensor.Float32, m.Out, m.Batches*m.M, func(in, out []*tensor.T, lo, hi int) {
		x, y, z := tensor.View[float32](in[0]), tensor.View[float32](in[1]), tensor.View[float32](out[0])
		for u := lo; u < hi; u++ {
			batch, i := u/m.M, u%m.M
			a := x[(m.batch.offset(0, batch)*m.M+i)*m.K:][:m.K]
			c := y[m.batch.offset(1, batch)*m.K*m.N:][:m.K*m.N]
			dst := z[u*m.N:][:m.N]
			clear(dst)
			for k, v := range a {
				axpy(dst, c[k*m.N:], v)
			}
		}
	})
	impl.MACs = m.MACs()
	return impl
}

// axpy is dst += src·v, each product rounded.
func axpy(dst, src []float32, v float32) {
	src = src[:len(dst)]
	for j := range dst {
		dst[j] += float32(src[j] * v)
	}
}

// buildGemm is alpha·A·B + beta·C with optional transpositions.
func buildGemm(b *build) *Impl {
	if !b.arity(2, 3) || !b.rank(0, 2) || !b.rank(1, 2) {
		return nil
	}
	for i := range b.In {
		if !b.want(i, tensor.Float32) {
			return nil
		}
	}
	alpha, beta := b.attrFloat("alpha", 1), b.attrFloat("beta", 1)
	ta, tb := b.attrBool("transA", false), b.attrBool("transB", false)
	x, y := b.In[0].Shape, b.In[1].Shape
	m, k, n, k2 := x[0], x[1], y[1], y[0]
	if ta {
		m, k = k, m
	}
	if tb {
		n, k2 = k2, n
	}
	if k != k2 {
		return b.fail("cannot multiply %v by %v (transA %v, transB %v)", x, y, ta, tb)
	}
	out := []int{m, n}
	var bias *spread
	if c := b.in(2); c != nil {
		if s := b.broadcast(out, c.Shape); b.err != nil || !tensor.Equal(s, out) {
			return b.fail("C of %v does not broadcast to %v", c.Shape, out)
		}
		bias = &spread{shape: []int{m}, row: n, step: [][]int{{0}}, inner: []int{0}}
		cs := append([]int{1, 1}, c.Shape...)
		cs = cs[len(cs)-2:]
		if cs[1] != 1 {
			bias.inner[0] = 1
		}
		if cs[0] != 1 {
			bias.step[0][0] = cs[1]
		}
	}
	impl := one(tensor.Float32, out, m, func(in, outs []*tensor.T, lo, hi int) {
		a, w, z := tensor.View[float32](in[0]), tensor.View[float32](in[1]), tensor.View[float32](outs[0])
		for i := lo; i < hi; i++ {
			dst := z[i*n:][:n]
			clear(dst)
			for j := range k {
				at := i*x[1] + j
				if ta {
					at = j*x[1] + i
				}
				v := a[at]
				if !tb {
					axpy(dst, w[j*n:], v)
					continue
				}
				for o := range dst {
					dst[o] += float32(v * w[o*k+j])
				}
			}
			for o := range dst {
				dst[o] *= alpha
			}
			if bias != nil {
				c := tensor.View[float32](in[2])[bias.offset(0, i):]
				for o := range dst {
					dst[o] += float32(beta * c[o*bias.inner[0]])
				}
			}
		}
	})
	impl.MACs = int64(m) * int64(k) * int64(n)
	return impl
}
