/*
 * export: a large answer of a size that nobody else was given, to a client that hardly ever talked to the gateway:
 * what was collected on it is fetched like a file of the web server (the staged image of AA23-201A).
 *
 *	installers	one size, many networks			static
 *	first loads	over HTTP/2 a page with all it needs is one answer: as large as others' first loads
 *	cut downloads	smaller than an installer, and the client gave up
 *	new versions	of about an installer's size, after an upgrade that the operator told of
 */
#include "detect/dialog.h"
#include "detect/usual.h"

enum { READY_S = 86400, LEARN_FROM = 16384, VISITOR_STATICS = 2, VISITOR_PAGES = 6 };
enum { NEW_VERSIONS = 1 << FACT_PATCHED | 1 << FACT_UPGRADE };

struct export
{
	struct usual usual[GATEWAYS_MAX + 1]; /* answers to strangers that are not static */
};

void *
export_init(struct detect *d, struct carve *c, size_t bytes)
{
	(void)bytes;
	return detect_array(d, c, sizeof(struct export), 2);
}

static bool
is_cut(const struct detect *d, const struct session *s, const struct turn *t)
{
	bool last = t->index + 1 >= s->exchanges;
	bool gave_up = (s->end == FLOW_RST && !s->ended_by_dest) || s->end == FLOW_TIMEOUT;

	return last && gave_up && static_larger(d, s->gateway, t->answer);
}

/* Nobody here knows this answer, and nobody here knows this client. */
static bool
is_export(const struct detect *d, const struct view *v, const struct dialog *w, const struct turn *t)
{
	const struct export *e = d->state[DETECTOR_export];

	if (w->exchanges > d->param[PARAM_export_exchanges] || static_known(d, v->s->gateway, t->answer))
		return false;
	return t->answer > usual_most(&e->usual[v->s->gateway]) && !is_cut(d, v->s, t);
}

/* What many will fetch after an upgrade that the operator told of.  A window for outages announces no file that leaves. */
static bool
is_new_version(const struct detect *d, const struct view *v, const struct turn *t)
{
	return static_near(d, v->s->gateway, t->answer) && (fact_near(d, v->s->gateway, FACT_PATCHED, t->time) ||
							    fact_near(d, v->s->gateway, FACT_UPGRADE, t->time));
}

static void
export_report(struct detect *d, const struct view *v, const struct dialog *w, const struct turn *t)
{
	const struct export *e = d->state[DETECTOR_export];
	/* came as people come: what everybody gets, or, after an upgrade, what everybody will get */
	bool visitor = w->statics >= VISITOR_STATICS || w->medium >= VISITOR_PAGES;
	struct finding f;

	finding_begin(&f, v, DETECTOR_export);
	if (v->learning || v->known_ns < READY_S * NS_PER_S || !statics_ready(d, v->s->gateway))
		f.severity = SEVERITY_INFO;
	else if (visitor)
		f.severity = SEVERITY_LOW;
	f.confidence = visitor ? 40 : 70;
	f.time = t->time;
	finding_number(&f, "answer", "bytes", t->answer);
	finding_number(&f, "request", "bytes", t->request);
	finding_number(&f, "exchanges", "exchanges", w->exchanges);
	finding_number(&f, "static", "answers", w->statics);
	finding_number(&f, "usual", "bytes", usual_most(&e->usual[v->s->gateway]));
	finding_number(&f, "known_for", "s", v->known_ns / NS_PER_S);
	finding_weigh(&f, "a size that no other network was given", 40);
	finding_weigh(&f, "a client without a history here", 20);
	finding_weigh(&f, "no page of the portal before", visitor ? 0 : 20);
	finding_session(&f, v->s->id);
	finding_say(&f,
		    "{0} in one answer to {a}, in exchange {2} of its life here: in {5} no others were given that size",
		    NULL);
	f.benign = "the first download of a new installer or report; a user whose login was not seen";
	if (is_new_version(d, v, t))
		finding_expected(d, &f, NEW_VERSIONS);
	incident_report(d, &f, &(struct actor){.net = v->source});
}

void
export_judge(struct detect *d, const struct view *v)
{
	struct dialog *w;

	if (v->s->response_max < d->param[PARAM_export_answer] || v->degraded)
		return;
	w = dialog_of(d, v);
	if (!w)
		return;
	for (const struct turn *t = v->turn, *end = t + v->turns; t < end && t->index < EXCHANGES_KEPT; t++)
		if (t->answer >= d->param[PARAM_export_answer] && t->answer / 2 >= w->exported &&
		    is_export(d, v, w, t)) {
			w->exported = t->answer;
			export_report(d, v, w, t);
		}
}

void
export_learn(struct detect *d, const struct view *v)
{
	struct export *e = d->state[DETECTOR_export];
	const struct dialog *w;

	if (v->s->response_max < LEARN_FROM)
		return;
	w = dialog_of(d, v);
	if (!w)
		return;
	for (const struct turn *t = v->turn, *end = t + v->turns; t < end && t->index < EXCHANGES_KEPT; t++)
		if (t->answer >= LEARN_FROM && w->exchanges <= d->param[PARAM_export_exchanges] &&
		    !static_known(d, v->s->gateway, t->answer))
			usual_add(&e->usual[v->s->gateway], v, t->answer);
}
