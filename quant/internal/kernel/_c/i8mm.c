// SMMLA (I8MM; Neoverse V1 and N2, Cortex-A710, Apple M2 and later): 2×2 int32 += 2×8 signed bytes times 8×2 others. Only the
// pointwise convolution is worth it: there two cells interleaved are pixels of 8 inputs.
#include <arm_neon.h>

struct acc {
	int32x4_t v;
};

#define begin(bias) ((struct acc){bias})
#define step(a, w, x) ((struct acc){vdotq_s32((a).v, w, x)})
#define step_lane(a, w, x, lane) ((struct acc){vdotq_laneq_s32((a).v, w, x, lane)})
#define end(a) ((a).v)
#define keep(a) __asm__("" : "+w"((a)->v))
#define VECTORS 4
#define PEAK 24
#define DEPTHWISE_WINDOWS "arm64_table.h"
#include "arm64.h"

INLINE int8x16_t zip_cells_low(int8x16_t a, int8x16_t b) {
	return vreinterpretq_s8_s32(vzip1q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}
INLINE int8x16_t zip_cells_high(int8x16_t a, int8x16_t b) {
	return vreinterpretq_s8_s32(vzip2q_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}
INLINE int32x4_t lows(int32x4_t a, int32x4_t b) {
	return vreinterpretq_s32_s64(vtrn1q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}
INLINE int32x4_t highs(int32x4_t a, int32x4_t b) {
	return vreinterpretq_s32_s64(vtrn2q_s64(vreinterpretq_s64_s32(a), vreinterpretq_s64_s32(b)));
}

// A tile is 4 pixels of V cells of outputs: sums of 2 outputs (o) for 2 pixels (p). Weights are packMatrix's.
#define MATRIX_STEP(V, FIRST, SECOND)                                                                         \
	{                                                                                                        \
		int8x16_t first = FIRST, second = SECOND;                                                            \
		int8x16_t x[2] = {zip_cells_low(first, second), zip_cells_high(first, second)};                      \
		for (int j = 0; j < V; j++)                                                                          \
			for (int o = 0; o < 2; o++) {                                                                    \
				int8x16_t wv = load(w + 32 * j + 16 * o);                                                    \
				for (int p = 0; p < 2; p++) sum[j][o][p] = vmmlaq_s32(sum[j][o][p], x[p], wv);               \
			}                                                                                                \
	}

#define MATRIX_TILE(V)                                                                                        \
	INLINE void matrix_##V(const struct conv_args *a, const uint8_t *src, uint8_t *dst, word cell, struct requant r) { \
		int32x4_t sum[V][2][2];                                                                              \
		for (int j = 0; j < V; j++) {                                                                        \
			int32x4_t bias = vld1q_s32(a->bias + 4 * (cell + j));                                            \
			for (int p = 0; p < 2; p++) {                                                                    \
				sum[j][0][p] = lows(bias, bias);                                                             \
				sum[j][1][p] = highs(bias, bias);                                                            \
			}                                                                                                \
		}                                                                                                    \
		const int8_t *w = a->weights + cell / 4 * ((a->steps + 1) / 2) * 128;                                \
		word k = 0;                                                                                          \
		for (; k + 2 <= a->steps; k += 2, w += 128, src += 32) MATRIX_STEP(V, load(src), load(src + 16))     \
		if (k < a->steps) MATRIX_STEP(V, load(src), vdupq_n_s8(0))                                           \
		for (int j = 0; j < V; j++) {                                                                        \
			struct acc out[4];                                                                               \
			for (int p = 0; p < 2; p++) {                                                                    \
				out[2 * p] = begin(lows(sum[j][0][p], sum[j][1][p]));                                        \
				out[2 * p + 1] = begin(highs(sum[j][0][p], sum[j][1][p]));                                   \
			}                                                                                                \
			vst1q_s8((int8_t *)dst + 16 * (cell + j), pack(out, vld1q_f32(a->scale + 4 * (cell + j)), r));   \
		}                                                                                                    \
	}

TILES(MATRIX_TILE)

#define MATRIX_BODY(V) \
	for (word b = 0; b < a->blocks; b++) matrix_##V(a, a->src + b * a->src_block, a->dst + b * a->dst_block, cell, r);

void pointwiseI8MM(const struct conv_args *a) {
	struct requant r = requant_of(a->zero);
	EACH_TILE(MATRIX_BODY)
}

void peakI8MM(const struct peak_args *a) {
	int32x4_t sum[PEAK];
	int8x16_t x = vdupq_n_s8((int8_t)a->rounds);
	for (int i = 0; i < PEAK; i++) sum[i] = vdupq_n_s32(0);
	for (word n = 0; n < a->rounds; n++) {
		for (int i = 0; i < PEAK; i++) {
			sum[i] = vmmlaq_s32(sum[i], x, x);
			__asm__("" : "+w"(sum[i]), "+w"(x)); // another each time: no part of a step may be done once for all
		}
	}
	for (int i = 1; i < PEAK; i++) sum[0] = vaddq_s32(sum[0], sum[i]);
	vst1q_s32(a->sum, sum[0]);
}
