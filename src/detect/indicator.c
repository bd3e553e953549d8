/*
 * indicator: a session that touches an entry of a list.
 *
 * Told once an entry and actor a day, and again when it gets graver: a scanner that at last has a session established.
 * Must not weigh (indicators.c does), and must not remember numbers of entries: lists are read anew while this runs.
 */
#include "detect/frame.h"

enum { TOLD_AGAIN_S = 86400 };

struct touched {
	struct when first, told;
	uint32_t sessions;
	uint8_t severity; /* that was told, plus 1 */
};

void *
indicator_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct memory *m = carve_take(c, sizeof(*m));

	bytes -= sizeof(*m) + 64;
	detect_memory(d, m, c, &(struct memory_plan){.bytes = bytes, .payload = sizeof(struct touched)});
	return m;
}

/* One entry, whatever its list is called, and one actor. */
static struct memory_key
touch_key(const struct view *v, struct text entry)
{
	bool outbound = v->s->role == ROLE_OUTBOUND;

	return (struct memory_key){outbound ? v->s->dest : v->client, detect_hash(entry),
				   (uint64_t)v->s->gateway << 8 | outbound};
}

/* {x} the entry, {y} the list. */
static const char *
words_of(const struct indicator_hit *hit, bool outbound)
{
	static const char *const INBOUND[] = {
		[INDICATOR_SOURCE] = "client {a} is on list {y} ({x})",
		[INDICATOR_DEST] = "client {a} called {t}, which is on list {y} ({x})",
		[INDICATOR_SNI] = "client {a} asked for a name on list {y} ({x})",
		[INDICATOR_CLIENT] = "client program of {a} is on list {y} ({x})",
		[INDICATOR_SERVER_CERT] = "{t} showed {a} a certificate on list {y} ({x})",
		[INDICATOR_CLIENT_CERT] = "client {a} showed a certificate on list {y} ({x})",
	};
	static const char *const OUTBOUND[] = {
		[INDICATOR_SOURCE] = "gateway {a} is on list {y} ({x})",
		[INDICATOR_DEST] = "gateway {a} called {t} port {p}, which is on list {y} ({x})",
		[INDICATOR_SNI] = "gateway {a} called {t} port {p} by a name on list {y} ({x})",
		[INDICATOR_CLIENT] = "gateway {a} called {t} port {p} with a program on list {y} ({x})",
		[INDICATOR_SERVER_CERT] = "gateway {a} called {t} port {p}, whose certificate is on list {y} ({x})",
		[INDICATOR_CLIENT_CERT] = "gateway {a} showed {t} a certificate on list {y} ({x})",
	};

	return outbound ? OUTBOUND[hit->where] : INBOUND[hit->where];
}

/* How often, when it was not the first time. */
static void
touch_say(struct finding *f, const char *words, const struct touched *t, const struct text texts[2])
{
	char more[160];
	struct out o = out_of(more, sizeof(more) - 1);

	out_text(&o, words);
	if (t->sessions > 1)
		OUT_LIT(&o, ": {0} sessions in {1}");
	*o.p = '\0';
	finding_say(f, more, texts);
}

static void
touch_tell(struct detect *d, const struct view *v, const struct indicator_hit *hit, const struct touched *t)
{
	const struct session *s = v->s;
	bool outbound = s->role == ROLE_OUTBOUND;
	char room[INDICATOR_TEXT_MAX];
	struct text entry = indicator_text(hit->list, hit->entry, room);
	struct actor actor = actor_of(v);
	struct finding f;

	if (outbound)
		actor = (struct actor){.group = 0};
	finding_begin(&f, v, DETECTOR_indicator);
	f.severity = hit->severity;
	f.confidence = hit->list->confidence;
	finding_number(&f, "sessions", "sessions", t->sessions);
	finding_number(&f, "seen_for", "s", when_since(s->time, t->first) / NS_PER_S);
	finding_number(&f, "first_seen", "unix s", t->first.ns / NS_PER_S);
	finding_number(&f, "last_seen", "unix s", s->time.ns / NS_PER_S);
	finding_number(&f, "list_severity", "0..4", hit->list->severity);
	finding_session(&f, s->id);
	touch_say(&f, words_of(hit, outbound), t, (const struct text[2]){entry, hit->list->name});
	f.benign = outbound ? "a shared address (cloud, CDN) that served others; an old or mistaken entry" :
			      "a scanner; a shared or reassigned address; a common client program; a mistaken entry";
	incident_report(d, &f, &actor);
}

void
indicator_judge(struct detect *d, const struct view *v)
{
	struct indicator_hit hit;
	char room[INDICATOR_TEXT_MAX];
	struct memory_key key;
	struct touched *t;
	bool fresh;

	if (!d->indicators || !indicators_find(d->indicators, v->s, &hit))
		return;
	if (v->shared && hit.called) /* perhaps a user's doing */
		hit.severity = hit.list->severity;
	key = touch_key(v, indicator_text(hit.list, hit.entry, room));
	t = memory_use(d->state[DETECTOR_indicator], &key, &fresh);
	if (fresh)
		t->first = v->s->start;
	t->sessions += fresh || v->first;
	if (t->severity > hit.severity && when_since(v->s->time, t->told) < TOLD_AGAIN_S * NS_PER_S)
		return;
	t->severity = (uint8_t)(hit.severity + 1);
	t->told = v->s->time;
	touch_tell(d, v, &hit, t);
}
