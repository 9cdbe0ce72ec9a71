/* What this processor and its system can do. */

#include "raster.h"

/* The sum of the sources and the flags, by which `build_rasteriser.py` sees whether a library is up to date. */
EXPORT const char xt_made_of[] = MADE_OF;

#ifdef __x86_64__

static void ask(uint32_t leaf, uint32_t answer[4]) {
    __asm__("cpuid" : "=a"(answer[0]), "=b"(answer[1]), "=c"(answer[2]), "=d"(answer[3]) : "a"(leaf), "c"(0));
}

/* Intel's manual, volume 1, chapter 14.3: AVX is there where the system saves its registers. */
EXPORT int32_t xt_has_avx2(void) {
    uint32_t answer[4], low, high;
    ask(0, answer);
    if (answer[0] < 7) return 0;
    ask(1, answer);
    if (!(answer[2] >> 27 & 1) || !(answer[2] >> 28 & 1)) return 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    ask(7, answer);
    return (low & 6) == 6 && (answer[1] >> 5 & 1);
}

#else

EXPORT int32_t xt_has_avx2(void) { return 0; }

#endif
