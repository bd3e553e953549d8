/*
 * health_json: struct health as one line of JSON, for `status` and for whoever asks the control socket.
 */
#include "sensor/health.h"

static void
member(struct out *o, const char *key, uint64_t v)
{
	json_text(o, key);
	out_char(o, ':');
	json_u64(o, v);
}

static void
address(struct out *o, const struct addr *a)
{
	static const struct addr NOBODY;

	json_comma(o);
	out_char(o, '"');
	if (!addr_same(a, &NOBODY))
		out_addr(o, a);
	out_char(o, '"');
}

static void
time_of(struct out *o, struct when t)
{
	json_comma(o);
	out_char(o, '"');
	out_time(o, t);
	out_char(o, '"');
}

static void
rates(struct out *o, const struct health_rates *r)
{
	JSON_KEY(o, "rates");
	json_open(o, '{');
	member(o, "frames", r->frames);
	member(o, "bits", r->bits);
	member(o, "sessions", r->sessions);
	member(o, "lost_ppm", r->lost_ppm);
	json_close(o, '}');
}

static void
incidents(struct out *o, const struct health *h)
{
	JSON_KEY(o, "incidents_open");
	json_open(o, '{');
	for (unsigned i = 0; i < HEALTH_SEVERITIES; i++)
		member(o, severity_name(i), h->open[i]);
	json_close(o, '}');
	JSON_KEY(o, "incidents");
	json_open(o, '[');
	for (uint32_t i = 0; i < h->incidents; i++) {
		const struct health_incident *n = &h->incident[i];

		json_open(o, '{');
		JSON_KEY(o, "id");
		json_comma(o);
		out_char(o, '"');
		out_hex_u64(o, n->id);
		out_char(o, '"');
		JSON_KEY(o, "severity");
		json_text(o, severity_name(n->severity));
		member(o, "findings", n->findings);
		JSON_KEY(o, "opened");
		time_of(o, n->opened);
		JSON_KEY(o, "last");
		time_of(o, n->last);
		JSON_KEY(o, "actor");
		address(o, &n->actor);
		JSON_KEY(o, "text");
		json_text(o, n->text);
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void
clients(struct out *o, const struct health *h)
{
	JSON_KEY(o, "clients");
	json_open(o, '[');
	for (uint32_t i = 0; i < h->clients; i++) {
		json_open(o, '{');
		JSON_KEY(o, "address");
		address(o, &h->client[i].addr);
		member(o, "sessions", h->client[i].sessions);
		member(o, "at_most_too_many", h->client[i].at_most);
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void
sinks(struct out *o, const struct health *h)
{
	JSON_KEY(o, "sinks");
	json_open(o, '[');
	for (uint32_t i = 0; i < h->sinks; i++) {
		json_open(o, '{');
		JSON_KEY(o, "name");
		json_text(o, h->sink[i].name);
#define OF_SINK(field, type, metric, doc) member(o, #field, h->sink[i].field);
#include "sensor/health.def"
#undef OF_SINK
		JSON_KEY(o, "error");
		json_text(o, h->sink[i].error);
		json_close(o, '}');
	}
	json_close(o, ']');
}

/* What sinks' receivers will never get. */
static void
given_up(struct out *o, const struct health *h)
{
	JSON_KEY(o, "given_up");
	json_open(o, '[');
	for (uint32_t i = 0; i < h->given_up; i++) {
		const struct health_loss *l = &h->loss_of_sinks[i];

		json_open(o, '{');
		JSON_KEY(o, "sink");
		json_text(o, l->sink);
		JSON_KEY(o, "cause");
		json_text(o, l->cause);
		member(o, "lines", l->lines);
		member(o, "first_id", l->first_id);
		member(o, "last_id", l->last_id);
		member(o, "first", (uint64_t)(l->first.ns / NS_PER_S));
		member(o, "last", (uint64_t)(l->last.ns / NS_PER_S));
		json_close(o, '}');
	}
	json_close(o, ']');
}

static void
counters(struct out *o, const struct health *h)
{
	JSON_KEY(o, "losses");
	json_open(o, '{');
#define LOSS(name, unit, doc) member(o, #name, h->loss.name);
#include "base/loss.def"
#undef LOSS
	json_close(o, '}');
	JSON_KEY(o, "counters");
	json_open(o, '{');
#define COUNT(name, stratum, doc) member(o, #name, h->counts.name);
#include "base/count.def"
#undef COUNT
	json_close(o, '}');
}

void
health_json(struct out *o, const struct health *h, const struct health_rates *r)
{
	out_char(o, '{');
	JSON_KEY(o, "sensor");
	json_text(o, h->sensor);
	JSON_KEY(o, "interface");
	json_text(o, h->iface);
	JSON_KEY(o, "version");
	json_text(o, h->version);
#define NUMBER(field, type, metric, doc) member(o, #field, h->field);
#include "sensor/health.def"
#undef NUMBER
	JSON_KEY(o, "reload");
	json_text(o, h->reload);
	JSON_KEY(o, "ledger_head");
	json_text(o, h->ledger_head);
	rates(o, r);
	incidents(o, h);
	clients(o, h);
	sinks(o, h);
	given_up(o, h);
	counters(o, h);
	OUT_LIT(o, "}\n");
}
