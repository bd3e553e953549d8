/*
 * rhythm: how regular events are, in integers: the four subscores of RITA (activecm/rita, `default_config.hjson`:
 * timestamps, data size, duration, histogram, equal weights).  Internal to src/detect.
 *
 * Dispersion is the median's absolute deviation, which a few missed beats do not move.
 */
#ifndef DETECT_RHYTHM_H
#define DETECT_RHYTHM_H

#include <stdint.h>

enum { BEATS = 24, SCORE_FULL = 1000 };

/* Deciseconds; sizes in bytes up to 32 kB, beyond that coarser (rhythm_size). */
struct beat {
	uint32_t start_ds;
	uint16_t out, in, lasted_ds, calls;
};

struct rhythm {
	uint32_t intervals;                    /* between beats */
	uint32_t period_ds;                    /* median */
	uint32_t jitter;                       /* median deviation from it, thousandths */
	uint32_t out, in;                      /* medians */
	uint32_t time, size, duration, steady; /* subscores: 0 to SCORE_FULL */
	uint32_t score;                        /* their mean */
};

uint16_t rhythm_size(uint64_t bytes);
uint64_t rhythm_bytes(uint16_t size);

/* Of n beats in any order, n <= BEATS. */
struct rhythm rhythm_of(const struct beat *beats, unsigned n);

#endif
