// Registration of a depth row by runs: see glide.go, whose generic version this equals bit for bit. Each file that
// includes this defines LANES and, on vectors v of so many int32: high(a, b) is the upper half of each 64-bit product,
// lookup(table, index) loads table[index], readings(p) loads and widens LANES uint16, any(v) tells whether a lane is not 0.
#include <stdint.h>
typedef int64_t word;
#define INLINE static inline __attribute__((always_inline))

// args.go: glideArgs. Every field is 8 bytes.
struct glide_args {
	uint16_t *pix;
	const uint16_t *src;
	const uint32_t *inverse;
	const int32_t *runs, *steps; // steps: 0 1 … 15, then 0 0 1 3 6 … 105
	word width, lo, hi;
	word n, length, slack, offset, bent, columns;
	word *slow;
};

struct run {
	int32_t u, du, ddu, v, dv, ddv, eu, deu, ev, dev, s, ds, t, dt, gu, gv, qu, dqu, qv, dqv, z, dz, slow;
};

// all is x in every lane; the empty statement keeps constants out of memory.
INLINE v all(int32_t x) {
	__asm__("" : "+r"(x));
	return (v){} + x;
}

INLINE v load(const int32_t *p) {
	v x;
	__builtin_memcpy(&x, p, sizeof x);
	return x;
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

INLINE void glide(const struct glide_args *a, const int32_t columns) {
	const struct run *r = (const struct run *)a->runs;
	const int32_t width = (int32_t)a->width;
	const v zero = {};
	v slow = zero;
	for (word x = 0; x < a->n; x += a->length, r++) {
		for (word o = 0; o < a->length; o += LANES) {
			v d = readings(a->src + x + o);
			if (!any(d))
				continue;
			v f = lookup(a->inverse, d);
			v lost = (d != zero) & ((f == zero) | all(r->slow));
			slow |= lost;
			if (r->slow)
				continue;
			v k = load(a->steps + o), kk = load(a->steps + 16 + o);
			v u0 = all(r->u + 65535 - (int32_t)a->slack) + k * all(r->du) + kk * all(r->ddu) + high(all(r->s) + k * all(r->ds), f);
			v v0 = all(r->v + 65535 - (int32_t)a->slack) + k * all(r->dv) + kk * all(r->ddv) + high(all(r->t) + k * all(r->dt), f);
			if (a->bent) {
				v f2 = high(f, f);
				u0 += high(all(r->qu) + k * all(r->dqu), f2);
				v0 += high(all(r->qv) + k * all(r->dqv), f2);
			}
			v u1 = u0 + all(r->eu + 2 * (int32_t)a->slack) + k * all(r->deu) + high(all(r->gu), f);
			v v1 = v0 + all(r->ev + 2 * (int32_t)a->slack) + k * all(r->dev) + high(all(r->gv), f);
			v key = ((high(all(r->z) + k * all(r->dz), d << 14) + all((int32_t)a->offset)) >> 12) - all(1);
			v x0 = u0 >> 16, x1 = u1 >> 16, y0 = v0 >> 16, y1 = v1 >> 16;
			// A lane that is not drawn: no reading, a slow one, a depth that does not fit.
			v out = (f == zero) | (key < zero) | (key > all(65534));
			v odd = out | (x1 - x0 < all(1)) | (x1 - x0 > all(columns)) | (y1 - y0 < all(1)) | (y1 - y0 > all(columns)) | (x0 < zero) |
				(x0 + all(columns) > all(width)) | (y0 < all((int32_t)a->lo)) | (y1 > all((int32_t)a->hi));
			int32_t depth[LANES], at[LANES], size[LANES];
			if (!any(odd)) {
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
				continue;
			}
			keep(depth, key | out);
			keep(at, (x0 & all(65535)) | (u1 & all(-65536))); // of 16 bits each, since u and v are of 32 bits in Q16
			keep(size, (y0 & all(65535)) | (v1 & all(-65536)));
			for (word j = 0; j < LANES; j++)
				if (depth[j] >= 0)
					clipped(a, (int16_t)at[j], at[j] >> 16, (int16_t)size[j], size[j] >> 16, (uint16_t)depth[j]);
		}
	}
	*a->slow = any(slow);
}

#define GLIDE(a) \
	if (a->columns <= 2) \
		glide(a, 2); \
	else \
		glide(a, 3);
