// Halving both sides of an image: see halve.go.

// args.go: halveColorArgs.
struct halve_color_args {
	uint8_t *dst;
	const uint8_t *top, *bottom;
	const uint8_t *shuffle, *close; // 16 bytes each, 64 of the 512-bit kernel
	word step, n, bgr;
};

// args.go: halveDepthArgs.
struct halve_depth_args {
	uint8_t *dst;
	const uint16_t *top, *bottom;
	const uint8_t *table;
	const float *shares; // 1/n for n of 1 to 4
	word step, n;
};

// ahead has memory fetch what the loop comes to some rows later into the second cache, where more can be under way than into
// the first: n bytes, 96 at most. Rows lie one after the other, and a fetch beyond the image does no harm.
INLINE void ahead(const uint8_t *p, word n) {
	__builtin_prefetch(p + 8192, 0, 2);
	if (n > 64)
		__builtin_prefetch(p + 8192 + 64, 0, 2);
}

// halveDepth has a row's means go through a ring of blocks of sixteen, and through the table three blocks later: numbers
// that are read from where a vector was stored just before would hold the loop up. Means(c, top, bottom, to) makes a block.
INLINE void halveDepth(const struct halve_depth_args *a, const word step,
	void (*means)(const void *c, const uint16_t *top, const uint16_t *bottom, uint16_t *to), const void *c) {
	enum { BLOCKS = 4, LATER = 16 * (BLOCKS - 1) };
	uint16_t ring[BLOCKS][16];
	// Kept apart from a: for all that C knows, a byte of dst could be part of it.
	const uint16_t *top = a->top, *bottom = a->bottom;
	const uint8_t *table = a->table;
	const word end = a->n;
	uint8_t *dst = a->dst;
	for (word i = 0; i < end + LATER; i += 16) {
		if (i < end)
			means(c, top + 2 * i, bottom + 2 * i, ring[i / 16 % BLOCKS]);
		if (i >= LATER)
			for (word j = 0; j < 16; j++, dst += step)
				*dst = table[ring[(i - LATER) / 16 % BLOCKS][j]];
	}
}
