// Halving both sides of an image: see halve.go.

// args.go: halveColorArgs.
struct halve_color_args {
	uint8_t *dst;
	const uint8_t *top, *bottom;
	const uint8_t *shuffle, *close; // 16 bytes each
	word step, n, bgr;
};

// args.go: halveDepthArgs.
struct halve_depth_args {
	uint8_t *dst;
	const uint16_t *top, *bottom;
	const uint8_t *table;
	const float *shares; // 1/n for n of 1 to 4
	word step, n;
};
