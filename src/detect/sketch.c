/*
 * sketch: distinct, frequent, quantile, usual.  Integers only; must not know what is counted.
 */
#include "detect/sketch.h"

#include <string.h>

static unsigned
high_bit(uint64_t v)
{
	return 63 - (unsigned)__builtin_clzll(v);
}

/* Digit by digit: squaring a number in [1,2) doubles its logarithm. */
uint32_t
log2_fixed(uint64_t v)
{
	uint32_t log;
	uint64_t x;

	if (v == 0)
		return 0;
	log = high_bit(v) << 16;
	x = v << (63 - high_bit(v)) >> 32; /* in [2^31,2^32) */
	for (uint32_t digit = 1 << 15; digit; digit >>= 1) {
		x = x * x >> 31;
		if (x >> 32) {
			log |= digit;
			x >>= 1;
		}
	}
	return log;
}

/* ---- distinct ---- */

static uint8_t
rank_of(unsigned bits, uint64_t key)
{
	uint64_t rest = key << bits | UINT64_C(1) << (bits - 1); /* an end for the zeros */

	return (uint8_t)(__builtin_clzll(rest) + 1);
}

void
hll_add(uint8_t *registers, unsigned bits, uint64_t key)
{
	uint8_t rank = rank_of(bits, key), *r = &registers[key >> (64 - bits)];

	if (*r < rank)
		*r = rank;
}

bool
hll_has(const uint8_t *registers, unsigned bits, uint64_t key)
{
	return registers[key >> (64 - bits)] >= rank_of(bits, key);
}

void
hll_merge(uint8_t *registers, const uint8_t *from, unsigned bits)
{
	for (size_t i = 0; i < (size_t)1 << bits; i++)
		if (registers[i] < from[i])
			registers[i] = from[i];
}

/* m ln(m / empty) = m (log2(m) - log2(empty)) ln(2) */
static uint32_t
linear_count(unsigned bits, uint32_t empty)
{
	enum { LN2 = 45426 }; /* 65536ths */
	uint64_t log = ((uint64_t)bits << 16) - log2_fixed(empty);

	return (uint32_t)(((log << bits) * LN2 + (UINT64_C(1) << 31)) >> 32);
}

/* alpha m^2 / sum(2^-register), the sum in 2^-24ths: what is rarer than that is rounded away. */
static uint32_t
hll_estimate(unsigned bits, uint64_t sum, uint32_t empty)
{
	enum { ALPHA = 47274 }; /* 0.7213 in 65536ths; for small m it is alpha m / (m + 1.079) */
	uint64_t m = UINT64_C(1) << bits, square = (ALPHA * m * 1000 / (m * 1000 + 1079)) << (2 * bits);
	uint64_t estimate;

	if (sum == 0)
		return UINT32_MAX;
	/* 16 + 28 bits of square: 20 more are 64 */
	estimate = (square << 20) / sum >> 12;
	if (empty && estimate * 2 <= 5 * m)
		return linear_count(bits, empty);
	return estimate > UINT32_MAX ? UINT32_MAX : (uint32_t)estimate;
}

enum { EIGHT = 8 };

static bool
all_empty(const uint8_t a[EIGHT], const uint8_t b[EIGHT])
{
	uint64_t x, y;

	memcpy(&x, a, EIGHT);
	memcpy(&y, b, EIGHT);
	return (x | y) == 0;
}

uint32_t
hll_count_either(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	enum { FINEST = 24 };
	uint32_t empty = 0;
	uint64_t sum = 0;

	for (size_t i = 0; i < (size_t)1 << bits; i += EIGHT) {
		if (all_empty(a + i, b + i)) { /* most are, most of the time */
			empty += EIGHT;
			continue;
		}
		for (size_t k = i; k < i + EIGHT; k++) {
			uint8_t r = a[k] > b[k] ? a[k] : b[k];

			empty += r == 0;
			sum += r && r <= FINEST ? UINT64_C(1) << (FINEST - r) : 0;
		}
	}
	return hll_estimate(bits, sum + ((uint64_t)empty << FINEST), empty);
}

uint32_t
hll_count(const uint8_t *registers, unsigned bits)
{
	return hll_count_either(registers, registers, bits);
}

/* ---- frequent ---- */

static uint32_t
plus(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* The key's slot, else a free one, else that of the least: the newcomer may have been there as often, unseen. */
unsigned
top_add(struct top *slots, unsigned n, uint64_t key, uint32_t count, bool *fresh)
{
	unsigned least = 0;

	*fresh = false;
	for (unsigned i = 0; i < n; i++) {
		if (slots[i].key == key) {
			slots[i].count = plus(slots[i].count, count);
			return i;
		}
		if (slots[i].count < slots[least].count)
			least = i;
	}
	*fresh = true;
	slots[least] = (struct top){key, plus(slots[least].count, count), slots[least].count};
	return least;
}

const struct top *
top_find(const struct top *slots, unsigned n, uint64_t key)
{
	for (unsigned i = 0; i < n; i++)
		if (slots[i].key == key)
			return &slots[i];
	return NULL;
}

unsigned
top_largest(const struct top *slots, unsigned n)
{
	unsigned largest = 0;

	for (unsigned i = 1; i < n; i++)
		if (slots[i].count > slots[largest].count)
			largest = i;
	return largest;
}

void
top_halve(struct top *slots, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		slots[i].count /= 2;
		slots[i].over /= 2;
		if (slots[i].count == 0)
			slots[i] = (struct top){0};
	}
}

void
top_merge(struct top *slots, const struct top *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		bool fresh;

		if (from[i].key)
			slots[top_add(slots, n, from[i].key, from[i].count, &fresh)].over += from[i].over;
	}
}

/* ---- how often ---- */

/* Two hashes make as many as are wanted (Kirsch, Mitzenmacher 2006). */
static size_t
cms_place(unsigned bits, unsigned row, uint64_t key)
{
	uint32_t mask = (UINT32_C(1) << bits) - 1, step = (uint32_t)(key >> 32) | 1;

	return ((size_t)row << bits) + (((uint32_t)key + row * step) & mask);
}

uint32_t
cms_count(const uint16_t *counters, unsigned bits, uint64_t key)
{
	uint32_t least = UINT16_MAX;

	for (unsigned row = 0; row < CMS_ROWS; row++) {
		uint32_t c = counters[cms_place(bits, row, key)];

		least = c < least ? c : least;
	}
	return least;
}

/* Only counters below the new count rise (Estan, Varghese 2002). */
uint32_t
cms_add(uint16_t *counters, unsigned bits, uint64_t key, uint32_t count)
{
	uint32_t now = plus(cms_count(counters, bits, key), count);

	now = now > UINT16_MAX ? UINT16_MAX : now;
	for (unsigned row = 0; row < CMS_ROWS; row++) {
		uint16_t *c = &counters[cms_place(bits, row, key)];

		if (*c < now)
			*c = (uint16_t)now;
	}
	return now;
}

void
cms_merge(uint16_t *counters, const uint16_t *from, unsigned bits)
{
	for (size_t i = 0; i < (size_t)CMS_ROWS << bits; i++) {
		uint32_t sum = (uint32_t)counters[i] + from[i];

		counters[i] = sum > UINT16_MAX ? UINT16_MAX : (uint16_t)sum;
	}
}

void
cms_halve(uint16_t *counters, unsigned bits)
{
	for (size_t i = 0; i < (size_t)CMS_ROWS << bits; i++)
		counters[i] /= 2;
}

/* ---- quantiles ---- */

/* The middle of a bin. */
static uint32_t
bin_value(unsigned bin, unsigned cut)
{
	unsigned shift = bin >> cut;
	uint32_t low;

	if (shift <= 1)
		return bin;
	low = ((UINT32_C(1) << cut) | (bin & ((1U << cut) - 1))) << (shift - 1);
	return low + (UINT32_C(1) << (shift - 1)) / 2;
}

static void
quantile_sum(struct quantiles *q)
{
	q->total = 0;
	for (unsigned i = 0; i < QUANTILE_OCTAVES; i++)
		q->octave[i] = 0;
	for (unsigned i = 0; i < QUANTILE_BINS; i++) {
		q->octave[i >> QUANTILE_CUT] += q->bin[i];
		q->total += q->bin[i];
	}
}

void
quantile_halve(struct quantiles *q)
{
	for (unsigned i = 0; i < QUANTILE_BINS; i++)
		q->bin[i] = (uint16_t)((q->bin[i] + 1) / 2); /* rare values stay: they are the quantiles asked for */
	quantile_sum(q);
}

uint32_t
quantile_at(const struct quantiles *q, uint32_t part, uint32_t whole)
{
	uint64_t want = ((uint64_t)q->total * part + whole - 1) / whole, sum = 0;

	for (unsigned o = 0; q->total && o < QUANTILE_OCTAVES; sum += q->octave[o++]) {
		uint64_t within = sum;

		if (sum + q->octave[o] < want || sum + q->octave[o] == 0)
			continue;
		for (unsigned i = o << QUANTILE_CUT; i < (o + 1) << QUANTILE_CUT; i++)
			if ((within += q->bin[i]) >= want && within > 0)
				return bin_value(i, QUANTILE_CUT);
	}
	return 0;
}

uint32_t
quantile_above(const struct quantiles *q, uint32_t value)
{
	enum { ONE_OCTAVE = 1 << QUANTILE_CUT };
	unsigned bin = quantile_bin(value, QUANTILE_CUT), octave = bin >> QUANTILE_CUT, i = bin, o = octave + 1;
	uint32_t sum = 0, below = 0;

	/* whichever side of the octave, and of all octaves, is shorter */
	if (bin % ONE_OCTAVE < ONE_OCTAVE / 2) {
		for (i = octave << QUANTILE_CUT; i <= bin; i++)
			below += q->bin[i];
		sum = q->octave[octave] - below;
	} else {
		while (++i % ONE_OCTAVE)
			sum += q->bin[i];
	}
	if (octave < QUANTILE_OCTAVES / 2) {
		for (o = below = 0; o <= octave; o++)
			below += q->octave[o];
		return sum + q->total - below;
	}
	for (; o < QUANTILE_OCTAVES; o++)
		sum += q->octave[o];
	return sum;
}

void
quantile_merge(struct quantiles *q, const struct quantiles *from)
{
	struct quantiles other = *from;
	uint32_t fullest = 0;

	for (unsigned i = 0; i < QUANTILE_BINS; i++) {
		uint32_t sum = (uint32_t)q->bin[i] + from->bin[i];

		fullest = sum > fullest ? sum : fullest;
	}
	if (fullest > UINT16_MAX) {
		quantile_halve(q);
		quantile_halve(&other);
	}
	for (unsigned i = 0; i < QUANTILE_BINS; i++) {
		uint32_t sum = (uint32_t)q->bin[i] + other.bin[i];

		q->bin[i] = sum > UINT16_MAX ? UINT16_MAX : (uint16_t)sum;
	}
	quantile_sum(q);
}

/* ---- usual at this hour ---- */

enum { CODE_CUT = 4, DAY_HOURS = 24, WEEK_DAYS = 7 };

static uint8_t
code_of(uint32_t value)
{
	unsigned bin = quantile_bin(value, CODE_CUT);

	return bin >= UINT8_MAX ? UINT8_MAX : (uint8_t)(bin + 1);
}

int64_t
baseline_hours(struct when t)
{
	const int64_t hour = 3600 * NS_PER_S;

	return t.ns / hour - (t.ns % hour < 0);
}

unsigned
baseline_of(int64_t hours)
{
	int64_t h = hours % BASELINE_HOURS;

	return (unsigned)(h < 0 ? h + BASELINE_HOURS : h);
}

unsigned
baseline_hour(struct when t)
{
	return baseline_of(baseline_hours(t));
}

void
baseline_add(struct baseline *b, unsigned hour, uint32_t value)
{
	uint8_t *code = b->code[hour % BASELINE_HOURS];

	memmove(code + 1, code, BASELINE_WEEKS - 1);
	code[0] = code_of(value);
}

/* Those of the hour `hour` of every `step`th hour, sorted as they come; at most 28. */
struct sorted {
	unsigned count;
	uint8_t code[WEEK_DAYS * BASELINE_WEEKS];
};

static void
sort_in(struct sorted *s, uint8_t code)
{
	unsigned i = s->count;

	if (code == 0)
		return;
	for (; i > 0 && s->code[i - 1] > code; i--)
		s->code[i] = s->code[i - 1];
	s->code[i] = code;
	s->count++;
}

static struct sorted
codes_at(const struct baseline *b, unsigned hour, unsigned step)
{
	struct sorted s = {0};

	for (unsigned h = hour % step; h < BASELINE_HOURS; h += step)
		for (unsigned i = 0; i < BASELINE_WEEKS; i++)
			sort_in(&s, b->code[h][i]);
	return s;
}

/* Of an even number the upper one. */
static uint32_t
median(const struct sorted *s)
{
	return s->count ? bin_value(s->code[s->count / 2] - 1U, CODE_CUT) : 0;
}

unsigned
baseline_known(const struct baseline *b, unsigned hour)
{
	return codes_at(b, hour, DAY_HOURS).count;
}

uint32_t
baseline_expect(const struct baseline *b, unsigned hour)
{
	enum { SHRINK = 2 }; /* the day weighs as much as two weeks */
	struct sorted week = codes_at(b, hour, BASELINE_HOURS), day = codes_at(b, hour, DAY_HOURS);

	return (median(&week) * week.count + median(&day) * SHRINK) / (week.count + SHRINK);
}

uint32_t
baseline_most(const struct baseline *b, unsigned hour)
{
	uint32_t most = 0;

	for (unsigned beside = DAY_HOURS - 1; beside <= DAY_HOURS + 1; beside++) {
		struct sorted s = codes_at(b, hour + beside, DAY_HOURS);
		uint32_t last = s.count ? bin_value(s.code[s.count - 1] - 1U, CODE_CUT) : 0;

		most = last > most ? last : most;
	}
	return most;
}
