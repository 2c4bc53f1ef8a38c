// The memory accesses of inverted residual blocks (expand, depthwise 3×3, project), one layer after the other or depth
// first by stripes of rows, without the arithmetic: for a cache simulator. See docs/depthfirst.md.
//
//	depthfirst layers|stripes H W IN WIDE OUT STRIDE ROWS
//
// Every 16 bytes are touched in the order of the kernels: a pointwise layer takes 16 KB of source at a time and passes
// over it once for each 32 outputs with their weights; a depthwise layer takes an output row at a time and passes along
// it once for each 16 channels.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef volatile uint8_t *memory;

static long at_least(long a, long b) { return a > b ? a : b; }
static long at_most(long a, long b) { return a < b ? a : b; }
static memory bytes(long n) { return aligned_alloc(64, (n + 63) / 64 * 64); }

// pointwise makes rows of w pixels from y0 to y1 of dst, ring rows in its memory, from src.
static void pointwise(memory dst, long dst_ring, int out, memory src, long src_ring, int in, memory weights, long w, long y0, long y1) {
	long chunk = at_least(16384 / in / 4 * 4, 32); // pixels
	for (long y = y0; y < y1; y++)
		for (long x0 = 0; x0 < w; x0 += chunk)
			for (int g = 0; g < out; g += 32)
				for (long x = x0; x < at_most(x0 + chunk, w); x += 8) {
					for (int i = 0; i < in; i += 4)
						for (int half = 0; half < 2; half++) {
							(void)src[(y % src_ring * w + x + 4 * half) * in + 4 * i % (4 * in)];
							for (int line = 0; line < 64; line += 16) (void)weights[(long)g * in + (long)half * 16 * in + 16 * i + line];
						}
					for (int o = g; o < at_most(g + 32, out); o += 4)
						for (int half = 0; half < 2; half++) dst[(y % dst_ring * w + x + 4 * half) * out + 4 * (o % out)] = 1;
				}
}

static void depthwise(memory dst, long dst_ring, memory src, long src_ring, int c, long h, long w, int stride, long y0, long y1) {
	for (long y = y0; y < y1; y++)
		for (int g = 0; g < c; g += 16)
			for (long x = 0; x < w / stride; x += 4)
				for (int k = 0; k < at_most(16, c - g); k += 4) {
					for (long sy = at_least(y * stride - 1, 0); sy < at_most(y * stride + 2, h); sy++)
						for (int s = 0; s < stride; s++) (void)src[(sy % src_ring * w + x * stride + 4 * s) * c + 4 * (g + k)];
					dst[(y % dst_ring * (w / stride) + x) * c + 4 * (g + k)] = 1;
				}
}

int main(int n, char **v) {
	if (n != 9) return 2;
	int stripes = !strcmp(v[1], "stripes");
	long h = atol(v[2]), w = atol(v[3]), rows = atol(v[8]);
	int in = atoi(v[4]), wide = atoi(v[5]), out = atoi(v[6]), stride = atoi(v[7]);
	long oh = h / stride, ow = w / stride;
	long ring1 = stripes ? rows * stride + 2 : h, ring2 = stripes ? rows : oh;
	memory src = bytes(h * w * in), first = bytes(ring1 * w * wide), second = bytes(ring2 * ow * wide), dst = bytes(oh * ow * out);
	memory w1 = bytes((long)in * (wide + 32) + 4096), w2 = bytes((long)wide * (out + 32) + 4096);
	long made = 0;
	for (long y = 0; y < oh; y += stripes ? rows : oh) {
		long end = at_most(y + (stripes ? rows : oh), oh), need = at_most(end * stride + 1, h);
		pointwise(first, ring1, wide, src, h, in, w1, w, made, need);
		made = need;
		depthwise(second, ring2, first, ring1, wide, h, w, stride, y, end);
		pointwise(dst, oh, out, second, ring2, wide, w2, ow, y, end);
	}
	return 0;
}
