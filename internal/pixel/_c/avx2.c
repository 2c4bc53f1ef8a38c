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

#include "halve.h"

// Eight pixels at a time: of each 16 bytes 12 are two output pixels' four pixels of a row, which the shuffle lays so that
// the two reds lie side by side, the greens, the blues, and nothing.
void halveColorAVX2(const struct halve_color_args *a) {
	const __m256i shuffle = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)a->shuffle));
	const __m256i close = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)a->close));
	const __m256i ones = (__m256i)all(0x01010101), two = (__m256i)all(0x00020002);
	const uint8_t *top = a->top, *bottom = a->bottom;
	uint8_t *dst = a->dst;
	for (word i = 0; i < a->n; i += 8, top += 48, bottom += 48, dst += 8 * a->step) {
		__m256i sum[2];
		for (int j = 0; j < 2; j++) {
			__m256i t = _mm256_loadu2_m128i((const __m128i *)(top + 24 + 12 * j), (const __m128i *)(top + 12 * j));
			__m256i b = _mm256_loadu2_m128i((const __m128i *)(bottom + 24 + 12 * j), (const __m128i *)(bottom + 12 * j));
			t = _mm256_maddubs_epi16(_mm256_shuffle_epi8(t, shuffle), ones);
			b = _mm256_maddubs_epi16(_mm256_shuffle_epi8(b, shuffle), ones);
			sum[j] = _mm256_srli_epi16(_mm256_add_epi16(_mm256_add_epi16(t, b), two), 2);
		}
		__m256i out = _mm256_packus_epi16(sum[0], sum[1]);
		if (a->step == 4) {
			_mm256_storeu_si256((__m256i *)dst, out);
			continue;
		}
		out = _mm256_shuffle_epi8(out, close);
		_mm_storeu_si128((__m128i *)dst, _mm256_castsi256_si128(out));
		_mm_storeu_si128((__m128i *)(dst + 12), _mm256_extracti128_si256(out, 1));
	}
}

void halveDepthAVX2(const struct halve_depth_args *a) {
	const __m256 shares = _mm256_loadu_ps(a->shares);
	const __m256i four = (__m256i)all(4), zero = (__m256i)all(0);
	uint8_t *dst = a->dst;
	for (word i = 0; i < a->n; i += 8) {
		__m256i t = _mm256_loadu_si256((const __m256i *)(a->top + 2 * i)), u = _mm256_loadu_si256((const __m256i *)(a->bottom + 2 * i));
		__m256i of[4] = {_mm256_blend_epi16(t, zero, 0xaa), _mm256_srli_epi32(t, 16), _mm256_blend_epi16(u, zero, 0xaa), _mm256_srli_epi32(u, 16)};
		__m256i r = of[3];
		for (int j = 2; j >= 0; j--)
			r = _mm256_blendv_epi8(of[j], r, _mm256_cmpeq_epi32(of[j], zero));
		__m256i slack = _mm256_srli_epi32(r, 5), sum = zero, n = four;
		for (int j = 0; j < 4; j++) {
			__m256i far = _mm256_cmpgt_epi32(_mm256_abs_epi32(_mm256_sub_epi32(of[j], r)), slack);
			sum = _mm256_add_epi32(sum, _mm256_andnot_si256(far, of[j]));
			n = _mm256_add_epi32(n, far);
		}
		sum = _mm256_add_epi32(sum, _mm256_srli_epi32(n, 1));
		__m256 share = _mm256_permutevar8x32_ps(shares, n);
		int32_t mean[8];
		_mm256_storeu_si256((__m256i *)mean, _mm256_cvttps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sum), share)));
		for (int j = 0; j < 8; j++, dst += a->step)
			*dst = a->table[mean[j]];
	}
}
