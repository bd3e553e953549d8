/*
 * scan_spike: more strangers than ever in a day, who look and leave.
 *
 *	today > median + 2 IQR of all days, and > mean + 2 standard deviations of 28 days	(GreyNoise's test)
 *
 * A spread that a few days show is none yet: until a week is known, it is several times the most of them, too, the fewer
 * the days the more often (four times one day, twice five).  A new address is scanned more from day to day at first.
 * Addresses (IPv6: networks of 64 bits) with at most two exchanges.  Told once a day, as soon as it is so; a day that
 * was only partly seen is neither judged by nor learnt.
 */
#include "detect/risk.h"
#include "detect/sketch.h"
#include "detect/visit.h"

enum {
	SOURCES_BITS = 11,
	EXCHANGES = 2,
	DAYS = 28,
	DAYS_MIN = 1,
	WEEK = 7,
	YOUNG_PARTS = 6,
	RISK_DAYS = 42,
	CHECK_PARTS = 16 /* looked at again when it has grown by this part */
};

struct scans {
	int64_t day; /* since 1970 */
	int64_t risk_until;
	uint32_t days;  /* whole ones */
	uint32_t whole; /* this day was seen from its begin: 1 */
	uint32_t news, next, told;
	uint32_t last[DAYS]; /* a ring */
	struct quantiles all;
	uint8_t sources[1 << SOURCES_BITS];
};

struct scan_gates {
	struct memory gates;
};

void *
scan_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct scan_gates *g = carve_take(c, sizeof(*g));

	detect_memory(
		d, &g->gates, c,
		&(struct memory_plan){.bytes = bytes - sizeof(*g) - 64, .payload = sizeof(struct scans), .version = 2});
	return g;
}

static struct scans *
scans_of(struct detect *d, uint8_t gateway)
{
	struct scan_gates *g = d->state[DETECTOR_scan_spike];
	const struct memory_key key = {.b = gateway};
	struct scans *s = memory_newest(&g->gates, &key);

	return s ? s : memory_use(&g->gates, &key, &(bool){false});
}

bool
risk_elevated(const struct detect *d, uint8_t gateway)
{
	const struct scan_gates *g = d->state[DETECTOR_scan_spike];
	const struct scans *s = memory_find(&g->gates, &(struct memory_key){.b = gateway});

	return s && baseline_hours(d->now) / 24 < s->risk_until;
}

/* A spike is no measure of what is usual: its day counts as the limit that it passed. */
static void
day_ends(struct scans *s, int64_t day)
{
	uint32_t count = s->told ? s->told : hll_count(s->sources, SOURCES_BITS);

	if (s->whole && s->day) {
		s->last[s->days++ % DAYS] = count;
		quantile_add(&s->all, count);
	}
	s->whole = s->day && day == s->day + 1;
	s->day = day;
	s->news = s->next = s->told = 0;
	for (unsigned i = 0; i < sizeof(s->sources); i++)
		s->sources[i] = 0;
}

static int64_t
day_of(struct when t)
{
	return baseline_hours(t) / 24;
}

static void
day_passes(struct scans *s, struct when t)
{
	int64_t day = day_of(t);

	if (day > s->day)
		day_ends(s, day);
}

static uint64_t
root(uint64_t v)
{
	uint64_t r = 0;

	for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1)
		if ((r + bit) * (r + bit) <= v)
			r += bit;
	return r;
}

/* Mean and two standard deviations of the last days. */
static uint64_t
deviation_limit(const struct scans *s)
{
	uint32_t n = least(s->days, DAYS);
	uint64_t sum = 0, mean, squares = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += s->last[i];
	mean = sum / n;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t off = s->last[i] > mean ? s->last[i] - mean : mean - s->last[i];

		squares += off * off / n;
	}
	return mean + 2 * root(squares);
}

/* Of whom little is known. */
static uint64_t
young_limit(const struct scans *s)
{
	uint64_t highest = 0;

	if (s->days >= WEEK)
		return 0;
	for (uint32_t i = 0; i < s->days; i++)
		highest = s->last[i] > highest ? s->last[i] : highest;
	return highest + highest * YOUNG_PARTS / (s->days + 1);
}

static uint32_t
limit_of(const struct detect *d, const struct scans *s, uint32_t *median)
{
	uint32_t low = quantile_at(&s->all, 1, 4), high = quantile_at(&s->all, 3, 4);
	uint64_t limit = deviation_limit(s), spread, young = young_limit(s);

	*median = quantile_at(&s->all, 1, 2);
	spread = *median + UINT64_C(2) * (high - least(low, high));
	limit = limit > spread ? limit : spread;
	/* where every day is like the others a tenth more is no spike */
	spread = *median + (uint64_t)d->param[PARAM_scan_spike_sources];
	limit = limit > spread ? limit : spread;
	limit = limit > young ? limit : young;
	return limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
}

/* Nothing left to judge today: what is counted is all that matters. */
static bool
is_decided(const struct scans *s)
{
	return s->told || s->days < DAYS_MIN;
}

static void
judge_day(struct detect *d, const struct view *v, struct scans *s)
{
	uint32_t count, limit, median;
	struct finding f;

	if (is_decided(s) || ++s->news < s->next)
		return;
	count = hll_count(s->sources, SOURCES_BITS);
	s->next = s->news + count / CHECK_PARTS + 1;
	limit = limit_of(d, s, &median);
	if (count <= limit)
		return;
	s->told = most(limit, 1);
	s->risk_until = s->day + RISK_DAYS;
	finding_begin(&f, v, DETECTOR_scan_spike);
	f.confidence = 80;
	finding_number(&f, "sources", "sources", count);
	finding_number(&f, "limit", "sources", limit);
	finding_number(&f, "median", "sources", median);
	finding_number(&f, "days_known", "days", s->days);
	finding_session(&f, v->s->id);
	finding_say(
		&f,
		"{0} strangers looked at gateway {t} and left today, where {2} are usual and {1} the most to expect "
		"after {3} days: such spikes often come some weeks before a new attack; the last is {a}",
		NULL);
	f.benign = "a new project that scans the internet; a name that became known";
	incident_report(d, &f, &(struct actor){.group = 0});
}

static bool
only_looked(const struct view *v)
{
	const struct session *s = v->s;

	return s->role == ROLE_INBOUND && s->kind == SESSION_CLOSE && s->exchanges <= EXCHANGES && !v->monitor &&
	       !v->hidden && (s->client_hello || s->established) && (!v->visit || v->visit->exchanges <= EXCHANGES);
}

/*
 * A source is one word (IPv4 has nothing in the upper half, a /64 nothing in the lower), mixed one to one by the
 * finalizer of MurmurHash3 in Stafford's variant 13.  No key: it would be public, so that other runs can go on
 * counting.
 */
static uint64_t
source_key(const struct addr *source)
{
	uint64_t half[2], h;

	memcpy(half, source->b, sizeof(half));
	h = half[0] ^ half[1];
	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

void
scan_judge(struct detect *d, const struct view *v)
{
	struct scans *s;
	uint64_t key;

	if (!only_looked(v))
		return;
	key = source_key(&v->source);
	s = scans_of(d, v->s->gateway);
	/* in a flood most change nothing: then nobody looks up who they are */
	if ((is_decided(s) && day_of(v->s->time) <= s->day && hll_has(s->sources, SOURCES_BITS, key)) ||
	    is_familiar(d, v))
		return;
	day_passes(s, v->s->time);
	hll_add(s->sources, SOURCES_BITS, key);
	judge_day(d, v, s);
}

/* Days pass also without strangers. */
void
scan_pulse(struct detect *d, const struct pulse *p)
{
	day_passes(scans_of(d, p->gateway), when_add(p->time, -1));
}
