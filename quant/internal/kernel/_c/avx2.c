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

// packWords has done that for the matrix kernels: 16 bits of the even weights of 8 outputs, then of the odd ones.
#define GROUP 128
INLINE weights packed(const signed char *p) {
	return (weights){_mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)(p + 32))};
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
#define PEAK 12
// A step's two halves of x are made once for many outputs: what no kernel can do without is a product and a sum.
#define PEAK_STEP(acc, x, w) _mm256_add_epi32(acc, _mm256_madd_epi16(x, (w).even))
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

INLINE __m128i add8(const uint8_t *pa, __m256 vb, __m256i offset, __m256 sa, __m256 sb, __m256 constant) {
	__m256i v = _mm256_cvtps_epi32(_mm256_fmadd_ps(centred(pa, offset), sa, _mm256_fmadd_ps(vb, sb, constant)));
	return _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
}

void addAVX2(const struct add_args *a) {
	__m256 sa = _mm256_set1_ps(a->scales[0]), sb = _mm256_set1_ps(a->scales[1]), constant = _mm256_set1_ps(a->scales[2]);
	__m256i offset = _mm256_set1_epi32((int)a->offset);
	__m128i zero = _mm_set1_epi16((short)a->offset), lo = _mm_set1_epi8((char)a->lo), hi = _mm_set1_epi8((char)a->hi);
	for (word n = 0; n < a->blocks; n++) {
		const uint8_t *pa = a->a + n * a->a_block, *pb = a->b + n * a->b_block;
		uint8_t *dst = a->dst + n * a->dst_block;
		for (word i = 0; i < 16 * a->cells; i += 16) {
			__m256 b0 = centred(pb + i, offset), b1;
			if (a->b_block)
				b1 = centred(pb + i + 8, offset);
			else
				b0 = b1 = _mm256_permute2f128_ps(b0, b0, 0);
			__m128i p0 = _mm_adds_epi16(add8(pa + i, b0, offset, sa, sb, constant), zero);
			__m128i p1 = _mm_adds_epi16(add8(pa + i + 8, b1, offset, sa, sb, constant), zero);
			_mm_storeu_si128((__m128i *)(dst + i), _mm_min_epu8(_mm_max_epu8(_mm_packus_epi16(p0, p1), lo), hi));
		}
	}
}

// The product, 8 bytes at a time.
INLINE __m256 factor(const uint8_t *p, __m256 zero) {
	return _mm256_sub_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p))), zero);
}

void mulAVX2(const struct add_args *a) {
	__m256 scale = _mm256_set1_ps(a->scales[0]), za = _mm256_set1_ps(a->scales[1]), zb = _mm256_set1_ps(a->scales[2]);
	__m256 zc = _mm256_set1_ps(a->scales[3]);
	__m128i zero = _mm_set1_epi16((short)a->offset), lo = _mm_set1_epi8((char)a->lo), hi = _mm_set1_epi8((char)a->hi);
	for (word n = 0; n < a->blocks; n++) {
		const uint8_t *pa = a->a + n * a->a_block, *pb = a->b + n * a->b_block;
		uint8_t *dst = a->dst + n * a->dst_block;
		for (word i = 0; i < 16 * a->cells; i += 16) {
			__m128i p[2];
			for (int h = 0; h < 2; h++) {
				__m256 vb = factor(pb + i + (a->b_block ? 8 * h : 0), zb);
				if (!a->b_block) vb = _mm256_permute2f128_ps(vb, vb, 0);
				__m256i v = _mm256_cvtps_epi32(_mm256_add_ps(_mm256_mul_ps(_mm256_mul_ps(factor(pa + i + 8 * h, za), vb), scale), zc));
				p[h] = _mm_adds_epi16(_mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)), zero);
			}
			_mm_storeu_si128((__m128i *)(dst + i), _mm_min_epu8(_mm_max_epu8(_mm_packus_epi16(p[0], p[1]), lo), hi));
		}
	}
}

// Planes to cells, a block at a time.
void planesAVX2(const struct planes_args *a) {
	__m128i flip = _mm_set1_epi8((char)a->flip);
	for (word b = 0; b < a->blocks; b++) {
		__m128i p[4];
		for (int i = 0; i < 4; i++) p[i] = _mm_cvtsi32_si128(*(const int *)(a->src + i * a->plane + 4 * b));
		__m128i v = _mm_unpacklo_epi16(_mm_unpacklo_epi8(p[0], p[1]), _mm_unpacklo_epi8(p[2], p[3]));
		_mm_storeu_si128((__m128i *)(a->dst + b * a->dst_block), _mm_xor_si128(v, flip));
	}
}

// Sums over a map, a cell at a time: 4 pixels of a channel side by side, added with ones.
void sumAVX2(const struct sum_args *a) {
	__m128i transpose = _mm256_castsi256_si128(transposition()), keep = _mm_set1_epi32((int)a->keep);
	int one = 1;
	__asm__("" : "+r"(one));
	__m128i bytes = _mm_set1_epi8((char)one), words = _mm_set1_epi16((short)one);
	for (word c = 0; c < a->cells; c++) {
		__m128i acc = _mm_setzero_si128();
		for (word y = 0; y < a->rows; y++) {
			const uint8_t *p = a->src + y * a->row + 16 * c;
			for (word b = 0; b < a->blocks; b++, p += a->src_block) {
				__m128i v = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)p), transpose);
				if (b == a->blocks - 1) v = _mm_and_si128(v, keep);
				acc = _mm_add_epi32(acc, _mm_madd_epi16(_mm_maddubs_epi16(v, bytes), words));
			}
		}
		_mm_storeu_si128((__m128i *)(a->sums + 4 * c), acc);
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

// Linear resize of real values: two pixels of 4 channels are 8 floats.
INLINE __m256 real_half(__m128i v, __m256i zero, __m256 scale) {
	return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_cvtepu8_epi32(v), zero)), scale);
}

INLINE __m256 pair(const float *w) {
	return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_set1_ps(w[0])), _mm_set1_ps(w[1]), 1);
}

void resizeRealAVX2(const struct real_args *a) {
	__m256 scale = _mm256_set1_ps(a->weights[0]), wt = _mm256_set1_ps(a->weights[1]), wb = _mm256_set1_ps(a->weights[2]);
	__m256 out = _mm256_set1_ps(a->weights[3]);
	__m256i zero_in = _mm256_set1_epi32((int)a->zero_in);
	__m128i zero = _mm_set1_epi16((short)a->zero), lo = _mm_set1_epi8((char)a->lo), hi = _mm_set1_epi8((char)a->hi);
	for (word b = 0; b < a->blocks; b++) {
		const word *o = a->offsets + 8 * b;
		for (word c = 0; c < a->cells; c++) {
			__m128i tl = gather4_offset(a->top, o, 16 * c), tr = gather4_offset(a->top, o + 1, 16 * c);
			__m128i bl = gather4_offset(a->bottom, o, 16 * c), br = gather4_offset(a->bottom, o + 1, 16 * c), p[2];
			for (int h = 0; h < 2; h++) {
				__m256 wl = pair(a->weight_left + 4 * b + 2 * h), wr = pair(a->weight_right + 4 * b + 2 * h);
				__m256 v = _mm256_add_ps(_mm256_mul_ps(_mm256_mul_ps(wl, wt), real_half(tl, zero_in, scale)),
						_mm256_mul_ps(_mm256_mul_ps(wr, wt), real_half(tr, zero_in, scale)));
				v = _mm256_add_ps(v, _mm256_mul_ps(_mm256_mul_ps(wl, wb), real_half(bl, zero_in, scale)));
				v = _mm256_add_ps(v, _mm256_mul_ps(_mm256_mul_ps(wr, wb), real_half(br, zero_in, scale)));
				__m256i q = _mm256_cvtps_epi32(_mm256_div_ps(v, out));
				p[h] = _mm_adds_epi16(_mm_packs_epi32(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1)), zero);
				tl = _mm_srli_si128(tl, 8);
				tr = _mm_srli_si128(tr, 8);
				bl = _mm_srli_si128(bl, 8);
				br = _mm_srli_si128(br, 8);
			}
			__m128i u = _mm_min_epu8(_mm_max_epu8(_mm_packus_epi16(p[0], p[1]), lo), hi);
			_mm_storeu_si128((__m128i *)(a->dst + b * a->dst_block + 16 * c), u);
		}
	}
}

// Maxima of windows.
void maxAVX2(const struct max_args *a) {
	for (word b = 0; b < a->blocks; b++) {
		for (word c = 0; c < a->cells; c++) {
			__m128i v = _mm_setzero_si128();
			for (word ky = 0; ky < a->taps_y; ky++) {
				const uint8_t *row = a->rows[ky] + 16 * c;
				const word *o = a->offsets + 4 * b;
				for (word kx = 0; kx < a->taps_x; kx++, o += 4 * a->blocks) {
					__m128i x = _mm_cvtsi32_si128(*(const int *)(row + o[0]));
					x = _mm_insert_epi32(x, *(const int *)(row + o[1]), 1);
					x = _mm_insert_epi32(x, *(const int *)(row + o[2]), 2);
					v = _mm_max_epu8(v, _mm_insert_epi32(x, *(const int *)(row + o[3]), 3));
				}
			}
			_mm_storeu_si128((__m128i *)(a->dst + b * a->dst_block + 16 * c), v);
		}
	}
}

// nearest_double: a cell's pixels 0 0 1 1 are a cell of one block, 2 2 3 3 of the next.
INLINE void nearest_double(const struct nearest_args *a) {
	const uint8_t *src = a->src;
	uint8_t *dst = a->dst;
	for (word b = 0; b < a->blocks; b += 2, src += a->src_block, dst += 2 * a->dst_block) {
		for (word c = 0; c < a->cells; c++) {
			__m128i v = _mm_loadu_si128((const __m128i *)(src + 16 * c));
			_mm_storeu_si128((__m128i *)(dst + 16 * c), _mm_shuffle_epi32(v, 0x50));
			if (b + 1 < a->blocks) _mm_storeu_si128((__m128i *)(dst + a->dst_block + 16 * c), _mm_shuffle_epi32(v, 0xfa));
		}
	}
}

void nearestAVX2(const struct nearest_args *a) {
	if (a->src_block) {
		nearest_double(a);
		return;
	}
	for (word b = 0; b < a->blocks; b++)
		for (word c = 0; c < a->cells; c++)
			_mm_storeu_si128((__m128i *)(a->dst + b * a->dst_block + 16 * c), gather4_offset(a->src, a->offsets + 8 * b, 16 * c));
}

// Enlargement with argmax, in float32, each operation rounded by itself and in one fixed order.
INLINE void plane_row(const uint8_t *row, float *planes, const struct argmax_args *a, __m128i transpose) {
	__m256i zero = _mm256_set1_epi32((int)a->zero);
	__m256 scale = _mm256_set1_ps(a->weights[0]);
	word groups = (a->classes + 3) / 4;
	for (word b = 0; b < a->blocks; b++) {
		for (word g = 0; g < groups; g++) {
			__m128i cell = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(row + b * a->src_block + 16 * g)), transpose);
			__m256 v0 = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_cvtepu8_epi32(cell), zero)), scale);
			__m256 v1 = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_cvtepu8_epi32(_mm_srli_si128(cell, 8)), zero)), scale);
			float *to = planes + 4 * g * a->plane + 4 * b;
			_mm_storeu_ps(to, _mm256_castps256_ps128(v0));
			_mm_storeu_ps(to + a->plane, _mm256_extractf128_ps(v0, 1));
			_mm_storeu_ps(to + 2 * a->plane, _mm256_castps256_ps128(v1));
			_mm_storeu_ps(to + 3 * a->plane, _mm256_extractf128_ps(v1, 1));
		}
	}
}

// winners_row finds the first of the greatest classes of each pixel.
INLINE void winners_row(float *planes, const struct argmax_args *a) {
	for (word x = 0; x < 4 * a->blocks; x += 8) {
		__m256 best = _mm256_loadu_ps(planes + x), at = _mm256_setzero_ps();
		for (word c = 1; c < a->classes; c++) {
			__m256 v = _mm256_loadu_ps(planes + c * a->plane + x), more = _mm256_cmp_ps(v, best, _CMP_GT_OQ);
			best = _mm256_blendv_ps(best, v, more);
			at = _mm256_blendv_ps(at, _mm256_castsi256_ps(_mm256_set1_epi32((int)c)), more);
		}
		_mm256_storeu_ps((float *)winners(planes, a) + x, at);
	}
}

INLINE void filled(const uint8_t *row, float *planes, const struct argmax_args *a) {
	plane_row(row, planes, a, _mm256_castsi256_si128(transposition()));
	if (a->sure) winners_row(planes, a);
}

// store_classes stores the low n bytes, at most 8.
INLINE void store_classes(uint8_t *dst, uint64_t bits, word n) {
	if (n >= 8)
		*(uint64_t *)dst = bits;
	else
		for (word i = 0; i < n; i++, bits >>= 8) dst[i] = (uint8_t)bits;
}

INLINE uint64_t bytes_of(__m256i n) {
	__m128i out = _mm_packs_epi32(_mm256_castsi256_si128(n), _mm256_extracti128_si256(n, 1));
	return (uint64_t)_mm_cvtsi128_si64(_mm_packus_epi16(out, out));
}

INLINE unsigned equal(const int32_t *p, __m256i v) {
	return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(load(p), v)));
}

void resizeArgMaxAVX2(const struct argmax_args *a) {
	if (a->fill & 1) filled(a->top, a->above, a);
	if (a->fill & 2) filled(a->bottom, a->below, a);
	const int32_t *upper = winners(a->above, a), *lower = winners(a->below, a);
	for (word x = 0; x < a->out_width; x += 8) {
		int32_t base = a->left[x];
		word row = 0, exist = a->out_width - x;
		if (a->sure) {
			__m256i winner = _mm256_set1_epi32(upper[base]);
			unsigned same = equal(upper + base, winner) & equal(lower + base, winner), read = (2u << (a->right[x + 7] - base)) - 1;
			if ((same & read) == read) {
				uint64_t bits = bytes_of(winner);
				for (; row < a->rows; row++) store_classes(a->dst + row * a->out_width + x, bits, exist);
				continue;
			}
		}
		__m256i from = _mm256_set1_epi32(base);
		__m256i left = _mm256_sub_epi32(load(a->left + x), from), right = _mm256_sub_epi32(load(a->right + x), from);
		__m256 wl = _mm256_loadu_ps(a->weight_left + x), wr = _mm256_loadu_ps(a->weight_right + x);
		for (; row < a->rows; row++) {
			__m256 wt = _mm256_set1_ps(a->weights[2 * row + 1]), wb = _mm256_set1_ps(a->weights[2 * row + 2]);
			__m256 tl = _mm256_mul_ps(wl, wt), tr = _mm256_mul_ps(wr, wt), bl = _mm256_mul_ps(wl, wb), br = _mm256_mul_ps(wr, wb);
			__m256 best = _mm256_setzero_ps(), at = best;
			for (word c = 0; c < a->classes; c++) {
				__m256 t = _mm256_loadu_ps(a->above + c * a->plane + base), b = _mm256_loadu_ps(a->below + c * a->plane + base);
				__m256 v = _mm256_add_ps(_mm256_mul_ps(tl, _mm256_permutevar8x32_ps(t, left)), _mm256_mul_ps(tr, _mm256_permutevar8x32_ps(t, right)));
				v = _mm256_add_ps(v, _mm256_mul_ps(bl, _mm256_permutevar8x32_ps(b, left)));
				v = _mm256_add_ps(v, _mm256_mul_ps(br, _mm256_permutevar8x32_ps(b, right)));
				__m256 more = c == 0 ? _mm256_castsi256_ps(_mm256_cmpeq_epi32(from, from)) : _mm256_cmp_ps(v, best, _CMP_GT_OQ);
				best = _mm256_blendv_ps(best, v, more);
				at = _mm256_blendv_ps(at, _mm256_castsi256_ps(_mm256_set1_epi32((int)c)), more);
			}
			store_classes(a->dst + row * a->out_width + x, bytes_of(_mm256_castps_si256(at)), exist);
		}
	}
}

#include "margin.h"

INLINE void store_bytes(uint8_t *p, const margin_ints *v) {
	__m256i half[2];
	__builtin_memcpy(half, v, sizeof half);
	__m256i words = _mm256_permute4x64_epi64(_mm256_packus_epi32(half[0], half[1]), 0xd8);
	_mm_storeu_si128((__m128i *)p, _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}

void marginAVX2(const struct margin_args *a) { margin(a); }
