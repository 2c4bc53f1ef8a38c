// Image loops on 256-bit registers.
#include <immintrin.h>
#include <stdint.h>
#define LANES 16
typedef int16_t v __attribute__((vector_size(32)));
typedef v m;

static inline __attribute__((always_inline)) v mul(v a, v b) { return (v)_mm256_mulhrs_epi16((__m256i)a, (__m256i)b); }

static inline __attribute__((always_inline)) v times(v a, v b) { return (v)_mm256_mullo_epi16((__m256i)a, (__m256i)b); }

static inline __attribute__((always_inline)) v timesU(v a, v b) { return (v)_mm256_mulhi_epu16((__m256i)a, (__m256i)b); }

static inline __attribute__((always_inline)) m less(v a, v b) { return (m)_mm256_cmpgt_epi16((__m256i)b, (__m256i)a); }

static inline __attribute__((always_inline)) m lessU(v a, v b) { return (v)_mm256_max_epu16((__m256i)a, (__m256i)b) != a; }

static inline __attribute__((always_inline)) v plus(v a, m marked) { return a - marked; }

static inline __attribute__((always_inline)) v shift(v a, int64_t n) { return (v)_mm256_sra_epi16((__m256i)a, _mm_cvtsi32_si128((int)n)); }

static inline __attribute__((always_inline)) int any(m x) { return !_mm256_testz_si256((__m256i)x, (__m256i)x); }

static inline __attribute__((always_inline)) uint32_t bits(m x) {
	__m256i y = (__m256i)x;
	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1)));
}

static inline __attribute__((always_inline)) v inverse(v d, float share, float shift) {
	const __m256 one = _mm256_set1_ps(share), more = _mm256_set1_ps(shift);
	const __m256i none = _mm256_setzero_si256();
	__m256i f[2] = {_mm256_unpacklo_epi16((__m256i)d, none), _mm256_unpackhi_epi16((__m256i)d, none)};
	for (int i = 0; i < 2; i++)
		f[i] = _mm256_cvttps_epi32(_mm256_div_ps(one, _mm256_add_ps(_mm256_cvtepi32_ps(f[i]), more)));
	return (v)_mm256_packs_epi32(f[0], f[1]);
}

#include "glide.h"

void glideAVX2(const struct glide_args *a) { glide(a); }

#include "halve.h"

static inline __attribute__((always_inline)) __m256i all32(int32_t x) {
	__asm__("" : "+r"(x));
	return _mm256_set1_epi32(x);
}

// Eight pixels at a time: of each 16 bytes 12 are two output pixels' four pixels of a row, which the shuffle lays so that
// the two reds lie side by side, the greens, the blues, and nothing.
void halveColorAVX2(const struct halve_color_args *a) {
	const __m256i shuffle = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)a->shuffle));
	const __m256i close = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)a->close));
	const __m256i ones = all32(0x01010101), two = all32(0x00020002);
	const uint8_t *top = a->top, *bottom = a->bottom;
	uint8_t *dst = a->dst;
	for (word i = 0; i < a->n; i += 8, top += 48, bottom += 48, dst += 8 * a->step) {
		__m256i sum[2];
		ahead(top, 48);
		ahead(bottom, 48);
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

// agree adds what agrees with r: to sum the difference, to n −1.
static inline __attribute__((always_inline)) void agree(__m256i x, __m256i r, __m256i slack, __m256i *sum, __m256i *n) {
	__m256i far = _mm256_sub_epi16(_mm256_max_epu16(x, r), _mm256_min_epu16(x, r));
	__m256i close = _mm256_cmpeq_epi16(_mm256_min_epu16(far, slack), far);
	*sum = _mm256_add_epi16(*sum, _mm256_and_si256(_mm256_sub_epi16(x, r), close));
	*n = _mm256_add_epi16(*n, close);
}

struct sharing {
	__m256i zero, low, one, two, three, third, bias, more;
};

// What agrees with r differs from it by less than 2¹¹, so that sums of differences fit 16 bits; a third of one, made positive
// by three times 2730, is the upper half of its product with 21846.
INLINE void means256(const void *c, const uint16_t *top, const uint16_t *bottom, uint16_t *to) {
	const struct sharing *s = c;
	const uint16_t *rows[2] = {top, bottom};
	__m256i of[4];
	for (int j = 0; j < 2; j++) {
		const __m256i *p = (const __m256i *)rows[j];
		__m256i x = _mm256_loadu_si256(p), y = _mm256_loadu_si256(p + 1);
		of[2 * j] = _mm256_packus_epi32(_mm256_and_si256(x, s->low), _mm256_and_si256(y, s->low));
		of[2 * j + 1] = _mm256_packus_epi32(_mm256_srli_epi32(x, 16), _mm256_srli_epi32(y, 16));
	}
	__m256i r = of[3];
	for (int j = 2; j >= 0; j--)
		r = _mm256_blendv_epi8(of[j], r, _mm256_cmpeq_epi16(of[j], s->zero));
	__m256i slack = _mm256_srli_epi16(r, 5), sum = s->zero, n = s->zero;
	for (int j = 0; j < 4; j++)
		agree(of[j], r, slack, &sum, &n);
	__m256i half = _mm256_srai_epi16(_mm256_add_epi16(sum, s->one), 1), quarter = _mm256_srai_epi16(_mm256_add_epi16(sum, s->two), 2);
	__m256i of3 = _mm256_sub_epi16(_mm256_mulhi_epu16(_mm256_add_epi16(sum, s->more), s->third), s->bias);
	__m256i mean = _mm256_blendv_epi8(half, of3, _mm256_cmpeq_epi16(n, s->three));
	mean = _mm256_blendv_epi8(mean, quarter, _mm256_cmpgt_epi16(s->three, n));
	mean = _mm256_add_epi16(r, mean); // of one alone the sum is 0, and so is half of it
	_mm256_storeu_si256((__m256i *)to, _mm256_permute4x64_epi64(mean, 0xd8));
}

void halveDepthAVX2(const struct halve_depth_args *a) {
	const struct sharing s = {(__m256i)all(0), all32(65535), (__m256i)all(1), (__m256i)all(2), (__m256i)all(-3), (__m256i)all(21846), (__m256i)all(2730), (__m256i)all(8191)};
	if (a->step == 4)
		halveDepth(a, 4, means256, &s);
	else
		halveDepth(a, a->step, means256, &s);
}

typedef uint32_t u4 __attribute__((vector_size(16)));
typedef int16_t i8 __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) u4 wide4(const uint16_t *p) { return (u4)_mm_cvtepu16_epi32(_mm_loadl_epi64((const __m128i *)p)); }

static inline __attribute__((always_inline)) u4 divide(u4 x, uint32_t m, int64_t k) {
	const __m128i by = _mm_set1_epi32((int)m), shift = _mm_cvtsi64_si128(k);
	__m128i even = _mm_srl_epi64(_mm_mul_epu32((__m128i)x, by), shift);
	__m128i odd = _mm_srl_epi64(_mm_mul_epu32(_mm_srli_epi64((__m128i)x, 32), by), shift);
	return (u4)_mm_or_si128(even, _mm_slli_epi64(odd, 32));
}

static inline __attribute__((always_inline)) void store4(uint8_t *p, u4 x) {
	__m128i y = _mm_packus_epi32((__m128i)x, (__m128i)x);
	_mm_storeu_si32(p, _mm_packus_epi16(y, y));
}

static inline __attribute__((always_inline)) i8 load8(const int16_t *p) { return (i8)_mm_loadu_si128((const __m128i *)p); }

static inline __attribute__((always_inline)) i8 every8(int16_t x) {
	int32_t y = x;
	__asm__("" : "+r"(y));
	return (i8)_mm_set1_epi16((int16_t)y);
}

static inline __attribute__((always_inline)) i8 near8(i8 a, i8 b, i8 slack) {
	__m128i x = (__m128i)a, y = (__m128i)b, far = _mm_sub_epi16(_mm_max_epu16(x, y), _mm_min_epu16(x, y));
	return (i8)_mm_cmpeq_epi16(_mm_min_epu16(far, (__m128i)slack), far);
}

static inline __attribute__((always_inline)) i8 two4(const uint16_t *p, const uint16_t *q) {
	return (i8)_mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)p), _mm_loadl_epi64((const __m128i *)q));
}

static inline __attribute__((always_inline)) int any8(i8 x) { return !_mm_testz_si128((__m128i)x, (__m128i)x); }

// sums8 adds both at once: sums are below 2¹⁹ in magnitude.
static inline __attribute__((always_inline)) uint32_t sums8(i8 x, i8 y, uint32_t *n) {
	__m128i one = (__m128i)every8(1), z = _mm_add_epi32(_mm_madd_epi16((__m128i)x, one), _mm_slli_epi32(_mm_madd_epi16((__m128i)y, one), 20));
	z = _mm_add_epi32(z, _mm_shuffle_epi32(z, 0x4e));
	uint32_t both = (uint32_t)_mm_cvtsi128_si32(_mm_add_epi32(z, _mm_shuffle_epi32(z, 0xb1)));
	*n = (both + (1u << 19)) >> 20;
	return both - (*n << 20);
}

static inline __attribute__((always_inline)) void blend32(uint16_t *dst, const uint8_t *src, int64_t stride, const uint16_t *weights, int64_t taps) {
	__m256i sum[2] = {(__m256i)all(0), (__m256i)all(0)};
	for (int64_t k = 0; k < taps; k++, src += stride) {
		__m256i w = _mm256_set1_epi16((int16_t)weights[k]);
		for (int i = 0; i < 2; i++)
			sum[i] = _mm256_add_epi16(sum[i], _mm256_mullo_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(src + 16 * i))), w));
	}
	_mm256_storeu_si256((__m256i *)dst, sum[0]);
	_mm256_storeu_si256((__m256i *)(dst + 16), sum[1]);
}

#include "shrink.h"

void blendRowsAVX2(const struct blend_rows_args *a) { blendRows(a); }

void blendAcrossAVX2(const struct blend_across_args *a) { blendAcross(a); }

void boxDepthAVX2(const struct box_depth_args *a) { boxDepth(a); }

// args.go: doubleArgs.
struct double_args {
	uint8_t *dst;
	const uint8_t *src;
	word n; // of src, a multiple of 32
};

void doubleAVX2(const struct double_args *a) {
	for (word i = 0; i < a->n; i += 32) {
		__m256i x = _mm256_permute4x64_epi64(_mm256_loadu_si256((const __m256i *)(a->src + i)), 0xd8);
		_mm256_storeu_si256((__m256i *)(a->dst + 2 * i), _mm256_unpacklo_epi8(x, x));
		_mm256_storeu_si256((__m256i *)(a->dst + 2 * i + 32), _mm256_unpackhi_epi8(x, x));
	}
}

static inline __attribute__((always_inline)) i8 load4(const uint8_t *p) { return (i8)_mm_cvtepu8_epi16(_mm_loadu_si32(p)); }

static inline __attribute__((always_inline)) uint32_t low4(i8 x) { return (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16((__m128i)x, (__m128i)x)); }

static inline __attribute__((always_inline)) i8 abs8(i8 x) { return (i8)_mm_abs_epi16((__m128i)x); }

static inline __attribute__((always_inline)) i8 min8(i8 a, i8 b) { return (i8)_mm_min_epi16((__m128i)a, (__m128i)b); }

typedef int32_t w8 __attribute__((vector_size(32)));

static inline __attribute__((always_inline)) w8 bytes8(const uint8_t *p, int64_t twice) {
	if (!twice)
		return (w8)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
	__m128i x = _mm_loadu_si32(p);
	return (w8)_mm256_cvtepu8_epi32(_mm_unpacklo_epi8(x, x));
}

static inline __attribute__((always_inline)) void store3(uint8_t *dst, w8 r, w8 g, w8 b, const uint8_t *close) {
	const __m256i zero = (__m256i)all(0), most = all32(255), order = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)close));
	__m256i x = _mm256_min_epi32(_mm256_max_epi32((__m256i)r, zero), most);
	x = _mm256_or_si256(x, _mm256_slli_epi32(_mm256_min_epi32(_mm256_max_epi32((__m256i)g, zero), most), 8));
	x = _mm256_or_si256(x, _mm256_slli_epi32(_mm256_min_epi32(_mm256_max_epi32((__m256i)b, zero), most), 16));
	x = _mm256_shuffle_epi8(x, order);
	_mm_storeu_si128((__m128i *)dst, _mm256_castsi256_si128(x));
	_mm_storeu_si128((__m128i *)(dst + 12), _mm256_extracti128_si256(x, 1));
}

#include "decode.h"

void paethAVX2(const struct paeth_args *a) { paeth(a); }

void ycbcrAVX2(const struct ycbcr_args *a) { ycbcr(a); }

#include "scan.h"

void differAVX2(const struct differ_args *a) {
	int32_t *dst = a->dst;
	for (word i = 0; i < a->n; i += 32) {
		__m256i same = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(a->a + i)), _mm256_loadu_si256((const __m256i *)(a->b + i)));
		for (uint32_t m = ~(uint32_t)_mm256_movemask_epi8(same); m; m &= m - 1)
			*dst++ = (int32_t)i + __builtin_ctz(m);
	}
	*a->found = dst - a->dst;
}

void zerosAVX2(const struct zeros_args *a) {
	__m256i sum[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
	for (word i = 0; i < a->n; i += 32)
		for (int j = 0; j < 2; j++)
			sum[j] = _mm256_sub_epi16(sum[j], _mm256_cmpeq_epi16(_mm256_loadu_si256((const __m256i *)(a->src + i + 16 * j)), _mm256_setzero_si256()));
	__m256i wide = _mm256_madd_epi16(_mm256_add_epi16(sum[0], sum[1]), all32(0x00010001));
	__m128i x = _mm_add_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
	x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4e));
	x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0xb1));
	*a->found = _mm_cvtsi128_si32(x);
}
