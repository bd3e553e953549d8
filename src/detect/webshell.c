/*
 * webshell: a dialogue with something on the gateway that is no portal.
 *
 * A person asks, reads, asks again; each answer is another size and none is one that users get.  Weak: the first
 * stay of an administrator, or a program's interface, looks the same.
 */
#include "detect/dialog.h"

enum { READY_S = 86400, REQUEST_MAX = 16384, ANSWER_MAX = 262144 };

void *
webshell_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct dialogs *all = carve_take(c, sizeof(*all));

	dialogs_init(d, all, c, bytes - sizeof(*all) - 64);
	return all;
}

static bool
is_webshell(const struct detect *d, const struct dialog *w)
{
	return w->exchanges >= d->param[PARAM_webshell_exchanges] && w->exchanges >= 2 * w->told[0] &&
	       dialog_is_foreign(w) && w->pauses * 2 >= w->exchanges && w->request_max <= REQUEST_MAX &&
	       w->answer_max <= ANSWER_MAX && w->answer_max >= 2 * (uint64_t)w->answer_min;
}

static void
webshell_report(struct detect *d, const struct view *v, const struct dialog *w)
{
	struct finding f;

	finding_begin(&f, v, DETECTOR_webshell);
	if (v->learning)
		f.severity = SEVERITY_INFO;
	f.confidence = w->exchanges >= 16 ? 48 : 40;
	f.time = w->last;
	finding_number(&f, "exchanges", "exchanges", w->exchanges);
	finding_number(&f, "distinct", "answers", w->distinct);
	finding_number(&f, "static", "answers", w->statics);
	finding_number(&f, "pauses", "pauses", w->pauses);
	finding_number(&f, "duration", "s", when_since(w->last, w->first) / NS_PER_S);
	finding_number(&f, "answer_min", "bytes", w->answer_min);
	finding_number(&f, "answer_max", "bytes", w->answer_max);
	finding_weigh(&f, "answers all of different sizes", w->distinct * 20 / w->exchanges);
	finding_weigh(&f, "none that users get", 20 - least(w->statics * 20 / w->exchanges, 20));
	finding_weigh(&f, "a person's pauses", w->pauses * 10 / w->exchanges);
	for (unsigned i = 0; i < DIALOG_SESSIONS; i++)
		finding_session(&f, w->session[i]);
	finding_say(
		&f,
		"a dialogue of {0} exchanges in {4} with {a}, which has no history here: {1} sizes of answers, {2} of "
		"them as users get, {3} times a person's pause, no portal page loaded",
		NULL);
	f.benign =
		"an administrator's or a program's interface on the same address, used for the first time from there";
	incident_report(d, &f, &(struct actor){.net = v->source});
}

void
webshell_judge(struct detect *d, const struct view *v)
{
	struct dialog *w = v->known_ns < READY_S * NS_PER_S || v->degraded || !statics_ready(d, v->s->gateway) ?
				   NULL :
				   dialog_of(d, v);

	if (!w || !is_webshell(d, w))
		return;
	w->told[0] = w->exchanges;
	webshell_report(d, v, w);
}
