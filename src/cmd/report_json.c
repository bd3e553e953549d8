/*
 * report_json: the report's content as one JSON object, without the page's limits on how much is shown.
 */
#include "cmd/report_json.h"

void
time_value(struct out *o, struct when t)
{
	json_comma(o);
	out_char(o, '"');
	out_time(o, t);
	out_char(o, '"');
}

static void
id_value(struct out *o, uint64_t id)
{
	json_comma(o);
	out_char(o, '"');
	out_hex_u64(o, id);
	out_char(o, '"');
}

void
addr_value(struct out *o, const struct addr *a)
{
	json_comma(o);
	out_char(o, '"');
	out_addr(o, a);
	out_char(o, '"');
}

void
text_or_null(struct out *o, const char *text)
{
	if (text) {
		json_text(o, text);
		return;
	}
	json_comma(o);
	OUT_LIT(o, "null");
}

static void
question(struct out *o, const struct report *r)
{
	JSON_KEY(o, "question");
	json_open(o, '{');
	MEMBER_TEXT(o, "title", r->title);
	MEMBER_TEXT(o, "organisation", r->organisation);
	MEMBER_TIME(o, "since", r->hunt.begin);
	MEMBER_TIME(o, "until", r->hunt.end);
	MEMBER_TEXT(o, "settings", r->hunt.as_was ? "of then" : "of today");
	JSON_KEY(o, "gateways");
	json_open(o, '[');
	for (unsigned i = 0; i < r->addresses; i++) {
		const struct report_address *a = &r->address[i];
		unsigned g = a->gateway;

		json_open(o, '{');
		MEMBER_U64(o, "number", g);
		MEMBER_TEXT(o, "name", r->then && g && g <= r->then->gateways ? r->then->gateway[g - 1].name : NULL);
		MEMBER(o, "address", addr_value(o, &a->addr));
		MEMBER_U64(o, "called", a->called);
		MEMBER_U64(o, "calls", a->calls);
		json_close(o, '}');
	}
	json_close(o, ']');
	JSON_KEY(o, "lists");
	json_open(o, '[');
	for (unsigned i = 0; i < r->lists; i++) {
		json_open(o, '{');
		MEMBER_TEXT(o, "name", r->list[i].name);
		MEMBER_TEXT(o, "file", r->list[i].file);
		MEMBER_TEXT(o, "sha256", r->list[i].hex);
		json_close(o, '}');
	}
	json_close(o, ']');
	json_close(o, '}');
}

static void
answer(struct out *o, const struct report *r)
{
	static const char *const VERDICTS[] = {"unknown", "nothing", "lesser", "signs"};
	char words[REPORT_WORDS];

	JSON_KEY(o, "answer");
	json_open(o, '{');
	MEMBER_TEXT(o, "verdict", VERDICTS[r->verdict]);
	report_headline(r, words);
	MEMBER_TEXT(o, "headline", words);
	report_answer(r, words);
	MEMBER_TEXT(o, "text", words);
	JSON_KEY(o, "caveats");
	json_open(o, '[');
	for (unsigned i = 0; report_caveat(r, i, words); i++)
		json_text(o, words);
	json_close(o, ']');
	json_close(o, '}');
}

static void
loss(struct out *o, const struct hunt_loss *l)
{
	MEMBER_U64(o, "lost_ring", l->ring);
	MEMBER_U64(o, "lost_interface", l->interface);
	MEMBER_U64(o, "lost_upstream_bytes", l->upstream);
	MEMBER_U64(o, "lost_memory", l->memory);
}

static void
coverage(struct out *o, const struct report *r)
{
	const struct hunt_coverage *c = &r->hunt.coverage;

	JSON_KEY(o, "coverage");
	json_open(o, '{');
	MEMBER_U64(o, "imported", r->hunt.imported);
	MEMBER_TEXT(o, "imported_from", r->hunt.sources);
	MEMBER_U64(o, "pseudonyms", r->hunt.hidden);
	MEMBER_U64(o, "pseudonyms_not_compared", r->hunt.foreign);
	MEMBER_U64(o, "minutes", c->minutes);
	MEMBER_U64(o, "watched", c->watched);
	MEMBER_U64(o, "frames", c->frames);
	MEMBER_U64(o, "bytes", c->bytes);
	loss(o, &c->lost);
	MEMBER_TIME(o, "ledger_begins", c->first);
	MEMBER_TIME(o, "ledger_last_minute", c->last);
	JSON_KEY(o, "not_watched");
	json_open(o, '[');
	for (size_t i = 0; i < c->gaps; i++) {
		json_open(o, '{');
		MEMBER_TIME(o, "since", c->gap[i].begin);
		MEMBER_TIME(o, "until", c->gap[i].end);
		json_close(o, '}');
	}
	json_close(o, ']');
	JSON_KEY(o, "hours");
	json_open(o, '[');
	for (size_t i = 0; i < c->hours; i++) {
		json_open(o, '{');
		MEMBER_TIME(o, "hour", (struct when){c->hour[i].hour * 3600 * NS_PER_S});
		MEMBER_U64(o, "watched", c->hour[i].watched);
		MEMBER_U64(o, "frames", c->hour[i].frames);
		loss(o, &c->hour[i].lost);
		json_close(o, '}');
	}
	json_close(o, ']');
	JSON_KEY(o, "events");
	json_open(o, '[');
	for (unsigned i = 0; i < c->events && i < HUNT_BAD; i++)
		json_text(o, c->event[i]);
	json_close(o, ']');
	json_close(o, '}');
}

static void
numbers(struct out *o, const struct finding *f)
{
	JSON_KEY(o, "numbers");
	json_open(o, '{');
	for (uint32_t n = 0; n < f->number_count && n < FINDING_NUMBERS; n++) {
		json_text(o, f->number[n].name);
		OUT_LIT(o, ":{\"value\":");
		out_i64(o, f->number[n].value);
		MEMBER_TEXT(o, "unit", f->number[n].unit);
		json_close(o, '}');
	}
	json_close(o, '}');
	JSON_KEY(o, "sessions");
	json_open(o, '[');
	for (uint32_t s = 0; s < f->session_count && s < FINDING_SESSIONS; s++)
		id_value(o, f->session[s]);
	json_close(o, ']');
}

static void
finding(struct out *o, const struct finding *f)
{
	const struct detector_info *d = detector_by_id(f->detector);

	json_open(o, '{');
	MEMBER_TIME(o, "time", f->time);
	MEMBER(o, "id", id_value(o, f->id));
	MEMBER_TEXT(o, "detector", d ? d->name : "");
	MEMBER_TEXT(o, "attack", d ? d->attack : "");
	MEMBER_TEXT(o, "technique", d ? report_technique(d->attack) : "");
	MEMBER_TEXT(o, "severity", severity_name(f->severity));
	MEMBER_U64(o, "confidence", f->confidence);
	MEMBER(o, "actor", addr_value(o, &f->actor));
	MEMBER(o, "target", addr_value(o, &f->target));
	MEMBER_TEXT(o, "text", f->text);
	MEMBER_TEXT(o, "benign", f->benign);
	MEMBER_BOOL(o, "weak", f->weak);
	MEMBER_BOOL(o, "learning", f->learning);
	MEMBER_BOOL(o, "degraded", f->degraded);
	MEMBER_TEXT(o, "suppressed", f->suppressed);
	MEMBER_TEXT(o, "expected", f->expected);
	numbers(o, f);
	json_close(o, '}');
}

static void
incidents(struct out *o, const struct report *r)
{
	JSON_KEY(o, "incidents");
	json_open(o, '[');
	for (size_t i = 0; i < r->incidents; i++) {
		const struct report_incident *n = &r->incident[i];

		json_open(o, '{');
		MEMBER(o, "id", id_value(o, n->id));
		MEMBER_TEXT(o, "severity", severity_name(n->severity));
		MEMBER_TIME(o, "first", n->first);
		MEMBER_TIME(o, "last", n->last);
		JSON_KEY(o, "findings");
		json_open(o, '[');
		for (size_t k = 0; k < n->findings; k++)
			finding(o, n->finding[k]);
		json_close(o, ']');
		json_close(o, '}');
	}
	json_close(o, ']');
	JSON_KEY(o, "findings_alone");
	json_open(o, '[');
	for (size_t i = 0; i < r->hunt.findings; i++)
		if (!r->hunt.finding[i].incident)
			finding(o, &r->hunt.finding[i]);
	json_close(o, ']');
}

static void
evidence(struct out *o, const struct report *r)
{
	JSON_KEY(o, "sessions");
	json_open(o, '[');
	for (size_t i = 0; i < r->evidences; i++) {
		const struct report_evidence *e = &r->evidence[i];

		if (!e->found)
			continue;
		json_open(o, '{');
		MEMBER(o, "id", id_value(o, e->id));
		MEMBER_TIME(o, "start", e->start);
		MEMBER_TIME(o, "last", e->last);
		MEMBER(o, "src", addr_value(o, &e->src));
		MEMBER_U64(o, "src_port", e->src_port);
		MEMBER(o, "dest", addr_value(o, &e->dest));
		MEMBER_U64(o, "dest_port", e->dest_port);
		MEMBER_U64(o, "bytes_out", e->bytes_out);
		MEMBER_U64(o, "bytes_in", e->bytes_in);
		MEMBER_U64(o, "exchanges", e->exchanges);
		MEMBER_U64(o, "request_max", e->request_max);
		MEMBER_U64(o, "response_max", e->response_max);
		MEMBER_TEXT(o, "sni", e->sni);
		MEMBER_TEXT(o, "ja4", e->ja4);
		MEMBER_TEXT(o, "cert_subject", e->subject);
		json_close(o, '}');
	}
	json_close(o, ']');
}

void
report_json(struct out *o, const struct report *r)
{
	json_open(o, '{');
	MEMBER_TEXT(o, "version", PROGRAM_VERSION);
	question(o, r);
	answer(o, r);
	incidents(o, r);
	evidence(o, r);
	coverage(o, r);
	report_json_traffic(o, r);
	report_json_detectors(o, r);
	JSON_KEY(o, "limits");
	json_open(o, '[');
	for (unsigned i = 0; REPORT_LIMITS[i]; i++)
		json_text(o, REPORT_LIMITS[i]);
	json_close(o, ']');
	report_json_integrity(o, r);
	json_close(o, '}');
	out_char(o, '\n');
}
