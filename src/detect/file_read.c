/*
 * file_read: small requests that are answered with files of all sizes, none of which users get (CVE-2019-11510,
 * CVE-2024-24919).
 *
 * The same dialogue as a webshell's, at a program's pace.  Weak: a crawler of pages that nobody else reads looks alike.
 */
#include "detect/dialog.h"

enum { READY_S = 86400, REQUEST_SPREAD = 512 };

void *
file_read_init(struct detect *d, struct carve *c, size_t bytes)
{
	(void)d;
	(void)c;
	(void)bytes;
	return NULL;
}

static bool
is_file_read(const struct detect *d, const struct dialog *w)
{
	return w->exchanges >= d->param[PARAM_file_read_exchanges] && w->exchanges >= 2 * w->told[1] &&
	       dialog_is_foreign(w) && w->pauses * 2 < w->exchanges && w->medium * 4 >= w->exchanges * 3 &&
	       w->request_max <= d->param[PARAM_file_read_request] &&
	       w->request_max - w->request_min <= REQUEST_SPREAD && w->answer_max >= 2 * (uint64_t)w->answer_min;
}

static void
file_read_report(struct detect *d, const struct view *v, const struct dialog *w)
{
	struct finding f;

	finding_begin(&f, v, DETECTOR_file_read);
	if (v->learning)
		f.severity = SEVERITY_INFO;
	f.confidence = w->exchanges >= 16 ? 48 : 40;
	f.time = w->last;
	finding_number(&f, "requests", "requests", w->exchanges);
	finding_number(&f, "request_max", "bytes", w->request_max);
	finding_number(&f, "answer_min", "bytes", w->answer_min);
	finding_number(&f, "answer_max", "bytes", w->answer_max);
	finding_number(&f, "answers_total", "bytes", (int64_t)w->bytes_down);
	finding_number(&f, "distinct", "answers", w->distinct);
	finding_number(&f, "static", "answers", w->statics);
	finding_weigh(&f, "answers all of different sizes", w->distinct * 20 / w->exchanges);
	finding_weigh(&f, "none that users get", 20 - least(w->statics * 20 / w->exchanges, 20));
	for (unsigned i = 0; i < DIALOG_SESSIONS; i++)
		finding_session(&f, w->session[i]);
	finding_say(&f,
		    "{0} requests of at most {1} from {a}, which has no history here, answered with {2} to {3} of {5} "
		    "different sizes, {6} of them as users get; {4} in all",
		    NULL);
	f.benign = "a crawler or scanner that reads pages nobody else does; a program's interface on the same address";
	incident_report(d, &f, &(struct actor){.net = v->source});
}

void
file_read_judge(struct detect *d, const struct view *v)
{
	struct dialog *w = v->known_ns < READY_S * NS_PER_S || v->degraded || !statics_ready(d, v->s->gateway) ?
				   NULL :
				   dialog_of(d, v);

	if (!w || !is_file_read(d, w))
		return;
	w->told[1] = w->exchanges;
	file_read_report(d, v, w);
}
