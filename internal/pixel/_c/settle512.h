// Drawing sixteen patches at once. Along a depth row the left sides of patches rise, but for steps of the surface and for
// neighbours that may share a pixel. So lanes are taken in stretches of which each lane begins right of the one before the
// last: then the even ones begin on different pixels of a colour row, and so do the odd ones, and to spread depths over
// the row is to expand them by a mask of its pixels. A stretch lies within a window of 32 pixels.

INLINE __mmask16 lanes(v x) { return _mm512_test_epi32_mask((__m512i)x, (__m512i)x); }

INLINE v pick(__mmask16 m, v x) { return (v)_mm512_maskz_compress_epi32(m, (__m512i)x); }

INLINE v first(v x) { return (v)_mm512_broadcastd_epi32(_mm512_castsi512_si128((__m512i)x)); }

// settle draws the patches but those of out. Those of odd may lie across the border or be larger than columns.
INLINE void settle(const struct glide_args *a, const int32_t columns, v key, v x0, v x1, v y0, v y1, v odd, v out) {
	const word width = a->width;
	__mmask16 inside = (__mmask16)~lanes(odd);
	__mmask16 rest = (__mmask16)~(inside | lanes(out));
	if (rest) {
		int32_t depth[LANES], across[LANES], down[LANES];
		keep(depth, key);
		keep(across, (x0 & all(65535)) | x1 * all(65536)); // of 16 bits each, since they are Q16 in 32 bits
		keep(down, (y0 & all(65535)) | y1 * all(65536));
		for (; rest; rest &= (__mmask16)(rest - 1)) {
			int j = __builtin_ctz(rest);
			clipped(a, (int16_t)across[j], across[j] >> 16, (int16_t)down[j], down[j] >> 16, (uint16_t)depth[j]);
		}
	}
	const v k = load(a->steps);
	const __m512i even = _mm512_castsi256_si512(_mm512_cvtepi32_epi16((__m512i)(k + k)));
	const __m512i uneven = _mm512_castsi256_si512(_mm512_cvtepi32_epi16((__m512i)(k + k + all(1))));
	const __m512i none = _mm512_set1_epi32(-1);
	uint32_t n = (uint32_t)__builtin_popcount(inside);
	v left = pick(inside, x0), upper = pick(inside, y0), pack = pick(inside, key | (x1 - x0) << 16 | (y1 - y0) << 24);
	while (n > 0) {
		// The window begins 2 pixels left of the first lane, and a row above it.
		v x = (v)_mm512_min_epi32((__m512i)(first(left) - all(2)), (__m512i)all((int32_t)width - 32));
		x = (v)_mm512_max_epi32((__m512i)x, _mm512_setzero_si512());
		v y = first(upper) - all(1);
		v column = left - x, row = upper - y;
		v before = (v)_mm512_alignr_epi32((__m512i)left, none, 14); // the lane before the last; −1 for the first two
		uint32_t ends = _mm512_cmpgt_epu32_mask((__m512i)column, (__m512i)all(32 - columns)) |
			_mm512_cmpgt_epu32_mask((__m512i)row, (__m512i)all(2)) | _mm512_cmple_epi32_mask((__m512i)left, (__m512i)before);
		uint32_t stop = (uint32_t)__builtin_ctz(ends | 1u << n);
		__mmask16 these = (__mmask16)((1u << stop) - 1);

		__m512i bits = _mm512_maskz_sllv_epi32(these, (__m512i)all(1), (__m512i)column);
		__m256i b = _mm256_or_si256(_mm512_castsi512_si256(bits), _mm512_extracti64x4_epi64(bits, 1));
		__m128i c = _mm_or_si128(_mm256_castsi256_si128(b), _mm256_extracti128_si256(b, 1));
		uint64_t both = (uint64_t)_mm_cvtsi128_si64(_mm_or_si128(c, _mm_unpackhi_epi64(c, c)));
		uint32_t evens = (uint32_t)both, odds = (uint32_t)(both >> 32);
		__m512i from[8];
		for (int i = 0; i < columns; i++) {
			from[2 * i] = _mm512_maskz_expand_epi16(evens << i, even);
			from[2 * i + 1] = _mm512_maskz_expand_epi16(odds << i, uneven);
		}
		const __m256i keys = _mm512_cvtepi32_epi16((__m512i)pack);
		__mmask16 wider[4];
		for (int i = 1; i < columns; i++)
			wider[i] = _mm512_cmpgt_epi32_mask((__m512i)(pack << 8 >> 24), (__m512i)all(i));
		v tall = pack >> 24;
		v rows = (v)_mm512_maskz_sllv_epi32(these, (__m512i)((v)_mm512_sllv_epi32((__m512i)all(1), (__m512i)tall) - all(1)), (__m512i)row);
		uint16_t *p = a->pix + _mm_cvtsi128_si32(_mm512_castsi512_si128((__m512i)y)) * width + _mm_cvtsi128_si32(_mm512_castsi512_si128((__m512i)x));
		for (int j = 0; j < 2 + columns; j++, p += width) {
			__mmask16 m = _mm512_test_epi32_mask((__m512i)rows, (__m512i)all(1 << j));
			if (!m)
				continue;
			__m512i have = _mm512_add_epi16(_mm512_loadu_si512(p), none);
			for (int i = 0; i < columns; i++) {
				__m512i depth = _mm512_castsi256_si512(_mm256_mask_mov_epi16(_mm512_castsi512_si256(none), i ? m & wider[i] : m, keys));
				have = _mm512_mask_min_epu16(have, evens << i, have, _mm512_permutexvar_epi16(from[2 * i], depth));
				have = _mm512_mask_min_epu16(have, odds << i, have, _mm512_permutexvar_epi16(from[2 * i + 1], depth));
			}
			_mm512_storeu_si512(p, _mm512_sub_epi16(have, none));
		}
		n -= stop;
		__mmask16 more = (__mmask16)~these;
		left = pick(more, left), upper = pick(more, upper), pack = pick(more, pack);
	}
}
