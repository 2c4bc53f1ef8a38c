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

static inline __attribute__((always_inline)) v plus(v a, m marked) { return (v)_mm512_mask_sub_epi16((__m512i)a, marked, (__m512i)a, _mm512_set1_epi32(-1)); }

static inline __attribute__((always_inline)) v shift(v a, int64_t n) { return (v)_mm512_sra_epi16((__m512i)a, _mm_cvtsi32_si128((int)n)); }

static inline __attribute__((always_inline)) int any(m x) { return x != 0; }

static inline __attribute__((always_inline)) uint32_t bits(m x) { return x; }

static inline __attribute__((always_inline)) v inverse(v d, float share, float shift) {
	const __m512 one = _mm512_set1_ps(share), more = _mm512_set1_ps(shift);
	const __m512i none = _mm512_setzero_si512();
	__m512i f[2] = {_mm512_unpacklo_epi16((__m512i)d, none), _mm512_unpackhi_epi16((__m512i)d, none)};
	for (int i = 0; i < 2; i++)
		f[i] = _mm512_cvttps_epi32(_mm512_div_ps(one, _mm512_add_ps(_mm512_cvtepi32_ps(f[i]), more)));
	return (v)_mm512_packs_epi32(f[0], f[1]);
}

#define SETTLE "settle512.h"
#include "glide.h"

void glideAVX512(const struct glide_args *a) { glide(a); }

#include "scan.h"

static inline __attribute__((always_inline)) __m512i all64(int64_t x) {
	__asm__("" : "+r"(x)); // else a constant in memory
	return _mm512_set1_epi64(x);
}

void differAVX512(const struct differ_args *a) {
	const __m512i lanes = _mm512_loadu_si512(a->lanes);
	int32_t *dst = a->dst;
	for (word i = 0; i < a->n; i += 64) {
		uint64_t m = _mm512_cmpneq_epi8_mask(_mm512_loadu_si512(a->a + i), _mm512_loadu_si512(a->b + i));
		if (!m)
			continue;
		for (int j = 0; j < 64; j += 16) {
			__mmask16 k = (__mmask16)(m >> j);
			_mm512_storeu_si512(dst, _mm512_maskz_compress_epi32(k, _mm512_add_epi32(lanes, _mm512_set1_epi32((int)i + j))));
			dst += __builtin_popcountll(k);
		}
	}
	*a->found = dst - a->dst;
}

// Eight numbers at a time, each in 64 bits: eight groups of 5 bits in a byte each. A number's groups go on as long as the
// bits from the last of a group on are not all its sign's.
void runCodeAVX512(const struct run_code_args *a) {
	const __m512i fives = all64(0x231e19140f0a0500), lasts = all64(0x27221d18130e0904);
	const __m512i low = all64(0x1f1f1f1f1f1f1f1f), base = all64(0x3030303030303030), more = all64(0x2020202020202020), one = all64(0x0101010101010101);
	uint8_t *dst = a->dst;
	for (word i = 0; i < a->n; i += 8) {
		__m256i d = _mm256_sub_epi32(_mm256_loadu_si256((const __m256i *)(a->src + i)), _mm256_loadu_si256((const __m256i *)(a->src + i - 2)));
		__m256i s = _mm256_xor_si256(d, _mm256_srai_epi32(d, 31));
		s = _mm256_or_si256(s, _mm256_srli_epi32(s, 1));
		s = _mm256_or_si256(s, _mm256_srli_epi32(s, 2));
		s = _mm256_or_si256(s, _mm256_srli_epi32(s, 4));
		s = _mm256_or_si256(s, _mm256_srli_epi32(s, 8));
		s = _mm256_or_si256(s, _mm256_srli_epi32(s, 16));
		__m512i x = _mm512_and_si512(_mm512_multishift_epi64_epi8(fives, _mm512_cvtepi32_epi64(d)), low);
		__mmask64 on = _mm512_test_epi8_mask(_mm512_multishift_epi64_epi8(lasts, _mm512_cvtepu32_epi64(s)), one);
		x = _mm512_add_epi8(x, base);
		x = _mm512_mask_add_epi8(x, on, x, more);
		uint64_t used = (uint64_t)on << 1 | 0x0101010101010101;
		_mm512_storeu_si512(dst, _mm512_maskz_compress_epi8(used, x));
		dst += __builtin_popcountll(used);
	}
	*a->bytes = dst - a->dst;
}

#include "halve.h"

// Sixteen pixels at a time. Of each row, two times 48 bytes are eight pixels' two pixels each, which the shuffle lays so that
// the two reds lie side by side, the greens, the blues; what follows them does not matter.
void halveColorAVX512(const struct halve_color_args *a) {
	const __m512i shuffle = _mm512_loadu_si512(a->shuffle), close = _mm512_loadu_si512(a->close);
	const __m512i ones = (__m512i)all(0x0101), two = (__m512i)all(2);
	const __mmask64 half = 0xffffffffffff;
	const uint8_t *top = a->top, *bottom = a->bottom;
	uint8_t *dst = a->dst;
	const word step = a->step, end = a->n;
	for (word i = 0; i < end; i += 16, top += 96, bottom += 96, dst += 16 * step) {
		ahead(top, 96);
		ahead(bottom, 96);
		__m512i sum[2];
		for (int j = 0; j < 2; j++) {
			__m512i t = _mm512_maddubs_epi16(_mm512_permutexvar_epi8(shuffle, _mm512_maskz_loadu_epi8(half, top + 48 * j)), ones);
			__m512i b = _mm512_maddubs_epi16(_mm512_permutexvar_epi8(shuffle, _mm512_maskz_loadu_epi8(half, bottom + 48 * j)), ones);
			sum[j] = _mm512_srli_epi16(_mm512_add_epi16(_mm512_add_epi16(t, b), two), 2);
		}
		__m512i out = _mm512_permutex2var_epi8(sum[0], close, sum[1]);
		if (step == 4)
			_mm512_storeu_si512(dst, out);
		else {
			_mm256_storeu_si256((__m256i *)dst, _mm512_castsi512_si256(out));
			_mm_storeu_si128((__m128i *)(dst + 32), _mm512_extracti32x4_epi32(out, 2));
		}
	}
}
