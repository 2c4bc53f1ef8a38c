// Registration of depth rows by blocks: see glide.go, whose generic version this equals bit for bit. Each file that
// includes this defines LANES, v, a vector of so many int16, and m, which marks some of its lanes, and on them:
// mul(a, b), times(a, b) and timesU(a, b) are products rounded and shifted right by 15, their lower halves, and the upper
// ones of unsigned numbers; less, lessU and equal compare; signs marks the negative lanes; plus(a, m) adds 1 where marked,
// without(a, m) is 0 where marked; any tells whether a lane is marked; inverse(d, share, shift) is Glide.Inverse; shift(a, n)
// shifts right; bits has the marks as the bits of a number.
#include <stdint.h>
typedef int64_t word;
#define INLINE static inline __attribute__((always_inline))

struct block {
	int32_t x, y;
	int16_t u, uk, ukk, uj, ujk, v, vk, vkk, vj, vjk, s, sk, sj, t, tk, tj, q, qk, qj, r, rk, rj;
	int16_t e, ek, g, f, fk, h, z, zk, zj, state;
};

// args.go: glideArgs. Every field is 8 bytes.
struct glide_args {
	uint16_t *pix;
	const uint16_t *src;
	const struct block *blocks;
	const int16_t *steps; // four tables of WIDTH: see glideSteps
	word width, lo, hi;
	word n, count, first, end;
	word row, frac, fine, near, offset;
	word bent, columns;
	float share, shift;
	word *slow;
	int16_t *work; // room for so many vectors
};

// What is kept of a block, in vectors of work: there are not registers enough.
enum { U, UJ, V, VJ, S, T, Q, R, E, F, G, H, Z, ABOVE, BELOW, NEAR, LEFT, RIGHT, UPPER, LOWER, KEEP };

#define WIDTH 32 // of a block

// all is x in every lane; the empty statement keeps constants out of memory.
INLINE v all(word x) {
	int32_t y = (int32_t)x;
	__asm__("" : "+r"(y));
	return (v){} + (int16_t)y;
}

INLINE v load(const int16_t *p) {
	v x;
	__builtin_memcpy(&x, p, sizeof x);
	return x;
}

INLINE void keep(int16_t *p, v x) { __builtin_memcpy(p, &x, sizeof x); }

// scale is mul of numbers.
INLINE int16_t scale(int16_t a, word b) { return (int16_t)((a * (int32_t)b + (1 << 14)) >> 15); }

// nearest keeps the nearer of what a pixel has and depth key+1; 0, no reading, is the farthest.
INLINE void nearest(uint16_t *p, uint16_t key) {
	uint16_t have = *p - 1;
	*p = (have < key ? have : key) + 1;
}

// patches are those of some lanes, relative to their block.
struct patches {
	v key, x0, wide, y0, tall;
};

// clipped draws those that are marked, of any size, that may lie across the border.
INLINE void clipped(const struct glide_args *a, const struct block *b, const struct patches *p, uint32_t marked) {
	int16_t *key = a->work + KEEP * LANES, *x = key + LANES, *wide = x + LANES, *y = wide + LANES, *tall = y + LANES;
	keep(key, p->key), keep(x, p->x0), keep(wide, p->wide), keep(y, p->y0), keep(tall, p->tall);
	for (; marked; marked &= marked - 1) {
		int j = __builtin_ctz(marked);
		int32_t x0 = b->x + x[j], x1 = x0 + wide[j], y0 = b->y + y[j], y1 = y0 + tall[j];
		x0 = x0 > 0 ? x0 : 0;
		x1 = x1 < (int32_t)a->width ? x1 : (int32_t)a->width;
		y0 = y0 > (int32_t)a->lo ? y0 : (int32_t)a->lo;
		y1 = y1 < (int32_t)a->hi ? y1 : (int32_t)a->hi;
		for (word i = y0; i < y1; i++)
			for (word k = x0; k < x1; k++)
				nearest(a->pix + i * a->width + k, (uint16_t)key[j]);
	}
}

#ifdef SETTLE
#include SETTLE
#else
// settle draws patches that lie inside the image, each 1 to columns pixels wide and high, but for lanes of out.
INLINE void settle(const struct glide_args *a, const int columns, const struct block *b, const struct patches *p, m out) {
	int16_t *key = a->work + KEEP * LANES, *x = key + LANES, *wide = x + LANES, *y = wide + LANES, *tall = y + LANES;
	keep(key, p->key), keep(x, without(p->x0, out)), keep(wide, p->wide), keep(y, without(p->y0, out)), keep(tall, without(p->tall, out));
	uint16_t *base = a->pix + b->y * a->width + b->x;
	for (word j = 0; j < LANES; j++) {
		uint16_t *at = base + y[j] * a->width + x[j];
		uint16_t one = (uint16_t)key[j];
		uint16_t two = wide[j] > 1 ? one : 65535, three = wide[j] > 2 ? one : 65535, four = wide[j] > 3 ? one : 65535; // 65535 is never the nearest
		for (int i = tall[j]; i > 0; i--, at += a->width) {
			nearest(at, one);
			nearest(at + 1, two);
			if (columns > 2)
				nearest(at + 2, three);
			if (columns > 3)
				nearest(at + 3, four);
		}
	}
}
#endif

// rows draws the rows of one block, LANES columns from o on.
INLINE void rows(const struct glide_args *a, const int columns, const struct block *b, const uint16_t *src, word o, m *slow) {
	const v k = load(a->steps + o), bow = load(a->steps + WIDTH + o), zero = {}, one = all(1);
	int16_t *work = a->work;
#define KEPT(name) load(work + name * LANES)
#define SET(name, x) keep(work + name * LANES, x)
	SET(U, all(b->u) + mul(all(b->uk), k) + mul(all(b->ukk), bow)), SET(UJ, all(b->uj) + mul(all(b->ujk), k));
	SET(V, all(b->v) + mul(all(b->vk), k) + mul(all(b->vkk), bow)), SET(VJ, all(b->vj) + mul(all(b->vjk), k));
	SET(S, all(b->s) + mul(all(b->sk), k)), SET(T, all(b->t) + mul(all(b->tk), k));
	SET(Q, all(b->q) + mul(all(b->qk), k)), SET(R, all(b->r) + mul(all(b->rk), k));
	SET(E, all(b->e) + mul(all(b->ek), k)), SET(F, all(b->f) + mul(all(b->fk), k)), SET(G, all(b->g)), SET(H, all(b->h));
	SET(Z, all(b->z) + mul(all(b->zk), k)), SET(ABOVE, all(a->offset >> 16)), SET(BELOW, all(~a->offset)), SET(NEAR, all(a->near - 1));
	SET(LEFT, all(-b->x)), SET(RIGHT, all(a->width - b->x)), SET(UPPER, all(a->lo - b->y)), SET(LOWER, all(a->hi - b->y));
	for (word j = a->first; j < a->end; j++, src += a->n) {
		v d = load((const int16_t *)src + o);
		m none = equal(d, zero), out = ~lessU(KEPT(NEAR), d);
		if (any(out & ~none))
			*slow |= out & ~none;
		if (!any(~out))
			continue;
		word jj = j * a->row;
		v i = inverse(d, a->share, a->shift), js = all(jj);
		v u0 = KEPT(U) + mul(KEPT(UJ), js) + mul(KEPT(S) + all(scale(b->sj, jj)), i);
		v v0 = KEPT(V) + mul(KEPT(VJ), js) + mul(KEPT(T) + all(scale(b->tj, jj)), i);
		if (a->bent) {
			v i2 = mul(i, i);
			u0 += mul(KEPT(Q) + all(scale(b->qj, jj)), i2);
			v0 += mul(KEPT(R) + all(scale(b->rj, jj)), i2);
		}
		v u1 = u0 + KEPT(E) + mul(KEPT(G), i), v1 = v0 + KEPT(F) + mul(KEPT(H), i);
		struct patches p;
		p.x0 = shift(u0, a->frac), p.wide = shift(u1, a->frac) - p.x0;
		p.y0 = shift(v0, a->frac), p.tall = shift(v1, a->frac) - p.y0;

		v share = KEPT(Z) + all(scale(b->zj, jj));
		v high = timesU(d, share) - (d & share >> 15) + KEPT(ABOVE);
		v low = times(d, share), more = shift(plus(high, lessU(KEPT(BELOW), low)), a->fine);
		v z = d + more;
		p.key = z - one;
		// A lane that is not drawn: no reading, one too near, a depth that does not fit, a patch without a pixel.
		out |= (signs(more) ^ lessU(z, d)) | lessU(z, one) | less(p.wide, one) | less(p.tall, one);
		v room = KEPT(RIGHT) - all(columns), floor = KEPT(LOWER) - p.tall;
		m odd = less(p.x0, KEPT(LEFT)) | less(room, p.x0) | less(all(columns), p.wide) | less(all(columns), p.tall) |
			less(p.y0, KEPT(UPPER)) | less(floor, p.y0);
		odd &= ~out;
		if (any(odd)) {
			out |= odd;
			v x1 = p.x0 + p.wide, y1 = p.y0 + p.tall;
			odd &= less(KEPT(LEFT), x1) & less(p.x0, KEPT(RIGHT)) & less(KEPT(UPPER), y1) & less(p.y0, KEPT(LOWER));
			if (any(odd))
				clipped(a, b, &p, bits(odd));
		}
		settle(a, columns, b, &p, out);
	}
}

INLINE void glide(const struct glide_args *a, const int columns) {
	m slow = {0};
	for (word x = 0; x < a->count; x++) {
		const struct block *b = a->blocks + x;
		const uint16_t *src = a->src + x * WIDTH;
		if (b->state == 0) {
			for (word o = 0; o < WIDTH; o += LANES)
				rows(a, columns, b, src, o, &slow);
			continue;
		}
		const v near = all(b->state < 0 ? 65535 : a->near - 1);
		for (word j = a->first; j < a->end; j++, src += a->n)
			for (word o = 0; o < WIDTH; o += LANES) {
				v d = load((const int16_t *)src + o);
				slow |= ~equal(d, (v){}) & ~lessU(near, d);
			}
	}
	if (any(slow))
		*a->slow = 1;
}

#define GLIDE(a) \
	if (a->columns > 3) \
		glide(a, 4); \
	else if (a->columns > 2) \
		glide(a, 3); \
	else \
		glide(a, 2);
