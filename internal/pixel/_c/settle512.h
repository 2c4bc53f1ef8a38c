// Drawing sixteen patches at once. Along a depth row the left sides of patches rise, but for steps of the surface. So lanes
// are taken in stretches that do, within a window of 32 pixels: to spread their depths over a colour row is to expand them
// by a mask of its pixels. Where two neighbours begin on one pixel, in the same rows, the second takes the nearer of both.

// short16 and all32 are x in every lane, as all is.
INLINE __m256i short16(int32_t x) { return _mm512_castsi512_si256((__m512i)all(x)); }

INLINE __m512i all32(int32_t x) {
	__asm__("" : "+r"(x));
	return _mm512_set1_epi32(x);
}

// settle draws the patches that lie inside the image, each 1 to columns pixels wide and high, but for lanes of out.
INLINE void settle(const struct glide_args *a, const int columns, const struct block *b, const struct patches *p, m out) {
	const word width = a->width;
	const __m512i none = _mm512_set1_epi32(-1);
	const __m256i far = _mm512_castsi512_si256(none);
	const __m256i number = _mm256_loadu_si256((const __m256i *)(a->steps + 2 * WIDTH)), before = _mm256_loadu_si256((const __m256i *)(a->steps + 3 * WIDTH));
	const __m512i place = (__m512i)(p->y0 << 3 | p->tall); // rows, in one number
	uint16_t *const base = a->pix + b->y * width + b->x;
	const int32_t last = (int32_t)(width - 32 - b->x);
	for (int half = 0; half < 2; half++) {
		__mmask16 inside = (__mmask16)(~out >> 16 * half);
		if (!inside)
			continue;
#define HALF(x) (half ? _mm512_extracti64x4_epi64((__m512i)(x), 1) : _mm512_castsi512_si256((__m512i)(x)))
		__m256i left = HALF(p->x0), wide = HALF(p->wide), rows = HALF(place), keys = HALF(p->key);
		uint32_t n = 16;
		if (inside != 0xffff) {
			n = (uint32_t)__builtin_popcount(inside);
			left = _mm256_maskz_compress_epi16(inside, left), wide = _mm256_maskz_compress_epi16(inside, wide);
			rows = _mm256_maskz_compress_epi16(inside, rows), keys = _mm256_maskz_compress_epi16(inside, keys);
		}
		for (;;) {
			int32_t x = (int16_t)_mm_cvtsi128_si32(_mm256_castsi256_si128(left));
			x = x < last ? x : last; // the window lies within the row
			__m256i column = _mm256_sub_epi16(left, short16(x));
			__m256i first = _mm256_broadcastw_epi16(_mm256_castsi256_si128(rows));
			__m256i was = _mm256_permutexvar_epi16(before, left);
			uint32_t same = _mm256_cmpeq_epi16_mask(left, was) & _mm256_cmpeq_epi16_mask(rows, _mm256_permutexvar_epi16(before, rows)) & 0xfffeu;
			uint32_t rises = _mm256_cmpgt_epi16_mask(left, was) | 1;
			__m256i lower = _mm256_sub_epi16(_mm256_srai_epi16(rows, 3), _mm256_srai_epi16(first, 3));
			uint32_t ends = ~(rises | (same & ~(same << 1))) | _mm256_cmpgt_epu16_mask(column, short16(32 - columns)) |
				_mm256_cmpgt_epu16_mask(_mm256_sub_epi16(lower, far), short16(2));
			uint32_t stop = (uint32_t)__builtin_ctz(ends | 1u << n);
			__mmask16 these = (__mmask16)((1u << stop) - 1);
			same &= these;

			// What each lane has for the pixel i from its left one on; lanes, those that begin on pixels of their own.
			__m256i key[4];
			key[0] = keys;
			for (int i = 1; i < columns; i++)
				key[i] = _mm256_mask_mov_epi16(far, _mm256_cmpgt_epi16_mask(wide, short16(i)), keys);
			__m256i lanes = number;
			if (same) {
				for (int i = 0; i < columns; i++)
					key[i] = _mm256_mask_min_epu16(key[i], (__mmask16)same, key[i], _mm256_permutexvar_epi16(before, key[i]));
				lanes = _mm256_maskz_compress_epi16((__mmask16)(these & ~(same >> 1)), number);
			}
			__m512i one = _mm512_maskz_sllv_epi32(these, all32(1), _mm512_cvtepu16_epi32(column));
			__m256i two = _mm256_or_si256(_mm512_castsi512_si256(one), _mm512_extracti64x4_epi64(one, 1));
			__m128i four = _mm_or_si128(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
			uint64_t both = (uint64_t)_mm_cvtsi128_si64(_mm_or_si128(four, _mm_unpackhi_epi64(four, four)));
			uint32_t begin = (uint32_t)(both | both >> 32);

			int32_t y = (int16_t)_mm_cvtsi128_si32(_mm256_castsi256_si128(first)) >> 3;
			uint16_t *at = base + y * width + x;
			if (!(_mm256_cmpneq_epi16_mask(rows, first) & these)) { // all in the same rows
				__m512i depth = none;
				for (int i = 0; i < columns; i++) {
					__m512i from = _mm512_maskz_expand_epi16(begin << i, _mm512_castsi256_si512(lanes));
					__m512i d = _mm512_permutexvar_epi16(from, _mm512_castsi256_si512(key[i]));
					depth = _mm512_mask_min_epu16(depth, begin << i, depth, d);
				}
				for (int k = _mm_cvtsi128_si32(_mm256_castsi256_si128(first)) & 7; k > 0; k--, at += width) {
					__m512i have = _mm512_add_epi16(_mm512_loadu_si512(at), none);
					_mm512_storeu_si512(at, _mm512_sub_epi16(_mm512_min_epu16(have, depth), none));
				}
			} else {
				__m512i from[4];
				for (int i = 0; i < columns; i++)
					from[i] = _mm512_maskz_expand_epi16(begin << i, _mm512_castsi256_si512(lanes));
				// The rows of each lane as bits, from the one above the first on.
				__m256i tall = _mm256_and_si256(rows, short16(7)), unit = short16(1);
				__m256i marks = _mm256_sllv_epi16(_mm256_sub_epi16(_mm256_sllv_epi16(unit, tall), unit), _mm256_sub_epi16(lower, far));
				at -= width;
				for (int k = 0; k < 2 + columns; k++, at += width) {
					__mmask16 in = _mm256_mask_test_epi16_mask(these, marks, short16(1 << k));
					if (!in)
						continue;
					__m512i have = _mm512_add_epi16(_mm512_loadu_si512(at), none);
					for (int i = 0; i < columns; i++) {
						__m512i d = _mm512_castsi256_si512(_mm256_mask_mov_epi16(far, in, key[i]));
						have = _mm512_mask_min_epu16(have, begin << i, have, _mm512_permutexvar_epi16(from[i], d));
					}
					_mm512_storeu_si512(at, _mm512_sub_epi16(have, none));
				}
			}
			if (stop >= n)
				break;
			n -= stop;
			__mmask16 more = (__mmask16)~these;
			left = _mm256_maskz_compress_epi16(more, left), wide = _mm256_maskz_compress_epi16(more, wide);
			rows = _mm256_maskz_compress_epi16(more, rows), keys = _mm256_maskz_compress_epi16(more, keys);
		}
	}
}
