// Image loops on 512-bit registers.
#include <immintrin.h>
#include <stdint.h>
#define LANES 16
typedef int32_t v __attribute__((vector_size(64)));

static inline __attribute__((always_inline)) v high(v a, v b) {
	__m512i x = (__m512i)a, y = (__m512i)b;
	__m512i even = _mm512_mul_epi32(x, y), odd = _mm512_mul_epi32(_mm512_srli_epi64(x, 32), _mm512_srli_epi64(y, 32));
	return (v)_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
}

static inline __attribute__((always_inline)) v lookup(const uint32_t *table, v index) {
	return (v)_mm512_i32gather_epi32((__m512i)index, table, 4);
}

static inline __attribute__((always_inline)) v readings(const uint16_t *p) {
	return (v)_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
}

static inline __attribute__((always_inline)) int any(v x) { return _mm512_test_epi32_mask((__m512i)x, (__m512i)x) != 0; }

static inline __attribute__((always_inline)) v spread(const int32_t *p, int parts) {
	__m512i x = _mm512_set1_epi32(p[0]);
	for (int i = 1; i < parts; i++) {
		uint32_t from = 0xffffu << 16 / parts * i;
		__asm__("" : "+r"(from)); // else a shuffle with a constant in memory
		x = _mm512_mask_set1_epi32(x, (__mmask16)from, p[i * 23]);
	}
	return (v)x;
}

#define SETTLE "settle512.h"
#include "glide.h"

void glideAVX512(const struct glide_args *a) { GLIDE(a) }
