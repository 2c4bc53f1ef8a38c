// AVX-VNNI: VPDPBUSD on 256-bit registers, for CPUs without AVX-512.
#include <immintrin.h>
#define INLINE static inline __attribute__((always_inline))

typedef __m256i weights;
#define prepare(w) (w)
#define GROUP 64
#define packed(p) _mm256_loadu_si256((const __m256i *)(p))
#define step(acc, x, w) _mm256_dpbusd_avx_epi32(acc, x, w)
#define PEAK 12
#define PEAK_STEP step
#include "avx.h"

void pointwiseAVXVNNI(const struct conv_args *a) { POINTWISE }

void denseAVXVNNI(const struct conv_args *a) { DENSE }

void firstAVXVNNI(const struct conv_args *a) { FIRST }

void depthwise3x3s1AVXVNNI(const struct depthwise_args *a) { DEPTHWISE(depthwise_s1) }

void depthwise3x3s2AVXVNNI(const struct depthwise_args *a) { DEPTHWISE(depthwise_s2) }

void depthwiseAnyAVXVNNI(const struct depthwise_any_args *a) { depthwise_any(a); }

void peakAVXVNNI(const struct peak_args *a) { peak(a); }
