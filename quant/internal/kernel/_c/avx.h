// The 256-bit x86 kernels, for both dot products: avxvnni.c and avx2.c define
//
//	weights                       8 outputs' weights, 4 bytes each, in the form that step takes
//	weights prepare(__m256i)
//	GROUP, weights packed(p)      bytes of 16 outputs' weights as they are packed, and how 8 of them are read
//	__m256i step(__m256i acc, __m256i x, weights w)    each int32 += Σ of 4 unsigned × signed bytes
//	PEAK                          sums that fit registers beside a step's
//	PEAK_STEP(acc, x, w)          what of a step no kernel can do without
//
// A register holds two cells: 4 pixels of 8 channels, or 8 sums.
#include "args.h"

struct requant {
	__m256i zero;
};

INLINE struct requant requant_of(word zero) { return (struct requant){_mm256_set1_epi16((short)zero)}; }

INLINE __m256i scaled(__m256i acc, __m256 scale) {
	return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(acc), scale));
}

// pack is the requantization of one block: 4 pixels of 8 outputs.
INLINE __m256i pack(const __m256i *a, __m256 scale, struct requant r) {
	__m256i p01 = _mm256_adds_epi16(_mm256_packs_epi32(scaled(a[0], scale), scaled(a[1], scale)), r.zero);
	__m256i p23 = _mm256_adds_epi16(_mm256_packs_epi32(scaled(a[2], scale), scaled(a[3], scale)), r.zero);
	return _mm256_packus_epi16(p01, p23);
}

// store and load touch the cells from cell on that exist: one or two.
INLINE void store(uint8_t *dst, __m256i v, word left) {
	if (left >= 2)
		_mm256_storeu_si256((__m256i *)dst, v);
	else
		_mm_storeu_si128((__m128i *)dst, _mm256_castsi256_si128(v));
}

INLINE __m256i load(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE __m256i load_cells(const uint8_t *p, word left) {
	return left >= 2 ? load(p) : _mm256_zextsi128_si256(_mm_loadu_si128((const __m128i *)p));
}

// load4 hides what it has made from the compiler, which would do what follows on one lane and broadcast that.
INLINE __m256i load4(const uint8_t *p) {
	__m256i v = _mm256_set1_epi32(*(const int *)p);
	__asm__("" : "+x"(v));
	return v;
}

// A tile is 4 pixels of V pairs of cells of outputs.
#define BEGIN(V)                                                                                              \
	__m256i acc[V][4];                                                                                       \
	for (int j = 0; j < V; j++)                                                                              \
		for (int i = 0; i < 4; i++) acc[j][i] = load(a->bias + 4 * (cell + 2 * j));

#define END(V)                                                                                                \
	for (int j = 0; j < V; j++)                                                                              \
		store(dst + 16 * (cell + 2 * j), pack(acc[j], _mm256_loadu_ps(a->scale + 4 * (cell + 2 * j)), r), a->cells - cell - 2 * j);

INLINE const int8_t *weights_at(const struct conv_args *a, word cell, word steps) {
	return a->weights + (cell / 4) * steps * GROUP + cell % 4 * (GROUP / 4);
}

#define MULTIPLY(V, X)                                                                                        \
	{                                                                                                        \
		weights wv[V];                                                                                       \
		for (int j = 0; j < V; j++) wv[j] = packed(w + GROUP / 2 * j);                                       \
		for (int i = 0; i < 4; i++) {                                                                        \
			__m256i x = load4(X);                                                                            \
			for (int j = 0; j < V; j++) acc[j][i] = step(acc[j][i], x, wv[j]);                               \
		}                                                                                                    \
	}

#define POINTWISE_TILE(V)                                                                                     \
	INLINE void pointwise_##V(const struct conv_args *a, const uint8_t *src, uint8_t *dst, word cell, struct requant r) { \
		BEGIN(V)                                                                                             \
		const int8_t *w = weights_at(a, cell, a->steps);                                                     \
		for (word k = 0; k < a->steps; k++, w += GROUP, src += 16) MULTIPLY(V, src + 4 * i)                     \
		END(V)                                                                                               \
	}

#define DENSE_TILE(V)                                                                                         \
	INLINE void dense_##V(const struct conv_args *a, word b, word cell, struct requant r) {                  \
		BEGIN(V)                                                                                             \
		uint8_t *dst = a->dst + b * a->dst_block;                                                            \
		const int8_t *w = weights_at(a, cell, a->taps_y * a->taps_x * a->steps);                             \
		for (word ky = 0; ky < a->taps_y; ky++) {                                                            \
			const uint8_t *row = a->rows[ky];                                                                \
			const word *offset = a->offsets + 4 * b;                                                         \
			for (word kx = 0; kx < a->taps_x; kx++, offset += 4 * a->blocks) {                               \
				const uint8_t *p[4];                                                                         \
				for (int i = 0; i < 4; i++) p[i] = row && offset[i] >= 0 ? row + offset[i] : a->pad;         \
				for (word k = 0; k < a->steps; k++, w += GROUP) MULTIPLY(V, p[i] + 16 * k)                      \
			}                                                                                                \
		}                                                                                                    \
		END(V)                                                                                               \
	}

#define FIRST_TILE(V)                                                                                         \
	INLINE void first_##V(const struct conv_args *a, word b, word cell, struct requant r) {                  \
		BEGIN(V)                                                                                             \
		uint8_t *dst = a->dst + b * a->dst_block;                                                            \
		const int8_t *w = weights_at(a, cell, a->taps_y * a->taps_x);                                        \
		for (word ky = 0; ky < a->taps_y; ky++) {                                                            \
			const uint8_t *p = a->rows[ky] + 4 * b * a->stride;                                              \
			for (word kx = 0; kx < a->taps_x; kx++, w += GROUP, p += a->src_block) MULTIPLY(V, p + i * a->stride) \
		}                                                                                                    \
		END(V)                                                                                               \
	}

#define TILES(T) T(1) T(2)
TILES(POINTWISE_TILE)
TILES(DENSE_TILE)
TILES(FIRST_TILE)

// EACH_TILE runs a tile function of each block on the cells of outputs, 4 at a time: a group of the packed weights.
#define EACH_TILE(ONE, TWO)                                                     \
	struct requant r = requant_of(a->zero);                      \
	for (word cell = 0; cell < a->cells; cell += 4) {                          \
		if (a->cells - cell > 2)                                               \
			for (word b = 0; b < a->blocks; b++) TWO;                          \
		else                                                                   \
			for (word b = 0; b < a->blocks; b++) ONE;                          \
	}

#define POINTWISE                                                                                             \
	EACH_TILE(pointwise_1(a, a->src + b * a->src_block, a->dst + b * a->dst_block, cell, r),                 \
			pointwise_2(a, a->src + b * a->src_block, a->dst + b * a->dst_block, cell, r))
#define DENSE EACH_TILE(dense_1(a, b, cell, r), dense_2(a, b, cell, r))
#define FIRST EACH_TILE(first_1(a, b, cell, r), first_2(a, b, cell, r))

// Depthwise 3×3: a cell transposed is 4 horizontal neighbours of each channel; output pixel j of a block takes the
// neighbours j-1, j, j+1, shifted to the lane's low 3 bytes; the fourth meets a weight of 0.
struct columns {
	__m256i transpose, pad, keep;
	word last; // the last source block
	word left; // cells from this one on
};

// transposition moves byte 4p+c of each 16 to 4c+p.
INLINE __m256i transposition(void) {
	uint64_t low = 0x0d0905010c080400, high = 0x0f0b07030e0a0602;
	__asm__("" : "+r"(low), "+r"(high));
	return _mm256_broadcastsi128_si256(_mm_insert_epi64(_mm_cvtsi64_si128((long long)low), (long long)high, 1));
}

INLINE struct columns columns_of(const struct depthwise_args *a) {
	return (struct columns){transposition(), _mm256_set1_epi8((char)a->pad), _mm256_set1_epi32((int)a->keep),
			a->src_blocks - 1, 0};
}

INLINE __m256i column(const uint8_t *row, word block_bytes, word b, const struct columns *c) {
	if (b > c->last) return c->pad;
	__m256i v = _mm256_shuffle_epi8(load_cells(row + b * block_bytes, c->left), c->transpose);
	if (b == c->last) v = _mm256_or_si256(_mm256_and_si256(v, c->keep), _mm256_andnot_si256(c->keep, c->pad));
	return v;
}

INLINE __m256i before(__m256i p, __m256i g) { return _mm256_or_si256(_mm256_slli_epi32(g, 8), _mm256_srli_epi32(p, 24)); }
INLINE __m256i across(__m256i g, __m256i n) { return _mm256_or_si256(_mm256_srli_epi32(g, 16), _mm256_slli_epi32(n, 16)); }

INLINE void depthwise_s1(const struct depthwise_args *a, word cell, const struct columns *c, struct requant r) {
	weights w[3];
	__m256i p[3], v[3];
	for (int i = 0; i < 3; i++) {
		w[i] = prepare(load(a->weights + cell / 4 * 192 + 64 * i + cell % 4 * 16));
		p[i] = c->pad;
		v[i] = column(a->rows[i] + 16 * cell, a->row_blocks[i], 0, c);
	}
	for (word b = 0; b < a->blocks; b++) {
		__m256i acc[4];
		for (int j = 0; j < 4; j++) acc[j] = load(a->bias + 4 * cell);
		for (int i = 0; i < 3; i++) {
			__m256i n = column(a->rows[i] + 16 * cell, a->row_blocks[i], b + 1, c);
			acc[0] = step(acc[0], before(p[i], v[i]), w[i]);
			acc[1] = step(acc[1], v[i], w[i]);
			acc[2] = step(acc[2], _mm256_srli_epi32(v[i], 8), w[i]);
			acc[3] = step(acc[3], across(v[i], n), w[i]);
			p[i] = v[i];
			v[i] = n;
		}
		store(a->dst + b * a->dst_block + 16 * cell, pack(acc, _mm256_loadu_ps(a->scale + 4 * cell), r), c->left);
	}
}

INLINE void depthwise_s2(const struct depthwise_args *a, word cell, const struct columns *c, struct requant r) {
	weights w[3];
	__m256i p[3];
	for (int i = 0; i < 3; i++) {
		w[i] = prepare(load(a->weights + cell / 4 * 192 + 64 * i + cell % 4 * 16));
		p[i] = c->pad;
	}
	for (word b = 0; b < a->blocks; b++) {
		__m256i acc[4];
		for (int j = 0; j < 4; j++) acc[j] = load(a->bias + 4 * cell);
		for (int i = 0; i < 3; i++) {
			const uint8_t *row = a->rows[i] + 16 * cell;
			__m256i v = column(row, a->row_blocks[i], 2 * b, c), n = column(row, a->row_blocks[i], 2 * b + 1, c);
			acc[0] = step(acc[0], before(p[i], v), w[i]);
			acc[1] = step(acc[1], _mm256_srli_epi32(v, 8), w[i]);
			acc[2] = step(acc[2], before(v, n), w[i]);
			acc[3] = step(acc[3], _mm256_srli_epi32(n, 8), w[i]);
			p[i] = n;
		}
		store(a->dst + b * a->dst_block + 16 * cell, pack(acc, _mm256_loadu_ps(a->scale + 4 * cell), r), c->left);
	}
}

#define DEPTHWISE(BODY)                                        \
	struct requant r = requant_of(a->zero);      \
	struct columns c = columns_of(a);                          \
	for (word cell = 0; cell < a->cells; cell += 2) {          \
		c.left = a->cells - cell;                              \
		BODY(a, cell, &c, r);                                  \
	}

// Depthwise of any window: 4 taps are interleaved byte by byte into the lanes of one dot product.
INLINE __m128i gather4_cell(const uint8_t *const *p, word at) {
	__m128i v = _mm_cvtsi32_si128(*(const int *)(p[0] + at));
	v = _mm_insert_epi32(v, *(const int *)(p[1] + at), 1);
	v = _mm_insert_epi32(v, *(const int *)(p[2] + at), 2);
	return _mm_insert_epi32(v, *(const int *)(p[3] + at), 3);
}

INLINE __m256i gather4(const uint8_t *const *p, word at, word left) {
	__m128i low = gather4_cell(p, at);
	return left >= 2 ? _mm256_inserti128_si256(_mm256_castsi128_si256(low), gather4_cell(p, at + 16), 1) : _mm256_zextsi128_si256(low);
}

INLINE void depthwise_any(const struct depthwise_any_args *a) {
	struct requant r = requant_of(a->zero);
	for (word b = 0; b < a->blocks; b++) {
		list_taps(a, b);
		for (word cell = 0; cell < a->cells; cell += 2) {
			const uint8_t *const *p = a->taps;
			word left = a->cells - cell;
			__m256i acc[4];
			for (int j = 0; j < 4; j++) acc[j] = load(a->bias + 4 * cell);
			const int8_t *w = a->weights + cell / 4 * a->quads * 64 + cell % 4 * 16;
			for (word q = 0; q < a->quads; q++, p += 16, w += 64) {
				__m256i t0 = gather4(p, 16 * cell, left), t1 = gather4(p + 4, 16 * cell, left);
				__m256i t2 = gather4(p + 8, 16 * cell, left), t3 = gather4(p + 12, 16 * cell, left);
				weights wv = prepare(load(w));
				__m256i lo01 = _mm256_unpacklo_epi8(t0, t1), hi01 = _mm256_unpackhi_epi8(t0, t1);
				__m256i lo23 = _mm256_unpacklo_epi8(t2, t3), hi23 = _mm256_unpackhi_epi8(t2, t3);
				acc[0] = step(acc[0], _mm256_unpacklo_epi16(lo01, lo23), wv);
				acc[1] = step(acc[1], _mm256_unpackhi_epi16(lo01, lo23), wv);
				acc[2] = step(acc[2], _mm256_unpacklo_epi16(hi01, hi23), wv);
				acc[3] = step(acc[3], _mm256_unpackhi_epi16(hi01, hi23), wv);
			}
			store(a->dst + b * a->dst_block + 16 * cell, pack(acc, _mm256_loadu_ps(a->scale + 4 * cell), r), left);
		}
	}
}

INLINE void peak(const struct peak_args *a) {
	__m256i acc[PEAK], x = _mm256_set1_epi32((int)a->rounds);
	weights w = prepare(x);
	for (int i = 0; i < PEAK; i++) acc[i] = _mm256_setzero_si256();
	for (word n = 0; n < a->rounds; n++) {
		for (int i = 0; i < PEAK; i++) {
			acc[i] = PEAK_STEP(acc[i], x, w);
			__asm__("" : "+x"(acc[i]), "+x"(x)); // x is another each time: no part of a step may be done once for all
		}
	}
	for (int i = 1; i < PEAK; i++) acc[0] = _mm256_add_epi32(acc[0], acc[i]);
	_mm256_storeu_si256((__m256i *)a->sum, acc[0]);
}
