/*
 * oversized_request: a request far larger than what is sent before a login here, and an answer as large
 * (CVE-2023-4966).
 *
 *	single sign-on	as large, from many networks: usual here	a site with Kerberos, SAML posted back
 *	HTTP/2		a burst of small requests is many small records
 *	host checks	large, answered with little
 *
 * "Before a login" is what can be told from outside: early in the session, by a client without history.
 * One size of large request that comes again during a day counts with smaller answers, too: who reads the last
 * user's session out of memory comes back when users have logged in.
 */
#include "detect/dialog.h"
#include "detect/usual.h"

enum {
	REPEATS = 64,
	REPEAT_SPREAD = 2,
	REPEAT_ANSWER = 2048,
	REPEAT_AGE_S = 86400,
	LOGIN_SHAPES = 4,
	SHAPE_STEP = 16,
	BURST_RECORD = 600, /* Go sends records of 1,200 bytes, others of 16 KiB; HTTP/2 one for each request */
	VISITOR_STATICS = 3,
	SEGMENT = 1400 /* bytes, less what tunnels take of 1,500 */
};

/* What a request was answered with: host checks and SAML posted back are large, and answered with little. */
enum answered {
	ANSWERED_SOME,
	ANSWERED_MUCH,
	ANSWERED_ANY,
	ANSWERS
}; /* ANY: of clients that are known here, only they say what is usual */

struct repeat {
	struct when first, last;
	uint64_t session;
	uint32_t request, count, answer_max;
	uint8_t gateway;
};

struct oversized {
	struct repeat repeat[REPEATS];
	struct usual usual[GATEWAYS_MAX + 1][ANSWERS]; /* requests before a login, by what was answered at least */
};

void *
oversized_init(struct detect *d, struct carve *c, size_t bytes)
{
	(void)bytes;
	return detect_array(d, c, sizeof(struct oversized), 5);
}

/* After a few exchanges of different sizes the client has logged in, or might have. */
static uint32_t
before_login(const struct detect *d, const struct session *s)
{
	uint64_t shapes = 0;
	uint32_t i = 0;

	for (; i < s->exchange_count; i++) {
		if (i >= d->param[PARAM_oversized_request_position] && set_count(shapes) >= LOGIN_SHAPES)
			break;
		shapes |= size_bit(s->exchange[i].request, SHAPE_STEP);
	}
	return i;
}

static bool
judged(const struct view *v)
{
	const struct session *s = v->s;

	return s->role == ROLE_INBOUND && !v->hidden && v->from < s->exchange_count && v->from < v->until &&
	       (s->carrier == CARRIER_TCP || s->carrier == CARRIER_STARTTLS);
}

static struct repeat *
repeat_find(struct oversized *o, const struct view *v, uint32_t request)
{
	for (unsigned i = 0; i < REPEATS; i++) {
		struct repeat *r = &o->repeat[i];
		uint32_t apart = r->request > request ? r->request - request : request - r->request;

		if (r->count && r->gateway == v->s->gateway && apart <= REPEAT_SPREAD &&
		    when_since(v->s->time, r->last) <= REPEAT_AGE_S * NS_PER_S)
			return r;
	}
	return NULL;
}

static uint32_t
usual_request(const struct detect *d, uint8_t gateway, enum answered much)
{
	const struct oversized *o = d->state[DETECTOR_oversized_request];

	return usual_most(&o->usual[gateway][much]);
}

static void
report_large(struct detect *d, const struct view *v, const struct exchange *e, bool visitor)
{
	/* behind a hole the answer may be that of a request that was not seen */
	bool unsure = visitor || v->s->gap_bytes_out;
	uint32_t most_before = d->gate[v->s->gateway].request_max;
	struct finding f;

	finding_begin(&f, v, DETECTOR_oversized_request);
	f.severity = unsure ? SEVERITY_LOW : f.severity;
	f.confidence = unsure ? 40 : e->response >= 2 * (uint64_t)e->request ? 85 : 75;
	finding_number(&f, "request", "bytes", e->request);
	finding_number(&f, "answer", "bytes", e->response);
	finding_number(&f, "request_max_before", "bytes", most_before);
	finding_number(&f, "known_for", "s", v->known_ns / NS_PER_S);
	finding_number(&f, "usual", "bytes", usual_request(d, v->s->gateway, ANSWERED_MUCH));
	finding_weigh(&f, "a request larger than any usual here before a login", 40);
	finding_weigh(&f, "an answer as large", e->response >= 2 * (uint64_t)e->request ? 30 : 20);
	finding_weigh(&f, "a client without a history here", 15);
	finding_session(&f, v->s->id);
	finding_say(&f,
		    most_before ? "{0} request before login from {a}, answered with {1}; the most in {3} was {2}" :
				  "{0} request before login from {a}, answered with {1}; the first request seen here",
		    NULL);
	f.benign = "a test by a response team or scanner; Kerberos tickets or large SAML messages of a new client; "
		   "uploads "
		   "by a client that logged in over another connection";
	incident_report(d, &f, &(struct actor){.net = v->source});
}

static void
report_repeat(struct detect *d, const struct view *v, const struct exchange *e, const struct repeat *r, bool visitor)
{
	/* what single sign-on posts back here has to be seen first, and whole, which on a lossy mirror takes long */
	bool unsure = visitor || v->lossy;
	uint32_t most_before = d->gate[v->s->gateway].request_max;
	struct finding f;

	finding_begin(&f, v, DETECTOR_oversized_request);
	f.severity = v->learning ? SEVERITY_INFO : unsure ? SEVERITY_LOW : SEVERITY_HIGH;
	f.confidence = unsure ? 30 : 60;
	finding_number(&f, "request", "bytes", e->request);
	finding_number(&f, "requests", "requests", r->count + 1);
	finding_number(&f, "duration", "s", when_since(v->s->time, r->first) / NS_PER_S);
	finding_number(&f, "answer_max", "bytes", e->response > r->answer_max ? e->response : r->answer_max);
	finding_number(&f, "request_max_before", "bytes", most_before);
	finding_session(&f, r->session);
	finding_session(&f, v->s->id);
	finding_say(&f, "{1} requests of {0} before login within {2}, the last from {a}, answers up to {3}", NULL);
	f.benign = "single sign-on messages of equal size; a client whose login goes over another connection";
	incident_report(d, &f, &(struct actor){.net = v->source});
}

/* So many small records that it is many requests. */
static bool
is_burst(const struct session *s, const struct exchange *e)
{
	uint32_t others = s->exchanges - 1;

	return s->records_out > others && (s->records_out - others) >= e->request / BURST_RECORD;
}

/* Where a request was not seen, its answer is taken for another's; where an answer was not, requests run together:
   every segment that is missing may have parted two of them.  So what counts is the largest here, whatever it was
   answered. */
static uint64_t
run_together(const struct detect *d, const struct view *v)
{
	const struct oversized *o = d->state[DETECTOR_oversized_request];
	const struct usual *usual = &o->usual[v->s->gateway][ANSWERED_ANY];
	uint64_t missing = (v->s->gap_bytes_in + SEGMENT - 1) / SEGMENT;

	if (!half_seen(v->s) && !v->s->gap_bytes_in && !v->s->gap_bytes_out)
		return 0;
	if (half_seen(v->s) || !usual_known(usual))
		return UINT64_MAX;
	return most(usual_most(usual), 1u << USUAL_LOWEST) * (missing + 1);
}

static bool
is_large(const struct detect *d, const struct view *v, const struct exchange *e, enum answered much)
{
	return e->request >= d->param[PARAM_oversized_request_request] &&
	       e->request > usual_request(d, v->s->gateway, much) && e->request > run_together(d, v) &&
	       !is_burst(v->s, e);
}

static bool
is_oversized(const struct detect *d, const struct view *v, const struct exchange *e)
{
	return e->response >= d->param[PARAM_oversized_request_response] && is_large(d, v, e, ANSWERED_MUCH);
}

static bool
is_repeatable(const struct detect *d, const struct view *v, const struct exchange *e)
{
	return e->response >= REPEAT_ANSWER && is_large(d, v, e, ANSWERED_SOME);
}

static void
repeat_learn(struct oversized *o, const struct view *v, const struct exchange *e)
{
	struct repeat *r = repeat_find(o, v, e->request);

	if (!r) {
		r = &o->repeat[0];
		for (unsigned i = 1; i < REPEATS; i++)
			if (when_before(o->repeat[i].last, r->last))
				r = &o->repeat[i];
		*r = (struct repeat){
			.first = v->s->time, .session = v->s->id, .request = e->request, .gateway = v->s->gateway};
	}
	r->count++;
	r->last = v->s->time;
	if (e->response > r->answer_max)
		r->answer_max = e->response;
}

static bool
may_be_large(const struct detect *d, const struct session *s)
{
	return s->request_max >= d->param[PARAM_oversized_request_request];
}

/* What was judged oversized is no measure of what is usual, unless a client does it that is known here. */
static void
remember(struct detect *d, const struct view *v)
{
	struct oversized *o = d->state[DETECTOR_oversized_request];
	struct gate *gate = &d->gate[v->s->gateway];
	bool news = v->s->request_max > gate->request_max || may_be_large(d, v->s);
	uint32_t until = news ? before_login(d, v->s) : 0;

	for (uint32_t i = v->from; i < v->until && i < until; i++) {
		const struct exchange *e = &v->s->exchange[i];
		bool odd = !v->familiar && is_repeatable(d, v, e);
		bool large = e->request >= d->param[PARAM_oversized_request_request];

		if (odd)
			repeat_learn(o, v, e);
		else if (!v->degraded && (!large || (e->response >= REPEAT_ANSWER && !is_burst(v->s, e))))
			gate->request_max = most(gate->request_max, e->request);
	}
}

static void
judge_sizes(struct detect *d, const struct view *v)
{
	struct oversized *o = d->state[DETECTOR_oversized_request];
	const struct dialog *w = dialog_of(d, v);
	bool visitor = w && w->statics >= VISITOR_STATICS;
	uint32_t until = before_login(d, v->s);

	for (uint32_t i = v->from; i < v->until && i < until; i++) {
		const struct exchange *e = &v->s->exchange[i];
		const struct repeat *r = repeat_find(o, v, e->request);

		if (is_oversized(d, v, e))
			report_large(d, v, e, visitor);
		else if (is_repeatable(d, v, e) && r && r->count + 1 >= d->param[PARAM_oversized_request_repeats])
			report_repeat(d, v, e, r, visitor);
	}
}

void
oversized_judge(struct detect *d, const struct view *v)
{
	if (!judged(v))
		return;
	if (!v->familiar && may_be_large(d, v->s))
		judge_sizes(d, v);
	remember(d, v);
}

/* Several networks, each counted a few times at most, make a size usual; only clients that are known here do. */
void
oversized_learn(struct detect *d, const struct view *v)
{
	struct oversized *o = d->state[DETECTOR_oversized_request];
	uint32_t until, largest[ANSWERS] = {0};

	if (!judged(v))
		return;
	until = v->familiar ? before_login(d, v->s) : 0;
	for (uint32_t i = v->from; i < v->until && i < until; i++) {
		const struct exchange *e = &v->s->exchange[i];

		if (is_burst(v->s, e))
			continue;
		largest[ANSWERED_ANY] = most(largest[ANSWERED_ANY], e->request);
		if (e->response >= REPEAT_ANSWER)
			largest[ANSWERED_SOME] = most(largest[ANSWERED_SOME], e->request);
		if (e->response >= d->param[PARAM_oversized_request_response])
			largest[ANSWERED_MUCH] = most(largest[ANSWERED_MUCH], e->request);
	}
	for (unsigned much = 0; much < (v->familiar ? ANSWERS : ANSWERED_ANY); much++)
		usual_add(&o->usual[v->s->gateway][much], v, largest[much]);
}
