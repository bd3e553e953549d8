/*
 * stolen_login: a complete login that is unlike the logins here: network, program, hour, second factor, distance.
 *
 * A naive Bayes sum of bits over the site's own history, each of them capped, so that no single oddity is enough.
 * Must not wake anybody alone: people travel and get new laptops.  It is a list to review, and evidence for chains.
 */
#include "detect/attempt.h"
#include "detect/bits.h"
#include "detect/familiar.h"
#include "detect/login.h"

enum { HOURS = 168, DAY_HOURS = 24, RTT_BINS = 12, STAYS_FROM = 40, HALVED_AT = 4096, ORIGINS = 24 };

/* Where logins come from: an autonomous system or a country. */
struct origin {
	uint32_t what, count;
};

/* Logins of one gateway that went on. */
struct logins_seen {
	uint32_t stays, networks_new, programs_new;
	uint16_t hour[HOURS], day_hour[DAY_HOURS]; /* UTC */
	uint16_t hold[LOGIN_SCALE], rtt[RTT_BINS];
	struct origin as[ORIGINS], country[ORIGINS];
};

struct stolen {
	struct logins_seen at[GATEWAYS_MAX + 1];
};

void *
stolen_init(struct detect *d, struct carve *c, size_t bytes)
{
	(void)bytes;
	return detect_array(d, c, sizeof(struct stolen), 1);
}

/* Of the week that begins on a Thursday, as 1970 did. */
static unsigned
hour_of(struct when t)
{
	return (unsigned)((uint64_t)t.ns / (3600 * NS_PER_S) % HOURS);
}

static unsigned
rtt_bin(uint32_t us)
{
	unsigned bin = 0;

	for (uint32_t ms = us / 1000; ms && bin < RTT_BINS - 1; ms /= 2)
		bin++;
	return bin;
}

static uint32_t
rarer(const uint16_t *count, unsigned n, unsigned bin)
{
	uint32_t usual = 0, near;

	for (unsigned i = 0; i < n; i++)
		usual = most(usual, count[i]);
	near = count[bin] + (bin ? count[bin - 1] / 2u : 0) + (bin + 1 < n ? count[bin + 1] / 2u : 0);
	return bits_rarer(usual, least(near, usual));
}

/* Logins in an hour of the week, leaning on the hours beside it and on the hour of other days. */
static uint32_t
in_hour(const struct logins_seen *h, unsigned hour)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < 5; i++) {
		unsigned near = (hour + HOURS - 2 + i) % HOURS, part = i == 2 ? 1 : i == 1 || i == 3 ? 2 : 4;

		n += (h->hour[near] * 2u + h->day_hour[near % DAY_HOURS] / 7u) / part;
	}
	return n;
}

static uint32_t
rare_hour(const struct logins_seen *h, unsigned hour)
{
	uint32_t usual = 0;

	for (unsigned i = 0; i < HOURS; i++)
		usual = most(usual, in_hour(h, i));
	return bits_rarer(usual, in_hour(h, hour));
}

static uint32_t
rare_origin(const struct logins_seen *h, const struct origin *from, uint32_t what)
{
	uint32_t count = 0, known = 0;

	for (unsigned i = 0; i < ORIGINS; i++) {
		known += from[i].count;
		count += from[i].what == what ? from[i].count : 0;
	}
	return what && known * 2 >= h->stays ? bits_rarer(known, count) : 0;
}

/* Space-Saving: a newcomer takes over the rarest place and its count. */
static void
origin_count(struct origin *from, uint32_t what)
{
	struct origin *rarest = &from[0];

	for (unsigned i = 0; what && i < ORIGINS; i++) {
		if (from[i].what == what) {
			from[i].count++;
			return;
		}
		if (from[i].count < rarest->count)
			rarest = &from[i];
	}
	if (what)
		*rarest = (struct origin){what, rarest->count + 1};
}

static void
halve(struct logins_seen *h)
{
	h->stays /= 2;
	h->networks_new /= 2;
	h->programs_new /= 2;
	for (unsigned i = 0; i < HOURS; i++)
		h->hour[i] /= 2;
	for (unsigned i = 0; i < DAY_HOURS; i++)
		h->day_hour[i] /= 2;
	for (unsigned i = 0; i < LOGIN_SCALE; i++)
		h->hold[i] /= 2;
	for (unsigned i = 0; i < RTT_BINS; i++)
		h->rtt[i] /= 2;
	for (unsigned i = 0; i < ORIGINS; i++) {
		h->as[i].count /= 2;
		h->country[i].count /= 2;
	}
}

/* The login's time, 0: there was none.  A page of many objects can push it among the exchanges of which only sizes are
   known: then it was at the latest when the stay went on. */
static struct when
login_time(const struct visit *w)
{
	if (w->login.ns && w->phases & PHASE_CREDENTIALS)
		return w->login;
	return !w->login.ns && !w->returned && visit_hides_login(w) ? w->used : (struct when){0};
}

static void
learn(struct logins_seen *h, const struct visit *w, const struct acquaintance *a)
{
	unsigned hour = hour_of(login_time(w));

	if (h->stays >= HALVED_AT)
		halve(h);
	h->stays++;
	/* in the first week everybody is new */
	h->networks_new += !a->network && !w->learning;
	h->programs_new += !a->program && !w->learning;
	h->hour[hour]++;
	h->day_hour[hour % DAY_HOURS]++;
	if (w->login.ns)
		h->hold[login_hold_bin(w->hold_us / 1000)]++;
	if (w->rtt_us)
		h->rtt[rtt_bin(w->rtt_us)]++;
	origin_count(h->as, w->as);
	origin_count(h->country, w->country);
}

static unsigned
weigh(struct finding *f, const char *what, uint32_t tenths)
{
	enum { MOST = 80 };
	unsigned bits = least(tenths, MOST) / 10;

	if (bits)
		finding_weigh(f, what, bits);
	return bits;
}

/* Guesses that were told in the two weeks before (threats 2.3), in bits: from here, of which a spray of thousands leaves
   one network in ten thousand; by this program, unless many use it. */
static unsigned
guesses_before(const struct detect *d, const struct visit *w, const struct acquaintance *a)
{
	enum { WITHIN_S = 14 * 86400, FROM_HERE = 10, BY_PROGRAM = 8 };
	const struct trace *spray = trace_of(d, w->gateway, DETECTOR_spray, w->used, WITHIN_S);
	const struct trace *brute = trace_of(d, w->gateway, DETECTOR_brute_force, w->used, WITHIN_S);

	if (guesser_has(d, w->gateway, &w->client))
		return FROM_HERE;
	return !a->program && ((spray && spray->program == w->program) || (brute && brute->program == w->program)) ?
		       BY_PROGRAM :
		       0;
}

static void
judge(struct detect *d, const struct logins_seen *h, const struct visit *w, const struct acquaintance *a)
{
	const struct actor actor = actor_of_stay(w);
	unsigned bits, guesses, limit = (unsigned)d->param[PARAM_stolen_login_bits];
	struct finding f;

	finding_begin_stay(&f, d, DETECTOR_stolen_login, w);
	bits = weigh(&f, "nobody came from this network before",
		     bits_rarer(h->stays, h->networks_new + h->stays / 100));
	if (!a->program)
		bits += weigh(&f, "few people's program", bits_rarer(h->stays, h->programs_new));
	bits += weigh(&f, "hour of the week", rare_hour(h, hour_of(login_time(w))));
	if (w->login.ns)
		bits += weigh(&f, "time for the second factor",
			      rarer(h->hold, LOGIN_SCALE, login_hold_bin(w->hold_us / 1000)));
	if (w->rtt_us)
		bits += weigh(&f, "distance", rarer(h->rtt, RTT_BINS, rtt_bin(w->rtt_us)));
	/* one says most of what the other says */
	bits += weigh(&f, "network operator or country",
		      most(rare_origin(h, h->as, w->as), rare_origin(h, h->country, w->country)));
	guesses = guesses_before(d, w, a);
	if (guesses)
		finding_weigh(&f, "guesses by this program or from this network before", guesses);
	bits += guesses;
	if (bits < limit)
		return;
	if (a->program)
		f.program = 0; /* many people's: what somebody else did with it says nothing */
	if (f.learning)
		f.severity = SEVERITY_INFO;
	f.confidence = (uint8_t)least(40 + 2 * (bits - limit), 70);
	finding_number(&f, "bits", "bits", bits);
	finding_number(&f, "logins", "logins", h->stays);
	finding_number(&f, "hold", "ms", w->hold_us / 1000);
	finding_number(&f, "rtt", "us", w->rtt_us);
	finding_say(&f,
		    w->login.ns ?
			    "login of {a} from a network without history: {0} bits less usual than the {1} logins "
			    "known here" :
			    "{a}, of a network without history, went on behind so many exchanges that its login is "
			    "known by its size only: {0} bits less usual than the {1} logins known here",
		    NULL);
	f.benign = "staff who travel, a new laptop, a contractor, a cloud desktop";
	incident_report(d, &f, &actor);
}

void
stolen_stay(struct detect *d, struct visit *w)
{
	struct stolen *s = d->state[DETECTOR_stolen_login];
	struct logins_seen *h = &s->at[w->gateway];
	struct acquaintance a;

	if (w->part || !login_time(w).ns)
		return;
	a = familiar_with(d, w);
	if (!a.network && h->stays >= STAYS_FROM && login_state(d, w->gateway) == LOGIN_LEARNT)
		judge(d, h, w, &a);
	if (!w->suspect && !w->degraded)
		learn(h, w, &a);
}
