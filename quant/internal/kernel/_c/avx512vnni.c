// AVX-512 VNNI: VPDPBUSD adds to each of 16 int32 lanes the dot product of 4 unsigned and 4 signed bytes.
#include <immintrin.h>
#include "args.h"

#define INLINE static inline __attribute__((always_inline))

// store is the requantization of one block: a[0..3] are 4 pixels of 16 outputs. Packing within 128-bit lanes makes
// whole cells. Scales are below 1 here, so the conversion to int32 cannot overflow.
struct requant {
	__m512i zero, lo, hi;
};

INLINE __m512i broadcast8(word v) { return _mm512_set1_epi8((char)v); }

INLINE struct requant requant_of(word zero, word lo, word hi) {
	return (struct requant){_mm512_set1_epi16((short)zero), broadcast8(lo), broadcast8(hi)};
}

INLINE __m512i scaled(__m512i acc, __m512 scale) {
	return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(acc), scale));
}

INLINE __m512i pack(const __m512i *a, __m512 scale, struct requant r) {
	__m512i p01 = _mm512_adds_epi16(_mm512_packs_epi32(scaled(a[0], scale), scaled(a[1], scale)), r.zero);
	__m512i p23 = _mm512_adds_epi16(_mm512_packs_epi32(scaled(a[2], scale), scaled(a[3], scale)), r.zero);
	return _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(p01, p23), r.lo), r.hi);
}

// cell_mask is the dwords of the cells from group g on that exist: 4 a cell.
INLINE __mmask16 cell_mask(word cells, word g) {
	word left = cells - 4 * g;
	return left >= 4 ? 0xffff : (__mmask16)((1u << (4 * left)) - 1);
}

INLINE void store_group(uint8_t *dst, const __m512i *acc, word g, const struct conv_args *a, struct requant r) {
	__m512i v = pack(acc, _mm512_loadu_ps(a->scale + 16 * g), r);
	_mm512_mask_storeu_epi32(dst + 64 * g, cell_mask(a->cells, g), v);
}

INLINE __m512i broadcast4(const uint8_t *p) { return _mm512_set1_epi32(*(const int *)p); }

// tile computes B blocks × G groups of outputs from group g on.
#define POINTWISE_TILE(B, G)                                                                              \
	INLINE void pointwise_##B##_##G(const struct conv_args *a, const uint8_t *src, uint8_t *dst, word g,  \
			struct requant r) {                                                                              \
		__m512i acc[G][4 * B];                                                                           \
		for (int j = 0; j < G; j++)                                                                      \
			for (int i = 0; i < 4 * B; i++) acc[j][i] = _mm512_loadu_si512(a->bias + 16 * (g + j));       \
		const int8_t *w = a->weights + g * a->steps * 64;                                                \
		word ws = a->steps * 64, sb = a->src_block;                                                      \
		for (word k = 0; k < a->steps; k++) {                                                            \
			__m512i wv[G];                                                                               \
			for (int j = 0; j < G; j++) wv[j] = _mm512_loadu_si512(w + j * ws + k * 64);                  \
			for (int b = 0; b < B; b++)                                                                  \
				for (int i = 0; i < 4; i++) {                                                            \
					__m512i x = broadcast4(src + b * sb + k * 16 + 4 * i);                               \
					for (int j = 0; j < G; j++) acc[j][4 * b + i] = _mm512_dpbusd_epi32(acc[j][4 * b + i], x, wv[j]); \
				}                                                                                        \
		}                                                                                                \
		for (int b = 0; b < B; b++)                                                                      \
			for (int j = 0; j < G; j++) store_group(dst + b * a->dst_block, &acc[j][4 * b], g + j, a, r); \
	}

POINTWISE_TILE(4, 1)
POINTWISE_TILE(2, 1)
POINTWISE_TILE(1, 1)
POINTWISE_TILE(2, 2)
POINTWISE_TILE(1, 2)
POINTWISE_TILE(2, 3)
POINTWISE_TILE(1, 3)

#define POINTWISE_STEP(B, G)                       \
	for (; b + B <= a->blocks; b += B) {           \
		pointwise_##B##_##G(a, src, dst, g, r);    \
		src += B * a->src_block;                   \
		dst += B * a->dst_block;                   \
	}

void pointwiseAVX512VNNI(const struct conv_args *a) {
	struct requant r = requant_of(a->zero, a->lo, a->hi);
	for (word g = 0; g < a->groups;) {
		const uint8_t *src = a->src;
		uint8_t *dst = a->dst;
		word left = a->groups - g, b = 0;
		if (left == 3 || left >= 5) {
			POINTWISE_STEP(2, 3)
			POINTWISE_STEP(1, 3)
			g += 3;
		} else if (left >= 2) {
			POINTWISE_STEP(2, 2)
			POINTWISE_STEP(1, 2)
			g += 2;
		} else {
			POINTWISE_STEP(4, 1)
			POINTWISE_STEP(2, 1)
			POINTWISE_STEP(1, 1)
			g += 1;
		}
	}
}
