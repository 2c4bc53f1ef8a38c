// Drawing a row of patches at once. Along a depth row the left sides of patches rise by few pixels each, but for steps of
// the surface, and they lie in the same colour rows. Stretches of lanes that do are spread over two vectors of 32 pixels by
// an expansion each. The vectors lie where those of other rows do, and on lines of the cache where the image's rows begin on
// some: what one wrote the next can read at once.

// deposit and extract are PDEP and PEXT, which the other kernels do without.
INLINE uint64_t deposit(uint64_t x, uint64_t mask) {
	uint64_t y;
	__asm__("pdepq %2, %1, %0" : "=r"(y) : "r"(x), "r"(mask));
	return y;
}

INLINE uint64_t extract(uint64_t x, uint64_t mask) {
	uint64_t y;
	__asm__("pextq %2, %1, %0" : "=r"(y) : "r"(x), "r"(mask));
	return y;
}

INLINE __m512i all512(word x) { return (__m512i)all(x); }

// nearest32 is nearest of 32 pixels.
INLINE void nearest32(uint16_t *p, __m512i key) {
	const __m512i none = _mm512_set1_epi32(-1);
	_mm512_storeu_si512(p, _mm512_sub_epi16(_mm512_min_epu16(_mm512_add_epi16(_mm512_loadu_si512(p), none), key), none));
}

// slot is the patches of a row: in the order of their columns, those that are not drawn left out.
struct slot {
	int16_t key[LANES], x[LANES];
	int16_t place[LANES];           // rows: 8 times the upper one, and how many
	uint64_t breaks;                // patches with other steps than 1 to longest, and in other rows than the one before; the end
	uint32_t far[2];                // patches with steps of 2 and more, and of 3
	uint32_t broad[3];              // patches wider than 1, 2 and 3 pixels
};

// longest is the longest step between patches drawn at once: more than that of patches of so many columns is rare.
INLINE int longest(int columns) { return columns > 2 ? 3 : 2; }

#define SLOT (word)(sizeof(struct slot) / sizeof(int16_t))

// put keeps the patches of ok, each 1 to columns pixels wide and high, to be drawn later: what
// comes before has no branches that depend on depth, and is not held up by those of drawing.
INLINE void put(const struct glide_args *a, const int columns, const struct patches *p, m ok, int16_t *to) {
	struct slot *s = (struct slot *)to;
	const __m512i before = (__m512i)load(a->steps + 3 * WIDTH);
	const __m512i left = _mm512_maskz_compress_epi16(ok, (__m512i)p->x0);
	const __m512i place = _mm512_maskz_compress_epi16(ok, (__m512i)(p->y0 << 3 | p->tall));
	keep(s->key, (v)_mm512_maskz_compress_epi16(ok, (__m512i)p->key)), keep(s->x, (v)left), keep(s->place, (v)place);
	for (int i = 1; i < columns; i++)
		s->broad[i - 1] = (uint32_t)extract(less(all(i), p->wide), ok);
	const __m512i step = _mm512_sub_epi16(left, _mm512_permutexvar_epi16(before, left));
	const uint64_t end = 1ull << __builtin_popcount(ok);
	const uint32_t breaks = _mm512_cmpge_epu16_mask(_mm512_sub_epi16(step, all512(1)), all512(longest(columns))) |
		_mm512_cmpneq_epi16_mask(place, _mm512_permutexvar_epi16(before, place));
	s->breaks = end | (breaks & (end - 1));
	for (int i = 1; i < longest(columns); i++)
		s->far[i - 1] = less(all(i), (v)step);
}

// starts is the pixels that patches begin on, from the first one's on: for each as many bits as its step, the last one set.
INLINE uint64_t starts(const int columns, const struct slot *s, word first) {
	uint64_t two = s->far[0] >> first & ~1u;
	if (longest(columns) == 2)
		return extract(0xaaaaaaaaaaaaaaaa, 0xaaaaaaaaaaaaaaaa | deposit(two, 0x5555555555555555));
	uint64_t three = s->far[1] >> first & ~1u, bits[2];
	for (int i = 0; i < 2; i++)
		bits[i] = 0x8888888888888888 | deposit(two >> 16 * i, 0x4444444444444444) | deposit(three >> 16 * i, 0x2222222222222222);
	return extract(0x8888888888888888, bits[0]) | extract(0x8888888888888888, bits[1]) << __builtin_popcountll(bits[0]);
}

// settle draws what was put.
INLINE void settle(const struct glide_args *a, const int columns, const struct block *b, const int16_t *from, const int16_t *end) {
	const word width = a->width, last = width - 2 * LANES;
	const __m512i none = _mm512_set1_epi32(-1), before = (__m512i)load(a->steps + 3 * WIDTH);
	const __m512i behind = (__m512i)(load(a->steps + 2 * WIDTH) + all(LANES - 1)); // before, for the second of two vectors
	uint16_t *const base = a->pix + b->y * width;
	for (; from < end; from += SLOT) {
		const struct slot *s = (const struct slot *)from;
		const __m512i keys = (__m512i)load(s->key);
		uint64_t breaks = s->breaks;
		for (word i = 0;;) {
			word left = b->x + s->x[i], x = left & -LANES;
			x = x < last ? x : last; // both vectors lie within the row
			// The pixels that patches begin on: up to the next break, and where all of them fit.
			uint64_t begin = deposit((2ull << __builtin_ctzll(breaks >> 1)) - 1, starts(columns, s, i)) << (left - x);
			if (x < last) // beyond it the image ends
				begin &= ~0ull >> (columns - 1);
			word drawn = __builtin_popcountll(begin), first = __builtin_popcount((uint32_t)begin);

			const int16_t *lane = a->steps + 2 * WIDTH + i;
			__m512i one = _mm512_mask_expand_epi16(none, (__mmask32)begin, _mm512_permutexvar_epi16((__m512i)load(lane), keys));
			__m512i two = _mm512_mask_expand_epi16(none, (__mmask32)(begin >> 32), _mm512_permutexvar_epi16((__m512i)load(lane + first), keys));
			__m512i near = one, far = two;
			for (int k = 1; k < columns; k++) {
				uint64_t more = deposit(s->broad[k - 1] >> i, begin) << k;
				two = _mm512_permutex2var_epi16(one, behind, two), one = _mm512_permutexvar_epi16(before, one);
				near = _mm512_mask_min_epu16(near, (__mmask32)more, near, one), far = _mm512_mask_min_epu16(far, (__mmask32)(more >> 32), far, two);
			}
			uint16_t *at = base + (s->place[i] >> 3) * width + x;
			const int both = begin >> (33 - columns) != 0;
			for (int k = s->place[i] & 7; k > 0; k--, at += width) {
				nearest32(at, near);
				if (both)
					nearest32(at + LANES, far);
			}
			breaks >>= drawn;
			if (breaks == 1)
				break;
			i += drawn;
		}
	}
}
