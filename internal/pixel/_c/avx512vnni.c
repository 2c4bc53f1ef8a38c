// Image loops on 512-bit registers.
#include <immintrin.h>
#include <stdint.h>
#define LANES 32
typedef int16_t v __attribute__((vector_size(64)));
typedef __mmask32 m;

static inline __attribute__((always_inline)) v mul(v a, v b) { return (v)_mm512_mulhrs_epi16((__m512i)a, (__m512i)b); }

static inline __attribute__((always_inline)) v times(v a, v b) { return (v)_mm512_mullo_epi16((__m512i)a, (__m512i)b); }

static inline __attribute__((always_inline)) v timesU(v a, v b) { return (v)_mm512_mulhi_epu16((__m512i)a, (__m512i)b); }

static inline __attribute__((always_inline)) m less(v a, v b) { return _mm512_cmplt_epi16_mask((__m512i)a, (__m512i)b); }

static inline __attribute__((always_inline)) m lessU(v a, v b) { return _mm512_cmplt_epu16_mask((__m512i)a, (__m512i)b); }

static inline __attribute__((always_inline)) m equal(v a, v b) { return _mm512_cmpeq_epi16_mask((__m512i)a, (__m512i)b); }

static inline __attribute__((always_inline)) m signs(v a) { return _mm512_movepi16_mask((__m512i)a); }

static inline __attribute__((always_inline)) v plus(v a, m marked) { return (v)_mm512_mask_sub_epi16((__m512i)a, marked, (__m512i)a, _mm512_set1_epi32(-1)); }

static inline __attribute__((always_inline)) v shift(v a, int64_t n) { return (v)_mm512_sra_epi16((__m512i)a, _mm_cvtsi32_si128((int)n)); }

static inline __attribute__((always_inline)) int any(m x) { return x != 0; }

static inline __attribute__((always_inline)) uint32_t bits(m x) { return x; }

static inline __attribute__((always_inline)) v inverse(v d, float share, float shift) {
	const __m512 one = _mm512_set1_ps(share), more = _mm512_set1_ps(shift);
	__m512i part[2] = {_mm512_cvtepu16_epi32(_mm512_castsi512_si256((__m512i)d)), _mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64((__m512i)d, 1))};
	__m256i f[2];
	for (int i = 0; i < 2; i++)
		f[i] = _mm512_cvtepi32_epi16(_mm512_cvttps_epi32(_mm512_div_ps(one, _mm512_add_ps(_mm512_cvtepi32_ps(part[i]), more))));
	return (v)_mm512_inserti64x4(_mm512_castsi256_si512(f[0]), f[1], 1);
}

#define SETTLE "settle512.h"
#include "glide.h"

void glideAVX512(const struct glide_args *a) { GLIDE(a) }
