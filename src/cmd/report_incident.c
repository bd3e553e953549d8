/*
 * report_incident: findings by incident and by detector, and the sessions that they name, from the ledger.
 */
#include <stdlib.h>

#include "cmd/report.h"

enum { EVIDENCE_BEFORE_DAYS = 2 }; /* how long before the window a session of a finding may have ended */

static int
by_incident(const void *a, const void *b)
{
	const struct finding *x = *(const struct finding *const *)a, *y = *(const struct finding *const *)b;

	if (x->incident != y->incident)
		return x->incident < y->incident ? -1 : 1;
	return x < y ? -1 : x > y; /* as they came */
}

static int
by_gravity(const void *a, const void *b)
{
	const struct report_incident *x = a, *y = b;

	if (x->severity != y->severity)
		return y->severity - x->severity;
	if (x->first.ns != y->first.ns)
		return x->first.ns < y->first.ns ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static struct report_count *
count_of(struct report *r, const struct finding *f)
{
	for (unsigned d = 0; d < DETECTOR_COUNT; d++)
		if (DETECTORS[d].id == f->detector)
			return &r->count[d];
	return NULL;
}

static void
count_incident(struct report *r, const struct report_incident *i)
{
	struct report_count *seen[64];
	unsigned n = 0;

	r->severity[i->severity]++;
	for (size_t k = 0; k < i->findings; k++) {
		struct report_count *c = count_of(r, i->finding[k]);
		unsigned s = 0;

		while (s < n && seen[s] != c)
			s++;
		if (!c || s < n || n == 64)
			continue;
		seen[n++] = c;
		c->incidents++;
		c->grave += i->severity >= SEVERITY_HIGH;
	}
}

static void
add_incident(struct report *r, const struct finding **from, size_t n)
{
	struct report_incident *i = &r->incident[r->incidents++];

	*i = (struct report_incident){
		.id = from[0]->incident, .finding = from, .findings = n, .first = from[0]->time, .last = from[0]->time};
	for (size_t k = 0; k < n; k++) {
		if (from[k]->severity > i->severity)
			i->severity = from[k]->severity;
		if (when_before(from[k]->time, i->first))
			i->first = from[k]->time;
		if (when_before(i->last, from[k]->time))
			i->last = from[k]->time;
	}
	count_incident(r, i);
}

static void
count_finding(struct report *r, const struct finding *f)
{
	struct report_count *c = count_of(r, f);

	r->suppressed += f->suppressed != NULL;
	r->evidence_alone += !f->suppressed && !f->incident;
	if (!c)
		return;
	c->findings++;
	c->suppressed += f->suppressed != NULL;
	c->evidence += !f->suppressed && !f->incident;
}

static bool
group(struct report *r)
{
	const struct hunt *h = &r->hunt;
	size_t begin = 0;

	r->by_incident = calloc(h->findings + 1, sizeof(*r->by_incident));
	r->incident = calloc(h->findings + 1, sizeof(*r->incident));
	if (!r->by_incident || !r->incident)
		return false;
	for (size_t i = 0; i < h->findings; i++) {
		r->by_incident[i] = &h->finding[i];
		count_finding(r, &h->finding[i]);
	}
	qsort(r->by_incident, h->findings, sizeof(*r->by_incident), by_incident);
	for (size_t i = 1; i <= h->findings; i++) {
		if (i < h->findings && r->by_incident[i]->incident == r->by_incident[begin]->incident)
			continue;
		if (r->by_incident[begin]->incident)
			add_incident(r, r->by_incident + begin, i - begin);
		begin = i;
	}
	qsort(r->incident, r->incidents, sizeof(*r->incident), by_gravity);
	return true;
}

static int
by_id(const void *a, const void *b)
{
	const struct report_evidence *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

const struct report_evidence *
report_find(const struct report *r, uint64_t session)
{
	const struct report_evidence wanted = {.id = session};

	return r->evidences ? bsearch(&wanted, r->evidence, r->evidences, sizeof(wanted), by_id) : NULL;
}

/* Of the gravest incidents first, as far as there is room. */
static void
name_sessions(struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->incidents; i++)
		for (size_t k = 0; k < r->incident[i].findings; k++) {
			const struct finding *f = r->incident[i].finding[k];

			for (uint32_t s = 0; s < f->session_count && r->evidences < REPORT_EVIDENCE; s++)
				r->evidence[r->evidences++].id = f->session[s];
		}
	if (r->evidences)
		qsort(r->evidence, r->evidences, sizeof(*r->evidence), by_id);
	for (size_t i = 0; i < r->evidences; i++)
		if (!n || r->evidence[n - 1].id != r->evidence[i].id)
			r->evidence[n++] = r->evidence[i];
	r->evidences = n;
}

/* The last record of a session knows the most. */
static bool
on_session(void *arg, const struct session *s)
{
	const struct report *r = arg;
	const struct report_evidence wanted = {.id = s->id};
	struct report_evidence *e = bsearch(&wanted, r->evidence, r->evidences, sizeof(wanted), by_id);

	if (!e)
		return true;
	*e = (struct report_evidence){
		.id = s->id,
		.found = true,
		.start = s->start,
		.last = s->last,
		.src = s->src,
		.dest = s->dest,
		.src_port = s->src_port,
		.dest_port = s->dest_port,
		.version = s->version,
		.proto = s->proto,
		.bytes_out = s->bytes_out,
		.bytes_in = s->bytes_in,
		.exchanges = s->exchanges,
		.request_max = s->request_max,
		.response_max = s->response_max,
	};
	report_take(e->sni, sizeof(e->sni), s->sni);
	report_take(e->subject, sizeof(e->subject), s->cert_subject);
	report_take(e->ja4, sizeof(e->ja4), s->ja4);
	return true;
}

bool
report_incidents(struct report *r)
{
	struct reading all = {.folder = r->hunt.folder,
			      .since = when_add(r->hunt.begin, -EVIDENCE_BEFORE_DAYS * 86400 * NS_PER_S),
			      .until = r->hunt.end,
			      .arg = r,
			      .session = on_session};

	r->evidence = calloc(REPORT_EVIDENCE, sizeof(*r->evidence));
	if (!r->evidence || !group(r))
		return false;
	name_sessions(r);
	if (r->evidences)
		reading_run(&all); /* what cannot be read was told by the hunt */
	return true;
}
