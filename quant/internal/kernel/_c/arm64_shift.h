// Depthwise 3×3 with shifts, for a Cortex-A72, where a lookup in two registers is three instructions: columns are
// transposed once and kept for the next block.
struct columns {
	uint8x16_t transpose;
	int8x16_t pad, keep;
	word last; // the last source block
};

INLINE struct columns columns_of(const struct depthwise_args *a) {
	return (struct columns){transposition(), vdupq_n_s8((int8_t)a->pad),
			vreinterpretq_s8_s32(vdupq_n_s32((int32_t)a->keep)), a->src_blocks - 1};
}

// column is block b of a row, with the padding right of the map; b may lie right of the last block.
INLINE int8x16_t column(const uint8_t *row, word block_bytes, word b, const struct columns *c) {
	if (b > c->last) return c->pad;
	int8x16_t v = vqtbl1q_s8(load(row + b * block_bytes), c->transpose);
	if (b == c->last) v = vbslq_s8(vreinterpretq_u8_s8(c->keep), v, c->pad);
	return v;
}

// inner is column where b lies left of the last block.
INLINE int8x16_t inner(const uint8_t *row, word block_bytes, word b, const struct columns *c) {
	return vqtbl1q_s8(load(row + b * block_bytes), c->transpose);
}

INLINE int8x16_t before(int8x16_t p, int8x16_t g) {
	uint32x4_t shifted = vshlq_n_u32(vreinterpretq_u32_s8(g), 8);
	return vreinterpretq_s8_u32(vsriq_n_u32(shifted, vreinterpretq_u32_s8(p), 24));
}

INLINE int8x16_t after(int8x16_t g, int8x16_t n) {
	uint32x4_t shifted = vshrq_n_u32(vreinterpretq_u32_s8(g), 8);
	return vreinterpretq_s8_u32(vsliq_n_u32(shifted, vreinterpretq_u32_s8(n), 24));
}

// The blocks whose columns all lie left of the map's last block come first, without a look at the edge.
#define DEPTHWISE_S1_BLOCKS(R, END, COLUMN)                                                           \
	for (; b < END; b++, dst += a->dst_block) {                                                      \
		struct acc acc[R][4];                                                                        \
		for (int o = 0; o < R; o++)                                                                  \
			for (int j = 0; j < 4; j++) acc[o][j] = begin(bias);                                     \
		for (int i = 0; i < R + 2; i++) {                                                            \
			int8x16_t n = COLUMN(row[i], pitch[i], b + 1, c);                                         \
			int8x16_t s = before(p[i], v[i]), t = after(v[i], n);                                    \
			for (int o = 0; o < R; o++) {                                                            \
				int k = i - o;                                                                       \
				if (k < 0 || k > 2) continue;                                                        \
				acc[o][0] = step(acc[o][0], front[k], s);                                            \
				acc[o][1] = step(acc[o][1], front[k], v[i]);                                         \
				acc[o][2] = step(acc[o][2], back[k], v[i]);                                          \
				acc[o][3] = step(acc[o][3], back[k], t);                                             \
			}                                                                                        \
			p[i] = v[i];                                                                             \
			v[i] = n;                                                                                \
		}                                                                                            \
		for (int o = 0; o < R; o++) vst1q_s8(dst + o * a->dst_row, pack(acc[o], scale, r));          \
	}

#define DEPTHWISE_S1(R)                                                                               \
	INLINE void depthwise_s1_##R(const struct depthwise_args *a, word cell, const struct columns *c, struct requant r) { \
		int8x16_t front[3], back[3], p[R + 2], v[R + 2];                                             \
		kernels_of(a->weights + cell / 4 * 192 + cell % 4 * 16, front, back);                        \
		int32x4_t bias = vld1q_s32(a->bias + 4 * cell);                                              \
		float32x4_t scale = vld1q_f32(a->scale + 4 * cell);                                          \
		const uint8_t *row[R + 2];                                                                   \
		word pitch[R + 2];                                                                            \
		for (int i = 0; i < R + 2; i++) {                                                            \
			row[i] = a->rows[i] + 16 * cell;                                                         \
			pitch[i] = a->row_blocks[i];                                                              \
			p[i] = c->pad;                                                                           \
			v[i] = column(row[i], pitch[i], 0, c);                                                    \
		}                                                                                            \
		int8_t *dst = (int8_t *)a->dst + 16 * cell;                                                  \
		word b = 0, most = c->last - 1 < a->blocks ? c->last - 1 : a->blocks;                        \
		DEPTHWISE_S1_BLOCKS(R, most, inner)                                                          \
		DEPTHWISE_S1_BLOCKS(R, a->blocks, column)                                                    \
	}

DEPTHWISE_S1(1)
DEPTHWISE_S1(2)

#define DEPTHWISE_S2_BLOCKS(END, COLUMN)                                                              \
	for (; b < END; b++, dst += a->dst_block) {                                                      \
		struct acc acc[4];                                                                           \
		for (int j = 0; j < 4; j++) acc[j] = begin(bias);                                            \
		for (int i = 0; i < 3; i++) {                                                                \
			int8x16_t v = COLUMN(row[i], pitch[i], 2 * b, c), n = COLUMN(row[i], pitch[i], 2 * b + 1, c); \
			acc[0] = step(acc[0], front[i], before(p[i], v));                                        \
			acc[1] = step(acc[1], back[i], v);                                                       \
			acc[2] = step(acc[2], front[i], before(v, n));                                           \
			acc[3] = step(acc[3], back[i], n);                                                       \
			p[i] = n;                                                                                \
		}                                                                                            \
		vst1q_s8(dst, pack(acc, scale, r));                                                          \
	}

INLINE void depthwise_s2(const struct depthwise_args *a, word cell, const struct columns *c, struct requant r) {
	int8x16_t front[3], back[3], p[3];
	kernels_of(a->weights + cell / 4 * 192 + cell % 4 * 16, front, back);
	int32x4_t bias = vld1q_s32(a->bias + 4 * cell);
	float32x4_t scale = vld1q_f32(a->scale + 4 * cell);
	const uint8_t *row[3];
	word pitch[3];
	for (int i = 0; i < 3; i++) {
		row[i] = a->rows[i] + 16 * cell;
		pitch[i] = a->row_blocks[i];
		p[i] = c->pad;
	}
	int8_t *dst = (int8_t *)a->dst + 16 * cell;
	word b = 0, most = c->last / 2 < a->blocks ? c->last / 2 : a->blocks;
	DEPTHWISE_S2_BLOCKS(most, inner)
	DEPTHWISE_S2_BLOCKS(a->blocks, column)
}
