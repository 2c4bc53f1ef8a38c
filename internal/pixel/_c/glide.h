// Registration of a depth row by runs: see glide.go, whose generic version this equals bit for bit. Each file that
// includes this defines LANES and, on vectors v of so many int32: high(a, b) is the upper half of each 64-bit product,
// lookup(table, index) loads table[index], readings(p) loads and widens LANES uint16, any(v) tells whether a lane is not 0,
// spread(p, parts) is p[0] in the first LANES/parts lanes, p[STRIDE] in the next ones and so on.
#include <stdint.h>
typedef int64_t word;
#define INLINE static inline __attribute__((always_inline))

// args.go: glideArgs. Every field is 8 bytes.
struct glide_args {
	uint16_t *pix;
	const uint16_t *src;
	const uint32_t *inverse;
	const int32_t *runs, *steps; // steps: 0 1 … 15
	word width, lo, hi;
	word n, length, closer, wider, offset, bent, columns;
	word room; // the last pixel of a row where a patch of 3 columns may begin
	word *slow;
};

#define STRIDE 23 // of a run, in words

struct run {
	int32_t u, du, ddu, v, dv, ddv, eu, deu, ev, dev, s, ds, t, dt, gu, gv, qu, dqu, qv, dqv, z, dz, slow;
};

// all is x in every lane; the empty statement keeps constants out of memory.
INLINE v all(int32_t x) {
	__asm__("" : "+r"(x));
	return (v){} + x;
}

// now is x in every lane, loaded where it is used: there are not registers enough to keep it.
INLINE v now(const word *x) { return (v){} + *(const volatile int32_t *)x; }

INLINE v load(const int32_t *p) {
	v x;
	__builtin_memcpy(&x, p, sizeof x);
	return x;
}

// above compares unsigned.
INLINE v above(v a, v b) {
	typedef uint32_t positive __attribute__((vector_size(sizeof(v))));
	return (v)((positive)a > (positive)b);
}

INLINE void keep(int32_t *p, v x) { __builtin_memcpy(p, &x, sizeof x); }

// nearest keeps the nearer of what a pixel has and depth key+1; 0, no reading, is the farthest.
INLINE void nearest(uint16_t *p, uint16_t key) {
	uint16_t have = *p - 1;
	*p = (have < key ? have : key) + 1;
}

// clipped draws a patch of any size that may lie across the border.
INLINE void clipped(const struct glide_args *a, int32_t x0, int32_t x1, int32_t y0, int32_t y1, uint16_t key) {
	int32_t width = (int32_t)a->width, lo = (int32_t)a->lo, hi = (int32_t)a->hi;
	x0 = x0 > 0 ? x0 : 0;
	x1 = x1 < width ? x1 : width;
	y0 = y0 > lo ? y0 : lo;
	y1 = y1 < hi ? y1 : hi;
	for (word y = y0; y < y1; y++)
		for (word x = x0; x < x1; x++)
			nearest(a->pix + y * width + x, key);
}

#ifdef SETTLE
#include SETTLE
#else
// splat draws patches that lie inside the image, each 1 to columns pixels wide and high.
INLINE void splat(const struct glide_args *a, const int32_t columns, v key, v x0, v x1, v y0, v y1) {
	const int32_t width = (int32_t)a->width;
	int32_t depth[LANES], at[LANES], size[LANES];
	keep(depth, key);
	keep(at, y0 * all(width) + x0);
	keep(size, (x1 - x0) | (y1 - y0) << 8);
	for (word j = 0; j < LANES; j++) {
		uint16_t *p = a->pix + at[j];
		uint16_t one = (uint16_t)depth[j];
		uint8_t wide = (uint8_t)size[j];
		uint16_t two = wide > 1 ? one : 65535, three = wide > 2 ? one : 65535; // 65535 is never the nearest
		for (int32_t y = size[j] >> 8; y > 0; y--, p += width) {
			nearest(p, one);
			nearest(p + 1, two);
			if (columns > 2)
				nearest(p + 2, three);
		}
	}
}

// settle draws the patches but those of out. Those of odd may lie across the border or be larger than columns.
INLINE void settle(const struct glide_args *a, const int32_t columns, v key, v x0, v x1, v y0, v y1, v odd, v out) {
	if (!any(odd)) {
		splat(a, columns, key, x0, x1, y0, y1);
		return;
	}
	int32_t depth[LANES], across[LANES], down[LANES];
	keep(depth, key | out);
	keep(across, (x0 & all(65535)) | x1 * all(65536)); // of 16 bits each, since they are Q16 in 32 bits
	keep(down, (y0 & all(65535)) | y1 * all(65536));
	for (word j = 0; j < LANES; j++)
		if (depth[j] >= 0)
			clipped(a, (int16_t)across[j], across[j] >> 16, (int16_t)down[j], down[j] >> 16, (uint16_t)depth[j]);
}
#endif

// coefficient is a run's number in its lanes: of LANES/length runs that lie behind each other, where runs are shorter.
#define COEFFICIENT(name) spread(&r->name, parts)

INLINE void glide(const struct glide_args *a, const int32_t columns, const int parts) {
	const struct run *r = (const struct run *)a->runs;
	const word length = parts > 1 ? LANES / parts : a->length;
	const v zero = all(0);
	v slow = {};
	for (word x = 0; x < a->n; x += parts * length, r += parts) {
		for (word o = 0; o < parts * length; o += LANES) {
			v d = readings(a->src + x + o);
			if (!any(d))
				continue;
			v f = lookup(a->inverse, d), left_out = COEFFICIENT(slow);
			slow |= (d != zero) & ((f == zero) | left_out);
			v k = load(a->steps + o) & all((int32_t)length - 1), kk = k * (k - all(1)) >> 1;
			v u0 = COEFFICIENT(u) + now(&a->closer) + k * COEFFICIENT(du) + kk * COEFFICIENT(ddu) + high(COEFFICIENT(s) + k * COEFFICIENT(ds), f);
			v v0 = COEFFICIENT(v) + now(&a->closer) + k * COEFFICIENT(dv) + kk * COEFFICIENT(ddv) + high(COEFFICIENT(t) + k * COEFFICIENT(dt), f);
			if (a->bent) {
				v f2 = high(f, f);
				u0 += high(COEFFICIENT(qu) + k * COEFFICIENT(dqu), f2);
				v0 += high(COEFFICIENT(qv) + k * COEFFICIENT(dqv), f2);
			}
			v u1 = u0 + COEFFICIENT(eu) + now(&a->wider) + k * COEFFICIENT(deu) + high(COEFFICIENT(gu), f);
			v v1 = v0 + COEFFICIENT(ev) + now(&a->wider) + k * COEFFICIENT(dev) + high(COEFFICIENT(gv), f);
			v key = ((high(COEFFICIENT(z) + k * COEFFICIENT(dz), d << 14) + now(&a->offset)) >> 12) - all(1);
			v x0 = u0 >> 16, x1 = u1 >> 16, y0 = v0 >> 16, y1 = v1 >> 16;
			// A lane that is not drawn: no reading, a slow one, a depth that does not fit.
			v out = left_out | (f == zero) | above(key, all(65534));
			v odd = out | above(x0, now(&a->room)) | above(x1 - x0 - all(1), all(columns - 1)) |
				above(y1 - y0 - all(1), all(columns - 1)) | (y0 < now(&a->lo)) | (y1 > now(&a->hi));
			settle(a, columns, key, x0, x1, y0, y1, odd, out);
		}
	}
	*a->slow = any(slow);
}

// Runs of 4 pixels, and of 8, where there are more lanes, are worked on together.
#define GLIDE(a) \
	if (LANES > 8 && a->length == LANES / 4) \
		glide(a, 3, 4); \
	else if (LANES > 4 && a->length == LANES / 2) \
		glide(a, 3, 2); \
	else if (a->columns > 2) \
		glide(a, 3, 1); \
	else \
		glide(a, 2, 1);
