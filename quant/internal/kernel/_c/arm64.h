// The arm64 kernels, for both dot products: dotprod.c and neon.c define struct acc and its functions
//
//	struct acc begin(int32x4_t bias)                                 4 sums
//	struct acc step(struct acc, int8x16_t w, int8x16_t x)            each += Σ of 4 products
//	struct acc step_lane(struct acc, int8x16_t w, int8x16_t x, lane) the same with 4 bytes of x for all of w
//	int32x4_t end(struct acc)
//
// VECTORS (cells of outputs that a tile holds in registers) and the suffix of the names. Activations are signed.
#include <arm_neon.h>
#include "args.h"

#define INLINE static inline __attribute__((always_inline))

struct requant {
	int16x8_t zero;
};

INLINE struct requant requant_of(word zero) { return (struct requant){vdupq_n_s16((int16_t)zero)}; }

INLINE int32x4_t scaled(struct acc a, float32x4_t scale) {
	return vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(end(a)), scale));
}

// pack is the requantization of one cell: 4 pixels of 4 outputs.
INLINE int8x16_t pack(const struct acc *a, float32x4_t scale, struct requant r) {
	int16x8_t p01 = vqmovn_high_s32(vqmovn_s32(scaled(a[0], scale)), scaled(a[1], scale));
	int16x8_t p23 = vqmovn_high_s32(vqmovn_s32(scaled(a[2], scale)), scaled(a[3], scale));
	return vqmovn_high_s16(vqmovn_s16(vqaddq_s16(p01, r.zero)), vqaddq_s16(p23, r.zero));
}

INLINE int8x16_t load(const void *p) { return vld1q_s8(p); }
INLINE int8x16_t load4(const uint8_t *p) { return vreinterpretq_s8_s32(vld1q_dup_s32((const int32_t *)p)); }

// A tile is 4 pixels of V cells of outputs; a group's 4 cells lie together in the packed weights.
#define BEGIN(V)                                                                \
	struct acc acc[V][4];                                                      \
	for (int j = 0; j < V; j++) {                                              \
		int32x4_t bias = vld1q_s32(a->bias + 4 * (cell + j));                  \
		for (int i = 0; i < 4; i++) acc[j][i] = begin(bias);                   \
	}

#define END(V)                                                                  \
	for (int j = 0; j < V; j++)                                                \
		vst1q_s8((int8_t *)dst + 16 * (cell + j), pack(acc[j], vld1q_f32(a->scale + 4 * (cell + j)), r));

// weights_at is where the steps of a cell of outputs begin.
INLINE const int8_t *weights_at(const struct conv_args *a, word cell, word steps) {
	return a->weights + (cell / 4) * steps * 64 + cell % 4 * 16;
}

#define POINTWISE_TILE(V)                                                                                     \
	INLINE void pointwise_##V(const struct conv_args *a, const uint8_t *src, uint8_t *dst, word cell, struct requant r) { \
		BEGIN(V)                                                                                             \
		const int8_t *w = weights_at(a, cell, a->steps);                                                     \
		for (word k = 0; k < a->steps; k++, w += 64, src += 16) {                                            \
			int8x16_t x = load(src);                                                                         \
			for (int j = 0; j < V; j++) {                                                                    \
				int8x16_t wv = load(w + 16 * j);                                                             \
				acc[j][0] = step_lane(acc[j][0], wv, x, 0);                                                  \
				acc[j][1] = step_lane(acc[j][1], wv, x, 1);                                                  \
				acc[j][2] = step_lane(acc[j][2], wv, x, 2);                                                  \
				acc[j][3] = step_lane(acc[j][3], wv, x, 3);                                                  \
			}                                                                                                \
		}                                                                                                    \
		END(V)                                                                                               \
	}

#define DENSE_TILE(V)                                                                                         \
	INLINE void dense_##V(const struct conv_args *a, word b, word cell, struct requant r) {                  \
		BEGIN(V)                                                                                             \
		uint8_t *dst = a->dst + b * a->dst_block;                                                            \
		const int8_t *w = weights_at(a, cell, a->taps_y * a->taps_x * a->steps);                             \
		for (word ky = 0; ky < a->taps_y; ky++) {                                                            \
			const uint8_t *row = a->rows[ky];                                                                \
			const word *offset = a->offsets + 4 * b;                                                         \
			for (word kx = 0; kx < a->taps_x; kx++, offset += 4 * a->blocks) {                               \
				const uint8_t *p[4];                                                                         \
				for (int i = 0; i < 4; i++) p[i] = row && offset[i] >= 0 ? row + offset[i] : a->pad;         \
				for (word k = 0; k < a->steps; k++, w += 64) {                                               \
					int8x16_t x[4];                                                                          \
					for (int i = 0; i < 4; i++) x[i] = load4(p[i] + 16 * k);                                 \
					for (int j = 0; j < V; j++) {                                                            \
						int8x16_t wv = load(w + 16 * j);                                                     \
						for (int i = 0; i < 4; i++) acc[j][i] = step(acc[j][i], wv, x[i]);                   \
					}                                                                                        \
				}                                                                                            \
			}                                                                                                \
		}                                                                                                    \
		END(V)                                                                                               \
	}

#define FIRST_TILE(V)                                                                                         \
	INLINE void first_##V(const struct conv_args *a, word b, word cell, struct requant r) {                  \
		BEGIN(V)                                                                                             \
		uint8_t *dst = a->dst + b * a->dst_block;                                                            \
		const int8_t *w = weights_at(a, cell, a->taps_y * a->taps_x);                                        \
		for (word ky = 0; ky < a->taps_y; ky++) {                                                            \
			const uint8_t *p = a->rows[ky] + 4 * b * a->stride;                                              \
			for (word kx = 0; kx < a->taps_x; kx++, w += 64, p += a->src_block) {                            \
				int8x16_t x[4];                                                                              \
				for (int i = 0; i < 4; i++) x[i] = load4(p + i * a->stride);                                 \
				for (int j = 0; j < V; j++) {                                                                \
					int8x16_t wv = load(w + 16 * j);                                                         \
					for (int i = 0; i < 4; i++) acc[j][i] = step(acc[j][i], wv, x[i]);                       \
				}                                                                                            \
			}                                                                                                \
		}                                                                                                    \
		END(V)                                                                                               \
	}

#if VECTORS == 4
#define TILES(T) T(1) T(2) T(3) T(4)
#else
#define TILES(T) T(1) T(2)
#endif
TILES(POINTWISE_TILE)
TILES(DENSE_TILE)
TILES(FIRST_TILE)

// EACH_TILE runs BODY(V) on the cells of outputs, V at a time.
#if VECTORS == 4
#define EACH_TILE(BODY)                                        \
	for (word cell = 0; cell < a->cells; cell += 4) {          \
		switch (a->cells - cell) {                             \
		case 1: BODY(1) break;                                 \
		case 2: BODY(2) break;                                 \
		case 3: BODY(3) break;                                 \
		default: BODY(4)                                       \
		}                                                      \
	}
#else
#define EACH_TILE(BODY)                                        \
	for (word cell = 0; cell < a->cells; cell += 2) {          \
		if (a->cells - cell == 1) {                            \
			BODY(1)                                            \
		} else {                                               \
			BODY(2)                                            \
		}                                                      \
	}
#endif

#define POINTWISE_BODY(V) \
	for (word b = 0; b < a->blocks; b++) pointwise_##V(a, a->src + b * a->src_block, a->dst + b * a->dst_block, cell, r);
#define DENSE_BODY(V) \
	for (word b = 0; b < a->blocks; b++) dense_##V(a, b, cell, r);
#define FIRST_BODY(V) \
	for (word b = 0; b < a->blocks; b++) first_##V(a, b, cell, r);

INLINE void pointwise(const struct conv_args *a) {
	struct requant r = requant_of(a->zero);
	EACH_TILE(POINTWISE_BODY)
}

INLINE void dense(const struct conv_args *a) {
	struct requant r = requant_of(a->zero);
	EACH_TILE(DENSE_BODY)
}

INLINE void first(const struct conv_args *a) {
	struct requant r = requant_of(a->zero);
	EACH_TILE(FIRST_BODY)
}

// Depthwise 3×3: a cell transposed is 4 horizontal neighbours of each of 4 channels; output pixel j of a block takes
// the neighbours j-1, j, j+1. With the weights w0 w1 w2 0 (front) and 0 w0 w1 w2 (back):
//
//	pixel 0: front · (last of the block before, 0, 1, 2)    pixel 1: front · (0, 1, 2, 3)
//	pixel 2: back  · (0, 1, 2, 3)                           pixel 3: back  · (1, 2, 3, first of the block after)

INLINE uint8x16_t bytes16(uint64_t low, uint64_t high) {
	__asm__("" : "+r"(low), "+r"(high));
	return vcombine_u8(vcreate_u8(low), vcreate_u8(high));
}

// transposition moves byte 4p+c to 4c+p.
INLINE uint8x16_t transposition(void) { return bytes16(0x0d0905010c080400, 0x0f0b07030e0a0602); }

INLINE void kernels_of(const int8_t *w, int8x16_t *front, int8x16_t *back) {
	for (int k = 0; k < 3; k++) {
		front[k] = load(w + 64 * k);
		back[k] = vreinterpretq_s8_u32(vshlq_n_u32(vreinterpretq_u32_s8(front[k]), 8));
	}
}

#include DEPTHWISE_WINDOWS

#define DEPTHWISE(BODY)                                        \
	struct requant r = requant_of(a->zero);      \
	struct columns c = columns_of(a);                          \
	for (word cell = 0; cell < a->cells; cell++) BODY(a, cell, &c, r);

// Depthwise of any window: 4 taps are interleaved byte by byte into the lanes of one dot product.
INLINE int8x16_t gather4(const uint8_t *const *p, word at) {
	int32x4_t v = vld1q_dup_s32((const int32_t *)(p[0] + at));
	v = vld1q_lane_s32((const int32_t *)(p[1] + at), v, 1);
	v = vld1q_lane_s32((const int32_t *)(p[2] + at), v, 2);
	v = vld1q_lane_s32((const int32_t *)(p[3] + at), v, 3);
	return vreinterpretq_s8_s32(v);
}

INLINE int8x16_t zip_low(int8x16_t a, int8x16_t b) {
	return vreinterpretq_s8_s16(vzip1q_s16(vreinterpretq_s16_s8(a), vreinterpretq_s16_s8(b)));
}
INLINE int8x16_t zip_high(int8x16_t a, int8x16_t b) {
	return vreinterpretq_s8_s16(vzip2q_s16(vreinterpretq_s16_s8(a), vreinterpretq_s16_s8(b)));
}

INLINE void depthwise_any(const struct depthwise_any_args *a) {
	struct requant r = requant_of(a->zero);
	for (word b = 0; b < a->blocks; b++) {
		list_taps(a, b);
		for (word cell = 0; cell < a->cells; cell++) {
			const uint8_t *const *p = a->taps;
			int32x4_t bias = vld1q_s32(a->bias + 4 * cell);
			struct acc acc[4];
			for (int j = 0; j < 4; j++) acc[j] = begin(bias);
			const int8_t *w = a->weights + cell / 4 * a->quads * 64 + cell % 4 * 16;
			for (word q = 0; q < a->quads; q++, p += 16, w += 64) {
				int8x16_t t0 = gather4(p, 16 * cell), t1 = gather4(p + 4, 16 * cell);
				int8x16_t t2 = gather4(p + 8, 16 * cell), t3 = gather4(p + 12, 16 * cell), wv = load(w);
				int8x16_t lo01 = vzip1q_s8(t0, t1), hi01 = vzip2q_s8(t0, t1), lo23 = vzip1q_s8(t2, t3), hi23 = vzip2q_s8(t2, t3);
				acc[0] = step(acc[0], wv, zip_low(lo01, lo23));
				acc[1] = step(acc[1], wv, zip_high(lo01, lo23));
				acc[2] = step(acc[2], wv, zip_low(hi01, hi23));
				acc[3] = step(acc[3], wv, zip_high(hi01, hi23));
			}
			vst1q_s8((int8_t *)a->dst + b * a->dst_block + 16 * cell, pack(acc, vld1q_f32(a->scale + 4 * cell), r));
		}
	}
}

INLINE void peak(const struct peak_args *a) {
	struct acc acc[PEAK];
	int8x16_t x = vdupq_n_s8((int8_t)a->rounds);
	for (int i = 0; i < PEAK; i++) acc[i] = begin(vdupq_n_s32(0));
	for (word n = 0; n < a->rounds; n++) {
		for (int i = 0; i < PEAK; i++) {
			acc[i] = step(acc[i], x, x);
			keep(&acc[i]);
			__asm__("" : "+w"(x)); // another each time: no part of a step may be done once for all
		}
	}
	int32x4_t sum = end(acc[0]);
	for (int i = 1; i < PEAK; i++) sum = vaddq_s32(sum, end(acc[i]));
	vst1q_s32(a->sum, sum);
}
