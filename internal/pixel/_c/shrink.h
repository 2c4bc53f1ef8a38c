// Resizing by weights, and depth by boxes: see shrink.go. Each file that includes this defines, beside what glide.h needs:
// u4, four uint32, and i8, eight int16, with wide4(p), four uint16 widened; divide(x, m, k), the product of each lane with m
// shifted right by k, which fits in it; store4(p, x), four bytes of the lanes; two4(p, q), four of each; any8(x), whether a lane is not 0; sums8(x,
// y, n), the sum of the lanes of x, and of y in n; blend32(dst, src,
// stride, weights, taps), 32 weighted sums of bytes.

// args.go: blendRowsArgs.
struct blend_rows_args {
	uint16_t *dst;
	const uint8_t *src;
	const uint16_t *weights;
	word stride, taps, n; // n is a multiple of 32
};

// args.go: blendAcrossArgs.
struct blend_across_args {
	uint8_t *dst;
	const uint16_t *src;
	const int32_t *first;
	const uint32_t *weights;
	word step, taps, n, half, m, k;
};

// args.go: boxDepthArgs.
struct box_depth_args {
	uint8_t *dst;
	const uint16_t *src;
	const int32_t *spans; // first and end of each
	const uint8_t *table;
	const int16_t *steps; // 0 1 … 7, twice 0 1 2 3, and which lanes are the first of these
	const uint64_t *shares; // 2³²/n, rounded up, of n up to 128, which divides what is below 2³²/n
	word step, width, rows, n, widest;
};

INLINE void blendRows(const struct blend_rows_args *a) {
	for (word i = 0; i < a->n; i += 32)
		blend32(a->dst + i, a->src + i, a->stride, a->weights, a->taps);
}

INLINE void blendAcross(const struct blend_across_args *a) {
	uint8_t *dst = a->dst;
	const uint32_t *w = a->weights;
	const uint16_t *src = a->src;
	const int32_t *first = a->first;
	const word taps = a->taps, step = a->step, n = a->n;
	for (word j = 0; j < n; j++, dst += step) {
		const uint16_t *p = src + first[j];
		u4 sum = (u4){} + (uint32_t)a->half;
		for (word t = 0; t < taps; t++, p += 3)
			sum += wide4(p) * *w++;
		store4(dst, divide(sum, (uint32_t)a->m, a->k));
	}
}

// around is the reading of a box that lies nearest to its centre, of equals the first; 0 if there is none.
INLINE uint32_t around(const uint16_t *p, word width, word x1, word y1) {
	word cx = (x1 - 1) >> 1, cy = (y1 - 1) >> 1, best = INT64_MAX;
	uint32_t found = 0;
	for (word y = 0; y < y1; y++, p += width)
		for (word x = 0; x < x1; x++) {
			word at = (x - cx) * (x - cx) + (y - cy) * (y - cy);
			if (p[x] && at < best)
				found = p[x], best = at;
		}
	return found;
}

// boxes makes boxes up to 8 readings wide, or with two rows at a time up to 4.
INLINE void boxes(const struct box_depth_args *a, const int two) {
	// Kept apart from a: for all that C knows, a byte of dst could be part of it.
	const uint8_t *table = a->table;
	const uint16_t *src = a->src;
	const int32_t *spans = a->spans;
	const uint64_t *shares = a->shares;
	const word step = a->step, width = a->width, rows = a->rows, boxes = a->n;
	uint8_t *dst = a->dst;
	const i8 steps = load8(a->steps + 8 * two), none = every8(0), lower = load8(a->steps + 16);
	for (word j = 0; j < boxes; j++, dst += step) {
		word first = spans[2 * j], size = spans[2 * j + 1] - first;
		const uint16_t *p = src + first;
		const i8 in = every8((int16_t)size) > steps;
		uint32_t r = p[((rows - 1) >> 1) * width + ((size - 1) >> 1)];
		if (!r) {
			i8 any = none;
			const uint16_t *q = p;
			for (word y = 0; y < rows; y++, q += width)
				any |= load8((const int16_t *)q);
			if (!any8(any & (every8((int16_t)size) > load8(a->steps)))) {
				*dst = table[0];
				continue;
			}
			r = around(p, width, size, rows);
		}
		i8 ref = every8((int16_t)r), slack = every8((int16_t)(r >> 5)), sum = none, count = none;
		if (two) {
			word y = 1;
			for (; y < rows; y += 2, p += 2 * width) {
				i8 d = two4(p, p + width), agrees = near8(d, ref, slack) & in;
				sum += (d - ref) & agrees;
				count -= agrees;
			}
			if (y == rows) {
				i8 d = two4(p, p), agrees = near8(d, ref, slack) & in & lower;
				sum += (d - ref) & agrees;
				count -= agrees;
			}
		} else
			for (word y = 0; y < rows; y++, p += width) {
				i8 d = load8((const int16_t *)p), agrees = near8(d, ref, slack) & in;
				sum += (d - ref) & agrees;
				count -= agrees;
			}
		uint32_t n, all = sums8(sum, count, &n) + n * r + (n >> 1);
		*dst = table[(uint16_t)(all * shares[n] >> 32)];
	}
}

INLINE void boxDepth(const struct box_depth_args *a) {
	if (a->widest <= 4)
		boxes(a, 1);
	else
		boxes(a, 0);
}
