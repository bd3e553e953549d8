/*
 * alert: findings and incidents as EVE lines.
 *
 * EVE contract: a finding that opens or worsens an incident is an alert, severity low and up; src is the
 * actor, dest the gateway.  In strict mode what Suricata has no name for goes into alert.context, the one
 * open object of its schema.
 */
#include "sink/line.h"
#include "sink/trouble.h"

enum { ALERT_GID = 1, ALERT_REV = 1 }; /* Suricata's generator 1 */

static const uint8_t EVE_SEVERITIES[] = {3, 3, 2, 1, 1};

static unsigned
severity_of(uint8_t severity)
{
	return severity <= SEVERITY_CRITICAL ? severity : SEVERITY_CRITICAL;
}

bool
eve_alerts(const struct finding *f)
{
	return f->severity > SEVERITY_INFO && (f->opens || f->worsens);
}

/* What is wrong with the sensor itself is nobody's doing. */
static bool
is_nobody(const struct addr *a)
{
	static const struct addr NOBODY;

	return addr_same(a, &NOBODY);
}

static const struct detector_info *
detector_of(uint16_t id)
{
	static const struct detector_info UNKNOWN = {.name = "unknown", .title = "unknown", .attack = ""};
	static const struct detector_info TEST = {.name = "test", .title = "test of a sink", .attack = ""};
	const struct detector_info *d = trouble_or_detector(id);

	return d ? d : id == 0 ? &TEST : &UNKNOWN;
}

static void
id_member(struct out *o, const char *key, uint64_t id)
{
	json_comma(o);
	out_text(o, key);
	out_hex_u64(o, id);
	out_char(o, '"');
}

static void
numbers_member(struct out *o, const struct finding *f)
{
	JSON_KEY(o, "numbers");
	out_char(o, '{');
	for (uint32_t i = 0; i < f->number_count && i < FINDING_NUMBERS; i++) {
		json_text(o, f->number[i].name);
		OUT_LIT(o, ":{\"value\":");
		out_i64(o, f->number[i].value);
		LINE_STRING(o, "unit", f->number[i].unit ? f->number[i].unit : "");
		out_char(o, '}');
	}
	out_char(o, '}');
}

static void
sessions_member(struct out *o, const struct finding *f)
{
	JSON_KEY(o, "sessions");
	out_char(o, '[');
	for (uint32_t i = 0; i < f->session_count && i < FINDING_SESSIONS; i++) {
		json_comma(o);
		out_char(o, '"');
		out_hex_u64(o, f->session[i]);
		out_char(o, '"');
	}
	out_char(o, ']');
}

static void
weights_member(struct out *o, const struct finding *f)
{
	JSON_KEY(o, "because");
	out_char(o, '[');
	for (uint32_t i = 0; i < f->weight_count && i < FINDING_WEIGHTS; i++) {
		json_comma(o);
		OUT_LIT(o, "{\"what\":");
		json_text(o, f->weight[i].what);
		LINE_U64(o, "points", f->weight[i].points);
		out_char(o, '}');
	}
	out_char(o, ']');
}

static void
chain_member(struct out *o, const struct finding *f)
{
	JSON_KEY(o, "chain");
	OUT_LIT(o, "{\"name\":");
	json_text(o, f->chain);
	id_member(o, "\"incident\":\"", f->chain_incident);
	JSON_KEY(o, "after_s");
	out_i64(o, f->chain_s);
	out_char(o, '}');
}

/* Everything we know of the finding: the own object of extended mode, the context of strict mode. */
static void
finding_object(struct out *o, const struct finding *f, const struct detector_info *d)
{
	OUT_LIT(o, "{\"event\":\"finding\"");
	id_member(o, "\"finding\":\"", f->id);
	if (f->incident)
		id_member(o, "\"incident\":\"", f->incident);
	LINE_STRING(o, "detector", d->name);
	LINE_STRING(o, "text", f->text);
	LINE_STRING(o, "severity", severity_name(f->severity));
	LINE_U64(o, "confidence", f->confidence);
	LINE_STRING(o, "attack", d->attack);
	LINE_U64(o, "gateway", f->gateway);
	LINE_BOOL(o, "opens", f->opens);
	LINE_BOOL(o, "worsens", f->worsens);
	LINE_BOOL(o, "learning", f->learning);
	LINE_BOOL(o, "weak", f->weak);
	LINE_BOOL(o, "degraded", f->degraded);
	JSON_KEY(o, "coverage_percent");
	out_fixed(o, f->coverage, 2);
	if (!is_nobody(&f->actor)) {
		OUT_LIT(o, ",\"actors\":[\"");
		out_addr(o, &f->actor);
		OUT_LIT(o, "\"]");
	}
	numbers_member(o, f);
	sessions_member(o, f);
	if (f->suppressed)
		LINE_STRING(o, "suppressed", f->suppressed);
	if (f->expected)
		LINE_STRING(o, "expected", f->expected);
	if (f->weight_count)
		weights_member(o, f);
	if (f->chain)
		chain_member(o, f);
	if (f->benign)
		LINE_STRING(o, "benign", f->benign);
	if (d->blind)
		LINE_STRING(o, "blind", d->blind);
	out_char(o, '}');
}

/* Emerging Threats' names where they exist, so that dashboards find them. */
static void
metadata_member(struct out *o, const struct eve_config *cfg, const struct finding *f, const struct detector_info *d)
{
	const char *gateway = eve_gateway(cfg, f->gateway);

	OUT_LIT(o, ",\"metadata\":{\"mitre_technique_id\":[");
	json_text(o, d->attack);
	OUT_LIT(o, "],\"signature_severity\":[");
	json_text(o, severity_name(f->severity));
	OUT_LIT(o, "],\"confidence\":[\"");
	out_u64(o, f->confidence);
	OUT_LIT(o, "\"],\"detector\":[");
	json_text(o, d->name);
	OUT_LIT(o, "],\"learning\":[");
	json_text(o, f->learning ? "yes" : "no");
	if (gateway) {
		OUT_LIT(o, "],\"gateway\":[");
		json_text(o, gateway);
	}
	if (cfg->site) {
		OUT_LIT(o, "],\"site\":[");
		json_text(o, cfg->site);
	}
	OUT_LIT(o, "]}");
}

static void
alert_object(struct out *o, const struct eve_context *x, const struct finding *f, const struct detector_info *d)
{
	OUT_LIT(o, ",\"alert\":{\"action\":\"allowed\"");
	LINE_U64(o, "gid", ALERT_GID);
	LINE_U64(o, "signature_id", EVE_SID_BASE + f->detector);
	LINE_U64(o, "rev", ALERT_REV);
	LINE_STRING(o, "signature", f->text);
	LINE_STRING(o, "category", d->title);
	LINE_U64(o, "severity", EVE_SEVERITIES[severity_of(f->severity)]);
	metadata_member(o, x->cfg, f, d);
	if (x->cfg->strict) {
		OUT_LIT(o, ",\"context\":{\"gatewitness\":");
		finding_object(o, f, d);
		out_char(o, '}');
	}
	out_char(o, '}');
}

void
eve_finding(struct out *o, struct eve_context *x, const struct finding *f, const struct session *s)
{
	const struct detector_info *d = detector_of(f->detector);
	const struct line_ends ends = {&f->actor, &f->target, f->actor_port, f->target_port, f->proto};
	bool alert = eve_alerts(f);
	char *begun, id[FLOW_ID_MAX] = "", *end = put_flow_id(id, s ? s->id : f->session_count ? f->session[0] : 0);
	const struct line_head head = {
		f->time, {id, (uint32_t)(end - id)}, alert ? TEXT_LIT("alert") : TEXT_LIT("gatewitness")};

	if (!alert && x->cfg->strict)
		return;
	begun = line_begin(o, x, &head);
	if (!is_nobody(&f->actor))
		line_ends(o, x, &ends);
	if (s)
		line_community(o, s);
	if (alert)
		alert_object(o, x, f, d);
	if (!x->cfg->strict) {
		OUT_LIT(o, ",\"gatewitness\":");
		finding_object(o, f, d);
	}
	line_end(o, x, begun);
}

static void
timeline_member(struct out *o, const struct incident *i)
{
	JSON_KEY(o, "timeline");
	out_char(o, '[');
	for (uint32_t n = 0; n < i->event_count && n < INCIDENT_EVENTS; n++) {
		const struct incident_event *e = &i->event[n];

		json_comma(o);
		OUT_LIT(o, "{\"time\":\"");
		out_time(o, e->time);
		out_char(o, '"');
		LINE_STRING(o, "detector", detector_of(e->detector)->name);
		LINE_STRING(o, "severity", severity_name(e->severity));
		id_member(o, "\"finding\":\"", e->finding);
		if (e->session)
			id_member(o, "\"session\":\"", e->session);
		out_char(o, '}');
	}
	out_char(o, ']');
}

void
eve_incident_closed(struct out *o, struct eve_context *x, const struct incident *i)
{
	const struct line_head head = {i->last, {NULL, 0}, TEXT_LIT("gatewitness")};
	char *begun;

	if (x->cfg->strict)
		return;
	begun = line_begin(o, x, &head);
	OUT_LIT(o, ",\"gatewitness\":{\"event\":\"incident_closed\"");
	id_member(o, "\"incident\":\"", i->id);
	OUT_LIT(o, ",\"opened\":\"");
	out_time(o, i->opened);
	OUT_LIT(o, "\",\"last\":\"");
	out_time(o, i->last);
	out_char(o, '"');
	if (!is_nobody(&i->actor)) {
		OUT_LIT(o, ",\"actor\":\"");
		out_addr(o, &i->actor);
		out_char(o, '"');
	}
	LINE_U64(o, "gateway", i->gateway);
	LINE_STRING(o, "severity", severity_name(i->severity));
	LINE_U64(o, "findings", i->findings);
	timeline_member(o, i);
	out_char(o, '}');
	line_end(o, x, begun);
}
