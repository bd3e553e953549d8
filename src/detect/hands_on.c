/*
 * hands_on: many small records up in the first minutes of a stranger's tunnel: somebody looks around at once.
 *
 * Scans and directory queries through a tunnel are hundreds of small packets a second; people read their mail first.
 * Compared with how the site's tunnels begin.  Must not judge who is known: voice and drive mapping look like it.
 */
#include "detect/bits.h"
#include "detect/familiar.h"

enum {
	BEGIN_S = 660, /* ten minutes, told a little later */
	SHORTEST_S = 30,
	LEARN_S = 180, /* a tunnel is learnt from its first record after this time */
	BINS = 40,     /* of the rate in a minute, half bits */
	BIN_TENTHS = 5,
	TUNNELS_FROM = 40,
	SMALL_PERCENT = 70,
	SMALL_PACKET = 180, /* mean bytes of a datagram that carries small packets */
	HALVED_AT = 30000,
	TOLD = 32,
};
enum channel { STREAM, DATAGRAMS, CHANNELS };

struct begins {
	uint16_t count[CHANNELS][BINS];
};

struct hands {
	struct begins at[GATEWAYS_MAX + 1];
	uint64_t told[TOLD], learnt[TOLD]; /* sessions */
	uint32_t told_count, learnt_count;
};

void *
hands_init(struct detect *d, struct carve *c, size_t bytes)
{
	(void)bytes;
	return detect_array(d, c, sizeof(struct hands), 1);
}

static bool
once(uint64_t *ids, uint32_t *count, uint64_t id)
{
	for (unsigned i = 0; i < TOLD; i++)
		if (ids[i] == id)
			return false;
	ids[(*count)++ % TOLD] = id;
	return true;
}

/* Small records up, in a minute; datagrams have no records that are counted, but packets. */
static uint32_t
rate_of(const struct session *s)
{
	int64_t lasted = when_since(s->last, s->start) / NS_PER_S;
	uint64_t small = session_data_channel(s) ? s->packets_out : s->small_out;

	small = lasted > 0 ? small * 60 / (uint64_t)lasted : 0;
	return small > UINT32_MAX ? UINT32_MAX : (uint32_t)small;
}

static bool
mostly_small(const struct session *s)
{
	if (session_data_channel(s))
		return s->bytes_out < s->packets_out * (uint64_t)SMALL_PACKET;
	return s->small_out * UINT64_C(100) >= s->records_out * (uint64_t)SMALL_PERCENT;
}

static unsigned
bin_of(uint32_t rate)
{
	return least(bits_log(rate + 1) / BIN_TENTHS, BINS - 1);
}

/* The highest bin that one of a hundred tunnels reaches; BINS: too few are known. */
static unsigned
usual_top(const uint16_t *count)
{
	uint32_t total = 0, above = 0;
	unsigned top = BINS;

	for (unsigned i = 0; i < BINS; i++)
		total += count[i];
	if (total < TUNNELS_FROM)
		return BINS;
	while (top > 0 && above * 100 <= total)
		above += count[--top];
	return top;
}

static bool
begins(const struct view *v)
{
	int64_t lasted = when_since(v->s->last, v->s->start);

	return v->visit && lasted >= SHORTEST_S * NS_PER_S && lasted <= BEGIN_S * NS_PER_S;
}

static void
report(struct detect *d, const struct view *v, uint32_t rate, unsigned usual)
{
	const struct session *s = v->s;
	const struct actor actor = actor_of(v);
	struct finding f;

	finding_begin(&f, v, DETECTOR_hands_on);
	if (v->learning)
		f.severity = SEVERITY_INFO;
	f.confidence = bin_of(rate) >= usual + 6 ? 50 : 40;
	finding_number(&f, "small_records", "a minute", rate);
	finding_number(&f, "usual_bits", "half bits", usual);
	finding_number(&f, "duration", "s", when_since(s->last, s->start) / NS_PER_S);
	finding_number(&f, "bytes_sent", "bytes", (int64_t)s->bytes_out);
	finding_session(&f, s->id);
	finding_say(&f,
		    "{a}, new here, sent {0} small records a minute in the first {2} of its tunnel, more than 99 % of "
		    "tunnels begin with",
		    NULL);
	f.benign = "voice over IP, drive mapping, an inventory agent of a new laptop";
	incident_report(d, &f, &actor);
}

void
hands_judge(struct detect *d, const struct view *v)
{
	struct hands *h = d->state[DETECTOR_hands_on];
	enum channel channel = session_data_channel(v->s) ? DATAGRAMS : STREAM;
	uint32_t rate;
	unsigned usual;

	if (!begins(v) || !mostly_small(v->s))
		return;
	rate = rate_of(v->s);
	usual = usual_top(h->at[v->s->gateway].count[channel]);
	if (rate >= d->param[PARAM_hands_on_rate] && bin_of(rate) > usual + 1 && !v->familiar &&
	    !familiar_with(d, v->visit).network && once(h->told, &h->told_count, v->s->id))
		report(d, v, rate, usual);
}

void
hands_learn(struct detect *d, const struct view *v)
{
	struct hands *h = d->state[DETECTOR_hands_on];
	uint16_t *count = h->at[v->s->gateway].count[session_data_channel(v->s) ? DATAGRAMS : STREAM];

	if (!begins(v) || when_since(v->s->last, v->s->start) < LEARN_S * NS_PER_S ||
	    !once(h->learnt, &h->learnt_count, v->s->id))
		return;
	if (++count[bin_of(rate_of(v->s))] >= HALVED_AT)
		for (unsigned i = 0; i < BINS; i++)
			count[i] /= 2;
}
