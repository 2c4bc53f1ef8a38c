// AVX-512 VNNI: VPDPBUSD adds to each of 16 int32 lanes the dot product of 4 unsigned and 4 signed bytes.
#include <immintrin.h>
#include "args.h"

#define INLINE static inline __attribute__((always_inline))

// A requantization stores whole blocks. Scales are below 1 here, so the conversion to int32 cannot overflow.
//
// With ramp, sums begin at 2^23's bits as a float32 (packRamp): a sum s from 0 to 2^23 - 1 then is the float32 2^23 + s
// without a conversion, and s * scale, rounded once, is one fused multiply-add with ramp = -2^23 * scale. A sum below 0
// becomes a float32 below 2^23, so the result is not above 0, where the zero point, 0, holds it anyway.
//
// A saturating addition takes the units that multiply. Where no input can make a value that the zero point carries out of
// 16 bits (packNear), a plain one does.
struct requant {
	__m512i zero;
	const float *scale, *ramp;
	enum { SATURATED, RAMPED, NEAR } how; // a constant in every function that this is part of
};

// hidden keeps a constant out of memory: the compiler cannot know it.
INLINE int hidden(int v) {
	__asm__("" : "+r"(v));
	return v;
}

INLINE __m512i broadcast8(word v) { return _mm512_set1_epi8((char)v); }

// REQUANT is the requantization of arguments A; BY_RAMP calls one of two versions of a kernel.
#define REQUANT(A, HOW) ((struct requant){_mm512_set1_epi16((short)(A)->zero), (A)->scale, (A)->ramp, HOW})
#define BY_RAMP(KERNEL, A) \
	if ((A)->ramp)         \
		KERNEL(A, RAMPED); \
	else                   \
		KERNEL(A, SATURATED);

// pack is a block: a[0..3] are 4 pixels of the 16 outputs from at on. Packing within 128-bit lanes makes whole cells.
INLINE __m512i pack(const __m512i *a, word at, struct requant r) {
	__m512 scale = _mm512_loadu_ps(r.scale + at);
	__m512i v[4];
	if (r.how == RAMPED) {
		__m512 ramp = _mm512_loadu_ps(r.ramp + at);
		for (int i = 0; i < 4; i++) v[i] = _mm512_cvtps_epi32(_mm512_fmadd_ps(_mm512_castsi512_ps(a[i]), scale, ramp));
		return _mm512_packus_epi16(_mm512_packs_epi32(v[0], v[1]), _mm512_packs_epi32(v[2], v[3]));
	}
	for (int i = 0; i < 4; i++) v[i] = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(a[i]), scale));
	__m512i p01 = _mm512_packs_epi32(v[0], v[1]), p23 = _mm512_packs_epi32(v[2], v[3]);
	p01 = r.how == NEAR ? _mm512_add_epi16(p01, r.zero) : _mm512_adds_epi16(p01, r.zero);
	p23 = r.how == NEAR ? _mm512_add_epi16(p23, r.zero) : _mm512_adds_epi16(p23, r.zero);
	return _mm512_packus_epi16(p01, p23);
}

// cell_mask is the dwords of the cells from group g on that exist: 4 a cell.
INLINE __mmask16 cell_mask(word cells, word g) {
	word left = cells - 4 * g;
	return left >= 4 ? 0xffff : (__mmask16)((1u << (4 * left)) - 1);
}

INLINE void store_group(uint8_t *dst, const __m512i *acc, word g, const struct conv_args *a, struct requant r) {
	__m512i v = pack(acc, 16 * g, r);
	if (4 * g + 4 <= a->cells)
		_mm512_storeu_si512(dst + 64 * g, v);
	else
		_mm512_mask_storeu_epi32(dst + 64 * g, cell_mask(a->cells, g), v);
}

INLINE __m512i broadcast4(const uint8_t *p) { return _mm512_set1_epi32(*(const int *)p); }

// half is whether the last group has at most 8 outputs. Its weights, biases and scales are there twice (packGroups), so
// that a register holds 2 pixels of 8 outputs.
INLINE int half_of(const struct conv_args *a) { return (a->cells & 3) == 1 || (a->cells & 3) == 2; }

// both is the lower half of one and the upper half of the other; upper is 0xff00, hidden from the compiler.
INLINE __m512i both(__m512i even, __m512i odd, __mmask16 upper) { return _mm512_mask_mov_epi32(even, upper, odd); }

// order16 makes 16 dwords of 16 small numbers.
INLINE __m512i order16(uint64_t low, uint64_t high) {
	__asm__("" : "+r"(low), "+r"(high));
	return _mm512_cvtepu8_epi32(_mm_insert_epi64(_mm_cvtsi64_si128((long long)low), (long long)high, 1));
}

// store_half stores 2 blocks of a half group: v[0] and v[1] are the pixels 0 1 and 2 3 of the first, v[2] and v[3] of
// the second block.
INLINE void store_halves(uint8_t *dst, __m512i u, word g, const struct conv_args *a, int blocks) {
	__mmask8 m = (__mmask8)cell_mask(a->cells, g);
	_mm256_mask_storeu_epi32(dst + 64 * g, m, _mm512_castsi512_si256(u));
	if (blocks == 2) _mm256_mask_storeu_epi32(dst + a->dst_block + 64 * g, m, _mm512_extracti64x4_epi64(u, 1));
}

INLINE void store_half(uint8_t *dst, const __m512i *v, word g, const struct conv_args *a, struct requant r, int blocks) {
	__m512i order = order16(0x0d050c0409010800, 0x0f070e060b030a02);
	store_halves(dst, _mm512_permutexvar_epi32(order, pack(v, 16 * g, r)), g, a, blocks);
}

// bytes64 makes 64 bytes: those of a dword, added to each of 16 small numbers.
INLINE __m512i bytes64(uint64_t low, uint64_t high, int dword) {
	return _mm512_add_epi32(_mm512_mullo_epi32(order16(low, high), _mm512_set1_epi32(hidden(0x01010101))), _mm512_set1_epi32(hidden(dword)));
}

// broadcast_pair is two neighbouring pixels of a cell, side by side eight times, and store_pairs stores what they make:
// the two pixels of an output are neighbours (packPixels).
INLINE __m512i broadcast_pair(const uint8_t *p) { return _mm512_set1_epi64(*(const long long *)p); }

INLINE void store_pairs(uint8_t *dst, const __m512i *v, word g, const struct conv_args *a, struct requant r, int blocks) {
	__m512i order = bytes64(0x2524212005040100, 0x2d2c29280d0c0908, 0x12100200);
	store_halves(dst, _mm512_permutexvar_epi8(order, pack(v, 16 * g, r)), g, a, blocks);
}

// A tile is B blocks × G groups of outputs and, with H, the half group behind them. TILE_BEGIN and TILE_END are around
// its steps; TILE_STEP is one of them: W are the weights of a group, X is where pixel i begins.
#define TILE_BEGIN(B, G, H)                                                                               \
	__m512i acc[G + 1][4 * B], half[2 * B];                                                              \
	for (int j = 0; j < G; j++)                                                                          \
		for (int i = 0; i < 4 * B; i++) acc[j][i] = _mm512_loadu_si512(a->bias + 16 * (g + j));           \
	for (int i = 0; H && i < 2 * B; i++) half[i] = _mm512_loadu_si512(a->bias + 16 * (g + G));

#define TILE_STEP(B, G, H, W, X, PAIR)                                                                    \
	{                                                                                                    \
		__m512i wv[G + 1];                                                                               \
		for (int j = 0; j < G + H; j++) wv[j] = _mm512_loadu_si512(W);                                   \
		for (int i = 0; i < 4 * B; i += 2) {                                                             \
			__m512i even, odd;                                                                           \
			even = broadcast4(X);                                                                        \
			for (int j = 0; j < G; j++) acc[j][i] = _mm512_dpbusd_epi32(acc[j][i], even, wv[j]);          \
			i++;                                                                                         \
			odd = broadcast4(X);                                                                         \
			for (int j = 0; j < G; j++) acc[j][i] = _mm512_dpbusd_epi32(acc[j][i], odd, wv[j]);           \
			i--;                                                                                         \
			if (H) half[i / 2] = _mm512_dpbusd_epi32(half[i / 2], PAIR, wv[G]);                                  \
		}                                                                                                \
	}

#define TILE_END(B, G, H, STORE_HALF)                                                                     \
	for (int i = 0; i < B; i++)                                                                          \
		for (int j = 0; j < G; j++) store_group(dst + i * a->dst_block, &acc[j][4 * i], g + j, a, r);     \
	if (H)                                                                                               \
		for (int i = 0; i < B; i += 2) {                                                                 \
			__m512i pair[4] = {half[2 * i], half[2 * i + 1], half[B > 1 ? 2 * i + 2 : 0], half[B > 1 ? 2 * i + 3 : 1]}; \
			STORE_HALF(dst + i * a->dst_block, pair, g + G, a, r, B > 1 ? 2 : 1);                         \
		}

// A tile's sums end together, and their requantization takes units that products do not: it costs nothing but the
// multiplications as long as the next tile's products lie inside the window of instructions that a core looks ahead. On
// Zen 4 tiles of 8 to 12 sums leave that window open, 16 and more do not.
#define AT (src + i / 4 * sb + k * 16 + i % 4 * 4)

#define POINTWISE_TILE(B, G, H)                                                                           \
	INLINE void pointwise_##B##_##G##_##H(const struct conv_args *a, const uint8_t *src, uint8_t *dst, word g, \
			struct requant r) {                                                                              \
		TILE_BEGIN(B, G, H)                                                                              \
		const int8_t *w = a->weights + g * a->steps * 64;                                                \
		word ws = a->steps * 64, sb = a->src_block;                                                      \
		for (word k = 0; k < a->steps; k++)                                                              \
			TILE_STEP(B, G, H, w + j * ws + k * 64, AT, broadcast_pair(AT))                              \
		TILE_END(B, G, H, store_pairs)                                                                                \
	}

POINTWISE_TILE(2, 1, 0)
POINTWISE_TILE(1, 1, 0)
POINTWISE_TILE(1, 2, 0)
POINTWISE_TILE(1, 3, 0)
POINTWISE_TILE(2, 0, 1)
POINTWISE_TILE(1, 0, 1)
POINTWISE_TILE(2, 1, 1)
POINTWISE_TILE(1, 1, 1)
POINTWISE_TILE(2, 2, 1)
POINTWISE_TILE(1, 2, 1)

// A quarter group, at most 4 outputs: a register holds one output's sums over every fourth cell, for 4 pixels, so that
// cells are loaded 4 at a time and as they are. quarter_block adds them up: 4 pixels of 4 outputs.
INLINE __m512i quarter_block(const __m512i *v) {
	__m512i s01 = _mm512_add_epi32(_mm512_shuffle_i32x4(v[0], v[1], 0x44), _mm512_shuffle_i32x4(v[0], v[1], 0xee));
	__m512i s23 = _mm512_add_epi32(_mm512_shuffle_i32x4(v[2], v[3], 0x44), _mm512_shuffle_i32x4(v[2], v[3], 0xee));
	return _mm512_add_epi32(_mm512_shuffle_i32x4(s01, s23, 0x88), _mm512_shuffle_i32x4(s01, s23, 0xdd));
}

#define QUARTER_TILE(B)                                                                                   \
	INLINE void quarter_##B(const struct conv_args *a, const uint8_t *src, uint8_t *dst, word g, __m512i order, \
			struct requant r) {                                                                              \
		__m512i acc[B][4], sum[B], bias = _mm512_loadu_si512(a->bias + 16 * g);                          \
		for (int b = 0; b < B; b++)                                                                      \
			for (int n = 0; n < 4; n++) acc[b][n] = _mm512_setzero_si512();                              \
		const int8_t *w = a->weights + g * a->steps * 64;                                                \
		word k = 0;                                                                                      \
		for (; k + 4 <= a->steps; k += 4, w += 256)                                                      \
			QUARTER_STEP(B, _mm512_loadu_si512(src + b * a->src_block + k * 16))                         \
		if (k < a->steps) {                                                                              \
			__mmask16 m = (__mmask16)((1u << (4 * (a->steps - k))) - 1);                                 \
			QUARTER_STEP(B, _mm512_maskz_loadu_epi32(m, src + b * a->src_block + k * 16))                \
		}                                                                                                \
		for (int b = 0; b < B; b++) sum[b] = _mm512_add_epi32(quarter_block(acc[b]), bias);               \
		__m512i v[4] = {sum[0], sum[B > 1 ? 1 : 0], sum[B > 1 ? 2 : 0], sum[B > 1 ? 3 : 0]};             \
		__m512i u = _mm512_permutexvar_epi8(order, pack(v, 16 * g, r));                                  \
		uint8_t *to = dst + 64 * g;                                                                      \
		if (B > 1 && a->dst_block == 16) {                                                               \
			_mm512_storeu_si512(to, u);                                                                  \
			return;                                                                                      \
		}                                                                                                \
		_mm_storeu_si128((__m128i *)to, _mm512_castsi512_si128(u));                                      \
		if (B > 1) {                                                                                     \
			_mm_storeu_si128((__m128i *)(to + a->dst_block), _mm512_extracti32x4_epi32(u, 1));           \
			_mm_storeu_si128((__m128i *)(to + 2 * a->dst_block), _mm512_extracti32x4_epi32(u, 2));       \
			_mm_storeu_si128((__m128i *)(to + 3 * a->dst_block), _mm512_extracti32x4_epi32(u, 3));       \
		}                                                                                                \
	}

#define QUARTER_STEP(B, X)                                                                                \
	{                                                                                                    \
		__m512i wv[4];                                                                                   \
		for (int n = 0; n < 4; n++) wv[n] = _mm512_loadu_si512(w + 64 * n);                              \
		for (int b = 0; b < B; b++) {                                                                    \
			__m512i x = X;                                                                               \
			for (int n = 0; n < 4; n++) acc[b][n] = _mm512_dpbusd_epi32(acc[b][n], x, wv[n]);             \
		}                                                                                                \
	}

QUARTER_TILE(4)
QUARTER_TILE(1)

#define POINTWISE_STEP(B, G, H)                    \
	for (; b + B <= a->blocks; b += B) {           \
		pointwise_##B##_##G##_##H(a, src, dst, g, r); \
		src += B * a->src_block;                   \
		dst += B * a->dst_block;                   \
	}

// Sums so large that zero points saturate are rare: they have few tiles, for the sake of the code's size.
INLINE void pointwise(const struct conv_args *a, int how) {
	struct requant r = REQUANT(a, how);
	int all = how != SATURATED;
	word quarter = (a->cells & 3) == 1, half = (a->cells & 3) == 2;
	word full = a->groups - quarter - half;
	for (word g = 0; g < a->groups;) {
		const uint8_t *src = a->src;
		uint8_t *dst = a->dst;
		word left = full - g, b = 0;
		if (all && (left >= 5 || (left == 3 && !half))) {
			POINTWISE_STEP(1, 3, 0)
			g += 3;
		} else if (all && left == 2 && half) {
			POINTWISE_STEP(2, 2, 1)
			POINTWISE_STEP(1, 2, 1)
			g += 3;
		} else if (left >= 2) {
			POINTWISE_STEP(1, 2, 0)
			g += 2;
		} else if (left == 1 && half) {
			if (all) POINTWISE_STEP(2, 1, 1)
			POINTWISE_STEP(1, 1, 1)
			g += 2;
		} else if (left == 1) {
			if (all) POINTWISE_STEP(2, 1, 0)
			POINTWISE_STEP(1, 1, 0)
			g += 1;
		} else if (half) {
			if (all) POINTWISE_STEP(2, 0, 1)
			POINTWISE_STEP(1, 0, 1)
			g += 1;
		} else {
			__m512i order = bytes64(0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x30201000);
			for (; b + 4 <= a->blocks; b += 4, src += 4 * a->src_block, dst += 4 * a->dst_block) quarter_4(a, src, dst, g, order, r);
			for (; b < a->blocks; b++, src += a->src_block, dst += a->dst_block) quarter_1(a, src, dst, g, order, r);
			g += 1;
		}
	}
}

void pointwiseAVX512VNNI(const struct conv_args *a) {
	if (a->ramp)
		pointwise(a, RAMPED);
	else if (a->near)
		pointwise(a, NEAR);
	else
		pointwise(a, SATURATED);
}

// Dense: the window's taps come from anywhere, a pointer for each pixel of a tap; a tap outside the map reads the zero
// point.
#define DENSE_TILE(B, G, H)                                                                                \
	INLINE void dense_##B##_##G##_##H(const struct conv_args *a, word b, word g, struct requant r) {      \
		__mmask16 upper = (__mmask16)hidden(0xff00);                                                      \
		TILE_BEGIN(B, G, H)                                                                               \
		uint8_t *dst = a->dst + b * a->dst_block;                                                         \
		word ws = a->taps_y * a->taps_x * a->steps * 64, n = a->steps;                                    \
		const int8_t *w = a->weights + g * ws;                                                            \
		for (word ky = 0; ky < a->taps_y; ky++) {                                                         \
			const uint8_t *row = a->rows[ky];                                                             \
			const word *offset = a->offsets + 4 * b;                                                      \
			for (word kx = 0; kx < a->taps_x; kx++, offset += 4 * a->blocks) {                            \
				const uint8_t *p[4 * B];                                                                  \
				for (int i = 0; i < 4 * B; i++) p[i] = row && offset[i] >= 0 ? row + offset[i] : a->pad;  \
				for (word k = 0; k < n; k++, w += 64) TILE_STEP(B, G, H, w + j * ws, p[i] + 16 * k, both(even, odd, upper)) \
			}                                                                                             \
		}                                                                                                 \
		TILE_END(B, G, H, store_half)                                                                                 \
	}

DENSE_TILE(2, 1, 0)
DENSE_TILE(1, 1, 0)
DENSE_TILE(2, 2, 0)
DENSE_TILE(1, 2, 0)
DENSE_TILE(1, 3, 0)
DENSE_TILE(1, 4, 0)
DENSE_TILE(2, 0, 1)
DENSE_TILE(1, 0, 1)
DENSE_TILE(2, 1, 1)
DENSE_TILE(1, 1, 1)
DENSE_TILE(1, 2, 1)
DENSE_TILE(1, 3, 1)

#define DENSE_STEP(B, G, H) \
	for (; b + B <= a->blocks; b += B) dense_##B##_##G##_##H(a, b, g, r);

INLINE void dense(const struct conv_args *a, int ramped) {
	struct requant r = REQUANT(a, ramped);
	word half = half_of(a), full = a->groups - half;
	for (word g = 0; g < a->groups;) {
		word left = full - g, b = 0;
		if (left == 3 && half) {
			DENSE_STEP(1, 3, 1)
			g += 4;
		} else if (left == 3 || left == 5 || left == 6) {
			DENSE_STEP(1, 3, 0)
			g += 3;
		} else if (left >= 4) {
			DENSE_STEP(1, 4, 0)
			g += 4;
		} else if (left == 2 && half) {
			DENSE_STEP(1, 2, 1)
			g += 3;
		} else if (left == 2) {
			DENSE_STEP(2, 2, 0)
			DENSE_STEP(1, 2, 0)
			g += 2;
		} else if (left == 1 && half) {
			DENSE_STEP(2, 1, 1)
			DENSE_STEP(1, 1, 1)
			g += 2;
		} else if (left == 1) {
			DENSE_STEP(2, 1, 0)
			DENSE_STEP(1, 1, 0)
			g += 1;
		} else {
			DENSE_STEP(2, 0, 1)
			DENSE_STEP(1, 0, 1)
			g += 1;
		}
	}
}

void denseAVX512VNNI(const struct conv_args *a) { BY_RAMP(dense, a) }

// First layer: a pixel is one lane of 4 bytes. Rows come with their padding but for the taps of a row's first pixel that lie
// left of the map: padded chooses without a branch, which would be guessed wrong once a row.
INLINE const uint8_t *padded(const struct conv_args *a, const uint8_t *p, word kx, word outside) {
	return __builtin_unpredictable(kx < outside) ? a->pad : p;
}

#define FIRST_TILE(B, G, H)                                                                               \
	INLINE void first_##B##_##G##_##H(const struct conv_args *a, word b, word g, word stride, struct requant r) { \
		__mmask16 upper = (__mmask16)hidden(0xff00);                                                      \
		TILE_BEGIN(B, G, H)                                                                               \
		uint8_t *dst = a->dst + b * a->dst_block;                                                         \
		word ws = a->taps_y * a->taps_x * 64;                                                             \
		const int8_t *w = a->weights + g * ws;                                                            \
		word outside = b ? 0 : a->outside, at = 4 * b * stride - a->before;                               \
		for (word ky = 0; ky < a->taps_y; ky++) {                                                         \
			const uint8_t *p = a->rows[ky] + at;                                                          \
			for (word kx = 0; kx < a->taps_x; kx++, w += 64, p += a->src_block) {                         \
				const uint8_t *head = padded(a, p, kx, outside);                                          \
				TILE_STEP(B, G, H, w + j * ws, (i ? p + i * stride : head), both(even, odd, upper))       \
			}                                                                                             \
		}                                                                                                 \
		TILE_END(B, G, H, store_half)                                                                                 \
	}

FIRST_TILE(2, 1, 0)
FIRST_TILE(1, 1, 0)
FIRST_TILE(1, 2, 0)
FIRST_TILE(4, 0, 1)
FIRST_TILE(1, 0, 1)
FIRST_TILE(2, 1, 1)
FIRST_TILE(1, 1, 1)
FIRST_TILE(2, 2, 1)
FIRST_TILE(1, 2, 1)

#define FIRST_STEP(B, G, H) \
	for (; b + B <= a->blocks; b += B) first_##B##_##G##_##H(a, b, g, stride, r);

INLINE void first(const struct conv_args *a, int ramped) {
	struct requant r = REQUANT(a, ramped);
	word stride = a->stride;
	word half = half_of(a), full = a->groups - half;
	for (word g = 0; g < a->groups;) {
		word left = full - g, b = 0;
		if (left == 2 && half) {
			FIRST_STEP(2, 2, 1)
			FIRST_STEP(1, 2, 1)
			g += 3;
		} else if (left >= 2) {
			FIRST_STEP(1, 2, 0)
			g += 2;
		} else if (left == 1 && half) {
			FIRST_STEP(2, 1, 1)
			FIRST_STEP(1, 1, 1)
			g += 2;
		} else if (left == 1) {
			FIRST_STEP(2, 1, 0)
			FIRST_STEP(1, 1, 0)
			g += 1;
		} else {
			FIRST_STEP(4, 0, 1)
			FIRST_STEP(1, 0, 1)
			g += 1;
		}
	}
}

void firstAVX512VNNI(const struct conv_args *a) { BY_RAMP(first, a) }

// Depthwise 3×3, by columns: two rounds of interleaving turn the cells of 4 source rows into 4 columns, one for each pixel
// of a block, which hold the 4 rows of a channel side by side. A column against the weights w0 w1 w2 0 is its share of the
// upper output row, against 0 w0 w1 w2 of the lower; neighbouring pixels are other registers, and nothing is shifted,
// which on Zen 4 would take the units that multiply.
INLINE __m512i neighbours_shuffle(void) {
	// Byte 4c+p of each 16-byte lane takes byte 4p+c. The constants are hidden from the compiler, which would put them in
	// memory.
	uint64_t low = 0x0d0905010c080400, high = 0x0f0b07030e0a0602;
	__asm__("" : "+r"(low), "+r"(high));
	return _mm512_broadcast_i32x4(_mm_insert_epi64(_mm_cvtsi64_si128((long long)low), (long long)high, 1));
}

struct columns {
	__m512i shuffle, pad, keep;
	__mmask16 mask;
	int whole;  // of a group whose 4 cells all exist, a constant: a load without a mask takes no unit that computes
	int halves; // a constant: a register holds a group of up to 2 cells twice, of rows that are 2 apart
	word last; // the last source block
	word left; // its pixels
};

INLINE __m512i cells4(const uint8_t *p, const struct columns *c) {
	return c->whole ? _mm512_loadu_si512(p) : _mm512_maskz_loadu_epi32(c->mask, p);
}

INLINE __m512i column(const uint8_t *row, word block_bytes, word b, const struct columns *c) {
	return _mm512_shuffle_epi8(cells4(row + b * block_bytes, c), c->shuffle);
}

// fixed replaces the pixels of v that lie right of the map.
INLINE __m512i fixed(__m512i v, const struct columns *c) {
	return _mm512_or_si512(_mm512_and_si512(v, c->keep), _mm512_andnot_si512(c->keep, c->pad));
}

// block_columns makes the columns of source block b, of 4 rows or, with the last one again, 3.
INLINE void block_columns(__m512i *v, const uint8_t *const *row, const word *step, word b, const struct columns *c, int rows) {
	if (b > c->last) {
		v[0] = v[1] = v[2] = v[3] = c->pad;
		return;
	}
	__m512i r[4];
	for (int i = 0; i < 4; i++) {
		r[i] = i < rows ? cells4(row[i] + b * step[i], c) : r[rows - 1];
		if (c->halves) r[i] = _mm512_inserti64x4(r[i], _mm256_maskz_loadu_epi32((__mmask8)c->mask, row[i + 2] + b * step[i + 2]), 1);
	}
	__m512i lo01 = _mm512_unpacklo_epi8(r[0], r[1]), hi01 = _mm512_unpackhi_epi8(r[0], r[1]);
	__m512i lo23 = _mm512_unpacklo_epi8(r[2], r[3]), hi23 = _mm512_unpackhi_epi8(r[2], r[3]);
	v[0] = _mm512_unpacklo_epi16(lo01, lo23);
	v[1] = _mm512_unpackhi_epi16(lo01, lo23);
	v[2] = _mm512_unpacklo_epi16(hi01, hi23);
	v[3] = _mm512_unpackhi_epi16(hi01, hi23);
	if (b == c->last)
		for (int i = 1; i < 4; i++)
			if (i >= c->left) v[i] = c->pad;
}

// Stride 1, R output rows and a dilation of D along rows: output pixel j takes columns j - D, j and j + D. Only with a
// dilation of 1 down the columns, too, have two output rows source rows in common.
INLINE void depthwise_s1(const struct depthwise_args *a, const struct columns *c, word g, int R, int D, struct requant r) {
	const uint8_t *row[6];
	word step[6];
	for (int i = 0; i < R + 2 + 2 * c->halves; i++) {
		row[i] = a->rows[i] + 64 * g;
		step[i] = a->row_blocks[i];
	}
	__m512i w[2][3], v[12], bias = _mm512_loadu_si512(a->bias + 16 * g); // v: the blocks before, at and after
	for (int k = 0; k < 3; k++) {
		w[0][k] = _mm512_loadu_si512(a->weights + g * 192 + 64 * k);
		w[1][k] = _mm512_slli_epi32(w[0][k], 8);
	}
	for (int i = 0; i < 4; i++) v[i] = c->pad;
	block_columns(v + 4, row, step, 0, c, R + 2);
	uint8_t *dst = a->dst + 64 * g;
	for (word b = 0; b < a->blocks; b++, dst += a->dst_block) {
		block_columns(v + 8, row, step, b + 1, c, R + 2);
		__m512i acc[2][4];
		for (int o = 0; o < R; o++)
			for (int j = 0; j < 4; j++) acc[o][j] = _mm512_dpbusd_epi32(bias, v[4 + j - D], w[o][0]);
		for (int o = 0; o < R; o++)
			for (int j = 0; j < 4; j++) acc[o][j] = _mm512_dpbusd_epi32(acc[o][j], v[4 + j], w[o][1]);
		for (int o = 0; o < R; o++)
			for (int j = 0; j < 4; j++) acc[o][j] = _mm512_dpbusd_epi32(acc[o][j], v[4 + j + D], w[o][2]);
		for (int o = 0; o < R; o++) {
			__m512i out = pack(acc[o], 16 * g, r);
			_mm512_mask_storeu_epi32(dst + o * a->dst_row, c->mask, out);
			if (c->halves) _mm256_mask_storeu_epi32(dst + (o + 2) * a->dst_row, (__mmask8)c->mask, _mm512_extracti64x4_epi64(out, 1));
		}
		for (int i = 0; i < 8; i++) v[i] = v[i + 4];
	}
}

INLINE struct columns columns_of(const struct depthwise_args *a) {
	return (struct columns){neighbours_shuffle(), broadcast8(a->pad), _mm512_set1_epi32((int)a->keep), 0, 0, 0, a->src_blocks - 1,
			(39 - __builtin_clz((unsigned)a->keep)) / 8};
}

#define BY_GROUP(CALL)                           \
	struct requant r = REQUANT(a, ramped);       \
	struct columns c = columns_of(a);            \
	word g = 0;                                  \
	c.whole = 1;                                 \
	c.mask = 0xffff;                             \
	for (; 4 * g + 4 <= a->cells; g++) CALL;     \
	if (4 * g < a->cells) {                      \
		c.whole = 0;                             \
		c.mask = cell_mask(a->cells, g);         \
		CALL;                                    \
	}

// BY_MASKED_GROUP is one copy of the code for all groups.
#define BY_MASKED_GROUP(CALL)                    \
	struct requant r = REQUANT(a, ramped);       \
	struct columns c = columns_of(a);            \
	for (word g = 0; 4 * g < a->cells; g++) {    \
		c.mask = cell_mask(a->cells, g);         \
		CALL;                                    \
	}

INLINE void depthwise_one_row(const struct depthwise_args *a, int ramped) { BY_MASKED_GROUP(depthwise_s1(a, &c, g, 1, 1, r)) }

INLINE void depthwise_two_rows(const struct depthwise_args *a, int ramped) { BY_GROUP(depthwise_s1(a, &c, g, 2, 1, r)) }

void depthwise3x3s1AVX512VNNI(const struct depthwise_args *a) { BY_RAMP(depthwise_one_row, a) }

void depthwise3x3s1TwoRowsAVX512VNNI(const struct depthwise_args *a) { BY_RAMP(depthwise_two_rows, a) }

// Four rows of up to 2 cells.
INLINE void depthwise_halves(const struct depthwise_args *a, int ramped) {
	struct requant r = REQUANT(a, ramped);
	struct columns c = columns_of(a);
	c.halves = 1;
	c.mask = cell_mask(a->cells, 0);
	depthwise_s1(a, &c, 0, 2, 1, r);
}

void depthwise3x3s1HalvesAVX512VNNI(const struct depthwise_args *a) { BY_RAMP(depthwise_halves, a) }

// A dilation of 2, 3 or 4 along rows.
INLINE void depthwise_dilated(const struct depthwise_args *a, int ramped) {
	if (a->dilation == 2) {
		BY_MASKED_GROUP(depthwise_s1(a, &c, g, 1, 2, r))
	} else if (a->dilation == 3) {
		BY_MASKED_GROUP(depthwise_s1(a, &c, g, 1, 3, r))
	} else {
		BY_MASKED_GROUP(depthwise_s1(a, &c, g, 1, 4, r))
	}
}

void depthwise3x3DilatedAVX512VNNI(const struct depthwise_args *a) { BY_RAMP(depthwise_dilated, a) }

// Stride 2, by rows: a shuffle makes of the cells of a source row 4 neighbouring pixels of a channel side by side. Output pixel
// j of block b takes pixels 2j - 1, 2j and 2j + 1 of source blocks 2b and 2b + 1: with an odd j, 1 to 3 of one of them; with
// an even one, 0 and 1 and, in the place of 3, which they have no use for, that of the block before.
INLINE __m512i pixels(const uint8_t *row, word step, word b, const struct columns *c) {
	if (b > c->last) return c->pad;
	__m512i v = column(row, step, b, c);
	return b == c->last ? fixed(v, c) : v;
}

INLINE void depthwise_s2(const struct depthwise_args *a, const struct columns *c, word g, struct requant r) {
	const uint8_t *row[3];
	word step[3];
	__m512i even[3], odd[3], before[3], bias = _mm512_loadu_si512(a->bias + 16 * g); // weights w1 w2 0 w0 and 0 w0 w1 w2
	__mmask64 last = _mm512_movepi8_mask(_mm512_set1_epi32(hidden((int)0x80000000)));
	for (int i = 0; i < 3; i++) {
		row[i] = a->rows[i] + 64 * g;
		step[i] = a->row_blocks[i];
		before[i] = c->pad;
		odd[i] = _mm512_rol_epi32(_mm512_loadu_si512(a->weights + g * 192 + 64 * i), 8);
		even[i] = _mm512_rol_epi32(odd[i], 16);
	}
	uint8_t *dst = a->dst + 64 * g;
	for (word b = 0; b < a->blocks; b++, dst += a->dst_block) {
		__m512i acc[4], x[3], y[3];
		int inside = 2 * b + 1 < c->last;
		for (int i = 0; i < 3; i++) {
			x[i] = inside ? column(row[i], step[i], 2 * b, c) : pixels(row[i], step[i], 2 * b, c);
			y[i] = inside ? column(row[i], step[i], 2 * b + 1, c) : pixels(row[i], step[i], 2 * b + 1, c);
		}
		for (int j = 0; j < 4; j++) acc[j] = bias;
		for (int i = 0; i < 3; i++) {
			acc[0] = _mm512_dpbusd_epi32(acc[0], _mm512_mask_mov_epi8(x[i], last, before[i]), even[i]);
			acc[1] = _mm512_dpbusd_epi32(acc[1], x[i], odd[i]);
			acc[2] = _mm512_dpbusd_epi32(acc[2], _mm512_mask_mov_epi8(y[i], last, x[i]), even[i]);
			acc[3] = _mm512_dpbusd_epi32(acc[3], y[i], odd[i]);
			before[i] = y[i];
		}
		_mm512_mask_storeu_epi32(dst, c->mask, pack(acc, 16 * g, r));
	}
}

INLINE void depthwise3x3s2(const struct depthwise_args *a, int ramped) { BY_GROUP(depthwise_s2(a, &c, g, r)) }

void depthwise3x3s2AVX512VNNI(const struct depthwise_args *a) { BY_RAMP(depthwise3x3s2, a) }

// Depthwise of up to 5 columns, two left of the pixel to two right: the first four are one dot product of a window that
// is a shift away, the fifth lies in a block as it is, against a weight at its place.
INLINE __m512i column_at(const uint8_t *row, word step, word b, const struct columns *c) {
	if (b < 0 || b > c->last) return c->pad;
	__m512i v = column(row, step, b, c);
	return b == c->last ? fixed(v, c) : v;
}

#define DEPTHWISE_WIDE(S, B)                                                                               \
	INLINE void depthwise_wide_##S##_##B(const struct depthwise_args *a, word g, word b, const struct columns *c, struct requant r) { \
		__m512i acc[B][4];                                                                                 \
		for (int i = 0; i < B; i++)                                                                        \
			for (int j = 0; j < 4; j++) acc[i][j] = _mm512_loadu_si512(a->bias + 16 * g);                  \
		const int8_t *w = a->weights + g * a->taps_y * 320;                                                \
		int inside = S * b > 0 && S * (b + B) < c->last;                                                   \
		for (word k = 0; k < a->taps_y; k++, w += 320) {                                                   \
			const uint8_t *row = a->rows[k] + 64 * g;                                                      \
			word step = a->row_blocks[k];                                                                  \
			__m512i x[S * B + 2], four = _mm512_loadu_si512(w), fifth[4];                                  \
			for (int i = 0; i < 4; i++) fifth[i] = _mm512_loadu_si512(w + 64 + 64 * i);                    \
			for (int i = 0; i < S * B + 2; i++)                                                            \
				x[i] = inside ? column(row, step, S * b + i - 1, c) : column_at(row, step, S * b + i - 1, c); \
			for (int i = 0; i < B; i++) {                                                                  \
				__m512i p = x[S * i], v = x[S * i + 1], n = x[S * i + 2], m = x[S * i + S + 1];            \
				acc[i][0] = _mm512_dpbusd_epi32(acc[i][0], _mm512_shldi_epi32(v, p, 16), four);            \
				acc[i][0] = _mm512_dpbusd_epi32(acc[i][0], v, fifth[2]);                                   \
				acc[i][1] = _mm512_dpbusd_epi32(acc[i][1], S == 1 ? _mm512_shldi_epi32(v, p, 8) : v, four); \
				acc[i][1] = _mm512_dpbusd_epi32(acc[i][1], S == 1 ? v : n, fifth[S == 1 ? 3 : 0]);         \
				acc[i][2] = _mm512_dpbusd_epi32(acc[i][2], S == 1 ? v : _mm512_shrdi_epi32(v, n, 16), four); \
				acc[i][2] = _mm512_dpbusd_epi32(acc[i][2], n, fifth[S == 1 ? 0 : 2]);                      \
				acc[i][3] = _mm512_dpbusd_epi32(acc[i][3], S == 1 ? _mm512_shrdi_epi32(v, n, 8) : n, four); \
				acc[i][3] = _mm512_dpbusd_epi32(acc[i][3], m, fifth[S == 1 ? 1 : 0]);                      \
			}                                                                                              \
		}                                                                                                  \
		for (int i = 0; i < B; i++) {                                                                      \
			__m512i out = pack(acc[i], 16 * g, r);                             \
			_mm512_mask_storeu_epi32(a->dst + (b + i) * a->dst_block + 64 * g, c->mask, out);              \
		}                                                                                                  \
	}

DEPTHWISE_WIDE(1, 2)
DEPTHWISE_WIDE(1, 1)
DEPTHWISE_WIDE(2, 2)
DEPTHWISE_WIDE(2, 1)

#define DEPTHWISE_WIDE_ROWS(S)                                                       \
	struct requant r = REQUANT(a, ramped);                                           \
	struct columns c = columns_of(a);                                                \
	for (word g = 0; 4 * g < a->cells; g++) {                                        \
		c.mask = cell_mask(a->cells, g);                                             \
		word b = 0;                                                                  \
		for (; b + 2 <= a->blocks; b += 2) depthwise_wide_##S##_2(a, g, b, &c, r);   \
		if (b < a->blocks) depthwise_wide_##S##_1(a, g, b, &c, r);                   \
	}

INLINE void depthwise_wide_s1(const struct depthwise_args *a, int ramped) { DEPTHWISE_WIDE_ROWS(1) }

INLINE void depthwise_wide_s2(const struct depthwise_args *a, int ramped) { DEPTHWISE_WIDE_ROWS(2) }

void depthwiseWideS1AVX512VNNI(const struct depthwise_args *a) { BY_RAMP(depthwise_wide_s1, a) }

void depthwiseWideS2AVX512VNNI(const struct depthwise_args *a) { BY_RAMP(depthwise_wide_s2, a) }

// Depthwise of 5 rows and up to 5 columns, two left of the pixel to two right: columns of the upper 4 rows, as in 3×3; the
// pixels of the fifth side by side, where the 5 taps of a window lie in two neighbouring blocks as they are, and the
// weights at their places: for each of 4 neighbouring pixels those in the left and in the right block.
INLINE __m512i fifth_row(__m512i acc, __m512i left, __m512i right, const int8_t *w) {
	acc = _mm512_dpbusd_epi32(acc, left, _mm512_loadu_si512(w));
	return _mm512_dpbusd_epi32(acc, right, _mm512_loadu_si512(w + 64));
}

// v are the columns of 4 source blocks, of which S = 1 needs 3, x the fifth row's: one before the output block's first, and on.
INLINE void depthwise_5_rows(const struct depthwise_args *a, const struct columns *c, word g, int S, struct requant r) {
	const uint8_t *row[5];
	word step[5];
	__m512i w[5], v[16], x[4], bias = _mm512_loadu_si512(a->bias + 16 * g);
	const int8_t *weights = a->weights + g * 832, *fifth = weights + 320;
	for (int i = 0; i < 5; i++) {
		row[i] = a->rows[i] + 64 * g;
		step[i] = a->row_blocks[i];
		w[i] = _mm512_loadu_si512(weights + 64 * i);
	}
	for (int i = 0; i < 4; i++) v[i] = c->pad;
	block_columns(v + 4, row, step, 0, c, 4);
	x[0] = c->pad;
	x[1] = pixels(row[4], step[4], 0, c);
	uint8_t *dst = a->dst + 64 * g;
	for (word b = 0; b < a->blocks; b++, dst += a->dst_block) {
		for (int i = 1; i <= S; i++) {
			block_columns(v + 4 + 4 * i, row, step, S * b + i, c, 4);
			x[i + 1] = pixels(row[4], step[4], S * b + i, c);
		}
		__m512i acc[4];
		for (int j = 0; j < 4; j++) acc[j] = _mm512_dpbusd_epi32(bias, v[2 + S * j], w[0]);
		for (int k = 1; k < 5; k++)
			for (int j = 0; j < 4; j++) acc[j] = _mm512_dpbusd_epi32(acc[j], v[2 + S * j + k], w[k]);
		for (int j = 0; j < 4; j++) {
			int at = (S * j + 2) / 4; // the block of the window's first pixel
			acc[j] = fifth_row(acc[j], x[at], x[at + 1], fifth + S * j % 4 * 128);
		}
		_mm512_mask_storeu_epi32(dst, c->mask, pack(acc, 16 * g, r));
		for (int i = 0; i < 8; i++) v[i] = v[i + 4 * S];
		for (int i = 0; i < 2; i++) x[i] = x[i + S];
	}
}

INLINE void depthwise_5_rows_s1(const struct depthwise_args *a, int ramped) { BY_GROUP(depthwise_5_rows(a, &c, g, 1, r)) }

INLINE void depthwise_5_rows_s2(const struct depthwise_args *a, int ramped) { BY_GROUP(depthwise_5_rows(a, &c, g, 2, r)) }

void depthwise5x5s1AVX512VNNI(const struct depthwise_args *a) { BY_RAMP(depthwise_5_rows_s1, a) }

void depthwise5x5s2AVX512VNNI(const struct depthwise_args *a) { BY_RAMP(depthwise_5_rows_s2, a) }

// Depthwise of any window: 4 taps are interleaved byte by byte into the lanes of one dot product. A tap's 4 pixels come
// from anywhere, each by a masked load of its column of the cells.
INLINE __m512i gather4(const uint8_t *const *p, word at, __mmask16 m) {
	__m512i v = _mm512_maskz_loadu_epi32(m & 0x1111, p[0] + at);
	v = _mm512_mask_loadu_epi32(v, m & 0x2222, p[1] + at - 4);
	v = _mm512_mask_loadu_epi32(v, m & 0x4444, p[2] + at - 8);
	return _mm512_mask_loadu_epi32(v, m & 0x8888, p[3] + at - 12);
}

INLINE void depthwise_any(const struct depthwise_any_args *a, int ramped) {
	struct requant r = REQUANT(a, ramped);
	for (word b = 0; b < a->blocks; b++) {
		list_taps(a, b);
		for (word g = 0; 4 * g < a->cells; g++) {
			__mmask16 m = cell_mask(a->cells, g);
			const uint8_t *const *p = a->taps;
			__m512i acc[4];
			for (int j = 0; j < 4; j++) acc[j] = _mm512_loadu_si512(a->bias + 16 * g);
			const int8_t *w = a->weights + g * a->quads * 64;
			for (word q = 0; q < a->quads; q++, p += 16, w += 64) {
				__m512i t0 = gather4(p, 64 * g, m), t1 = gather4(p + 4, 64 * g, m);
				__m512i t2 = gather4(p + 8, 64 * g, m), t3 = gather4(p + 12, 64 * g, m);
				__m512i lo01 = _mm512_unpacklo_epi8(t0, t1), hi01 = _mm512_unpackhi_epi8(t0, t1);
				__m512i lo23 = _mm512_unpacklo_epi8(t2, t3), hi23 = _mm512_unpackhi_epi8(t2, t3);
				__m512i wv = _mm512_loadu_si512(w);
				acc[0] = _mm512_dpbusd_epi32(acc[0], _mm512_unpacklo_epi16(lo01, lo23), wv);
				acc[1] = _mm512_dpbusd_epi32(acc[1], _mm512_unpackhi_epi16(lo01, lo23), wv);
				acc[2] = _mm512_dpbusd_epi32(acc[2], _mm512_unpacklo_epi16(hi01, hi23), wv);
				acc[3] = _mm512_dpbusd_epi32(acc[3], _mm512_unpackhi_epi16(hi01, hi23), wv);
			}
			__m512i out = pack(acc, 16 * g, r);
			_mm512_mask_storeu_epi32(a->dst + b * a->dst_block + 64 * g, m, out);
		}
	}
}

void depthwiseAnyAVX512VNNI(const struct depthwise_any_args *a) { BY_RAMP(depthwise_any, a) }

// Depthwise with a stride of 1: a tap's 4 pixels are a permutation of two blocks.
INLINE void list_shifted(const struct depthwise_shift_args *a, word b) {
	const void **to = a->taps;
	for (word ky = 0; ky < a->taps_y; ky++) {
		const uint8_t *row = a->rows[ky];
		for (word kx = 0; kx < a->taps_x; kx++, to += 3) {
			word n = b + a->delta[kx];
			to[0] = row && n >= 0 && n < a->src_blocks ? row + n * a->src_block : a->pad;
			to[1] = row && n + 1 >= 0 && n + 1 < a->src_blocks ? row + (n + 1) * a->src_block : a->pad;
			to[2] = a->order[kx];
		}
	}
}

INLINE __m512i shifted(const void *const *tap, word at, __mmask16 m) {
	__m512i first = _mm512_maskz_loadu_epi32(m, (const uint8_t *)tap[0] + at);
	__m512i second = _mm512_maskz_loadu_epi32(m, (const uint8_t *)tap[1] + at);
	return _mm512_permutex2var_epi32(first, _mm512_loadu_si512(tap[2]), second);
}

INLINE void depthwise_shift(const struct depthwise_shift_args *a, int ramped) {
	struct requant r = REQUANT(a, ramped);
	for (word b = 0; b < a->blocks; b++) {
		list_shifted(a, b);
		for (word g = 0; 4 * g < a->cells; g++) {
			__mmask16 m = cell_mask(a->cells, g);
			const void *const *p = a->taps;
			__m512i acc[4];
			for (int j = 0; j < 4; j++) acc[j] = _mm512_loadu_si512(a->bias + 16 * g);
			const int8_t *w = a->weights + g * a->quads * 64;
			for (word q = 0; q < a->quads; q++, p += 12, w += 64) {
				__m512i t0 = shifted(p, 64 * g, m), t1 = shifted(p + 3, 64 * g, m);
				__m512i t2 = shifted(p + 6, 64 * g, m), t3 = shifted(p + 9, 64 * g, m);
				__m512i lo01 = _mm512_unpacklo_epi8(t0, t1), hi01 = _mm512_unpackhi_epi8(t0, t1);
				__m512i lo23 = _mm512_unpacklo_epi8(t2, t3), hi23 = _mm512_unpackhi_epi8(t2, t3);
				__m512i wv = _mm512_loadu_si512(w);
				acc[0] = _mm512_dpbusd_epi32(acc[0], _mm512_unpacklo_epi16(lo01, lo23), wv);
				acc[1] = _mm512_dpbusd_epi32(acc[1], _mm512_unpackhi_epi16(lo01, lo23), wv);
				acc[2] = _mm512_dpbusd_epi32(acc[2], _mm512_unpacklo_epi16(hi01, hi23), wv);
				acc[3] = _mm512_dpbusd_epi32(acc[3], _mm512_unpackhi_epi16(hi01, hi23), wv);
			}
			__m512i out = pack(acc, 16 * g, r);
			_mm512_mask_storeu_epi32(a->dst + b * a->dst_block + 64 * g, m, out);
		}
	}
}

void depthwiseShiftAVX512VNNI(const struct depthwise_shift_args *a) { BY_RAMP(depthwise_shift, a) }

// Planes to cells, 16 blocks at a time where they are side by side: with block 4q + i as dword q of lane i, interleaving
// within lanes makes blocks 4q to 4q + 3 a register. Then 4 at a time.
INLINE word planes16(const struct planes_args *a) {
	__m512i order = order16(0x0d0905010c080400, 0x0f0b07030e0a0602), flip = broadcast8(a->flip);
	word b = 0;
	for (; b + 16 <= a->blocks; b += 16) {
		__m512i p[4];
		for (int i = 0; i < 4; i++) p[i] = _mm512_xor_si512(_mm512_permutexvar_epi32(order, _mm512_loadu_si512(a->src + i * a->plane + 4 * b)), flip);
		__m512i lo01 = _mm512_unpacklo_epi8(p[0], p[1]), hi01 = _mm512_unpackhi_epi8(p[0], p[1]);
		__m512i lo23 = _mm512_unpacklo_epi8(p[2], p[3]), hi23 = _mm512_unpackhi_epi8(p[2], p[3]);
		uint8_t *to = a->dst + 16 * b;
		_mm512_storeu_si512(to, _mm512_unpacklo_epi16(lo01, lo23));
		_mm512_storeu_si512(to + 64, _mm512_unpackhi_epi16(lo01, lo23));
		_mm512_storeu_si512(to + 128, _mm512_unpacklo_epi16(hi01, hi23));
		_mm512_storeu_si512(to + 192, _mm512_unpackhi_epi16(hi01, hi23));
	}
	return b;
}

void planesAVX512VNNI(const struct planes_args *a) {
	__m128i flip = _mm_set1_epi8((char)a->flip);
	for (word b = a->dst_block == 16 ? planes16(a) : 0; b < a->blocks; b += 4) {
		word n = a->blocks - b;
		__mmask8 m = n >= 4 ? 0xf : (__mmask8)((1u << n) - 1);
		__m128i p[4];
		for (int i = 0; i < 4; i++) p[i] = _mm_xor_si128(_mm_maskz_loadu_epi32(m, a->src + i * a->plane + 4 * b), flip);
		__m128i lo01 = _mm_unpacklo_epi8(p[0], p[1]), hi01 = _mm_unpackhi_epi8(p[0], p[1]);
		__m128i lo23 = _mm_unpacklo_epi8(p[2], p[3]), hi23 = _mm_unpackhi_epi8(p[2], p[3]);
		__m128i *to = (__m128i *)(a->dst + b * a->dst_block);
		_mm_storeu_si128(to, _mm_unpacklo_epi16(lo01, lo23));
		if (n > 1) _mm_storeu_si128((__m128i *)(a->dst + (b + 1) * a->dst_block), _mm_unpackhi_epi16(lo01, lo23));
		if (n > 2) _mm_storeu_si128((__m128i *)(a->dst + (b + 2) * a->dst_block), _mm_unpacklo_epi16(hi01, hi23));
		if (n > 3) _mm_storeu_si128((__m128i *)(a->dst + (b + 3) * a->dst_block), _mm_unpackhi_epi16(hi01, hi23));
	}
}

// narrow is the last of a requantization of 16 values.
INLINE __m128i narrow(__m512i v, __m256i zero, __m128i lo, __m128i hi) {
	__m256i w = _mm256_adds_epi16(_mm512_cvtsepi32_epi16(v), zero);
	__m128i b = _mm_packus_epi16(_mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1));
	return _mm_min_epu8(_mm_max_epu8(b, lo), hi);
}

// Residual add, 16 bytes at a time. Of a u8 model bytes are the values, and most sums take the whole range: plain is a
// constant that says so.
INLINE __m512 centred(const uint8_t *p, __m512i zero, int plain) {
	__m512i v = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
	return _mm512_cvtepi32_ps(plain ? v : _mm512_sub_epi32(v, zero));
}

INLINE __m512 added(__m512 va, __m512 vb, __m512 sa, __m512 sb, __m512 constant) {
	return _mm512_fmadd_ps(va, sa, _mm512_fmadd_ps(vb, sb, constant));
}

// byte_of is byte k of each dword as a real value. A dot product with 1 in one place moves a byte down on the units that
// multiply; the others are busy with conversions.
INLINE __m512 byte_of(__m512i v, int k, __m512i one, __m512i zero, int plain) {
	__m512i i = _mm512_dpbusd_epi32(_mm512_setzero_si512(), v, one);
	if (k == 0) i = _mm512_and_si512(v, _mm512_set1_epi32(hidden(0xff)));
	return _mm512_cvtepi32_ps(plain ? i : _mm512_sub_epi32(i, zero));
}

INLINE void add_blocks(const struct add_args *a, int plain) {
	__m512 sa = _mm512_set1_ps(a->scales[0]), sb = _mm512_set1_ps(a->scales[1]), constant = _mm512_set1_ps(a->scales[2]);
	__m512i offset = _mm512_set1_epi32((int)a->offset), zero = _mm512_set1_epi16((short)a->offset);
	__m512i lo = broadcast8(a->lo), hi = broadcast8(a->hi), shuffle = neighbours_shuffle(), one[4];
	one[0] = _mm512_set1_epi32(hidden(1));
	for (int k = 1; k < 4; k++) one[k] = _mm512_slli_epi32(one[k - 1], 8);
	for (word n = 0; n < a->blocks; n++) {
		const uint8_t *pa = a->a + n * a->a_block, *pb = a->b + n * a->b_block;
		uint8_t *dst = a->dst + n * a->dst_block;
		word i = 0;
		if (a->b_block) {
			for (; i + 4 <= a->cells; i += 4, pa += 64, pb += 64, dst += 64) {
				__m512i va = _mm512_loadu_si512(pa), vb = _mm512_loadu_si512(pb), v[4];
				for (int k = 0; k < 4; k++)
					v[k] = _mm512_cvtps_epi32(added(byte_of(va, k, one[k], offset, plain), byte_of(vb, k, one[k], offset, plain), sa, sb, constant));
				__m512i low = _mm512_packs_epi32(v[0], v[1]), high = _mm512_packs_epi32(v[2], v[3]);
				if (!plain) {
					low = _mm512_adds_epi16(low, zero);
					high = _mm512_adds_epi16(high, zero);
				}
				__m512i u = _mm512_shuffle_epi8(_mm512_packus_epi16(low, high), shuffle);
				_mm512_storeu_si512(dst, plain ? u : _mm512_min_epu8(_mm512_max_epu8(u, lo), hi));
			}
		}
		for (; i < a->cells; i++, pa += 16, pb += 16, dst += 16) {
			__m512 vb = centred(pb, offset, 0);
			if (!a->b_block) vb = _mm512_broadcast_f32x4(_mm512_castps512_ps128(vb));
			__m512i v = _mm512_cvtps_epi32(added(centred(pa, offset, 0), vb, sa, sb, constant));
			_mm_storeu_si128((__m128i *)dst, narrow(v, _mm512_castsi512_si256(zero), _mm512_castsi512_si128(lo), _mm512_castsi512_si128(hi)));
		}
	}
}

void addAVX512VNNI(const struct add_args *a) {
	if (a->offset == 0 && a->lo == 0 && a->hi == 255)
		add_blocks(a, 1);
	else
		add_blocks(a, 0);
}

// The product, 16 bytes at a time.
INLINE __m512 factor(const uint8_t *p, __m512 zero) {
	return _mm512_sub_ps(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p))), zero);
}

void mulAVX512VNNI(const struct add_args *a) {
	__m512 scale = _mm512_set1_ps(a->scales[0]), za = _mm512_set1_ps(a->scales[1]), zb = _mm512_set1_ps(a->scales[2]);
	__m512 zc = _mm512_set1_ps(a->scales[3]);
	__m512i zero = _mm512_set1_epi16((short)a->offset), lo = broadcast8(a->lo), hi = broadcast8(a->hi);
	__m512i order = _mm512_loadu_si512(a->order);
	for (word n = 0; n < a->blocks; n++) {
		const uint8_t *pa = a->a + n * a->a_block, *pb = a->b + n * a->b_block;
		uint8_t *dst = a->dst + n * a->dst_block;
		for (word i = 0; i < a->cells; i += 4, pa += 64, pb += 64, dst += 64) {
			__m512i v[4];
			for (int k = 0; k < 4; k++) {
				v[k] = _mm512_setzero_si512();
				if (i + k >= a->cells) continue;
				__m512 vb = factor(pb + 16 * k, zb);
				if (!a->b_block) vb = _mm512_broadcast_f32x4(_mm512_castps512_ps128(vb));
				v[k] = _mm512_cvtps_epi32(_mm512_add_ps(_mm512_mul_ps(_mm512_mul_ps(factor(pa + 16 * k, za), vb), scale), zc));
			}
			__m512i low = _mm512_adds_epi16(_mm512_packs_epi32(v[0], v[1]), zero);
			__m512i high = _mm512_adds_epi16(_mm512_packs_epi32(v[2], v[3]), zero);
			__m512i u = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high));
			_mm512_mask_storeu_epi32(dst, cell_mask(a->cells, i / 4), _mm512_min_epu8(_mm512_max_epu8(u, lo), hi));
		}
	}
}

// Sums over a map: 4 pixels of a channel in one dot product with ones.
void sumAVX512VNNI(const struct sum_args *a) {
	__m512i acc = _mm512_setzero_si512(), ones = _mm512_set1_epi8((char)hidden(1)), shuffle = neighbours_shuffle();
	__m512i keep = _mm512_set1_epi32((int)a->keep);
	__mmask16 m = cell_mask(a->cells, 0);
	for (word y = 0; y < a->rows; y++) {
		const uint8_t *p = a->src + y * a->row;
		for (word b = 0; b < a->blocks; b++, p += a->src_block) {
			__m512i v = _mm512_shuffle_epi8(_mm512_maskz_loadu_epi32(m, p), shuffle);
			if (b == a->blocks - 1) v = _mm512_and_si512(v, keep);
			acc = _mm512_dpbusd_epi32(acc, v, ones);
		}
	}
	_mm512_storeu_si512(a->sums, acc);
}

// Table of 256 bytes: two permutations of 128, chosen by the index's top bit.
INLINE __m512i lookup64(__m512i i, const __m512i *t) {
	__m512i low = _mm512_permutex2var_epi8(t[0], i, t[1]), high = _mm512_permutex2var_epi8(t[2], i, t[3]);
	return _mm512_mask_blend_epi8(_mm512_movepi8_mask(i), low, high);
}

void lookupAVX512VBMI(const struct table_args *a) {
	__m512i t[4];
	for (int i = 0; i < 4; i++) t[i] = _mm512_loadu_si512(a->table + 64 * i);
	word i = 0;
	for (; i + 64 <= a->bytes; i += 64) _mm512_storeu_si512(a->dst + i, lookup64(_mm512_loadu_si512(a->src + i), t));
	if (i < a->bytes) {
		__mmask16 m = (__mmask16)((1u << ((a->bytes - i) / 4)) - 1);
		_mm512_mask_storeu_epi32(a->dst + i, m, lookup64(_mm512_maskz_loadu_epi32(m, a->src + i), t));
	}
}

// Enlargement with argmax. The planes of a source row are its bytes, a class after the other, and behind them the winners,
// as bytes too; a plane is as long as one of floats.
INLINE void plane_row(const uint8_t *row, uint8_t *planes, const struct argmax_args *a) {
	__m512i transpose = neighbours_shuffle(), order = order16(0x0d0905010c080400, 0x0f0b07030e0a0602);
	for (word b = 0; b < a->blocks; b += 4) {
		for (word g = 0; 4 * g < a->classes; g++) {
			const uint8_t *p = row + b * a->src_block + 16 * g;
			__m128i cell[4];
			for (int i = 0; i < 4; i++)
				cell[i] = b + i < a->blocks ? _mm_loadu_si128((const __m128i *)(p + i * a->src_block)) : _mm_setzero_si128();
			__m512i v = _mm512_inserti32x4(_mm512_castsi128_si512(cell[0]), cell[1], 1);
			v = _mm512_inserti32x4(_mm512_inserti32x4(v, cell[2], 2), cell[3], 3);
			v = _mm512_permutexvar_epi32(order, _mm512_shuffle_epi8(v, transpose)); // 16 pixels of a class, and of the next
			uint8_t *to = planes + 16 * g * a->plane + 4 * b;
			_mm_storeu_si128((__m128i *)to, _mm512_castsi512_si128(v));
			_mm_storeu_si128((__m128i *)(to + 4 * a->plane), _mm512_extracti32x4_epi32(v, 1));
			_mm_storeu_si128((__m128i *)(to + 8 * a->plane), _mm512_extracti32x4_epi32(v, 2));
			_mm_storeu_si128((__m128i *)(to + 12 * a->plane), _mm512_extracti32x4_epi32(v, 3));
		}
	}
}

INLINE uint8_t *byte_winners(uint8_t *planes, const struct argmax_args *a) { return planes + (a->classes + 3) / 4 * 16 * a->plane; }

// winners_row finds the first of the greatest classes of each pixel.
INLINE void winners_row(uint8_t *planes, const struct argmax_args *a) {
	for (word x = 0; x < 4 * a->blocks; x += 64) {
		__m512i best = _mm512_loadu_si512(planes + x), at = _mm512_setzero_si512();
		for (word c = 1; c < a->classes; c++) {
			__m512i v = _mm512_loadu_si512(planes + 4 * c * a->plane + x);
			at = _mm512_mask_mov_epi8(at, _mm512_cmpgt_epu8_mask(v, best), broadcast8(c));
			best = _mm512_max_epu8(best, v);
		}
		_mm512_storeu_si512(byte_winners(planes, a) + x, at);
	}
}

INLINE void filled(const uint8_t *row, uint8_t *planes, const struct argmax_args *a) {
	plane_row(row, planes, a);
	if (a->sure) winners_row(planes, a);
}

// reals is 16 pixels' real values.
INLINE __m512 reals(const uint8_t *p, __m512i zero, __m512 scale) {
	return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)), zero)), scale);
}

// classes_16 is 16 pixels of R rows, in float32, each operation rounded by itself and in one fixed order.
#define CLASSES_16(R)                                                                                         \
	INLINE void classes_16_##R(const struct argmax_args *a, word row, word x, __mmask16 exist) {             \
		int32_t base = a->left[x];                                                                           \
		__m512i from = _mm512_set1_epi32(base), at[R], zero = _mm512_set1_epi32((int)a->zero);               \
		__m512i left = _mm512_sub_epi32(_mm512_loadu_si512(a->left + x), from);                              \
		__m512i right = _mm512_sub_epi32(_mm512_loadu_si512(a->right + x), from);                            \
		__m512 wl = _mm512_loadu_ps(a->weight_left + x), wr = _mm512_loadu_ps(a->weight_right + x);          \
		__m512 tl[R], tr[R], bl[R], br[R], best[R], scale = _mm512_set1_ps(a->weights[0]);                   \
		for (int i = 0; i < R; i++) {                                                                        \
			__m512 wt = _mm512_set1_ps(a->weights[2 * (row + i) + 1]), wb = _mm512_set1_ps(a->weights[2 * (row + i) + 2]); \
			tl[i] = _mm512_mul_ps(wl, wt);                                                                   \
			tr[i] = _mm512_mul_ps(wr, wt);                                                                   \
			bl[i] = _mm512_mul_ps(wl, wb);                                                                   \
			br[i] = _mm512_mul_ps(wr, wb);                                                                   \
			best[i] = _mm512_setzero_ps();                                                                   \
			at[i] = _mm512_setzero_si512();                                                                  \
		}                                                                                                    \
		const uint8_t *above = (const uint8_t *)a->above + base, *below = (const uint8_t *)a->below + base;  \
		for (word c = 0; c < a->classes; c++, above += 4 * a->plane, below += 4 * a->plane) {                \
			__m512 t = reals(above, zero, scale), b = reals(below, zero, scale);                             \
			__m512 t0 = _mm512_permutexvar_ps(left, t), t1 = _mm512_permutexvar_ps(right, t);                \
			__m512 b0 = _mm512_permutexvar_ps(left, b), b1 = _mm512_permutexvar_ps(right, b);                \
			for (int i = 0; i < R; i++) {                                                                    \
				__m512 v = _mm512_add_ps(_mm512_mul_ps(tl[i], t0), _mm512_mul_ps(tr[i], t1));                \
				v = _mm512_add_ps(v, _mm512_mul_ps(bl[i], b0));                                              \
				v = _mm512_add_ps(v, _mm512_mul_ps(br[i], b1));                                              \
				__mmask16 more = c == 0 ? 0xffff : _mm512_cmp_ps_mask(v, best[i], _CMP_GT_OQ);               \
				best[i] = _mm512_mask_mov_ps(best[i], more, v);                                              \
				at[i] = _mm512_mask_mov_epi32(at[i], more, _mm512_set1_epi32((int)c));                       \
			}                                                                                                \
		}                                                                                                    \
		for (int i = 0; i < R; i++)                                                                          \
			_mm_mask_storeu_epi8(a->dst + (row + i) * a->out_width + x, exist, _mm512_cvtepi32_epi8(at[i])); \
	}

CLASSES_16(1)
CLASSES_16(2)

INLINE void classes_real(const struct argmax_args *a, word row, word rows, word x, __mmask32 exist) {
	for (; exist; x += 16, exist >>= 16) {
		word i = 0;
		for (; i + 2 <= rows; i += 2) classes_16_2(a, row + i, x, (__mmask16)exist);
		if (i < rows) classes_16_1(a, row + i, x, (__mmask16)exist);
	}
}

INLINE __m512i words32(const uint8_t *p) { return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)p)); }

INLINE __m512i weighted(__m512i x, __m512i wx, __m512i y, __m512i wy) {
	return _mm512_add_epi16(_mm512_mullo_epi16(x, wx), _mm512_mullo_epi16(y, wy));
}

// classes_32 is 32 pixels of R rows in integers, where weights are whole numbers of units. What is greater here is greater in
// real values, too; where classes are equal here, those decide.
#define CLASSES_32(R)                                                                                         \
	INLINE void classes_32_##R(const struct argmax_args *a, word row, word x, __mmask32 exist) {             \
		__m512i left = _mm512_loadu_si512(a->near_left + x), right = _mm512_loadu_si512(a->near_right + x);  \
		__m512i wl = _mm512_loadu_si512(a->units_left + x), wr = _mm512_loadu_si512(a->units_right + x);     \
		__m512i wt[R], wb[R], best[R], at[R];                                                                \
		__mmask32 equal[R];                                                                                  \
		for (int i = 0; i < R; i++) {                                                                        \
			wt[i] = _mm512_set1_epi16(a->units[2 * (row + i)]);                                              \
			wb[i] = _mm512_set1_epi16(a->units[2 * (row + i) + 1]);                                          \
			at[i] = best[i] = _mm512_setzero_si512();                                                        \
			equal[i] = 0;                                                                                    \
		}                                                                                                    \
		const uint8_t *above = (const uint8_t *)a->above + a->left[x], *below = (const uint8_t *)a->below + a->left[x]; \
		for (word c = 0; c < a->classes; c++, above += 4 * a->plane, below += 4 * a->plane) {                \
			__m512i t = words32(above), b = words32(below), class = _mm512_set1_epi16((short)c);             \
			t = weighted(_mm512_permutexvar_epi16(left, t), wl, _mm512_permutexvar_epi16(right, t), wr);     \
			b = weighted(_mm512_permutexvar_epi16(left, b), wl, _mm512_permutexvar_epi16(right, b), wr);     \
			for (int i = 0; i < R; i++) {                                                                    \
				__m512i v = weighted(t, wt[i], b, wb[i]);                                                    \
				__mmask32 more = _mm512_cmpgt_epu16_mask(v, best[i]);                                        \
				equal[i] = (equal[i] & ~more) | (c ? _mm512_cmpeq_epi16_mask(v, best[i]) : 0);               \
				at[i] = _mm512_mask_mov_epi16(at[i], more, class);                                           \
				best[i] = _mm512_max_epu16(best[i], v);                                                      \
			}                                                                                                \
		}                                                                                                    \
		for (int i = 0; i < R; i++) {                                                                        \
			_mm256_mask_storeu_epi8(a->dst + (row + i) * a->out_width + x, exist, _mm512_cvtepi16_epi8(at[i])); \
			if (equal[i] & exist) classes_real(a, row + i, 1, x, exist);                                     \
		}                                                                                                    \
	}

CLASSES_32(1)
CLASSES_32(2)

void resizeArgMaxAVX512VNNI(const struct argmax_args *a) {
	uint8_t *above = (uint8_t *)a->above, *below = (uint8_t *)a->below;
	if (a->fill & 1) filled(a->top, above, a);
	if (a->fill & 2) filled(a->bottom, below, a);
	const uint8_t *upper = byte_winners(above, a), *lower = byte_winners(below, a);
	for (word x = 0; x < a->out_width; x += 32) {
		int32_t base = a->left[x];
		word n = a->out_width - x, row = 0;
		__mmask32 exist = n >= 32 ? 0xffffffff : (1u << n) - 1;
		if (a->sure) {
			__m256i winner = _mm256_set1_epi8((char)upper[base]);
			unsigned same = _mm256_cmpeq_epi8_mask(_mm256_loadu_si256((const __m256i *)(upper + base)), winner);
			same &= _mm256_cmpeq_epi8_mask(_mm256_loadu_si256((const __m256i *)(lower + base)), winner);
			unsigned read = (2u << (a->right[x + 31] - base)) - 1;
			if ((same & read) == read) {
				for (; row < a->rows; row++) _mm256_mask_storeu_epi8(a->dst + row * a->out_width + x, exist, winner);
				continue;
			}
		}
		if (!a->units) {
			classes_real(a, 0, a->rows, x, exist);
			continue;
		}
		for (; row + 2 <= a->rows; row += 2) classes_32_2(a, row, x, exist);
		if (row < a->rows) classes_32_1(a, row, x, exist);
	}
}

// Linear enlargement: the left and right neighbours of 4 output pixels, interleaved, against their weights; then the
// two rows. Sums are below 2^16.
struct rounding {
	__m512i bias, parity, odd;
	__m128i shift;
};

INLINE __m512i rounded(__m512i v, struct rounding r) {
	__m512i odd = _mm512_and_si512(_mm512_add_epi16(_mm512_srl_epi16(v, r.shift), r.parity), r.odd);
	return _mm512_srl_epi16(_mm512_add_epi16(_mm512_add_epi16(v, r.bias), odd), r.shift);
}

INLINE __m512i gather4_offset(const uint8_t *row, const word *offsets, word at, __mmask16 m) {
	__m512i v = _mm512_maskz_loadu_epi32(m & 0x1111, row + offsets[0] + at);
	v = _mm512_mask_loadu_epi32(v, m & 0x2222, row + offsets[2] + at - 4);
	v = _mm512_mask_loadu_epi32(v, m & 0x4444, row + offsets[4] + at - 8);
	return _mm512_mask_loadu_epi32(v, m & 0x8888, row + offsets[6] + at - 12);
}

// Linear resize of real values: a cell is 16 floats.
INLINE __m512 real_cell(__m512i v, int cell, __m512i zero, __m512 scale) {
	__m128i c = cell == 0 ? _mm512_castsi512_si128(v) : cell == 1 ? _mm512_extracti32x4_epi32(v, 1)
			: cell == 2 ? _mm512_extracti32x4_epi32(v, 2) : _mm512_extracti32x4_epi32(v, 3);
	return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_cvtepu8_epi32(c), zero)), scale);
}

void resizeRealAVX512VNNI(const struct real_args *a) {
	__m512 scale = _mm512_set1_ps(a->weights[0]), wt = _mm512_set1_ps(a->weights[1]), wb = _mm512_set1_ps(a->weights[2]);
	__m512 out = _mm512_set1_ps(a->weights[3]);
	__m512i zero_in = _mm512_set1_epi32((int)a->zero_in), spread = _mm512_loadu_si512(a->spread);
	__m256i zero = _mm256_set1_epi16((short)a->zero);
	__m128i lo = _mm_set1_epi8((char)a->lo), hi = _mm_set1_epi8((char)a->hi);
	for (word b = 0; b < a->blocks; b++) {
		const word *o = a->offsets + 8 * b;
		__m512 wl = _mm512_permutexvar_ps(spread, _mm512_zextps128_ps512(_mm_loadu_ps(a->weight_left + 4 * b)));
		__m512 wr = _mm512_permutexvar_ps(spread, _mm512_zextps128_ps512(_mm_loadu_ps(a->weight_right + 4 * b)));
		__m512 wtl = _mm512_mul_ps(wl, wt), wtr = _mm512_mul_ps(wr, wt), wbl = _mm512_mul_ps(wl, wb), wbr = _mm512_mul_ps(wr, wb);
		for (word g = 0; 4 * g < a->cells; g++) {
			__mmask16 m = cell_mask(a->cells, g);
			__m512i tl = gather4_offset(a->top, o, 64 * g, m), tr = gather4_offset(a->top, o + 1, 64 * g, m);
			__m512i bl = gather4_offset(a->bottom, o, 64 * g, m), br = gather4_offset(a->bottom, o + 1, 64 * g, m);
			for (int c = 0; c < 4; c++) {
				if (4 * g + c >= a->cells) break;
				__m512 v = _mm512_add_ps(_mm512_mul_ps(wtl, real_cell(tl, c, zero_in, scale)), _mm512_mul_ps(wtr, real_cell(tr, c, zero_in, scale)));
				v = _mm512_add_ps(v, _mm512_mul_ps(wbl, real_cell(bl, c, zero_in, scale)));
				v = _mm512_add_ps(v, _mm512_mul_ps(wbr, real_cell(br, c, zero_in, scale)));
				__m128i q = narrow(_mm512_cvtps_epi32(_mm512_div_ps(v, out)), zero, lo, hi);
				_mm_storeu_si128((__m128i *)(a->dst + b * a->dst_block + 64 * g + 16 * c), q);
			}
		}
	}
}

// The same for enlargements, 16 channels of a row at a time: the source rows are real values already, so that 4 output
// pixels are one permutation of two blocks.
void floatsAVX512VNNI(const struct floats_args *a) {
	__m512i zero = _mm512_set1_epi32((int)a->zero);
	__m512 scale = _mm512_set1_ps(a->scale[0]);
	for (word c = 0; c < a->cells; c++) {
		float *to = a->dst + c * a->plane;
		const uint8_t *p = a->src + 16 * c;
		for (word b = 0; b < a->blocks; b++, p += a->src_block, to += 16) {
			__m512i v = _mm512_sub_epi32(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)), zero);
			_mm512_storeu_ps(to, _mm512_mul_ps(_mm512_cvtepi32_ps(v), scale));
		}
	}
}

// pixels4 is the dwords of 4 pixels of 4 channels, counted from pixel base.
INLINE __m512i pixels4(const int32_t *at, int32_t base, __m512i spread, __m512i channel) {
	__m128i v = _mm_sub_epi32(_mm_loadu_si128((const __m128i *)at), _mm_set1_epi32(base));
	return _mm512_add_epi32(_mm512_slli_epi32(_mm512_permutexvar_epi32(spread, _mm512_zextsi128_si512(v)), 2), channel);
}

// quotient is v / by, correctly rounded, from minus = -by and r = 1 / by, correctly rounded: Markstein, "Computation of elementary
// functions on the IBM RISC System/6000 processor", 1990, theorem 7. The first step makes q one of v / by's neighbours.
INLINE __m512 quotient(__m512 v, __m512 minus, __m512 r) {
	__m512 q = _mm512_mul_ps(v, r);
	q = _mm512_fmadd_ps(_mm512_fmadd_ps(q, minus, v), r, q);
	return _mm512_fmadd_ps(_mm512_fmadd_ps(q, minus, v), r, q);
}

void enlargeAVX512VNNI(const struct enlarge_args *a) {
	__m512 wt = _mm512_set1_ps(a->weights[0]), wb = _mm512_set1_ps(a->weights[1]);
	__m512 minus = _mm512_sub_ps(_mm512_setzero_ps(), _mm512_set1_ps(a->weights[2])), inverse = _mm512_set1_ps(a->weights[3]);
	__m512i zero = _mm512_set1_epi16((short)a->zero), lo = broadcast8(a->lo), hi = broadcast8(a->hi);
	__m512i order = _mm512_loadu_si512(a->order);
	__m512i spread = order16(0x0101010100000000, 0x0303030302020202), channel = order16(0x0302010003020100, 0x0302010003020100);
	__mmask16 m = cell_mask(a->cells, 0);
	for (word b = 0; b < a->blocks; b++) {
		int32_t base = a->left[4 * b] & -4;
		__m512i left = pixels4(a->left + 4 * b, base, spread, channel), right = pixels4(a->right + 4 * b, base, spread, channel);
		__m512 wl = _mm512_permutexvar_ps(spread, _mm512_zextps128_ps512(_mm_loadu_ps(a->weight_left + 4 * b)));
		__m512 wr = _mm512_permutexvar_ps(spread, _mm512_zextps128_ps512(_mm_loadu_ps(a->weight_right + 4 * b)));
		__m512 wtl = _mm512_mul_ps(wl, wt), wtr = _mm512_mul_ps(wr, wt), wbl = _mm512_mul_ps(wl, wb), wbr = _mm512_mul_ps(wr, wb);
		const float *top = a->top + 4 * (word)base, *bottom = a->bottom + 4 * (word)base;
		__m512i q[4];
		for (int c = 0; c < 4; c++, top += a->plane, bottom += a->plane) {
			q[c] = _mm512_setzero_si512();
			if (c >= a->cells) continue;
			__m512 t0 = _mm512_loadu_ps(top), t1 = _mm512_loadu_ps(top + 16), b0 = _mm512_loadu_ps(bottom), b1 = _mm512_loadu_ps(bottom + 16);
			__m512 v = _mm512_add_ps(_mm512_mul_ps(wtl, _mm512_permutex2var_ps(t0, left, t1)),
					_mm512_mul_ps(wtr, _mm512_permutex2var_ps(t0, right, t1)));
			v = _mm512_add_ps(v, _mm512_mul_ps(wbl, _mm512_permutex2var_ps(b0, left, b1)));
			v = _mm512_add_ps(v, _mm512_mul_ps(wbr, _mm512_permutex2var_ps(b0, right, b1)));
			q[c] = _mm512_cvtps_epi32(quotient(v, minus, inverse));
		}
		__m512i low = _mm512_adds_epi16(_mm512_packs_epi32(q[0], q[1]), zero);
		__m512i high = _mm512_adds_epi16(_mm512_packs_epi32(q[2], q[3]), zero);
		__m512i u = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high));
		_mm512_mask_storeu_epi32(a->dst + b * a->dst_block, m, _mm512_min_epu8(_mm512_max_epu8(u, lo), hi));
	}
}

// Doubling, 16 channels at a time: a pixel of them is a register, so that neighbours are other registers, a product serves two
// output pixels, or two rows, and 4 output pixels pack into cells.
void channelsAVX512VNNI(const struct channels_args *a) {
	__m512i zero = _mm512_set1_epi32((int)a->zero);
	__m512 scale = _mm512_set1_ps(a->scale[0]);
	__mmask16 m = cell_mask(a->cells, 0);
	__m512i order[4], four = _mm512_set1_epi32(hidden(4)); // dword i of a lane takes byte 4p + i of it
	order[0] = _mm512_or_si512(order16(0x0302010003020100, 0x0302010003020100), _mm512_set1_epi32(hidden((int)0x80808000)));
	for (int p = 1; p < 4; p++) order[p] = _mm512_add_epi32(order[p - 1], four);
	const uint8_t *src = a->src;
	float *to = a->dst;
	for (word b = 0; b < a->blocks; b++, src += a->src_block, to += 64) {
		__m512i v = _mm512_maskz_loadu_epi32(m, src);
		for (int p = 0; p < 4; p++) {
			__m512i i = _mm512_sub_epi32(_mm512_shuffle_epi8(v, order[p]), zero);
			_mm512_storeu_ps(to + 16 * p, _mm512_mul_ps(_mm512_cvtepi32_ps(i), scale));
		}
	}
}

struct division {
	__m512 minus, inverse;
};

INLINE __m512 nearer(__m512 q, __m512 v, struct division by) {
	return _mm512_fmadd_ps(_mm512_fmadd_ps(q, by.minus, v), by.inverse, q);
}

INLINE __m512 four_times(__m512 v) {
	v = _mm512_add_ps(v, v);
	return _mm512_add_ps(v, v);
}

INLINE void doubled(const struct double_args *p, int steps) {
	struct division by = {_mm512_sub_ps(_mm512_setzero_ps(), _mm512_set1_ps(p->weights[2])), _mm512_set1_ps(p->weights[3])};
	__m512 wc = _mm512_set1_ps(p->weights[0]), wd = _mm512_set1_ps(p->weights[1]);
	__m512 three = _mm512_cvtepi32_ps(_mm512_set1_epi32(hidden(3))), nine = _mm512_mul_ps(three, three);
	__m512i zero = _mm512_set1_epi16((short)p->zero), lo = broadcast8(p->lo), hi = broadcast8(p->hi);
	__mmask16 m = cell_mask(p->cells, 0);
	const float *top = p->top, *bottom = p->bottom;
	uint8_t *dst = p->dst;
	// Pixels 2n - 1 to 2n + 2 and their products.
	__m512 t[4], t3[4], b[4], bc[4];
	for (int i = 2; i < 4; i++) {
		t[i] = _mm512_loadu_ps(top + 16 * i - 48);
		b[i] = _mm512_loadu_ps(bottom + 16 * i - 48);
		t3[i] = _mm512_mul_ps(t[i], three);
		bc[i] = _mm512_mul_ps(b[i], wc);
	}
	for (word n = 0; n < p->out_blocks; n++, dst += p->dst_block, top += 32, bottom += 32) {
		for (int i = 0; i < 2; i++) {
			t[i] = t[i + 2];
			t3[i] = t3[i + 2];
			b[i] = b[i + 2];
			bc[i] = bc[i + 2];
			t[i + 2] = _mm512_loadu_ps(top + 16 * i + 16);
			b[i + 2] = _mm512_loadu_ps(bottom + 16 * i + 16);
			t3[i + 2] = _mm512_mul_ps(t[i + 2], three);
			bc[i + 2] = _mm512_mul_ps(b[i + 2], wc);
		}
		__m512 v[2][4]; // output pixels of the upper and of the lower row
		for (int i = 0; i < 2; i++) {
			__m512 t9 = _mm512_mul_ps(t[i + 1], nine), b3 = _mm512_mul_ps(b[i + 1], three), bd = _mm512_mul_ps(b[i + 1], wd);
			v[0][2 * i] = _mm512_add_ps(_mm512_add_ps(_mm512_add_ps(t3[i], t9), b[i]), b3);
			v[0][2 * i + 1] = _mm512_add_ps(_mm512_add_ps(_mm512_add_ps(t9, t3[i + 2]), b3), b[i + 2]);
			v[1][2 * i] = _mm512_add_ps(_mm512_add_ps(_mm512_add_ps(t[i], t3[i + 1]), bc[i]), bd);
			v[1][2 * i + 1] = _mm512_add_ps(_mm512_add_ps(_mm512_add_ps(t3[i + 1], t[i + 2]), bd), bc[i + 2]);
		}
		if (n == 0) {
			v[0][0] = _mm512_add_ps(four_times(t3[1]), four_times(b[1]));
			v[1][0] = _mm512_add_ps(four_times(t[1]), four_times(bc[1]));
		}
		for (int i = 0; i < 2; i++) {
			if (2 * n + i != p->last) continue;
			__m512 b2 = _mm512_add_ps(b[i + 1], b[i + 1]), c2 = _mm512_add_ps(bc[i + 1], bc[i + 1]);
			v[0][2 * i + 1] = _mm512_add_ps(_mm512_add_ps(four_times(t3[i + 1]), b2), b2);
			v[1][2 * i + 1] = _mm512_add_ps(_mm512_add_ps(four_times(t[i + 1]), c2), c2);
		}
		for (int row = 0; row < 2; row++) {
			if (!(p->rows & (1 << row))) continue;
			__m512i u[4];
			for (int i = 0; i < 4; i++) {
				__m512 q = _mm512_mul_ps(v[row][i], by.inverse);
				for (int step = 0; step < steps; step++) q = nearer(q, v[row][i], by);
				u[i] = _mm512_cvtps_epi32(q);
			}
			__m512i first = _mm512_adds_epi16(_mm512_packs_epi32(u[0], u[1]), zero);
			__m512i second = _mm512_adds_epi16(_mm512_packs_epi32(u[2], u[3]), zero);
			__m512i packed = _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(first, second), lo), hi);
			_mm512_mask_storeu_epi32(dst + row * p->row, m, packed);
		}
	}
}

void doubleAVX512VNNI(const struct double_args *a) {
	if (a->steps == 0)
		doubled(a, 0);
	else if (a->steps == 1)
		doubled(a, 1);
	else
		doubled(a, 2);
}

// nearest_double: a cell's pixels 0 0 1 1 are a cell of one block, 2 2 3 3 of the next.
INLINE void nearest_double(const struct nearest_args *a) {
	const uint8_t *src = a->src;
	uint8_t *dst = a->dst;
	for (word b = 0; b < a->blocks; b += 2, src += a->src_block, dst += 2 * a->dst_block) {
		for (word g = 0; 4 * g < a->cells; g++) {
			__mmask16 m = cell_mask(a->cells, g);
			__m512i v = _mm512_maskz_loadu_epi32(m, src + 64 * g);
			_mm512_mask_storeu_epi32(dst + 64 * g, m, _mm512_shuffle_epi32(v, 0x50));
			if (b + 1 < a->blocks) _mm512_mask_storeu_epi32(dst + a->dst_block + 64 * g, m, _mm512_shuffle_epi32(v, 0xfa));
		}
	}
}

void nearestAVX512VNNI(const struct nearest_args *a) {
	if (a->src_block) {
		nearest_double(a);
		return;
	}
	for (word b = 0; b < a->blocks; b++) {
		for (word g = 0; 4 * g < a->cells; g++) {
			__mmask16 m = cell_mask(a->cells, g);
			_mm512_mask_storeu_epi32(a->dst + b * a->dst_block + 64 * g, m, gather4_offset(a->src, a->offsets + 8 * b, 64 * g, m));
		}
	}
}

// Maxima of windows.
void maxAVX512VNNI(const struct max_args *a) {
	for (word b = 0; b < a->blocks; b++) {
		for (word g = 0; 4 * g < a->cells; g++) {
			__mmask16 m = cell_mask(a->cells, g);
			__m512i v = _mm512_setzero_si512();
			for (word ky = 0; ky < a->taps_y; ky++) {
				const uint8_t *row = a->rows[ky] + 64 * g;
				const word *o = a->offsets + 4 * b;
				for (word kx = 0; kx < a->taps_x; kx++, o += 4 * a->blocks) {
					__m512i x = _mm512_maskz_loadu_epi32(m & 0x1111, row + o[0]);
					x = _mm512_mask_loadu_epi32(x, m & 0x2222, row + o[1] - 4);
					x = _mm512_mask_loadu_epi32(x, m & 0x4444, row + o[2] - 8);
					v = _mm512_max_epu8(v, _mm512_mask_loadu_epi32(x, m & 0x8888, row + o[3] - 12));
				}
			}
			_mm512_mask_storeu_epi32(a->dst + b * a->dst_block + 64 * g, m, v);
		}
	}
}

void resizeAVX512VNNI(const struct resize_args *a) {
	__m512i wt = _mm512_set1_epi16((short)a->weight_top), wb = _mm512_set1_epi16((short)a->weight_bottom);
	struct rounding r = {_mm512_set1_epi16((short)a->bias), _mm512_set1_epi16((short)a->parity),
			_mm512_set1_epi16((short)a->odd), _mm_cvtsi64_si128(a->shift)};
	for (word b = 0; b < a->blocks; b++) {
		const word *o = a->offsets + 8 * b;
		__m512i wl = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(a->weights + 32 * b)));
		__m512i wh = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(a->weights + 32 * b + 16)));
		for (word g = 0; 4 * g < a->cells; g++) {
			__mmask16 m = cell_mask(a->cells, g);
			__m512i tl = gather4_offset(a->top, o, 64 * g, m), tr = gather4_offset(a->top, o + 1, 64 * g, m);
			__m512i bl = gather4_offset(a->bottom, o, 64 * g, m), br = gather4_offset(a->bottom, o + 1, 64 * g, m);
			__m512i t = _mm512_maddubs_epi16(_mm512_unpacklo_epi8(tl, tr), wl), u = _mm512_maddubs_epi16(_mm512_unpackhi_epi8(tl, tr), wh);
			__m512i v = _mm512_maddubs_epi16(_mm512_unpacklo_epi8(bl, br), wl), w = _mm512_maddubs_epi16(_mm512_unpackhi_epi8(bl, br), wh);
			t = _mm512_add_epi16(_mm512_mullo_epi16(t, wt), _mm512_mullo_epi16(v, wb));
			u = _mm512_add_epi16(_mm512_mullo_epi16(u, wt), _mm512_mullo_epi16(w, wb));
			_mm512_mask_storeu_epi32(a->dst + b * a->dst_block + 64 * g, m, _mm512_packus_epi16(rounded(t, r), rounded(u, r)));
		}
	}
}

// The limit that edge bench prints: 24 independent chains of VPDPBUSD on registers.
void peakAVX512VNNI(const struct peak_args *a) {
	__m512i acc[24], x = _mm512_set1_epi32((int)a->rounds);
	for (int i = 0; i < 24; i++) acc[i] = _mm512_setzero_si512();
	for (word n = 0; n < a->rounds; n++) {
		for (int i = 0; i < 24; i++) {
			acc[i] = _mm512_dpbusd_epi32(acc[i], x, x);
			__asm__("" : "+v"(acc[i]));
		}
	}
	for (int i = 1; i < 24; i++) acc[0] = _mm512_add_epi32(acc[0], acc[i]);
	_mm512_storeu_si512(a->sum, acc[0]);
}

#include "margin.h"

INLINE void store_bytes(uint8_t *p, const margin_ints *v) { _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8((__m512i)*v)); }

void marginAVX512VNNI(const struct margin_args *a) { margin(a); }
