// Registration of depth rows by blocks: see glide.go, whose generic version this equals bit for bit. Each file that
// includes this defines LANES, v, a vector of so many int16, and m, which marks some of its lanes, and on them:
// mul(a, b), times(a, b) and timesU(a, b) are products rounded and shifted right by 15, their lower halves, and the upper
// ones of unsigned numbers; less and lessU compare; plus(a, m) adds 1 where marked; any tells whether a lane is marked;
// inverse(d, share, shift) is Glide.Inverse; shift(a, n) shifts right; bits has the marks as the bits of a number.
#include <stdint.h>
typedef int64_t word;
#define INLINE static inline __attribute__((always_inline))

struct block {
	int32_t x, y;
	int16_t u, uk, ukk, uj, ujk, v, vk, vkk, vj, vjk, s, sk, sj, t, tk, tj, q, qk, qj, r, rk, rj;
	int16_t e, ek, g, f, fk, h, z, zk, zj, first, end;
	uint16_t from, to;
	int16_t state;
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
	word bent;
	float share, shift;
	word *slow;
	int16_t *work; // room for so many vectors
};

// What is kept of a block, in vectors of work: there are not registers enough.
enum { U, UJ, V, VJ, S, T, Q, R, E, F, G, H, Z, ABOVE, BELOW, FROM, SIGHT, LEFT, RIGHT, UPPER, LOWER, KEEP };

#define WIDTH 32 // of a block
#define ROWS 16 // of a block, at most
#define SLOPES (KEEP * LANES)
#define PATCHES (SLOPES + 6 * WIDTH)
#define SLOTS (PATCHES + 5 * LANES)

typedef uint16_t u __attribute__((vector_size(2 * LANES)));

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

// every is the number at p in every lane.
INLINE v every(const int16_t *p) { return (v){} + *p; }

INLINE v lesser(v a, v b) { return __builtin_elementwise_min(a, b); }

INLINE v larger(v a, v b) { return __builtin_elementwise_max(a, b); }

// lesserU is the lesser of two without signs.
INLINE v lesserU(v a, v b) { return (v)__builtin_elementwise_min((u)a, (u)b); }

// nearest keeps the nearer of what a pixel has and depth key+1; 0, no reading, is the farthest.
INLINE void nearest(uint16_t *p, uint16_t key) {
	uint16_t have = *p - 1;
	*p = (have < key ? have : key) + 1;
}

// patches are what of those of some lanes lies inside the image, relative to their block.
struct patches {
	v key, x0, wide, y0, tall;
};

// large draws those that are marked, of any size, inside the image.
INLINE void large(const struct glide_args *a, const struct block *b, const struct patches *p, uint32_t marked) {
	int16_t *key = a->work + PATCHES, *x = key + LANES, *wide = x + LANES, *y = wide + LANES, *tall = y + LANES;
	keep(key, p->key), keep(x, p->x0), keep(wide, p->wide), keep(y, p->y0), keep(tall, p->tall);
	for (; marked; marked &= marked - 1) {
		int j = __builtin_ctz(marked);
		uint16_t *at = a->pix + (b->y + y[j]) * a->width + b->x + x[j];
		for (int i = 0; i < tall[j]; i++, at += a->width)
			for (int k = 0; k < wide[j]; k++)
				nearest(at + k, (uint16_t)key[j]);
	}
}

#ifdef SETTLE
#include SETTLE
#else
#define SLOT (5 * LANES)

// put keeps the patches of ok, each 1 to columns pixels wide and high, to be drawn later: what
// comes before has no branches that depend on depth, and is not held up by those of drawing.
INLINE void put(const struct glide_args *a, const int columns, const struct patches *p, m ok, int16_t *slot) {
	(void)a, (void)columns;
	keep(slot, p->key), keep(slot + LANES, p->x0 & ok), keep(slot + 2 * LANES, p->wide), keep(slot + 3 * LANES, p->y0 & ok), keep(slot + 4 * LANES, p->tall & ok);
}

// settle draws what was put.
INLINE void settle(const struct glide_args *a, const int columns, const struct block *b, const int16_t *key, const int16_t *end) {
	uint16_t *base = a->pix + b->y * a->width + b->x;
	for (; key < end; key += SLOT) {
		const int16_t *x = key + LANES, *wide = x + LANES, *y = wide + LANES, *tall = y + LANES;
		for (word j = 0; j < LANES; j++) {
			uint16_t *at = base + y[j] * a->width + x[j];
			uint16_t one = (uint16_t)key[j];
			for (int i = tall[j]; i > 0; i--, at += a->width) {
				nearest(at, one);
				for (int k = 1; k < columns; k++)
					nearest(at + (wide[j] > k ? k : 0), one);
			}
		}
	}
}
#endif

#define KEPT(name) load(work + name * LANES)
#define SET(name, x) keep(work + name * LANES, x)

// rows draws the rows of one block, LANES columns from o on. Least is of all readings but 0, less one, without a sign.
INLINE void rows(const struct glide_args *a, const int columns, const struct block *b, const uint16_t *src, word o, v *least) {
	const v k = load(a->steps + o), bow = load(a->steps + WIDTH + o), one = all(1), most = all(columns), half = all(-32768);
	int16_t *work = a->work;
	SET(U, all(b->u) + mul(all(b->uk), k) + mul(all(b->ukk), bow)), SET(UJ, all(b->uj) + mul(all(b->ujk), k));
	SET(V, all(b->v) + mul(all(b->vk), k) + mul(all(b->vkk), bow)), SET(VJ, all(b->vj) + mul(all(b->vjk), k));
	SET(S, all(b->s) + mul(all(b->sk), k)), SET(T, all(b->t) + mul(all(b->tk), k));
	SET(Q, all(b->q) + mul(all(b->qk), k)), SET(R, all(b->r) + mul(all(b->rk), k));
	SET(E, all(b->e) + mul(all(b->ek), k)), SET(F, all(b->f) + mul(all(b->fk), k)), SET(G, all(b->g)), SET(H, all(b->h));
	SET(Z, all(b->z) + mul(all(b->zk), k)), SET(ABOVE, all(a->offset >> 16)), SET(BELOW, all(~a->offset));
	const word sight = b->to - (b->from > a->near ? b->from : a->near) + 1;
	SET(FROM, all(b->from > a->near ? b->from : a->near)), SET(SIGHT, all(sight > 0 ? sight : 0));
	SET(LEFT, all(-b->x)), SET(RIGHT, all(a->width - b->x)), SET(UPPER, all(a->lo - b->y)), SET(LOWER, all(a->hi - b->y));
	// What is the same in all columns, for each row.
	int16_t *rise = work + SLOPES;
	for (word j = 0; j < ROWS; j += LANES) {
		v jj = times(load(a->steps + 2 * WIDTH + j), all(a->row));
		keep(rise + j, jj), keep(rise + WIDTH + j, mul(all(b->sj), jj)), keep(rise + 2 * WIDTH + j, mul(all(b->tj), jj));
		keep(rise + 3 * WIDTH + j, mul(all(b->qj), jj)), keep(rise + 4 * WIDTH + j, mul(all(b->rj), jj)), keep(rise + 5 * WIDTH + j, mul(all(b->zj), jj));
	}
	rise += a->first;
	int16_t *slot = work + SLOTS;
	for (word j = a->first; j < a->end; j++, src += a->n, rise++) {
		__builtin_prefetch(src + o + 2 * WIDTH); // a block is 16 rows far apart: no processor foresees that
		v d = load((const int16_t *)src + o), last = d - one;
		*least = lesserU(*least, last);
		m seen = lessU(d - KEPT(FROM), KEPT(SIGHT));
		if (j < b->first || j >= b->end || !any(seen))
			continue;
		v i = inverse(d, a->share, a->shift), js = every(rise);
		v u0 = KEPT(U) + mul(KEPT(UJ), js) + mul(KEPT(S) + every(rise + WIDTH), i);
		v v0 = KEPT(V) + mul(KEPT(VJ), js) + mul(KEPT(T) + every(rise + 2 * WIDTH), i);
		if (a->bent) {
			v i2 = mul(i, i);
			u0 += mul(KEPT(Q) + every(rise + 3 * WIDTH), i2);
			v0 += mul(KEPT(R) + every(rise + 4 * WIDTH), i2);
		}
		v u1 = u0 + KEPT(E) + mul(KEPT(G), i), v1 = v0 + KEPT(F) + mul(KEPT(H), i);
		struct patches p;
		p.x0 = larger(shift(u0, a->frac), KEPT(LEFT)), p.wide = lesser(shift(u1, a->frac), KEPT(RIGHT)) - p.x0;
		p.y0 = larger(shift(v0, a->frac), KEPT(UPPER)), p.tall = lesser(shift(v1, a->frac), KEPT(LOWER)) - p.y0;

		v share = KEPT(Z) + every(rise + 5 * WIDTH);
		v high = timesU(d, share) - (d & share >> 15) + KEPT(ABOVE);
		v low = times(d, share), more = shift(plus(high, lessU(KEPT(BELOW), low)), a->fine);
		// A depth that is too great becomes 65536, which is never the nearest; Near is such that none is too small.
		p.key = (v)__builtin_elementwise_add_sat(last ^ half, more) ^ half;
		m ok = seen & lessU(p.wide - one, most) & lessU(p.tall - one, most);
		m wider = less(most, larger(p.wide, p.tall));
		if (any(wider))
			large(a, b, &p, bits(wider & seen & less((v){}, lesser(p.wide, p.tall))));
		put(a, columns, &p, ok, slot);
		slot += any(ok) ? SLOT : 0;
	}
	settle(a, columns, b, work + SLOTS, slot);
}

// largest is an upper bound of a + b·x + c·y, for x of −1 to 1 and y of 0 to 1, in whole pixels.
INLINE int largest(int16_t a, int16_t b, int16_t c, word frac) {
	return (a + (b < 0 ? -b : b) + (c < 0 ? 0 : c) + (1 << frac) - 1) >> frac;
}

INLINE void glide(const struct glide_args *a) {
	m slow = {0};
	v least = all(-1);
	for (word x = 0; x < a->count; x++) {
		const struct block *b = a->blocks + x;
		const uint16_t *src = a->src + x * WIDTH;
		if (b->state == 0) {
			int wide = largest(b->e, b->ek, b->g, a->frac), tall = largest(b->f, b->fk, b->h, a->frac);
			int columns = wide > tall ? wide : tall;
			for (word o = 0; o < WIDTH; o += LANES)
				if (columns > 3)
					rows(a, 4, b, src, o, &least);
				else if (columns > 2)
					rows(a, 3, b, src, o, &least);
				else
					rows(a, 2, b, src, o, &least);
			continue;
		}
		for (word j = a->first; j < a->end; j++, src += a->n)
			for (word o = 0; o < WIDTH; o += LANES) {
				v last = load((const int16_t *)src + o) - all(1);
				least = lesserU(least, last);
				if (b->state < 0)
					slow |= lessU(last, all(-1));
			}
	}
	if (any(slow | lessU(least, all(a->near - 1))))
		*a->slow = 1;
}
