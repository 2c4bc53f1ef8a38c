// SDOT (Armv8.2 dot product; Cortex-A76 and later): each int32 lane += the dot product of 4 signed bytes and 4 others.
#include <arm_neon.h>

struct acc {
	int32x4_t v;
};

#define begin(bias) ((struct acc){bias})
#define step(a, w, x) ((struct acc){vdotq_s32((a).v, w, x)})
#define step_lane(a, w, x, lane) ((struct acc){vdotq_laneq_s32((a).v, w, x, lane)})
#define end(a) ((a).v)
#define keep(a) __asm__("" : "+w"((a)->v))
#define VECTORS 4
#define PEAK 24
#define DEPTHWISE_WINDOWS "arm64_table.h"
#include "arm64.h"

void pointwiseDotProd(const struct conv_args *a) { pointwise(a); }

void denseDotProd(const struct conv_args *a) { dense(a); }

void firstDotProd(const struct conv_args *a) { first(a); }

void depthwise3x3s1DotProd(const struct depthwise_args *a) { DEPTHWISE(depthwise_s1_1) }

void depthwise3x3s1TwoRowsDotProd(const struct depthwise_args *a) { DEPTHWISE(depthwise_s1_2) }

void depthwise3x3s2DotProd(const struct depthwise_args *a) { DEPTHWISE(depthwise_s2) }

void depthwiseAnyDotProd(const struct depthwise_any_args *a) { depthwise_any(a); }

void peakDotProd(const struct peak_args *a) { peak(a); }
