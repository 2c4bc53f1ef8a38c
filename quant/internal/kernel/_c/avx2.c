// AVX2: VPMADDWD on the even and on the odd bytes, widened to 16 bits. VPMADDUBSW would take bytes as they are, but
// saturates: 2 · 255 · 127 exceeds 16 bits.
#include <immintrin.h>
#define INLINE static inline __attribute__((always_inline))

typedef struct {
	__m256i even, odd;
} weights;

INLINE weights prepare(__m256i w) {
	return (weights){_mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8), _mm256_srai_epi16(w, 8)};
}

// even_bytes is the mask 0x00ff in each 16 bits, kept from becoming a constant in memory.
INLINE __m256i even_bytes(void) {
	int mask = 0x00ff00ff;
	__asm__("" : "+r"(mask));
	return _mm256_set1_epi32(mask);
}

INLINE __m256i step(__m256i acc, __m256i x, weights w) {
	__m256i even = _mm256_madd_epi16(_mm256_and_si256(x, even_bytes()), w.even);
	return _mm256_add_epi32(_mm256_add_epi32(acc, even), _mm256_madd_epi16(_mm256_srli_epi16(x, 8), w.odd));
}
#include "avx.h"

void pointwiseAVX2(const struct conv_args *a) { POINTWISE }

void denseAVX2(const struct conv_args *a) { DENSE }

void firstAVX2(const struct conv_args *a) { FIRST }

void depthwise3x3s1AVX2(const struct depthwise_args *a) { DEPTHWISE(depthwise_s1) }

void depthwise3x3s2AVX2(const struct depthwise_args *a) { DEPTHWISE(depthwise_s2) }

void depthwiseAnyAVX2(const struct depthwise_any_args *a) { depthwise_any(a); }

void peakAVX2(const struct peak_args *a) { peak(a); }

// Residual add, 8 bytes at a time.
INLINE __m256 centred(const uint8_t *p, __m256i zero) {
	__m256i v = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
	return _mm256_cvtepi32_ps(_mm256_sub_epi32(v, zero));
}

void addAVX2(const struct add_args *a) {
	__m256 sa = _mm256_set1_ps(a->scales[0]), sb = _mm256_set1_ps(a->scales[1]);
	__m256i za = _mm256_set1_epi32((int)a->zero_a), zb = _mm256_set1_epi32((int)a->zero_b);
	__m128i zero = _mm_set1_epi16((short)a->zero), lo = _mm_set1_epi8((char)a->lo), hi = _mm_set1_epi8((char)a->hi);
	for (word i = 0; i < a->bytes; i += 8) {
		__m256 t = _mm256_add_ps(_mm256_mul_ps(centred(a->a + i, za), sa), _mm256_mul_ps(centred(a->b + i, zb), sb));
		__m256i v = _mm256_cvtps_epi32(t);
		__m128i w = _mm_adds_epi16(_mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)), zero);
		w = _mm_packus_epi16(w, w);
		_mm_storel_epi64((__m128i *)(a->dst + i), _mm_min_epu8(_mm_max_epu8(w, lo), hi));
	}
}

// Linear enlargement, a cell at a time: the left and right neighbours of 4 output pixels, interleaved, against their
// weights; then the two rows. Sums are below 2^16.
struct rounding {
	__m128i bias, parity, odd, shift;
};

INLINE __m128i rounded(__m128i v, struct rounding r) {
	__m128i odd = _mm_and_si128(_mm_add_epi16(_mm_srl_epi16(v, r.shift), r.parity), r.odd);
	return _mm_srl_epi16(_mm_add_epi16(_mm_add_epi16(v, r.bias), odd), r.shift);
}

INLINE __m128i gather4_offset(const uint8_t *row, const word *offsets, word at) {
	__m128i v = _mm_cvtsi32_si128(*(const int *)(row + offsets[0] + at));
	v = _mm_insert_epi32(v, *(const int *)(row + offsets[2] + at), 1);
	v = _mm_insert_epi32(v, *(const int *)(row + offsets[4] + at), 2);
	return _mm_insert_epi32(v, *(const int *)(row + offsets[6] + at), 3);
}

void resizeAVX2(const struct resize_args *a) {
	__m128i wt = _mm_set1_epi16((short)a->weight_top), wb = _mm_set1_epi16((short)a->weight_bottom);
	struct rounding r = {_mm_set1_epi16((short)a->bias), _mm_set1_epi16((short)a->parity), _mm_set1_epi16((short)a->odd),
			_mm_cvtsi64_si128(a->shift)};
	for (word b = 0; b < a->blocks; b++) {
		const word *o = a->offsets + 8 * b;
		__m128i wl = _mm_loadu_si128((const __m128i *)(a->weights + 32 * b)), wh = _mm_loadu_si128((const __m128i *)(a->weights + 32 * b + 16));
		for (word c = 0; c < a->cells; c++) {
			__m128i tl = gather4_offset(a->top, o, 16 * c), tr = gather4_offset(a->top, o + 1, 16 * c);
			__m128i bl = gather4_offset(a->bottom, o, 16 * c), br = gather4_offset(a->bottom, o + 1, 16 * c);
			__m128i t = _mm_maddubs_epi16(_mm_unpacklo_epi8(tl, tr), wl), u = _mm_maddubs_epi16(_mm_unpackhi_epi8(tl, tr), wh);
			__m128i v = _mm_maddubs_epi16(_mm_unpacklo_epi8(bl, br), wl), w = _mm_maddubs_epi16(_mm_unpackhi_epi8(bl, br), wh);
			t = _mm_add_epi16(_mm_mullo_epi16(t, wt), _mm_mullo_epi16(v, wb));
			u = _mm_add_epi16(_mm_mullo_epi16(u, wt), _mm_mullo_epi16(w, wb));
			_mm_storeu_si128((__m128i *)(a->dst + b * a->dst_block + 16 * c), _mm_packus_epi16(rounded(t, r), rounded(u, r)));
		}
	}
}

// Enlargement with argmax. First the row is interpolated vertically and split into one plane of words per class, the
// values centred so that every weighted sum fits 16 bits; then 8 output pixels at a time compare the classes.
INLINE __m128i byte_index(const int16_t *words) {
	__m128i w = _mm_loadu_si128((const __m128i *)words), even = _mm_slli_epi16(w, 1);
	int one = 0x0100;
	__asm__("" : "+r"(one));
	return _mm_or_si128(even, _mm_or_si128(_mm_slli_epi16(even, 8), _mm_set1_epi16((short)one)));
}

void resizeArgMaxAVX2(const struct argmax_args *a) {
	uint64_t low = 0x0d0905010c080400, high = 0x0f0b07030e0a0602;
	int centre_value = 128;
	__asm__("" : "+r"(low), "+r"(high), "+r"(centre_value));
	__m128i transpose = _mm_insert_epi64(_mm_cvtsi64_si128((long long)low), (long long)high, 1);
	__m256i wt = _mm256_set1_epi16((short)a->weight_top), wb = _mm256_set1_epi16((short)a->weight_bottom);
	__m256i centre = _mm256_set1_epi16((short)centre_value);
	word groups = (a->classes + 3) / 4;
	for (word b = 0; b < a->blocks; b++) {
		for (word g = 0; g < groups; g++) {
			word at = b * a->src_block + 16 * g;
			__m128i top = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(a->top + at)), transpose);
			__m128i bottom = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(a->bottom + at)), transpose);
			__m256i t = _mm256_sub_epi16(_mm256_cvtepu8_epi16(top), centre), u = _mm256_sub_epi16(_mm256_cvtepu8_epi16(bottom), centre);
			__m256i v = _mm256_add_epi16(_mm256_mullo_epi16(t, wt), _mm256_mullo_epi16(u, wb));
			int16_t *to = a->planes + 4 * g * a->plane + 4 * b + 1;
			__m128i v0 = _mm256_castsi256_si128(v), v1 = _mm256_extracti128_si256(v, 1);
			_mm_storel_epi64((__m128i *)to, v0);
			_mm_storeh_pi((__m64 *)(to + a->plane), _mm_castsi128_ps(v0));
			_mm_storel_epi64((__m128i *)(to + 2 * a->plane), v1);
			_mm_storeh_pi((__m64 *)(to + 3 * a->plane), _mm_castsi128_ps(v1));
		}
	}
	for (word c = 0; c < a->classes; c++) {
		int16_t *row = a->planes + c * a->plane;
		row[0] = row[1];
		row[a->width + 1] = row[a->width];
	}
	__m128i left = byte_index(a->left), right = byte_index(a->right);
	__m128i wl = _mm_loadu_si128((const __m128i *)a->weight_left), wr = _mm_loadu_si128((const __m128i *)a->weight_right);
	const int16_t *from = a->planes;
	for (word x = 0; x < a->out_width; x += 8, from += a->advance / 4) {
		__m128i best = _mm_setzero_si128(), at = best;
		for (word c = 0; c < a->classes; c++) {
			__m128i p = _mm_loadu_si128((const __m128i *)(from + c * a->plane));
			__m128i v = _mm_add_epi16(_mm_mullo_epi16(_mm_shuffle_epi8(p, left), wl), _mm_mullo_epi16(_mm_shuffle_epi8(p, right), wr));
			__m128i more = c == 0 ? _mm_cmpeq_epi16(v, v) : _mm_cmpgt_epi16(v, best);
			best = _mm_blendv_epi8(best, v, more);
			at = _mm_blendv_epi8(at, _mm_set1_epi16((short)c), more);
		}
		at = _mm_packus_epi16(at, at);
		if (a->out_width - x >= 8) {
			_mm_storel_epi64((__m128i *)(a->dst + x), at);
		} else {
			uint64_t bits = (uint64_t)_mm_cvtsi128_si64(at);
			for (word i = x; i < a->out_width; i++, bits >>= 8) a->dst[i] = (uint8_t)bits;
		}
	}
}
