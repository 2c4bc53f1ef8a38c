// Loops over what a mask is written from: see scan.go. All three are files of their instruction sets' own.

// args.go: differArgs.
struct differ_args {
	int32_t *dst;
	const uint8_t *a, *b;
	const int32_t *lanes; // 0 to 15
	word n;               // a multiple of 64
	word *found;
};

// args.go: zerosArgs.
struct zeros_args {
	const uint16_t *src;
	word n;     // a multiple of 32, at most 65,536
	word *found;
};

// args.go: runCodeArgs.
struct run_code_args {
	uint8_t *dst;
	const int32_t *src; // two more lie before it
	word n;             // a multiple of 8
	word *bytes;
};
