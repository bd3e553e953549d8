/*
 * upload_overflow: much is sent before any login, nothing is answered, and the gateway cuts the connection at once:
 * what a worker process looks like that overflows (CVE-2022-42475, CVE-2023-27997, CVE-2024-21762).
 *
 *	refused upload	answered, then closed
 *	aborted upload	the client closes
 *	slow client, slowloris	cut by a timeout, after minutes
 */
#include "detect/dialog.h"

enum {
	HANDSHAKE_RECORDS = 8,
	CUT_S = 30, /* timeouts of web servers take longer */
	AGAIN_S = 86400,
	VISITOR_STATICS = 2,
	VISITOR_EXCHANGES = 10
};

/* Of a gateway. */
struct cuts {
	struct when first, last;
	uint64_t session; /* of the first */
	uint32_t count, spare;
};

void *
upload_init(struct detect *d, struct carve *c, size_t bytes)
{
	(void)bytes;
	return detect_array(d, c, (GATEWAYS_MAX + 1) * sizeof(struct cuts), 1);
}

/* What was sent and never answered. */
struct upload {
	uint32_t bytes, records;
	struct when begun;
};

/* Records that the other exchanges need at least are not its own. */
static struct upload
upload_of(const struct session *s)
{
	const struct exchange *e = &s->exchange[s->exchange_count - 1];
	uint32_t others = HANDSHAKE_RECORDS + s->exchanges - 1;
	struct upload u = {e->request, s->records_out > others ? s->records_out - others : 0, s->start};

	for (uint32_t i = 0; i + 1 < s->exchange_count; i++)
		u.begun = when_add(u.begun, (s->exchange[i].think_us + (int64_t)s->exchange[i].server_us +
					     s->exchange[i].reply_us) *
						    NS_PER_US);
	u.begun = when_add(u.begun, e->think_us * NS_PER_US);
	return u;
}

static bool
is_cut(const struct view *v)
{
	const struct session *s = v->s;

	return s->kind == SESSION_CLOSE && s->end == FLOW_RST && s->ended_by_dest && s->role == ROLE_INBOUND &&
	       !v->hidden && (s->carrier == CARRIER_TCP || s->carrier == CARRIER_STARTTLS) && s->exchanges > 0 &&
	       s->exchanges == s->exchange_count && s->exchange[s->exchange_count - 1].response == 0 && !v->degraded &&
	       !v->familiar;
}

/* Somebody who landed and worked may upload. */
static bool
is_visitor(struct detect *d, const struct view *v)
{
	const struct dialog *w = dialog_of(d, v);
	bool tunnel = v->visit && v->visit->phases & PHASE_TUNNEL;

	return tunnel || (w && (w->statics >= VISITOR_STATICS || w->exchanges > VISITOR_EXCHANGES));
}

static void
upload_report(struct detect *d, const struct view *v, const struct upload *u, const struct cuts *k)
{
	struct finding f;

	finding_begin(&f, v, DETECTOR_upload_overflow);
	if (k->count == 1)
		f.severity = SEVERITY_MEDIUM;
	f.confidence = k->count == 1 ? 50 : 75;
	f.time = v->s->last;
	finding_number(&f, "upload", "bytes", u->bytes);
	finding_number(&f, "records", "records", u->records);
	finding_number(&f, "until_reset", "s", when_since(v->s->last, u->begun) / NS_PER_S);
	finding_number(&f, "times", "times", k->count);
	finding_number(&f, "duration", "s", when_since(k->last, k->first) / NS_PER_S);
	finding_weigh(&f, "much sent before a login", 20);
	finding_weigh(&f, "no answer", 15);
	finding_weigh(&f, "the gateway cut the connection at once", 20);
	finding_weigh(&f, "again", k->count > 1 ? 30 : 0);
	finding_session(&f, v->s->id);
	if (k->count > 1)
		finding_session(&f, k->session);
	finding_say(
		&f,
		k->count > 1 ?
			"{0} in {1} records from {a} before login, not answered, reset by the gateway {2} later; {3} "
			"times within {4}" :
			"{0} in {1} records from {a} before login, not answered, reset by the gateway {2} later",
		NULL);
	f.benign = "a gateway that refuses large uploads by a reset; a restart of the service";
	incident_report(d, &f, &(struct actor){.net = v->source});
}

void
upload_judge(struct detect *d, const struct view *v)
{
	struct cuts *all = d->state[DETECTOR_upload_overflow], *k = &all[v->s->gateway];
	struct upload u;

	if (!is_cut(v))
		return;
	u = upload_of(v->s);
	if ((u.bytes < d->param[PARAM_upload_overflow_upload] && u.records < d->param[PARAM_upload_overflow_records]) ||
	    when_since(v->s->last, u.begun) > CUT_S * NS_PER_S || is_visitor(d, v))
		return;
	if (when_since(v->s->last, k->last) > AGAIN_S * NS_PER_S)
		*k = (struct cuts){.first = v->s->last, .session = v->s->id};
	k->last = v->s->last;
	k->count++;
	upload_report(d, v, &u, k);
}
