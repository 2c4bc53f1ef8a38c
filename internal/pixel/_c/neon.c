// Image loops on 128-bit registers.
#include <arm_neon.h>
#include <stdint.h>
#define LANES 8
typedef int16_t v __attribute__((vector_size(16)));
typedef v m;

static inline __attribute__((always_inline)) v mul(v a, v b) { return (v)vqrdmulhq_s16((int16x8_t)a, (int16x8_t)b); }

static inline __attribute__((always_inline)) v times(v a, v b) { return a * b; }

static inline __attribute__((always_inline)) v timesU(v a, v b) {
	uint16x8_t x = (uint16x8_t)a, y = (uint16x8_t)b;
	uint32x4_t lo = vmull_u16(vget_low_u16(x), vget_low_u16(y)), hi = vmull_high_u16(x, y);
	return (v)vuzp2q_u16(vreinterpretq_u16_u32(lo), vreinterpretq_u16_u32(hi));
}

static inline __attribute__((always_inline)) m less(v a, v b) { return (m)vcltq_s16((int16x8_t)a, (int16x8_t)b); }

static inline __attribute__((always_inline)) m lessU(v a, v b) { return (m)vcltq_u16((uint16x8_t)a, (uint16x8_t)b); }

static inline __attribute__((always_inline)) v plus(v a, m marked) { return a - marked; }

static inline __attribute__((always_inline)) v shift(v a, int64_t n) { return (v)vshlq_s16((int16x8_t)a, vdupq_n_s16((int16_t)-n)); }

static inline __attribute__((always_inline)) int any(m x) { return vmaxvq_u16((uint16x8_t)x) != 0; }

// bits moves the lowest bit of byte i to bit 56 + i.
static inline __attribute__((always_inline)) uint32_t bits(m x) {
	uint64_t bytes = vget_lane_u64(vreinterpret_u64_u8(vmovn_u16((uint16x8_t)x)), 0);
	return (uint32_t)((bytes & 0x0101010101010101) * 0x0102040810204080 >> 56);
}

static inline __attribute__((always_inline)) v inverse(v d, float share, float shift) {
	const float32x4_t one = vdupq_n_f32(share), more = vdupq_n_f32(shift);
	uint16x8_t x = (uint16x8_t)d;
	uint32x4_t part[2] = {vmovl_u16(vget_low_u16(x)), vmovl_high_u16(x)};
	int32x4_t f[2];
	for (int i = 0; i < 2; i++)
		f[i] = vcvtq_s32_f32(vdivq_f32(one, vaddq_f32(vcvtq_f32_u32(part[i]), more)));
	return (v)vmovn_high_s32(vmovn_s32(f[0]), f[1]);
}

#include "glide.h"

void glideNEON(const struct glide_args *a) { glide(a); }

#include "halve.h"

void halveColorNEON(const struct halve_color_args *a) {
	uint8_t *dst = a->dst;
	for (word i = 0; i < a->n; i += 8, dst += 8 * a->step) {
		uint8x16x3_t t = vld3q_u8(a->top + 6 * i), b = vld3q_u8(a->bottom + 6 * i);
		uint8x8_t red = vrshrn_n_u16(vpadalq_u8(vpaddlq_u8(t.val[0]), b.val[0]), 2);
		uint8x8_t green = vrshrn_n_u16(vpadalq_u8(vpaddlq_u8(t.val[1]), b.val[1]), 2);
		uint8x8_t blue = vrshrn_n_u16(vpadalq_u8(vpaddlq_u8(t.val[2]), b.val[2]), 2);
		if (a->bgr) {
			uint8x8_t swap = red;
			red = blue;
			blue = swap;
		}
		if (a->step == 4)
			vst4_u8(dst, ((uint8x8x4_t){{red, green, blue, vdup_n_u8(0)}}));
		else
			vst3_u8(dst, ((uint8x8x3_t){{red, green, blue}}));
	}
}

void halveDepthNEON(const struct halve_depth_args *a) {
	const float32x4_t third = vdupq_n_f32(a->shares[3]);
	uint8_t *dst = a->dst;
	for (word i = 0; i < a->n; i += 8) {
		uint16x8x2_t t = vld2q_u16(a->top + 2 * i), u = vld2q_u16(a->bottom + 2 * i);
		uint16x8_t of[4] = {t.val[0], t.val[1], u.val[0], u.val[1]};
		uint16x8_t r = of[3];
		for (int j = 2; j >= 0; j--)
			r = vbslq_u16(vtstq_u16(of[j], of[j]), of[j], r);
		uint16x8_t slack = vshrq_n_u16(r, 5), n = vdupq_n_u16(0);
		uint32x4_t sum[2] = {vdupq_n_u32(0), vdupq_n_u32(0)};
		for (int j = 0; j < 4; j++) {
			uint16x8_t close = vcleq_u16(vabdq_u16(of[j], r), slack), v = vandq_u16(of[j], close);
			n = vsubq_u16(n, close);
			sum[0] = vaddw_u16(sum[0], vget_low_u16(v));
			sum[1] = vaddw_high_u16(sum[1], v);
		}
		for (int j = 0; j < 2; j++) {
			uint32x4_t count = j ? vmovl_high_u16(n) : vmovl_u16(vget_low_u16(n)), half = vshrq_n_u32(count, 1);
			uint32x4_t x = vaddq_u32(sum[j], half);
			// n of 1, 2 and 4 divide by shifting as far as n/2 says.
			uint32x4_t mean = vshlq_u32(x, vnegq_s32(vreinterpretq_s32_u32(half)));
			mean = vbslq_u32(vceqq_u32(count, vdupq_n_u32(3)), vcvtq_u32_f32(vmulq_f32(vcvtq_f32_u32(x), third)), mean);
			for (int k = 0; k < 4; k++, dst += a->step)
				*dst = a->table[mean[k]];
		}
	}
}

typedef uint32_t u4 __attribute__((vector_size(16)));
typedef int16_t i8 __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) u4 wide4(const uint16_t *p) { return (u4)vmovl_u16(vld1_u16(p)); }

static inline __attribute__((always_inline)) u4 divide(u4 x, uint32_t m, int64_t k) {
	const uint32x4_t by = vdupq_n_u32(m);
	const int64x2_t shift = vdupq_n_s64(-k);
	uint64x2_t lo = vshlq_u64(vmull_u32(vget_low_u32((uint32x4_t)x), vget_low_u32(by)), shift), hi = vshlq_u64(vmull_high_u32((uint32x4_t)x, by), shift);
	return (u4)vmovn_high_u64(vmovn_u64(lo), hi);
}

static inline __attribute__((always_inline)) void store4(uint8_t *p, u4 x) {
	uint16x4_t y = vmovn_u32((uint32x4_t)x);
	uint32_t z = vget_lane_u32(vreinterpret_u32_u8(vmovn_u16(vcombine_u16(y, y))), 0);
	__builtin_memcpy(p, &z, 4);
}

static inline __attribute__((always_inline)) i8 load8(const int16_t *p) { return (i8)vld1q_s16(p); }

static inline __attribute__((always_inline)) i8 every8(int16_t x) { return (i8)vdupq_n_s16(x); }

static inline __attribute__((always_inline)) i8 near8(i8 a, i8 b, i8 slack) {
	return (i8)vcleq_u16(vabdq_u16((uint16x8_t)a, (uint16x8_t)b), (uint16x8_t)slack);
}

static inline __attribute__((always_inline)) i8 two4(const uint16_t *p, const uint16_t *q) { return (i8)vcombine_u16(vld1_u16(p), vld1_u16(q)); }

static inline __attribute__((always_inline)) int any8(i8 x) { return vmaxvq_u16((uint16x8_t)x) != 0; }

static inline __attribute__((always_inline)) uint32_t sums8(i8 x, i8 y, uint32_t *n) {
	*n = vaddvq_u16((uint16x8_t)y);
	return (uint32_t)vaddlvq_s16((int16x8_t)x);
}

static inline __attribute__((always_inline)) void blend32(uint16_t *dst, const uint8_t *src, int64_t stride, const uint16_t *weights, int64_t taps) {
	uint16x8_t sum[4] = {vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0)};
	for (int64_t k = 0; k < taps; k++, src += stride) {
		uint16x8_t w = vdupq_n_u16(weights[k]);
		for (int i = 0; i < 4; i++)
			sum[i] = vmlaq_u16(sum[i], vmovl_u8(vld1_u8(src + 8 * i)), w);
	}
	for (int i = 0; i < 4; i++)
		vst1q_u16(dst + 8 * i, sum[i]);
}

#include "shrink.h"

void blendRowsNEON(const struct blend_rows_args *a) { blendRows(a); }

void blendAcrossNEON(const struct blend_across_args *a) { blendAcross(a); }

void boxDepthNEON(const struct box_depth_args *a) { boxDepth(a); }

// args.go: doubleArgs.
struct double_args {
	uint8_t *dst;
	const uint8_t *src;
	word n; // of src, a multiple of 32
};

void doubleNEON(const struct double_args *a) {
	for (word i = 0; i < a->n; i += 16) {
		uint8x16_t x = vld1q_u8(a->src + i);
		vst2q_u8(a->dst + 2 * i, ((uint8x16x2_t){{x, x}}));
	}
}

static inline __attribute__((always_inline)) i8 load4(const uint8_t *p) {
	uint32_t x;
	__builtin_memcpy(&x, p, 4);
	return (i8)vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(x)));
}

static inline __attribute__((always_inline)) uint32_t low4(i8 x) { return vget_lane_u32(vreinterpret_u32_u8(vmovn_u16((uint16x8_t)x)), 0); }

static inline __attribute__((always_inline)) i8 abs8(i8 x) { return (i8)vabsq_s16((int16x8_t)x); }

static inline __attribute__((always_inline)) i8 min8(i8 a, i8 b) { return (i8)vminq_s16((int16x8_t)a, (int16x8_t)b); }

typedef int32_t w8 __attribute__((vector_size(32)));

static inline __attribute__((always_inline)) w8 bytes8(const uint8_t *p, int64_t twice) {
	uint8x8_t x;
	if (twice) {
		uint32_t four;
		__builtin_memcpy(&four, p, 4);
		x = vreinterpret_u8_u32(vdup_n_u32(four));
		x = vzip1_u8(x, x);
	} else
		x = vld1_u8(p);
	uint16x8_t wide = vmovl_u8(x);
	__asm__("" : "+w"(wide)); // else a table of indices, in memory
	uint32x4_t part[2] = {vmovl_u16(vget_low_u16(wide)), vmovl_high_u16(wide)};
	w8 y;
	__builtin_memcpy(&y, part, sizeof y);
	return y;
}

static inline __attribute__((always_inline)) uint8x8_t narrow8(w8 x) {
	int32x4_t part[2];
	__builtin_memcpy(part, &x, sizeof x);
	return vqmovun_s16(vqmovn_high_s32(vqmovn_s32(part[0]), part[1]));
}

static inline __attribute__((always_inline)) void store3(uint8_t *dst, w8 r, w8 g, w8 b, const uint8_t *close) {
	(void)close;
	vst3_u8(dst, ((uint8x8x3_t){{narrow8(r), narrow8(g), narrow8(b)}}));
}

#include "decode.h"

void paethNEON(const struct paeth_args *a) { paeth(a); }

void ycbcrNEON(const struct ycbcr_args *a) { ycbcr(a); }

#include "scan.h"

void differNEON(const struct differ_args *a) {
	int32_t *dst = a->dst;
	for (word i = 0; i < a->n; i += 16) {
		uint8x16_t other = vmvnq_u8(vceqq_u8(vld1q_u8(a->a + i), vld1q_u8(a->b + i)));
		uint64_t m = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(other), 4)), 0) & 0x8888888888888888;
		for (; m; m &= m - 1)
			*dst++ = (int32_t)(i + (__builtin_ctzll(m) >> 2));
	}
	*a->found = dst - a->dst;
}

void zerosNEON(const struct zeros_args *a) {
	uint16x8_t sum[2] = {vdupq_n_u16(0), vdupq_n_u16(0)};
	for (word i = 0; i < a->n; i += 16)
		for (int j = 0; j < 2; j++)
			sum[j] = vsubq_u16(sum[j], vceqzq_u16(vld1q_u16(a->src + i + 8 * j)));
	*a->found = (word)vaddlvq_u16(sum[0]) + (word)vaddlvq_u16(sum[1]);
}
