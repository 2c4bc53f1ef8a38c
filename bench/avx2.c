// Answers CPUID for peers that have no switch of their own: without AVX-512, AMX and the vector dot products (AVX-VNNI),
// so that they take the ways they have for a CPU with AVX2. bench/avx2.py puts a breakpoint where a library's copy has
// CPUID, this library, preloaded, handles it. Not on a CPU's own faulting of CPUID, since virtual machines rarely have it.
//
// Bits: Intel, Software Developer's Manual, volume 2, CPUID, leaves 7, 0DH and 24H.

#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

static volatile int answered;

// Times that a library asked.
int avx2_answered(void) { return answered; }

#define BIT(n) (1u << (n))

// Whether this thread has registers in use that only AVX-512 has: the upper halves of ZMM0 to 15, or ZMM16 to 31, which stay
// in use until something clears them. Intel, Software Developer's Manual, volume 1, 13.6: XINUSE. 0 where the CPU can't tell.
int avx2_exceeded(void) {
	uint32_t a = 0, b = 0, c = 0, d = 0;
	if (!__get_cpuid_count(0xd, 1, &a, &b, &c, &d) || !(a & BIT(2))) return 0;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(1));
	return (a & (BIT(6) | BIT(7))) != 0;
}

static void hide(uint32_t leaf, uint32_t part, uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d) {
	if (leaf == 7 && part == 0) {
		// F, DQ, IFMA, PF, ER, CD, BW, VL
		*b &= ~(BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31));
		// VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ
		*c &= ~(BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14));
		// 4VNNIW, 4FMAPS, VP2INTERSECT, AMX-BF16, FP16, AMX-TILE, AMX-INT8
		*d &= ~(BIT(2) | BIT(3) | BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25));
	} else if (leaf == 7 && part == 1) {
		// AVX-VNNI, AVX512-BF16, AMX-FP16, AVX-IFMA
		*a &= ~(BIT(4) | BIT(5) | BIT(21) | BIT(23));
		// AVX-VNNI-INT8, AVX-NE-CONVERT, AMX-COMPLEX, AVX-VNNI-INT16, AVX10
		*d &= ~(BIT(4) | BIT(5) | BIT(8) | BIT(10) | BIT(19));
	} else if (leaf == 0xd && part == 0) {
		// states that XCR0 may have: opmask, ZMM_Hi256, Hi16_ZMM, tiles
		*a &= ~(BIT(5) | BIT(6) | BIT(7) | BIT(17) | BIT(18));
	} else if (leaf == 0x24) {
		*a = *b = *c = *d = 0;
	}
}

static void answer(int signal_number, siginfo_t *info, void *context) {
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	uint32_t leaf = (uint32_t)r[REG_RAX], part = (uint32_t)r[REG_RCX], a, b, c, d;
	(void)signal_number, (void)info;
	__cpuid_count(leaf, part, a, b, c, d);
	hide(leaf, part, &a, &b, &c, &d);
	r[REG_RAX] = a, r[REG_RBX] = b, r[REG_RCX] = c, r[REG_RDX] = d;
	answered++;
}

__attribute__((constructor)) static void prepare(void) {
	struct sigaction act;
	memset(&act, 0, sizeof act);
	act.sa_sigaction = answer;
	act.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
	sigaction(SIGTRAP, &act, 0);
}
