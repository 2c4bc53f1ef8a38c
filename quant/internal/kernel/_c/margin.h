// Margins, 16 pixels at a time: see margin.go.
typedef int32_t margin_ints __attribute__((vector_size(64)));
typedef float margin_floats __attribute__((vector_size(64)));

// store_bytes stores the lowest byte of each number of *v. Each file that includes this defines it.
INLINE void store_bytes(uint8_t *p, const margin_ints *v);

#define MARGIN_BETWEEN(v, c)                                                                     \
	do {                                                                                     \
		margin_ints m_a, m_b;                                                            \
		__builtin_memcpy(&m_a, upper + (c) * a->plane, sizeof m_a);                      \
		__builtin_memcpy(&m_b, lower + (c) * a->plane, sizeof m_b);                      \
		v = (m_a << 11) + (m_b - m_a) * weight;                                          \
	} while (0)

INLINE void margin(const struct margin_args *a) {
	const margin_ints weight = (margin_ints){} + (int32_t)a->weight;
	const margin_floats factor = (margin_floats){} + a->factor[0], most = (margin_floats){} + a->factor[1];
	for (word x = 0; x < a->n; x += 16) {
		const int32_t *upper = a->upper + x, *lower = a->lower + x;
		margin_ints v, w;
		MARGIN_BETWEEN(v, 0);
		MARGIN_BETWEEN(w, 1);
		margin_ints first = __builtin_elementwise_max(v, w), second = __builtin_elementwise_min(v, w);
		for (word c = 2; c < a->classes; c++) {
			MARGIN_BETWEEN(v, c);
			second = __builtin_elementwise_max(second, __builtin_elementwise_min(first, v));
			first = __builtin_elementwise_max(first, v);
		}
		margin_floats f = __builtin_convertvector(first - second, margin_floats) * factor;
		margin_ints less = f < most;
		f = (margin_floats)((less & (margin_ints)f) | (~less & (margin_ints)most));
		margin_ints bytes = __builtin_convertvector(f, margin_ints);
		store_bytes(a->dst + x, &bytes);
	}
}
