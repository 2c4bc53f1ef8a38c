// Loops of image decoders: see decode.go. Each file that includes this defines, beside what shrink.h needs: load4(p), four
// bytes widened to int16; low4(x), the lower bytes of the first four lanes; abs8, min8; w8, eight int32; bytes8(p, twice),
// eight bytes widened, or four of them each twice; store3(dst, r, g, b, close), eight pixels of what is cut off to bytes.

// args.go: paethArgs.
struct paeth_args {
	uint8_t *row;
	const uint8_t *above;
	word n, size; // pixels, and bytes of one: 2 or 3
};

// args.go: ycbcrArgs.
struct ycbcr_args {
	uint8_t *dst;
	const uint8_t *y, *cb, *cr, *close;
	word n, twice; // n is a multiple of 8
};

INLINE i8 pick(i8 marked, i8 a, i8 b) { return (a & marked) | (b & ~marked); }

INLINE void paeths(const struct paeth_args *args, const int size) {
	uint8_t *row = args->row;
	const uint8_t *above = args->above;
	const word n = args->n;
	const i8 low = every8(255);
	i8 a = every8(0), c = a;
	for (word i = 0; i < n; i++, row += size, above += size) {
		i8 b = load4(above), x = load4(row);
		i8 pa = b - c, pb = a - c, pc = abs8(pa + pb);
		pa = abs8(pa), pb = abs8(pb);
		i8 least = min8(pc, min8(pa, pb));
		i8 p = pick(pa == least, a, pick(pb == least, b, c));
		a = (x + p) & low, c = b;
		uint32_t out = low4(a);
		__builtin_memcpy(row, &out, 2);
		if (size == 3)
			row[2] = (uint8_t)(out >> 16);
	}
}

INLINE void paeth(const struct paeth_args *a) {
	if (a->size == 2)
		paeths(a, 2);
	else
		paeths(a, 3);
}

INLINE int32_t hidden(int32_t x) {
	__asm__("" : "+r"(x));
	return x;
}

INLINE void ycbcr(const struct ycbcr_args *a) {
	const w8 middle = (w8){} + hidden(128), unit = (w8){} + hidden(0x10101);
	const w8 rr = (w8){} + hidden(91881), gb = (w8){} + hidden(22554), gr = (w8){} + hidden(46802), bb = (w8){} + hidden(116130);
	const uint8_t *y = a->y, *cb = a->cb, *cr = a->cr, *close = a->close;
	const word n = a->n, twice = a->twice, step = twice ? 4 : 8;
	uint8_t *dst = a->dst;
	for (word i = 0; i < n; i += 8, y += 8, cb += step, cr += step, dst += 24) {
		w8 l = bytes8(y, 0) * unit, u = bytes8(cb, twice) - middle, v = bytes8(cr, twice) - middle;
		store3(dst, (l + rr * v) >> 16, (l - gb * u - gr * v) >> 16, (l + bb * u) >> 16, close);
	}
}
