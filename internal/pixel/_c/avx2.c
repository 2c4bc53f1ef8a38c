// Image loops on 256-bit registers.
#include <immintrin.h>
#include <stdint.h>
#define LANES 8
typedef int32_t v __attribute__((vector_size(32)));

static inline __attribute__((always_inline)) v high(v a, v b) {
	__m256i x = (__m256i)a, y = (__m256i)b;
	__m256i even = _mm256_mul_epi32(x, y), odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(y, 32));
	return (v)_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

static inline __attribute__((always_inline)) v lookup(const uint32_t *table, v index) {
	return (v)_mm256_i32gather_epi32((const int *)table, (__m256i)index, 4);
}

static inline __attribute__((always_inline)) v readings(const uint16_t *p) {
	return (v)_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
}

static inline __attribute__((always_inline)) int any(v x) { return !_mm256_testz_si256((__m256i)x, (__m256i)x); }

static inline __attribute__((always_inline)) v spread(const int32_t *p, int parts) {
	__m256i x = _mm256_set1_epi32(p[0]);
	return (v)(parts == 1 ? x : _mm256_blend_epi32(x, _mm256_set1_epi32(p[23]), 0xf0));
}

#include "glide.h"

void glideAVX2(const struct glide_args *a) { GLIDE(a) }
