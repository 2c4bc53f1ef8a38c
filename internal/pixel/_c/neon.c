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
