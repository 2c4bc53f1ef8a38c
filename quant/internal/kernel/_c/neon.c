// NEON without dot products (Cortex-A72): SMULL makes 16-bit products of signed bytes, which cannot overflow, and SADALP
// adds neighbours into 32 bits. A sum of 4 products is kept as two halves until the end.
#include <arm_neon.h>

struct acc {
	int32x4_t lo, hi;
};

static inline __attribute__((always_inline)) struct acc begin(int32x4_t bias) {
	int32x4_t zero = vdupq_n_s32(0);
	return (struct acc){vzip1q_s32(bias, zero), vzip2q_s32(bias, zero)};
}

static inline __attribute__((always_inline)) struct acc step(struct acc a, int8x16_t w, int8x16_t x) {
	a.lo = vpadalq_s16(a.lo, vmull_s8(vget_low_s8(w), vget_low_s8(x)));
	a.hi = vpadalq_s16(a.hi, vmull_high_s8(w, x));
	return a;
}

#define step_lane(a, w, x, lane) step(a, w, vreinterpretq_s8_s32(vdupq_laneq_s32(vreinterpretq_s32_s8(x), lane)))
#define end(a) vpaddq_s32((a).lo, (a).hi)
#define keep(a) __asm__("" : "+w"((a)->lo), "+w"((a)->hi))
#define VECTORS 2
#define PEAK 10
#define DEPTHWISE_WINDOWS "arm64_shift.h"
#include "arm64.h"

void pointwiseNEON(const struct conv_args *a) { pointwise(a); }

void denseNEON(const struct conv_args *a) { dense(a); }

void firstNEON(const struct conv_args *a) { first(a); }

void depthwise3x3s1NEON(const struct depthwise_args *a) { DEPTHWISE(depthwise_s1_1) }

void depthwise3x3s2NEON(const struct depthwise_args *a) { DEPTHWISE(depthwise_s2) }

void depthwiseAnyNEON(const struct depthwise_any_args *a) { depthwise_any(a); }

void peakNEON(const struct peak_args *a) { peak(a); }

// Residual add, a cell at a time.
INLINE float32x4_t centred(int16x4_t v, int32x4_t zero) { return vcvtq_f32_s32(vsubq_s32(vmovl_s16(v), zero)); }

INLINE int32x4_t sum(int16x4_t a, int16x4_t b, int32x4_t offset, float32x4_t sa, float32x4_t sb, float32x4_t constant) {
	return vcvtnq_s32_f32(vfmaq_f32(vfmaq_f32(constant, centred(b, offset), sb), centred(a, offset), sa));
}

INLINE int8x16_t narrow(const int32x4_t *v, int16x8_t zero, int8x16_t least, int8x16_t most) {
	int16x8_t lo = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(v[0]), v[1]), zero);
	int16x8_t hi = vqaddq_s16(vqmovn_high_s32(vqmovn_s32(v[2]), v[3]), zero);
	return vminq_s8(vmaxq_s8(vqmovn_high_s16(vqmovn_s16(lo), hi), least), most);
}

void addNEON(const struct add_args *a) {
	float32x4_t sa = vdupq_n_f32(a->scales[0]), sb = vdupq_n_f32(a->scales[1]), constant = vdupq_n_f32(a->scales[2]);
	int32x4_t offset = vdupq_n_s32((int32_t)a->offset);
	int16x8_t zero = vdupq_n_s16((int16_t)a->offset);
	int8x16_t least = vdupq_n_s8((int8_t)a->lo), most = vdupq_n_s8((int8_t)a->hi);
	for (word n = 0; n < a->blocks; n++) {
		const uint8_t *pa = a->a + n * a->a_block, *pb = a->b + n * a->b_block;
		int8_t *dst = (int8_t *)a->dst + n * a->dst_block;
		for (word i = 0; i < 16 * a->cells; i += 16) {
			int8x16_t x = load(pa + i), y = a->b_block ? load(pb + i) : load4(pb + i);
			int16x8_t xl = vmovl_s8(vget_low_s8(x)), xh = vmovl_high_s8(x), yl = vmovl_s8(vget_low_s8(y)), yh = vmovl_high_s8(y);
			int32x4_t v[4] = {
				sum(vget_low_s16(xl), vget_low_s16(yl), offset, sa, sb, constant),
				sum(vget_high_s16(xl), vget_high_s16(yl), offset, sa, sb, constant),
				sum(vget_low_s16(xh), vget_low_s16(yh), offset, sa, sb, constant),
				sum(vget_high_s16(xh), vget_high_s16(yh), offset, sa, sb, constant),
			};
			vst1q_s8(dst + i, narrow(v, zero, least, most));
		}
	}
}

// The product, a cell at a time.
INLINE int32x4_t product(int16x4_t a, int16x4_t b, float32x4_t za, float32x4_t zb, float32x4_t scale, float32x4_t zc) {
	float32x4_t va = vsubq_f32(vcvtq_f32_s32(vmovl_s16(a)), za), vb = vsubq_f32(vcvtq_f32_s32(vmovl_s16(b)), zb);
	return vcvtnq_s32_f32(vaddq_f32(vmulq_f32(vmulq_f32(va, vb), scale), zc));
}

void mulNEON(const struct add_args *a) {
	float32x4_t scale = vdupq_n_f32(a->scales[0]), za = vdupq_n_f32(a->scales[1]), zb = vdupq_n_f32(a->scales[2]), zc = vdupq_n_f32(a->scales[3]);
	int16x8_t zero = vdupq_n_s16((int16_t)a->offset);
	int8x16_t least = vdupq_n_s8((int8_t)a->lo), most = vdupq_n_s8((int8_t)a->hi);
	for (word n = 0; n < a->blocks; n++) {
		const uint8_t *pa = a->a + n * a->a_block, *pb = a->b + n * a->b_block;
		int8_t *dst = (int8_t *)a->dst + n * a->dst_block;
		for (word i = 0; i < 16 * a->cells; i += 16) {
			int8x16_t x = load(pa + i), y = a->b_block ? load(pb + i) : load4(pb + i);
			int16x8_t xl = vmovl_s8(vget_low_s8(x)), xh = vmovl_high_s8(x), yl = vmovl_s8(vget_low_s8(y)), yh = vmovl_high_s8(y);
			int32x4_t v[4] = {
				product(vget_low_s16(xl), vget_low_s16(yl), za, zb, scale, zc),
				product(vget_high_s16(xl), vget_high_s16(yl), za, zb, scale, zc),
				product(vget_low_s16(xh), vget_low_s16(yh), za, zb, scale, zc),
				product(vget_high_s16(xh), vget_high_s16(yh), za, zb, scale, zc),
			};
			vst1q_s8(dst + i, narrow(v, zero, least, most));
		}
	}
}

// Planes to cells, a block at a time.
void planesNEON(const struct planes_args *a) {
	uint8x16_t flip = vdupq_n_u8((uint8_t)a->flip), transpose = transposition();
	for (word b = 0; b < a->blocks; b++) {
		const uint8_t *p = a->src + 4 * b;
		uint32x4_t v = vld1q_dup_u32((const uint32_t *)p);
		v = vld1q_lane_u32((const uint32_t *)(p + a->plane), v, 1);
		v = vld1q_lane_u32((const uint32_t *)(p + 2 * a->plane), v, 2);
		v = vld1q_lane_u32((const uint32_t *)(p + 3 * a->plane), v, 3);
		vst1q_u8(a->dst + b * a->dst_block, veorq_u8(vqtbl1q_u8(vreinterpretq_u8_u32(v), transpose), flip));
	}
}

// Sums over a map, a cell at a time: 4 pixels of a channel side by side.
void sumNEON(const struct sum_args *a) {
	uint8x16_t transpose = transposition();
	int8x16_t keep = vreinterpretq_s8_s32(vdupq_n_s32((int32_t)a->keep));
	for (word c = 0; c < a->cells; c++) {
		int32x4_t acc = vdupq_n_s32(0);
		for (word y = 0; y < a->rows; y++) {
			const uint8_t *p = a->src + y * a->row + 16 * c;
			for (word b = 0; b < a->blocks; b++, p += a->src_block) {
				int8x16_t v = vqtbl1q_s8(load(p), transpose);
				if (b == a->blocks - 1) v = vandq_s8(v, keep);
				acc = vaddq_s32(acc, vpaddlq_s16(vpaddlq_s8(v)));
			}
		}
		vst1q_s32(a->sums + 4 * c, acc);
	}
}

// Table of 256 bytes: four lookups of 64, each leaving alone what lies outside its part.
void lookupNEON(const struct table_args *a) {
	uint8x16x4_t t[4];
	for (int i = 0; i < 4; i++) t[i] = vld1q_u8_x4(a->table + 64 * i);
	uint8x16_t part = vdupq_n_u8(64);
	for (word n = 0; n < a->bytes; n += 16) {
		uint8x16_t i = vld1q_u8(a->src + n), v = vqtbl4q_u8(t[0], i);
		for (int k = 1; k < 4; k++) {
			i = vsubq_u8(i, part);
			v = vqtbx4q_u8(v, t[k], i);
		}
		vst1q_u8(a->dst + n, v);
	}
}

// Linear enlargement: left and right neighbours by their weights, then the two rows. Weighted sums of signed
// bytes fit 16 bits: 128 · 16 · 16 = 2^15 below zero, 127 · 256 + 128 above.
struct rounding {
	int16x8_t bias, parity, odd, shift;
};

INLINE int8x8_t rounded(int16x8_t v, struct rounding r) {
	int16x8_t odd = vandq_s16(vaddq_s16(vshlq_s16(v, r.shift), r.parity), r.odd);
	return vmovn_s16(vshlq_s16(vaddq_s16(vaddq_s16(v, r.bias), odd), r.shift));
}

INLINE int8x16_t gather4_offset(const uint8_t *row, const word *offsets, word at) {
	int32x4_t v = vld1q_dup_s32((const int32_t *)(row + offsets[0] + at));
	v = vld1q_lane_s32((const int32_t *)(row + offsets[2] + at), v, 1);
	v = vld1q_lane_s32((const int32_t *)(row + offsets[4] + at), v, 2);
	v = vld1q_lane_s32((const int32_t *)(row + offsets[6] + at), v, 3);
	return vreinterpretq_s8_s32(v);
}

// Maxima of windows.
void maxNEON(const struct max_args *a) {
	for (word b = 0; b < a->blocks; b++) {
		for (word c = 0; c < a->cells; c++) {
			int8x16_t v = vdupq_n_s8(-128);
			for (word ky = 0; ky < a->taps_y; ky++) {
				const uint8_t *row = a->rows[ky] + 16 * c;
				const word *o = a->offsets + 4 * b;
				for (word kx = 0; kx < a->taps_x; kx++, o += 4 * a->blocks) {
					int32x4_t x = vld1q_dup_s32((const int32_t *)(row + o[0]));
					x = vld1q_lane_s32((const int32_t *)(row + o[1]), x, 1);
					x = vld1q_lane_s32((const int32_t *)(row + o[2]), x, 2);
					v = vmaxq_s8(v, vreinterpretq_s8_s32(vld1q_lane_s32((const int32_t *)(row + o[3]), x, 3)));
				}
			}
			vst1q_s8((int8_t *)a->dst + b * a->dst_block + 16 * c, v);
		}
	}
}

void resizeNEON(const struct resize_args *a) {
	struct rounding r = {vdupq_n_s16((int16_t)a->bias), vdupq_n_s16((int16_t)a->parity), vdupq_n_s16((int16_t)a->odd),
			vdupq_n_s16((int16_t)-a->shift)};
	int16_t wt = (int16_t)a->weight_top, wb = (int16_t)a->weight_bottom;
	for (word b = 0; b < a->blocks; b++) {
		const word *o = a->offsets + 8 * b;
		int8x16_t w0 = load(a->weights + 32 * b), w1 = load(a->weights + 32 * b + 16);
		int8x16_t wl = vuzp1q_s8(w0, w1), wr = vuzp2q_s8(w0, w1);
		for (word c = 0; c < a->cells; c++) {
			int8x16_t tl = gather4_offset(a->top, o, 16 * c), tr = gather4_offset(a->top, o + 1, 16 * c);
			int8x16_t bl = gather4_offset(a->bottom, o, 16 * c), br = gather4_offset(a->bottom, o + 1, 16 * c);
			int16x8_t t0 = vmlal_s8(vmull_s8(vget_low_s8(tl), vget_low_s8(wl)), vget_low_s8(tr), vget_low_s8(wr));
			int16x8_t t1 = vmlal_high_s8(vmull_high_s8(tl, wl), tr, wr);
			int16x8_t b0 = vmlal_s8(vmull_s8(vget_low_s8(bl), vget_low_s8(wl)), vget_low_s8(br), vget_low_s8(wr));
			int16x8_t b1 = vmlal_high_s8(vmull_high_s8(bl, wl), br, wr);
			int16x8_t v0 = vmlaq_n_s16(vmulq_n_s16(t0, wt), b0, wb), v1 = vmlaq_n_s16(vmulq_n_s16(t1, wt), b1, wb);
			vst1q_s8((int8_t *)a->dst + b * a->dst_block + 16 * c, vcombine_s8(rounded(v0, r), rounded(v1, r)));
		}
	}
}

// Linear resize of real values: a pixel of 4 channels is 4 floats.
INLINE float32x4_t real_pixel(const uint8_t *p, int32x4_t zero, float32x4_t scale) {
	int8x8_t v = vreinterpret_s8_s32(vld1_dup_s32((const int32_t *)p));
	return vmulq_f32(centred(vget_low_s16(vmovl_s8(v)), zero), scale);
}

void resizeRealNEON(const struct real_args *a) {
	float32x4_t scale = vdupq_n_f32(a->weights[0]), out = vdupq_n_f32(a->weights[3]);
	float wt = a->weights[1], wb = a->weights[2];
	int32x4_t zero_in = vdupq_n_s32((int32_t)a->zero_in);
	int16x8_t zero = vdupq_n_s16((int16_t)a->zero);
	int8x16_t least = vdupq_n_s8((int8_t)a->lo), most = vdupq_n_s8((int8_t)a->hi);
	for (word b = 0; b < a->blocks; b++) {
		for (word c = 0; c < a->cells; c++) {
			int32x4_t q[4];
			for (int i = 0; i < 4; i++) {
				const word *o = a->offsets + 8 * b + 2 * i;
				float wl = a->weight_left[4 * b + i], wr = a->weight_right[4 * b + i];
				float32x4_t v = vaddq_f32(vmulq_n_f32(real_pixel(a->top + o[0] + 16 * c, zero_in, scale), wl * wt),
						vmulq_n_f32(real_pixel(a->top + o[1] + 16 * c, zero_in, scale), wr * wt));
				v = vaddq_f32(v, vmulq_n_f32(real_pixel(a->bottom + o[0] + 16 * c, zero_in, scale), wl * wb));
				v = vaddq_f32(v, vmulq_n_f32(real_pixel(a->bottom + o[1] + 16 * c, zero_in, scale), wr * wb));
				q[i] = vcvtnq_s32_f32(vdivq_f32(v, out));
			}
			vst1q_s8((int8_t *)a->dst + b * a->dst_block + 16 * c, narrow(q, zero, least, most));
		}
	}
}

// nearest_double: a cell's pixels 0 0 1 1 are a cell of one block, 2 2 3 3 of the next.
INLINE void nearest_double(const struct nearest_args *a) {
	const uint8_t *src = a->src;
	uint8_t *dst = a->dst;
	for (word b = 0; b < a->blocks; b += 2, src += a->src_block, dst += 2 * a->dst_block) {
		for (word c = 0; c < a->cells; c++) {
			int32x4_t v = vreinterpretq_s32_s8(load(src + 16 * c));
			vst1q_s32((int32_t *)(dst + 16 * c), vzip1q_s32(v, v));
			if (b + 1 < a->blocks) vst1q_s32((int32_t *)(dst + a->dst_block + 16 * c), vzip2q_s32(v, v));
		}
	}
}

void nearestNEON(const struct nearest_args *a) {
	if (a->src_block) {
		nearest_double(a);
		return;
	}
	for (word b = 0; b < a->blocks; b++)
		for (word c = 0; c < a->cells; c++)
			vst1q_s8((int8_t *)a->dst + b * a->dst_block + 16 * c, gather4_offset(a->src, a->offsets + 8 * b, 16 * c));
}

// Enlargement with argmax, in float32, each operation rounded by itself and in one fixed order.
INLINE void plane_row(const uint8_t *row, float *planes, const struct argmax_args *a, uint8x16_t transpose) {
	int32x4_t zero = vdupq_n_s32((int32_t)a->zero);
	float32x4_t scale = vdupq_n_f32(a->weights[0]);
	word groups = (a->classes + 3) / 4;
	for (word b = 0; b < a->blocks; b++) {
		for (word g = 0; g < groups; g++) {
			int8x16_t cell = vqtbl1q_s8(load(row + b * a->src_block + 16 * g), transpose);
			int16x8_t lo = vmovl_s8(vget_low_s8(cell)), hi = vmovl_high_s8(cell);
			float *to = planes + 4 * g * a->plane + 4 * b;
			vst1q_f32(to, vmulq_f32(centred(vget_low_s16(lo), zero), scale));
			vst1q_f32(to + a->plane, vmulq_f32(centred(vget_high_s16(lo), zero), scale));
			vst1q_f32(to + 2 * a->plane, vmulq_f32(centred(vget_low_s16(hi), zero), scale));
			vst1q_f32(to + 3 * a->plane, vmulq_f32(centred(vget_high_s16(hi), zero), scale));
		}
	}
}

// lanes makes the byte numbers of 4-byte lanes.
INLINE uint8x16_t lanes(int32x4_t n, uint32x4_t bytes) {
	uint32x4_t v = vshlq_n_u32(vreinterpretq_u32_s32(n), 2);
	v = vorrq_u32(v, vshlq_n_u32(v, 8));
	return vreinterpretq_u8_u32(vaddq_u32(vorrq_u32(v, vshlq_n_u32(v, 16)), bytes));
}

INLINE float32x4_t pick(float32x4_t v, uint8x16_t at) { return vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(v), at)); }

// winners_row finds the first of the greatest classes of each pixel.
INLINE void winners_row(float *planes, const struct argmax_args *a) {
	for (word x = 0; x < 4 * a->blocks; x += 4) {
		float32x4_t best = vld1q_f32(planes + x);
		uint32x4_t at = vdupq_n_u32(0);
		for (word c = 1; c < a->classes; c++) {
			float32x4_t v = vld1q_f32(planes + c * a->plane + x);
			uint32x4_t more = vcgtq_f32(v, best);
			best = vbslq_f32(more, v, best);
			at = vbslq_u32(more, vdupq_n_u32((uint32_t)c), at);
		}
		vst1q_s32(winners(planes, a) + x, vreinterpretq_s32_u32(at));
	}
}

INLINE void filled(const uint8_t *row, float *planes, const struct argmax_args *a) {
	plane_row(row, planes, a, transposition());
	if (a->sure) winners_row(planes, a);
}

INLINE uint32_t bytes_of(uint32x4_t n) {
	uint16x4_t half = vmovn_u32(n);
	return vget_lane_u32(vreinterpret_u32_u8(vmovn_u16(vcombine_u16(half, half))), 0);
}

INLINE void store_classes(uint8_t *dst, uint32_t bits, word n) {
	if (n >= 4)
		*(uint32_t *)dst = bits;
	else
		for (word i = 0; i < n; i++, bits >>= 8) dst[i] = (uint8_t)bits;
}

void resizeArgMaxNEON(const struct argmax_args *a) {
	if (a->fill & 1) filled(a->top, a->above, a);
	if (a->fill & 2) filled(a->bottom, a->below, a);
	const int32_t *upper = winners(a->above, a), *lower = winners(a->below, a);
	uint32x4_t bytes = vdupq_n_u32(0x03020100);
	uint64_t order = 0x03020100; // hidden from the compiler, which would put 0 1 2 3 in memory
	__asm__("" : "+r"(order));
	int32x4_t numbers = vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(vmovl_u8(vcreate_u8(order)))));
	for (word x = 0; x < a->out_width; x += 4) {
		int32_t base = a->left[x], winner = upper[base];
		word row = 0, exist = a->out_width - x;
		if (a->sure) {
			// 4 output pixels lie on at most 4 others; those behind the last one read do not count.
			int32x4_t last = vdupq_n_s32(a->right[x + 3] - base);
			int32x4_t differ = vorrq_s32(veorq_s32(vld1q_s32(upper + base), vdupq_n_s32(winner)), veorq_s32(vld1q_s32(lower + base), vdupq_n_s32(winner)));
			if (vmaxvq_u32(vandq_u32(vreinterpretq_u32_s32(differ), vcleq_s32(numbers, last))) == 0) {
				uint32_t bits = bytes_of(vdupq_n_u32((uint32_t)winner));
				for (; row < a->rows; row++) store_classes(a->dst + row * a->out_width + x, bits, exist);
				continue;
			}
		}
		int32x4_t from = vdupq_n_s32(base);
		uint8x16_t left = lanes(vsubq_s32(vld1q_s32(a->left + x), from), bytes);
		uint8x16_t right = lanes(vsubq_s32(vld1q_s32(a->right + x), from), bytes);
		float32x4_t wl = vld1q_f32(a->weight_left + x), wr = vld1q_f32(a->weight_right + x);
		for (; row < a->rows; row++) {
			float wt = a->weights[2 * row + 1], wb = a->weights[2 * row + 2];
			float32x4_t tl = vmulq_n_f32(wl, wt), tr = vmulq_n_f32(wr, wt), bl = vmulq_n_f32(wl, wb), br = vmulq_n_f32(wr, wb);
			float32x4_t best = vdupq_n_f32(0);
			uint32x4_t at = vdupq_n_u32(0);
			for (word c = 0; c < a->classes; c++) {
				float32x4_t t = vld1q_f32(a->above + c * a->plane + base), b = vld1q_f32(a->below + c * a->plane + base);
				float32x4_t v = vaddq_f32(vmulq_f32(tl, pick(t, left)), vmulq_f32(tr, pick(t, right)));
				v = vaddq_f32(v, vmulq_f32(bl, pick(b, left)));
				v = vaddq_f32(v, vmulq_f32(br, pick(b, right)));
				uint32x4_t more = c == 0 ? vdupq_n_u32(0xffffffff) : vcgtq_f32(v, best);
				best = vbslq_f32(more, v, best);
				at = vbslq_u32(more, vdupq_n_u32((uint32_t)c), at);
			}
			store_classes(a->dst + row * a->out_width + x, bytes_of(at), exist);
		}
	}
}

#include "margin.h"

INLINE void store_bytes(uint8_t *p, const margin_ints *v) {
	uint32x4_t part[4];
	__builtin_memcpy(part, v, sizeof part);
	uint16x8_t lo = vcombine_u16(vmovn_u32(part[0]), vmovn_u32(part[1])), hi = vcombine_u16(vmovn_u32(part[2]), vmovn_u32(part[3]));
	vst1q_u8(p, vcombine_u8(vmovn_u16(lo), vmovn_u16(hi)));
}

void marginNEON(const struct margin_args *a) { margin(a); }
