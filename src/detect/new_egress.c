/*
 * new_egress: the gateway opens a connection to a place it never called before (beacons, downloads, reverse shells).
 *
 * Keyed on the destination, not on a fingerprint: COATHANGER's JA3 equals that of legitimate FortiGate logging.
 * Must not flood: a gateway that scans is one incident, told at the first places and then at each doubling.
 */
#include "detect/egress_table.h"

/* How each kind of novelty is judged and said; {0} known for, {1} places known. */
static const struct judgement {
	enum severity severity;
	const char *words;
} JUDGEMENT[] = {
	[NOVEL_SHARED] = {SEVERITY_INFO, "{a} called {t} port {p}: new, but users' traffic leaves from there, too"},
	[NOVEL_ADDRESS] = {SEVERITY_LOW,
			   "gateway {a} called {t} port {p} ({x}): a new address of a name it called before"},
	[NOVEL_NETWORK] = {SEVERITY_LOW, "gateway {a} called {t} port {p} ({x}): a name it called before has moved to "
					 "another network; the programs at both ends are the same"},
	[NOVEL_SERVER] = {SEVERITY_LOW,
			  "gateway {a} called {t} port {p}: one more server of a service whose servers change"},
	[NOVEL_NEIGHBOUR] = {SEVERITY_LOW,
			     "gateway {a} called {t} port {p}: new, among others inside that offer the same"},
	[NOVEL_INSIDE] = {SEVERITY_MEDIUM,
			  "gateway {a} called {t} port {p} inside, for which it called nothing there in "
			  "{0}"},
	[NOVEL_SIBLING] = {SEVERITY_LOW,
			   "gateway {a} called {t} port {p} ({x}): new, but of a domain that the same program "
			   "called before"},
	[NOVEL_UNSEEN] = {SEVERITY_LOW,
			  "gateway {a} called {t} port {p}, which it never did in {0}; the capture lost by what "
			  "name, so the next call is judged"},
	[NOVEL_AGAIN] = {SEVERITY_LOW,
			 "gateway {a} called {t} port {p} ({x}): another address of a name that is new itself"},
	[NOVEL_ROAMING] = {SEVERITY_LOW, "gateway {a} called {t} port {p}: new, but servers of this port changed often "
					 "while learning"},
	[NOVEL_STACK] = {SEVERITY_LOW, "gateway {a} called {t} port {p} ({x}): a name it called before, now in "
				       "another network with another server program"},
	[NOVEL] = {SEVERITY_HIGH, NULL},
};

static uint32_t
burst_add(struct detect *d, const struct view *v)
{
	enum { BURST_S = 3600 };
	struct egress *e = d->state[DETECTOR_new_egress];
	struct burst *b = &e->burst[v->s->gateway];

	if (b->places == 0 || when_since(v->s->time, b->since) > BURST_S * NS_PER_S)
		*b = (struct burst){.since = v->s->time};
	return ++b->places;
}

static bool
worth_telling(uint32_t places)
{
	enum { EACH = 8 };

	return places <= EACH || (places & (places - 1)) == 0;
}

static const char *
words_for(const struct session *s, enum novelty n, uint32_t burst)
{
	enum { MANY = 8 };

	if (JUDGEMENT[n].words)
		return JUDGEMENT[n].words;
	if (burst > MANY)
		return "gateway {a} called {t} port {p}, one of {3} new places within an hour; it never did in {0}";
	return s->sni.p ? "gateway {a} called {t} port {p} ({x}), which it never did in {0}; {1} places are known" :
			  "gateway {a} called {t} port {p}, which it never did in {0}; {1} places are known";
}

static void
report(struct detect *d, const struct view *v, enum novelty n, const uint32_t count[2])
{
	const struct session *s = v->s;
	struct finding f;

	finding_begin(&f, v, DETECTOR_new_egress);
	f.actor = s->src;
	f.learning = egress_learning(d, v);
	if (s->kind == SESSION_CLOSE)
		f.time = s->start; /* told when it is over: what came in between did not come before it */
	f.severity = f.learning ? SEVERITY_INFO : (uint8_t)JUDGEMENT[n].severity;
	f.explained = n <= NOVEL_NEIGHBOUR;
	f.confidence = n < NOVEL && n != NOVEL_INSIDE ? 30 : s->proto == PROTO_TCP ? 90 : 70;
	finding_number(&f, "known_for", "s", v->known_ns / NS_PER_S);
	finding_number(&f, "places_known", "places", count[0]);
	finding_number(&f, "bytes_received", "bytes", (int64_t)s->bytes_in);
	finding_number(&f, "new_places_this_hour", "places", count[1]);
	finding_session(&f, s->id);
	finding_say(&f, words_for(s, n, count[1]), (const struct text[2]){s->sni, {NULL, 0}});
	f.benign = "a new server for updates, licences, time or names; a provider's new address; a change of settings";
	incident_report(d, &f, &(struct actor){.group = 0});
}

static void
judge(struct detect *d, const struct view *v)
{
	const struct egress *e = d->state[DETECTOR_new_egress];
	uint32_t known = e->places.pool.used;
	enum novelty n = egress_note(d, v);
	uint32_t burst;

	if (n == NOVEL_NOT)
		return;
	burst = burst_add(d, v);
	if (worth_telling(burst))
		report(d, v, n, (const uint32_t[2]){known, burst});
}

/* What was called was called, whatever else the capture lost: under lasting loss names are learnt, too. */
void
egress_judge(struct detect *d, const struct view *v)
{
	judge(d, v);
	if (v->degraded && !v->shared)
		egress_learn(d, v);
}
