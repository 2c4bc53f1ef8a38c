// Image loops on 128-bit registers.
#include <arm_neon.h>
#include <stdint.h>
#define LANES 4
typedef int32_t v __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) v high(v a, v b) {
	int32x4_t x = (int32x4_t)a, y = (int32x4_t)b;
	int64x2_t lo = vmull_s32(vget_low_s32(x), vget_low_s32(y)), hi = vmull_high_s32(x, y);
	return (v)vuzp2q_s32(vreinterpretq_s32_s64(lo), vreinterpretq_s32_s64(hi));
}

static inline __attribute__((always_inline)) v lookup(const uint32_t *table, v index) {
	v f = {0};
	for (int i = 0; i < LANES; i++)
		f[i] = (int32_t)table[index[i]];
	return f;
}

static inline __attribute__((always_inline)) v readings(const uint16_t *p) {
	return (v)vreinterpretq_s32_u32(vmovl_u16(vld1_u16(p)));
}

static inline __attribute__((always_inline)) int any(v x) {
	return vmaxvq_u32(vreinterpretq_u32_s32((int32x4_t)x)) != 0;
}

static inline __attribute__((always_inline)) v spread(const int32_t *p, int parts) {
	(void)parts; // no run is shorter
	return (v)vdupq_n_s32(p[0]);
}

#include "glide.h"

void glideNEON(const struct glide_args *a) { GLIDE(a) }

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
