// The arguments of the kernels. Every field is 8 bytes, so that args.go states the same layout without padding.
#pragma once
#include <stdint.h>

typedef int64_t word;

// conv_args: pointwise, dense and first-layer convolution of a run of 4-pixel blocks.
struct conv_args {
	const uint8_t *src;   // pointwise, first: the first input pixel
	uint8_t *dst;         // the first output block
	const int8_t *weights; // [group of 16 outputs][step][16 outputs][4 inputs]; pointwiseAVX512VNNI: packPixels
	const int32_t *bias;  // one per output, padded to whole groups
	const float *scale;   // the same
	const float *ramp;    // NULL, or -2^23 times scale where sums begin at 2^23's bits (packRamp)
	word blocks;          // output blocks
	word groups;          // groups of 16 outputs
	word cells;           // cells in an output block: ceil(outputs / 4)
	word steps;           // 4-input cells of a source block (of one tap)
	word src_block;       // pointwise: bytes between source blocks; first: bytes between the taps of a row
	word dst_block;
	word zero;            // of the output; the range is the whole one
	word taps_y, taps_x;  // dense, first
	const uint8_t *const *rows; // dense, first: taps_y source rows; dense: NULL = outside the map
	const word *offsets;  // dense: [taps_x][4·blocks] byte offsets into a row; negative = outside the map
	const uint8_t *pad;   // dense: 16·steps bytes of the input's zero point; first, AVX-512: 4 of them
	word stride;          // first: bytes between the windows of neighbouring output pixels
	word near;            // pointwise: whether no rounded product with zero added to it goes beyond 2^15 - 1
	word before;          // first, AVX-512: bytes that the first window begins left of its row
	word outside;         // first, AVX-512: taps of that window, from the left, that read pad; none of the others lies left of the row
};

// depthwise_args: depthwise 3×3 of one or two output rows; of windows of up to 5 columns, one row.
struct depthwise_args {
	const uint8_t *const *rows; // source rows, top to bottom
	const word *row_blocks;     // bytes between the blocks of each row: 0 for a row of padding
	uint8_t *dst;               // the upper output row
	word dst_row;               // bytes to the lower output row
	const int8_t *weights;      // 3×3: packDepthwise3x3 or packDepthwiseColumns; else packDepthwiseWide
	const int32_t *bias;
	const float *scale, *ramp; // as in conv_args
	word blocks;                // output blocks
	word src_blocks;            // source blocks
	word cells;                 // cells in a block
	word dst_block;
	word zero;
	word pad;                   // the input's zero point
	word keep;                  // bit mask of the valid pixels of the last source block, 8 bits a pixel
	word taps_y;                // rows of the window, where not 3
	word dilation;              // along rows, where not 1
};

// depthwise_any_args: depthwise of any window, one output row.
struct depthwise_any_args {
	uint8_t *dst;
	const int8_t *weights; // [group of 16 channels][quads][16 channels][4 taps]
	const int32_t *bias;
	const float *scale, *ramp; // as in conv_args
	word blocks;
	word cells;
	word dst_block;
	word zero;
	word taps_y, taps_x;
	word quads;                 // ceil(taps/4)
	const uint8_t *const *rows; // taps_y source rows; NULL = outside the map
	const word *offsets;        // [taps_x][4·blocks] byte offsets into a row; negative = outside the map
	const uint8_t *pad;         // a row of the input's zero point
	const uint8_t **taps;       // memory for [4·quads][4 pixels]: where a block's taps begin, all pointing at pad before
};

// list_taps fills taps for a block.
static inline __attribute__((always_inline)) void list_taps(const struct depthwise_any_args *a, word b) {
	const uint8_t **to = a->taps;
	for (word ky = 0; ky < a->taps_y; ky++) {
		const uint8_t *row = a->rows[ky];
		const word *offset = a->offsets + 4 * b;
		for (word kx = 0; kx < a->taps_x; kx++, offset += 4 * a->blocks, to += 4)
			for (int i = 0; i < 4; i++) to[i] = row && offset[i] >= 0 ? row + offset[i] : a->pad;
	}
}

// depthwise_shift_args: depthwise of any window with a stride of 1, one output row, from a map of whole blocks. The 4
// pixels of a tap lie in two neighbouring blocks, the same way for every output block.
struct depthwise_shift_args {
	uint8_t *dst;
	const int8_t *weights; // as in depthwise_any_args
	const int32_t *bias;
	const float *scale, *ramp; // as in conv_args
	word blocks;
	word cells;
	word dst_block, src_block;
	word src_blocks;
	word zero;
	word taps_y, taps_x;
	word quads;
	const uint8_t *const *rows; // taps_y source rows; NULL = outside the map
	const word *delta;          // [taps_x]: from an output block to the first of the two
	const int32_t *const *order; // [taps_x]: 16 dwords each: the tap's pixels among those of both
	const uint8_t *pad;
	const void **taps;          // memory for [4·quads][3]: the two blocks and the order, all of padding before
};

// planes_args: 4 planes of pixels become cells.
struct planes_args {
	uint8_t *dst;
	const uint8_t *src;
	word plane;     // bytes between the planes
	word blocks;    // whole blocks
	word dst_block;
	word flip;      // xored into each byte
};

// add_args: elementwise over the blocks of a row.
struct add_args {
	uint8_t *dst;
	const uint8_t *a, *b;
	word blocks, cells;
	word dst_block, a_block, b_block; // b_block = 0: b is one pixel that goes with all, the first of its cells
	word offset;         // what the bytes are above the model's values
	word lo, hi;
	const float *scales;  // sum: of a, of b, and the constant; product: the scale, the zero points of a and of b, the model's of dst
	const int32_t *order; // 16 dwords: undoes packing within 128-bit lanes
};

// sum_args: the sums of up to 16 channels over a whole map.
struct sum_args {
	const uint8_t *src;
	word rows, row, blocks, src_block;
	word cells; // 1 to 4
	word keep;  // bit mask of the valid pixels of a row's last block, 8 bits a pixel
	int32_t *sums;
};

// max_args: one row of a pool of maxima. Taps outside the map are replaced by others of their window.
struct max_args {
	uint8_t *dst;
	word blocks, cells, dst_block;
	word taps_y, taps_x;
	const uint8_t *const *rows; // taps_y source rows
	const word *offsets;        // [taps_x][4·blocks] byte offsets into a row
};

// nearest_args: one row of a nearest resize.
struct nearest_args {
	uint8_t *dst;
	const uint8_t *src; // the source row
	word blocks, cells, dst_block;
	const word *offsets; // [4·blocks][2]: bytes from the row's begin to the pixel; the second is not read
	word src_block;      // not 0: pixels 2x and 2x + 1 are pixel x, and no offset is read
};

// table_args: a run of whole cells.
struct table_args {
	uint8_t *dst;
	const uint8_t *src;
	word bytes;
	const uint8_t *table; // 256 bytes
};

// argmax_args: rows of an enlargement by 2 or more with argmax over the classes, all from the same two source rows.
struct argmax_args {
	uint8_t *dst;
	word rows;
	const uint8_t *top, *bottom; // the two source rows
	word fill;                   // 1: above must be made of top; 2: below of bottom; 3: both
	word blocks, src_block;
	word out_width;
	word classes;
	float *above, *below; // [4·ceil(classes/4)][plane]: the real values of each class; behind them the winners, plane of them:
	                      // of each pixel the first of the greatest classes
	word sure;            // whether an output pixel among pixels of one winner has its class (Resize.sure)
	word plane;           // floats from plane to plane: at least 4·blocks + 16
	word zero;
	const float *weights;          // scale, then of each row the weight of the top and of the bottom one
	const int32_t *left, *right;   // pixels, ascending; whole 32s
	const float *weight_left, *weight_right;
	const int16_t *units;          // NULL, or of each row the weights in whole units, which sums of are below 2^16
	const int16_t *near_left, *near_right; // with units: pixels, counted from the first of 32
	const int16_t *units_left, *units_right;
};

static inline __attribute__((always_inline)) int32_t *winners(float *planes, const struct argmax_args *a) {
	return (int32_t *)(planes + (a->classes + 3) / 4 * 4 * a->plane);
}

// resize_args: one row of a linear enlargement by 2, 4 or 8.
struct resize_args {
	uint8_t *dst;
	const uint8_t *top, *bottom;
	word weight_top, weight_bottom; // in units of 1/(2·factor)
	word shift;                     // log2 of (2·factor)²
	word bias, parity, odd;         // rounded: (v + bias + ((v >> shift) + parity & odd)) >> shift
	word blocks, cells, dst_block;  // of the destination
	const word *offsets;            // [4·blocks][2]: bytes from a source row's begin to the left and the right pixel
	const uint8_t *weights;         // [blocks][32]: the pair of weights of pixel 0 four times, of pixel 1 four times, …
};

// real_args: one row of a linear resize of real values.
struct real_args {
	uint8_t *dst;
	const uint8_t *top, *bottom;
	word blocks, cells, dst_block;
	const word *offsets; // [4·blocks][2]: bytes from a source row's begin to the left and the right pixel
	const float *weight_left, *weight_right; // one per output pixel, whole blocks
	const float *weights;                    // scale of the source, weight of the top row, of the bottom row, scale of dst
	word zero_in, zero, lo, hi;
	const int32_t *spread;                   // 0 0 0 0 1 1 1 1 2 2 2 2 3 3 3 3
};

// floats_args: a source row becomes real values.
struct floats_args {
	float *dst; // [cells][plane]: 4 channels of a pixel side by side
	const uint8_t *src;
	word blocks, cells, src_block;
	word plane; // floats from cell to cell
	word zero;
	const float *scale;
};

// channels_args: up to 16 channels of a source row become real values.
struct channels_args {
	float *dst; // [pixels][16]
	const uint8_t *src;
	word blocks, cells, src_block;
	word zero;
	const float *scale;
};

// double_args: two rows of an enlargement of real values to twice the width, from source rows t and b. Pixels 2x and
// 2x + 1 are a quarter and three quarters of x and its neighbours; with the weights' common factor left out the upper row is
//
//	((3t(x - 1) + 9t(x)) + b(x - 1)) + 3b(x)    and    ((9t(x) + 3t(x + 1)) + 3b(x)) + b(x + 1)
//
// and the lower one ((t(x - 1) + 3t(x)) + c b(x - 1)) + d b(x) and so on. At the left end it is 12t + 4b and 4t + 4c b, at
// the right end (12t + 2b) + 2b and (4t + 2c b) + 2c b.
struct double_args {
	uint8_t *dst;
	word row;                // bytes to the lower row
	word rows;               // 1: the upper row alone, 2: the lower, 3: both
	const float *top, *bottom; // as channels_args makes them; a pixel before and up to three behind may be read
	word out_blocks;         // of dst
	word cells, dst_block;   // up to 4 cells
	word last;               // the source's last pixel
	const float *weights;    // c, d, what the sums are divided by, and 1 / it
	word steps;              // of the division, after v * (1 / by): 0 to 2
	word zero, lo, hi;
};

// enlarge_args: one row of a linear enlargement of real values, up to 4 cells.
struct enlarge_args {
	uint8_t *dst;
	const float *top, *bottom; // source rows, as floats_args makes them
	word plane;
	word blocks, cells, dst_block;
	const int32_t *left, *right; // pixels, whole blocks; those of a block lie on two blocks
	const float *weight_left, *weight_right;
	const float *weights; // of the top row, of the bottom row, scale of dst, 1 / scale of dst
	word zero, lo, hi;
	const int32_t *order; // 16 dwords: undoes packing within 128-bit lanes
};

// margin_args: a row of margins.
struct margin_args {
	uint8_t *dst;
	word n;                       // pixels, a multiple of 16
	const int32_t *upper, *lower; // [classes][plane]: two rows of logits, enlarged along their width
	word plane, classes;          // at least 2 classes
	word weight;                  // of the lower row, in units of 1/2^11
	const float *factor;          // from leads to margins; behind it 255
};

// peak_args: the dot-product limit of a core; the sum keeps the work alive.
struct peak_args {
	word rounds; // of 24 independent accumulators each
	int32_t *sum;
};
