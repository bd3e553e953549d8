/*
 * session: a session record as EVE lines: tls or quic, flow, anomaly; updates as `gatewitness` events.
 * A flow line never repeats the server's name: a count of lines that name it counts sessions.
 */
#include "sink/line.h"

static bool
has_hello(const struct session *s)
{
	return s->carrier != CARRIER_NONE && (s->client_hello || s->server_hello);
}

static struct text
app_proto(const struct session *s)
{
	return s->carrier == CARRIER_QUIC ? TEXT_LIT("quic") : TEXT_LIT("tls");
}

static void
tls_line(struct out *o, struct eve_context *x, const struct session *s, const struct line_flow *flow)
{
	const struct line_head head = {s->hello.ns ? s->hello : s->start, flow->id, app_proto(s)};
	char *begun = line_begin(o, x, &head);

	out_bytes(o, flow->ends.p, flow->ends.len);
	line_tls(o, x, s);
	if (!x->cfg->strict) {
		OUT_LIT(o, ",\"gatewitness\":");
		session_json(o, s, &x->recent);
	}
	line_end(o, x, begun);
}

/* Suricata's words: how a flow stands, and why it is told of now. */
static const struct {
	struct text state, reason;
} ENDS[] = {
	[FLOW_OPEN] = {TEXT_INIT("established"), TEXT_INIT("forced")},
	[FLOW_FIN] = {TEXT_INIT("closed"), TEXT_INIT("timeout")},
	[FLOW_RST] = {TEXT_INIT("closed"), TEXT_INIT("timeout")},
	[FLOW_TIMEOUT] = {TEXT_INIT("established"), TEXT_INIT("timeout")},
	[FLOW_EVICTED] = {TEXT_INIT("established"), TEXT_INIT("forced")},
	[FLOW_INPUT_END] = {TEXT_INIT("established"), TEXT_INIT("shutdown")},
};

static struct text
flow_state(const struct session *s)
{
	if (s->packets_out == 0 || s->packets_in == 0)
		return TEXT_LIT("new");
	return ENDS[s->end <= FLOW_INPUT_END ? s->end : FLOW_OPEN].state;
}

static char *
put_flow(char *p, struct eve_context *x, const struct session *s)
{
	int64_t age = when_since(s->last, s->start) / NS_PER_S;
	struct text state = flow_state(s), reason = ENDS[s->end <= FLOW_INPUT_END ? s->end : FLOW_OPEN].reason;

	p = PUT_LIT(p, ",\"flow\":{\"pkts_toserver\":");
	p = put_u64(p, s->packets_out);
	p = PUT_LIT(p, ",\"pkts_toclient\":");
	p = put_u64(p, s->packets_in);
	p = PUT_LIT(p, ",\"bytes_toserver\":");
	p = put_u64(p, s->bytes_out);
	p = PUT_LIT(p, ",\"bytes_toclient\":");
	p = put_u64(p, s->bytes_in);
	p = PUT_LIT(p, ",\"start\":\"");
	p = recent_time(&x->recent, p, s->start);
	p = PUT_LIT(p, "\",\"end\":\"");
	p = recent_time(&x->recent, p, s->last);
	p = PUT_LIT(p, "\",\"age\":");
	p = put_u64(p, age > 0 ? (uint64_t)age : 0);
	p = PUT_LIT(p, ",\"state\":\"");
	p = put_bytes(p, state.p, state.len);
	p = PUT_LIT(p, "\",\"reason\":\"");
	p = put_bytes(p, reason.p, reason.len);
	return PUT_LIT(p, "\"}");
}

static struct text
tcp_state(const struct session *s)
{
	if (s->end == FLOW_FIN || s->end == FLOW_RST)
		return TEXT_LIT("closed");
	return s->packets_in == 0 ? TEXT_LIT("syn_sent") : TEXT_LIT("established");
}

static char *
put_tcp(char *p, const struct session *s)
{
	static const struct {
		uint8_t flag;
		char member[12];
	} NAMES[] = {{TCP_SYN, ",\"syn\":true"}, {TCP_FIN, ",\"fin\":true"}, {TCP_RST, ",\"rst\":true"},
		     {TCP_PSH, ",\"psh\":true"}, {TCP_ACK, ",\"ack\":true"}, {TCP_URG, ",\"urg\":true"}};
	uint8_t all = s->flags_out | s->flags_in;
	struct text state = tcp_state(s);

	p = PUT_LIT(p, ",\"tcp\":{\"tcp_flags\":\"");
	p = put_hex_u8(p, all);
	p = PUT_LIT(p, "\",\"tcp_flags_ts\":\"");
	p = put_hex_u8(p, s->flags_out);
	p = PUT_LIT(p, "\",\"tcp_flags_tc\":\"");
	p = put_hex_u8(p, s->flags_in);
	*p++ = '"';
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		if (all & NAMES[i].flag)
			p = put_bytes(p, NAMES[i].member, sizeof(NAMES[i].member) - 1);
	p = PUT_LIT(p, ",\"state\":\"");
	p = put_bytes(p, state.p, state.len);
	*p++ = '"';
	if (s->gap_bytes_out)
		p = PUT_LIT(p, ",\"ts_gap\":true");
	if (s->gap_bytes_in)
		p = PUT_LIT(p, ",\"tc_gap\":true");
	*p++ = '}';
	return p;
}

/* What names the record, for a session whose tls line has all of it. */
static char *
put_reference(char *p, const struct session *s)
{
	p = PUT_LIT(p, ",\"gatewitness\":{\"session\":\"");
	p = put_hex_u64(p, s->id);
	return PUT_LIT(p, "\"}");
}

/* All but a whole record: eight numbers, two times, the rest is ours. */
static bool
flow_members(struct out *o, struct eve_context *x, const struct session *s, const struct line_flow *flow)
{
	enum { MEMBERS_MAX = 8 * PUT_U64_MAX + 2 * PUT_TIME_MAX + 768 };
	bool hello = has_hello(s);
	char *p = o->p;

	if ((size_t)(o->end - p) < MEMBERS_MAX + sizeof(flow->bytes)) {
		o->full = true;
		return false;
	}
	p = put_bytes(p, flow->ends.p, flow->ends.len);
	if (hello) {
		p = PUT_LIT(p, ",\"app_proto\":\"");
		p = put_bytes(p, app_proto(s).p, app_proto(s).len);
		*p++ = '"';
	}
	p = put_flow(p, x, s);
	if (s->proto == PROTO_TCP)
		p = put_tcp(p, s);
	if (hello && !x->cfg->strict)
		p = put_reference(p, s);
	o->p = p;
	return hello;
}

static void
flow_line(struct out *o, struct eve_context *x, const struct session *s, const struct line_flow *flow)
{
	const struct line_head head = {s->time, flow->id, TEXT_LIT("flow")};
	char *begun = line_begin(o, x, &head);

	if (!flow_members(o, x, s, flow) && !x->cfg->strict) {
		OUT_LIT(o, ",\"gatewitness\":");
		session_json(o, s, &x->recent);
	}
	line_end(o, x, begun);
}

/* The gravest of what was odd about the session, in the words of Suricata's TLS decoder events. */
static const char *
anomaly_event(const struct session *s)
{
	if (s->bad_messages)
		return "invalid_handshake_message";
	if (s->leftover_messages)
		return "handshake_trailing_data";
	return s->ndpi_disagrees ? "ndpi_disagrees" : NULL;
}

static void
anomaly_line(struct out *o, struct eve_context *x, const struct session *s, const struct line_flow *flow)
{
	const struct line_head head = {s->time, flow->id, TEXT_LIT("anomaly")};
	char *begun = line_begin(o, x, &head);

	out_bytes(o, flow->ends.p, flow->ends.len);
	OUT_LIT(o, ",\"anomaly\":{\"type\":\"applayer\",\"event\":\"");
	out_text(o, anomaly_event(s));
	OUT_LIT(o, "\",\"layer\":\"proto_parser\"");
	LINE_PLAIN(o, "app_proto", app_proto(s));
	out_char(o, '}');
	if (!x->cfg->strict) {
		OUT_LIT(o, ",\"gatewitness\":{\"session\":\"");
		out_hex_u64(o, s->id);
		OUT_LIT(o, "\"");
		if (s->bad_messages)
			LINE_U64(o, "bad_messages", s->bad_messages);
		if (s->leftover_messages)
			LINE_U64(o, "leftover_messages", s->leftover_messages);
		if (s->ndpi_disagrees)
			LINE_TEXT(o, "ndpi", s->ndpi);
		out_char(o, '}');
	}
	line_end(o, x, begun);
}

static void
update_line(struct out *o, struct eve_context *x, const struct session *s, const struct line_flow *flow)
{
	const struct line_head head = {s->time, flow->id, TEXT_LIT("gatewitness")};
	char *begun = line_begin(o, x, &head);

	out_bytes(o, flow->ends.p, flow->ends.len);
	OUT_LIT(o, ",\"gatewitness\":{\"event\":\"session\",\"record\":");
	session_json(o, s, &x->recent);
	out_char(o, '}');
	line_end(o, x, begun);
}

/* Is it told of, though it goes on?  Nobody but us would know what to do with such a line. */
static bool
tells_early(const struct eve_config *cfg, const struct session *s)
{
	return !cfg->strict && (cfg->replay || (cfg->updates && s->kind == SESSION_UPDATE));
}

void
eve_pulse(struct out *o, struct eve_context *x, const struct pulse *p)
{
	const struct line_head head = {p->time, {NULL, 0}, TEXT_LIT("gatewitness")};
	char *begun;

	if (x->cfg->strict || !x->cfg->replay)
		return;
	begun = line_begin(o, x, &head);
	OUT_LIT(o, ",\"gatewitness\":{\"event\":\"pulse\",\"pulse\":");
	pulse_json(o, p);
	out_char(o, '}');
	line_end(o, x, begun);
}

void
eve_session(struct out *o, struct eve_context *x, const struct session *s)
{
	struct line_flow flow;

	if (s->kind != SESSION_CLOSE && !tells_early(x->cfg, s))
		return;
	line_flow_init(&flow, x, s);
	if (s->kind != SESSION_CLOSE) {
		update_line(o, x, s, &flow);
		return;
	}
	if (has_hello(s))
		tls_line(o, x, s, &flow);
	if (anomaly_event(s))
		anomaly_line(o, x, s, &flow);
	flow_line(o, x, s, &flow);
}
