/*
 * report_json_behind: the part of the JSON that the answer stands on: traffic, detectors, integrity.
 */
#include "cmd/report_json.h"

void
report_json_detectors(struct out *o, const struct report *r)
{
	JSON_KEY(o, "detectors");
	json_open(o, '[');
	for (unsigned d = 0; d < DETECTOR_COUNT; d++) {
		const struct detector_info *info = &DETECTORS[d];

		json_open(o, '{');
		MEMBER_TEXT(o, "name", info->name);
		MEMBER_TEXT(o, "title", info->title);
		MEMBER_TEXT(o, "attack", info->attack);
		MEMBER_TEXT(o, "technique", report_technique(info->attack));
		MEMBER_U64(o, "findings", r->count[d].findings);
		MEMBER_U64(o, "incidents", r->count[d].incidents);
		MEMBER_U64(o, "too_weak_alone", r->count[d].evidence);
		MEMBER_U64(o, "suppressed", r->count[d].suppressed);
		MEMBER_TEXT(o, "silent", report_silent(r, info));
		MEMBER_TEXT(o, "looks_for", info->doc);
		MEMBER_TEXT(o, "cannot_see", info->blind);
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void
peers(struct out *o, const struct report_peers *p)
{
	json_open(o, '{');
	MEMBER_U64(o, "sessions_left_out", p->left_out);
	JSON_KEY(o, "peers");
	json_open(o, '[');
	for (size_t i = 0; i < p->n; i++) {
		const struct report_peer *one = &p->peer[i];

		json_open(o, '{');
		MEMBER(o, "address", addr_value(o, &one->addr));
		MEMBER_U64(o, "port", one->port);
		MEMBER_U64(o, "proto", one->proto);
		MEMBER_TEXT(o, "name", *one->name ? one->name : NULL);
		MEMBER_BOOL(o, "met_before", one->before);
		MEMBER_U64(o, "sessions", one->sessions);
		MEMBER_U64(o, "bytes_from_gateway", one->from_gateway);
		MEMBER_U64(o, "bytes_to_gateway", one->to_gateway);
		MEMBER_TIME(o, "first", one->first);
		MEMBER_TIME(o, "last", one->last);
		MEMBER_TEXT(o, "country", *one->country ? one->country : NULL);
		MEMBER_U64(o, "as", one->as);
		json_close(o, '}');
	}
	json_close(o, ']');
	json_close(o, '}');
}

static void
activity(struct out *o, const struct report *r, unsigned way)
{
	json_open(o, '[');
	for (unsigned row = 0; row < r->activity_rows; row++) {
		json_open(o, '[');
		for (unsigned hour = 0; hour < 24; hour++)
			json_u64(o, r->activity[way][row][hour]);
		json_close(o, ']');
	}
	json_close(o, ']');
}

void
report_json_traffic(struct out *o, const struct report *r)
{
	JSON_KEY(o, "activity");
	json_open(o, '{');
	MEMBER_TEXT(o, "rows", r->by_week ? "days of the week from Monday" : "days from the first of the window");
	MEMBER_U64(o, "sessions_inbound", r->inbound);
	MEMBER_U64(o, "sessions_outbound", r->outbound);
	MEMBER_U64(o, "sessions_other", r->other);
	MEMBER_U64(o, "sessions_expired", r->expired);
	MEMBER(o, "inbound", activity(o, r, 0));
	MEMBER(o, "outbound", activity(o, r, 1));
	json_close(o, '}');
	MEMBER(o, "called_by_gateway", peers(o, &r->calls));
	MEMBER(o, "client_networks", peers(o, &r->clients));
}

static void
sealed(struct out *o, const struct seal *s)
{
	char date[CHAIN_DATE];

	chain_date(date, s->day);
	json_open(o, '{');
	MEMBER_TEXT(o, "day", date);
	MEMBER(o, "records", json_i64(o, s->rows));
	MEMBER(o, "commits", json_i64(o, s->commits));
	MEMBER(o, "head", json_hex(o, s->head.b, 32));
	MEMBER(o, "sessions_sha256", json_hex(o, s->sessions.digest.b, 32));
	MEMBER(o, "summary_sha256", json_hex(o, s->summary.digest.b, 32));
	json_close(o, '}');
}

void
report_json_integrity(struct out *o, const struct report *r)
{
	const struct hunt *t = &r->hunt;

	JSON_KEY(o, "integrity");
	json_open(o, '{');
	MEMBER_BOOL(o, "whole", hunt_whole(t));
	MEMBER_U64(o, "records", t->verify.rows);
	MEMBER_U64(o, "days", t->verify.days);
	MEMBER_BOOL(o, "key_given", t->key != NULL);
	if (r->seals.n)
		MEMBER(o, "public_key", json_hex(o, r->seals.seal[0].public, SIGN_KEY));
	MEMBER(o, "head", json_hex(o, r->head.b, 32));
	JSON_KEY(o, "wrong");
	json_open(o, '[');
	for (unsigned i = 0; i < t->bads; i++)
		json_text(o, t->bad[i]);
	if (*t->damaged)
		json_text(o, t->damaged);
	json_close(o, ']');
	JSON_KEY(o, "sealed");
	json_open(o, '[');
	for (size_t i = 0; i < r->seals.n; i++)
		sealed(o, &r->seals.seal[i]);
	json_close(o, ']');
	json_close(o, '}');
}
