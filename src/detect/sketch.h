/*
 * sketch: counts of what does not fit into memory, in fixed memory: distinct things, frequent things, quantiles, the
 * usual number of an hour.  Internal to src/detect.
 *
 *	hll		how many different?		Flajolet, Fusy, Gandouet, Meunier 2007	1.04 / sqrt(registers)
 *	top		which most often?		Metwally, Agrawal, El Abbadi 2005	count / slots too much
 *	cms		how often was this one?		Cormode, Muthukrishnan 2005		never too little
 *	quantiles	where does this value lie?	after Masson, Rim, Lee 2019 (DDSketch)	1.6 % of the value
 *	baseline	what is usual at this hour?	medians of four weeks			3 % of the value
 *
 * Plain integers without pointers: an array of them can be copied, kept in a snapshot, merged.  All zero is empty.
 * Keys are hashes of the caller's, well mixed (detect_mix, detect_hash), never those of a table's random key.
 */
#ifndef DETECT_SKETCH_H
#define DETECT_SKETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/when.h"

/* Binary logarithm in 65536ths; of 0: 0. */
uint32_t log2_fixed(uint64_t v);

/* Distinct keys.  2^bits registers of a byte: 8 bits 6.5 %, 10 bits 3.3 %, 11 bits 2.3 %; few keys exactly. */
enum { HLL_BITS_MIN = 4, HLL_BITS_MAX = 14 };

void hll_add(uint8_t *registers, unsigned bits, uint64_t key);
/* Would adding it change nothing? */
bool hll_has(const uint8_t *registers, unsigned bits, uint64_t key);
void hll_merge(uint8_t *registers, const uint8_t *from, unsigned bits);
uint32_t hll_count(const uint8_t *registers, unsigned bits);
/* In a or b; of both the same bits. */
uint32_t hll_count_either(const uint8_t *a, const uint8_t *b, unsigned bits);

/* The most frequent keys: count - over <= true count <= count; who has more than total / slots is in it. */
struct top {
	uint64_t key; /* not 0; 0: a free slot */
	uint32_t count, over;
};

/* Counts and gives the key's slot.  *fresh: it is new there, and what the caller keeps beside the slot is another's. */
unsigned top_add(struct top *slots, unsigned n, uint64_t key, uint32_t count, bool *fresh);
const struct top *top_find(const struct top *slots, unsigned n, uint64_t key);
unsigned top_largest(const struct top *slots, unsigned n);
/* Ages: half of everything, so that the last hours weigh more.  Slots keep their places; emptied ones are free. */
void top_halve(struct top *slots, unsigned n);
void top_merge(struct top *slots, const struct top *from, unsigned n);

/* How often a key came: CMS_ROWS rows of 2^bits counters that stop at 65535. */
enum { CMS_ROWS = 4 };

static inline size_t
cms_bytes(unsigned bits)
{
	return sizeof(uint16_t) * CMS_ROWS << bits;
}

/* The count after adding. */
uint32_t cms_add(uint16_t *counters, unsigned bits, uint64_t key, uint32_t count);
uint32_t cms_count(const uint16_t *counters, unsigned bits, uint64_t key);
void cms_merge(uint16_t *counters, const uint16_t *from, unsigned bits);
void cms_halve(uint16_t *counters, unsigned bits);

/* Quantiles of 32-bit values: bins of a power of two cut into 32; below 32 exact. */
enum { QUANTILE_CUT = 5, QUANTILE_BINS = (32 - QUANTILE_CUT + 1) << QUANTILE_CUT };

enum { QUANTILE_OCTAVES = QUANTILE_BINS >> QUANTILE_CUT };

struct quantiles {
	uint32_t total;
	uint32_t octave[QUANTILE_OCTAVES]; /* sums of the bins of each power of two, so that nobody adds up all */
	uint16_t bin[QUANTILE_BINS];       /* when one is full, all are halved: the shape stays */
};

/* The bin of a value: a power of two in 2^cut steps; below 2^cut the value itself. */
static inline unsigned
quantile_bin(uint32_t value, unsigned cut)
{
	unsigned shift;

	if (value >> cut == 0)
		return value;
	shift = 31 - (unsigned)__builtin_clz(value) - cut;
	return (shift << cut) + (value >> shift);
}

void quantile_halve(struct quantiles *q);

static inline void
quantile_add(struct quantiles *q, uint32_t value)
{
	unsigned bin = quantile_bin(value, QUANTILE_CUT);

	if (q->bin[bin] == UINT16_MAX)
		quantile_halve(q);
	q->bin[bin]++;
	q->octave[bin >> QUANTILE_CUT]++;
	q->total++;
}

/* The value that `part` of `whole` do not exceed: 999 of 1000 is p99.9.  Nothing seen: 0. */
uint32_t quantile_at(const struct quantiles *q, uint32_t part, uint32_t whole);
/* How many of the values are larger, as far as their bins tell. */
uint32_t quantile_above(const struct quantiles *q, uint32_t value);
void quantile_merge(struct quantiles *q, const struct quantiles *from);

/*
 * One number an hour over four weeks.  Few weeks say little about an hour of the week, but seven days say something
 * about the hour of the day: the expectation lies between the two medians, by how many weeks there are.
 */
enum { BASELINE_HOURS = 168, BASELINE_WEEKS = 4 };

struct baseline {
	uint8_t code[BASELINE_HOURS][BASELINE_WEEKS]; /* newest first; 0: not seen, else by size, 3 % steps */
};

unsigned baseline_hour(struct when t); /* of the week, UTC, Thursday 00:00 first */
int64_t baseline_hours(struct when t); /* since 1970: tells when an hour is over */
unsigned baseline_of(int64_t hours);   /* such an hour's place in the week */
void baseline_add(struct baseline *b, unsigned hour, uint32_t value);
/* How many numbers the expectation rests on. */
unsigned baseline_known(const struct baseline *b, unsigned hour);
uint32_t baseline_expect(const struct baseline *b, unsigned hour);
/* The largest of this hour of the day and of the ones beside it, over all days. */
uint32_t baseline_most(const struct baseline *b, unsigned hour);

#endif
