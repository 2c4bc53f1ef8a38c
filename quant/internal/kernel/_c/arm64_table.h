// Depthwise 3×3 with the table lookups of a Cortex-A76: one in two registers is one instruction, so that each window
// comes straight from the blocks as they lie in memory.
struct columns {
	uint8x16_t transpose, before, after; // table lookups in one block, and in two that follow each other
	int8x16_t pad, keep;
	word last; // the last source block
};

INLINE struct columns columns_of(const struct depthwise_args *a) {
	uint8x16_t transpose = transposition();
	int8x16_t keep = vreinterpretq_s8_s32(vdupq_n_s32((int32_t)a->keep)); // by channels; blocks are by pixels
	return (struct columns){transpose, bytes16(0x1915110d1814100c, 0x1b17130f1a16120e), bytes16(0x110d0905100c0804, 0x130f0b07120e0a06),
			vdupq_n_s8((int8_t)a->pad), vqtbl1q_s8(keep, transpose), a->src_blocks - 1};
}

// edge is block b of a row, with the padding left and right of the map.
INLINE int8x16_t edge(const uint8_t *row, word block_bytes, word b, const struct columns *c) {
	if (b < 0 || b > c->last) return c->pad;
	int8x16_t v = load(row + b * block_bytes);
	return b == c->last ? vbslq_s8(vreinterpretq_u8_s8(c->keep), v, c->pad) : v;
}

// inner is the same where b lies inside, left of the last block.
INLINE int8x16_t inner(const uint8_t *row, word block_bytes, word b, const struct columns *c) {
	(void)c;
	return load(row + b * block_bytes);
}

INLINE int8x16_t straight(int8x16_t v, const struct columns *c) { return vqtbl1q_s8(v, c->transpose); }
INLINE int8x16_t before(int8x16_t p, int8x16_t v, const struct columns *c) { return vqtbl2q_s8((int8x16x2_t){{p, v}}, c->before); }
INLINE int8x16_t after(int8x16_t v, int8x16_t n, const struct columns *c) { return vqtbl2q_s8((int8x16x2_t){{v, n}}, c->after); }

// The first block, and those from the map's last on, look at the edge; the ones between don't.
#define DEPTHWISE_S1_BLOCKS(R, END, BLOCK)                                                            \
	for (; b < END; b++, dst += a->dst_block) {                                                      \
		struct acc acc[R][4];                                                                        \
		for (int o = 0; o < R; o++)                                                                  \
			for (int j = 0; j < 4; j++) acc[o][j] = begin(vld1q_s32(a->bias + 4 * cell));            \
		for (int i = 0; i < R + 2; i++) {                                                            \
			int8x16_t p = BLOCK(row[i], pitch[i], b - 1, c), v = BLOCK(row[i], pitch[i], b, c), n = BLOCK(row[i], pitch[i], b + 1, c); \
			int8x16_t s = before(p, v, c), t = after(v, n, c), u = straight(v, c);                   \
			for (int o = 0; o < R; o++) {                                                            \
				int k = i - o;                                                                       \
				if (k < 0 || k > 2) continue;                                                        \
				acc[o][0] = step(acc[o][0], front[k], s);                                            \
				acc[o][1] = step(acc[o][1], front[k], u);                                            \
				acc[o][2] = step(acc[o][2], back[k], u);                                             \
				acc[o][3] = step(acc[o][3], back[k], t);                                             \
			}                                                                                        \
		}                                                                                            \
		for (int o = 0; o < R; o++) vst1q_s8(dst + o * a->dst_row, pack(acc[o], scale, r));          \
	}

#define DEPTHWISE_S1(R)                                                                               \
	INLINE void depthwise_s1_##R(const struct depthwise_args *a, word cell, const struct columns *c, struct requant r) { \
		int8x16_t front[3], back[3];                                                                 \
		kernels_of(a->weights + cell / 4 * 192 + cell % 4 * 16, front, back);                        \
		float32x4_t scale = vld1q_f32(a->scale + 4 * cell);                                          \
		const uint8_t *row[R + 2];                                                                   \
		word pitch[R + 2];                                                                           \
		for (int i = 0; i < R + 2; i++) {                                                            \
			row[i] = a->rows[i] + 16 * cell;                                                         \
			pitch[i] = a->row_blocks[i];                                                             \
		}                                                                                            \
		int8_t *dst = (int8_t *)a->dst + 16 * cell;                                                  \
		word b = 0, one = a->blocks < 1 ? a->blocks : 1, most = c->last - 1 < a->blocks ? c->last - 1 : a->blocks; \
		DEPTHWISE_S1_BLOCKS(R, one, edge)                                                            \
		DEPTHWISE_S1_BLOCKS(R, most, inner)                                                          \
		DEPTHWISE_S1_BLOCKS(R, a->blocks, edge)                                                      \
	}

DEPTHWISE_S1(1)
DEPTHWISE_S1(2)

#define DEPTHWISE_S2_BLOCKS(END, BLOCK)                                                               \
	for (; b < END; b++, dst += a->dst_block) {                                                      \
		struct acc acc[4];                                                                           \
		for (int j = 0; j < 4; j++) acc[j] = begin(vld1q_s32(a->bias + 4 * cell));                   \
		for (int i = 0; i < 3; i++) {                                                                \
			int8x16_t p = BLOCK(row[i], pitch[i], 2 * b - 1, c), v = BLOCK(row[i], pitch[i], 2 * b, c); \
			int8x16_t n = BLOCK(row[i], pitch[i], 2 * b + 1, c);                                     \
			acc[0] = step(acc[0], front[i], before(p, v, c));                                        \
			acc[1] = step(acc[1], back[i], straight(v, c));                                          \
			acc[2] = step(acc[2], front[i], before(v, n, c));                                        \
			acc[3] = step(acc[3], back[i], straight(n, c));                                          \
		}                                                                                            \
		vst1q_s8(dst, pack(acc, scale, r));                                                          \
	}

INLINE void depthwise_s2(const struct depthwise_args *a, word cell, const struct columns *c, struct requant r) {
	int8x16_t front[3], back[3];
	kernels_of(a->weights + cell / 4 * 192 + cell % 4 * 16, front, back);
	float32x4_t scale = vld1q_f32(a->scale + 4 * cell);
	const uint8_t *row[3];
	word pitch[3];
	for (int i = 0; i < 3; i++) {
		row[i] = a->rows[i] + 16 * cell;
		pitch[i] = a->row_blocks[i];
	}
	int8_t *dst = (int8_t *)a->dst + 16 * cell;
	word b = 0, one = a->blocks < 1 ? a->blocks : 1, most = c->last / 2 < a->blocks ? c->last / 2 : a->blocks;
	DEPTHWISE_S2_BLOCKS(one, edge)
	DEPTHWISE_S2_BLOCKS(most, inner)
	DEPTHWISE_S2_BLOCKS(a->blocks, edge)
}
