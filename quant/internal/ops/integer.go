package ops

import "github.com/depthwise/depthwise/quant/internal/tensor"

// widen reads 8-bit element i of a type.
func widen(t tensor.DType) func(b []byte, i int) int32 {
	if t == tensor.Int8 {
		return func(b []byte, i int) int32 { return int32(int8(b[i])) }
	}
	return func(b []byte, i int) int32 { return int32(b[i]) }
}

// zeroOf is a zero point that is a scalar or one per slice of an axis of n: how many there are, 0 when omitted.
func (b *build) zeroOf(i, of, n int) int {
	z := b.in(i)
	if z == nil {
		return 0
	}
	count := product(z.Shape)
	if z.Type != b.In[of].Type || len(z.Shape) > 1 && count != n || count != 1 && count != n {
		b.fail("zero point is %v of shape %v for %v and %d slices", z.Type, z.Shape, b.In[of].Type, n)
	}
	return count
}

// buildConvInteger is the convolution of 8-bit values less their zero points in int32.
func buildConvInteger(b *build) *Impl {
	if !b.arity(2, 4) || !b.want(0, tensor.Uint8, tensor.Int8) || !b.want(1, tensor.Uint8, tensor.Int8) {
		return nil
	}
	c := b.conv(b.In[0].Shape, b.In[1].Shape)
	if b.err != nil {
		return nil
	}
	xZeros, wZeros := b.zeroOf(2, 0, 1), b.zeroOf(3, 1, c.Out)
	getX, getW := widen(b.In[0].Type), widen(b.In[1].Type)
	ig, og := c.In/c.Groups, c.Out/c.Groups
	impl := one(tensor.Int32, c.OutShape(), c.N*c.Out*c.OH, func(in, out []*tensor.T, lo, hi int) {
		y := tensor.View[int32](out[0])
		var zx int32
		if xZeros > 0 {
			zx = getX(in[2].Data, 0)
		}
		for u := lo; u < hi; u++ {
			oy, oc, n := u%c.OH, u/c.OH%c.Out, u/(c.OH*c.Out)
			row := y[u*c.OW:][:c.OW]
			clear(row)
			var zw int32
			if wZeros > 0 {
				zw = getW(in[3].Data, oc%wZeros)
			}
			k0, k1 := taps(oy*c.StrideY-c.PadTop, c.KH, c.DilationY, c.H)
			for ic := range ig {
				plane := (n*c.In + oc/og*ig + ic) * c.H * c.W
				for ky := k0; ky < k1; ky++ {
					src := plane + (oy*c.StrideY-c.PadTop+ky*c.DilationY)*c.W
					for kx := range c.KW {
						w := getW(in[1].Data, ((oc*ig+ic)*c.KH+ky)*c.KW+kx) - zw
						at := kx*c.DilationX - c.PadLeft
						for x := range row {
							if s := x*c.StrideX + at; s >= 0 && s < c.W {
								row[x] += (getX(in[0].Data, src+s) - zx) * w
							}
						}
					}
				}
			}
		}
	})
	impl.MACs = c.MACs()
	return impl
}

// buildMatMulInteger is the product of 8-bit matrices less their zero points in int32: one of them for all, one a row of
// the left operand, one a column of the right.
func buildMatMulInteger(b *build) *Impl {
	if !b.arity(2, 4) || !b.want(0, tensor.Uint8, tensor.Int8) || !b.want(1, tensor.Uint8, tensor.Int8) {
		return nil
	}
	m := b.matmul(b.In[0].Shape, b.In[1].Shape)
	if b.err != nil {
		return nil
	}
	aZeros, cZeros := b.zeroOf(2, 0, m.M), b.zeroOf(3, 1, m.N)
	getA, getC := widen(b.In[0].Type), widen(b.In[1].Type)
	impl := one(tensor.Int32, m.Out, m.Batches*m.M, func(in, out []*tensor.T, lo, hi int) {
		y := tensor.View[int32](out[0])
		for u := lo; u < hi; u++ {
			batch, i := u/m.M, u%m.M
			var za int32
			if aZeros > 0 {
				za = getA(in[2].Data, i%aZeros)
			}
			a, c := (m.batch.offset(0, batch)*m.M+i)*m.K, m.batch.offset(1, batch)*m.K*m.N
			dst := y[u*m.N:][:m.N]
			clear(dst)
			for k := range m.K {
				v := getA(in[0].Data, a+k) - za
				if v == 0 {
					continue
				}
				for j := range dst {
					var zc int32
					if cZeros > 0 {
						zc = getC(in[3].Data, j%cZeros)
					}
					dst[j] += v * (getC(in[1].Data, c+k*m.N+j) - zc)
				}
			}
		}
	})
	impl.MACs = m.MACs()
	return impl
}
