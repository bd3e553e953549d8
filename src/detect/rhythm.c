/*
 * rhythm: scores of regularity.  Must not know what is measured.
 *
 *	uniform jitter of 30 %	deviation 150 of 1000 around the median	-> time 700, all intervals within half a period
 *	chance (exponential)	deviation 690				-> time 0, a third within half a period
 */
#include "detect/rhythm.h"

#include <string.h>

enum { EXACT = 32768, COARSE = 1024 };

uint16_t
rhythm_size(uint64_t bytes)
{
	uint64_t coarse = EXACT + bytes / COARSE;

	return (uint16_t)(bytes < EXACT ? bytes : coarse < UINT16_MAX ? coarse : UINT16_MAX);
}

uint64_t
rhythm_bytes(uint16_t size)
{
	return size < EXACT ? size : (uint64_t)(size - EXACT) * COARSE;
}

static void
sort(uint32_t *v, unsigned n)
{
	for (unsigned i = 1; i < n; i++) {
		uint32_t x = v[i];
		unsigned at = i;

		for (; at > 0 && v[at - 1] > x; at--)
			v[at] = v[at - 1];
		v[at] = x;
	}
}

static uint32_t
apart(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

/* Sorts the values; their median, and the median distance from it in thousandths of it. */
static uint32_t
dispersion(uint32_t *v, unsigned n, uint32_t *median)
{
	uint32_t away[BEATS];

	sort(v, n);
	*median = v[n / 2];
	for (unsigned i = 0; i < n; i++)
		away[i] = apart(v[i], *median);
	sort(away, n);
	return *median ? (uint32_t)((uint64_t)away[n / 2] * SCORE_FULL / *median) : away[n / 2] ? SCORE_FULL : 0;
}

/* No deviation: SCORE_FULL; half of the median: 0. */
static uint32_t
score_of(uint32_t dispersed)
{
	return dispersed * 2 < SCORE_FULL ? SCORE_FULL - dispersed * 2 : 0;
}

/* Bowley's skewness of sorted values: SCORE_FULL when both quartiles are as far from the median. */
static uint32_t
symmetry(const uint32_t *v, unsigned n)
{
	int64_t low = v[n / 4], middle = v[n / 2], high = v[n - 1 - n / 4], skew;

	if (high == low)
		return SCORE_FULL;
	skew = (high + low - 2 * middle) * SCORE_FULL / (high - low);
	return (uint32_t)(SCORE_FULL - (skew < 0 ? -skew : skew));
}

/* How many intervals are within half a period of it, or of two or three periods: beats are lost, too. */
static uint32_t
steadiness(const uint32_t *v, unsigned n, uint32_t period)
{
	unsigned good = 0;

	for (unsigned i = 0; i < n; i++)
		good += apart(v[i], period) <= period / 2 || apart(v[i], period * 2) <= period / 8 ||
			apart(v[i], period * 3) <= period / 8;
	return good * SCORE_FULL / n;
}

static uint32_t
size_score(const struct beat *beats, unsigned n, struct rhythm *r)
{
	uint32_t out[BEATS], in[BEATS], score;

	for (unsigned i = 0; i < n; i++) {
		out[i] = beats[i].out;
		in[i] = beats[i].in;
	}
	score = score_of(dispersion(out, n, &r->out)) + score_of(dispersion(in, n, &r->in));
	return score / 2;
}

/* Below a second, a duration is the network's. */
static uint32_t
duration_score(const struct beat *beats, unsigned n)
{
	enum { SHORT_DS = 10 };
	uint32_t lasted[BEATS], median, spread;

	for (unsigned i = 0; i < n; i++)
		lasted[i] = beats[i].lasted_ds;
	spread = dispersion(lasted, n, &median);
	return median < SHORT_DS ? SCORE_FULL : score_of(spread);
}

struct rhythm
rhythm_of(const struct beat *beats, unsigned n)
{
	struct rhythm r = {0};
	uint32_t v[BEATS];

	if (n < 3 || n > BEATS)
		return r;
	for (unsigned i = 0; i < n; i++)
		v[i] = beats[i].start_ds;
	sort(v, n);
	for (unsigned i = 0; i + 1 < n; i++)
		v[i] = v[i + 1] - v[i];
	r.intervals = n - 1;
	r.jitter = dispersion(v, n - 1, &r.period_ds);
	if (r.period_ds == 0)
		return r;
	r.time = (score_of(r.jitter) + symmetry(v, n - 1)) / 2;
	r.steady = steadiness(v, n - 1, r.period_ds);
	r.size = size_score(beats, n, &r);
	r.duration = duration_score(beats, n);
	r.score = (r.time + r.size + r.duration + r.steady) / 4;
	return r;
}
