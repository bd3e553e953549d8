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

	out_bytes(o, flow->bytes, flow->len);
	line_tls(o, x, s);
	if (!x->cfg->strict) {
		OUT_LIT(o, ",\"gatewitness\":");
		session_json(o, s, &x->second);
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

static void
flow_object(struct out *o, struct eve_context *x, const struct session *s)
{
	int64_t age = when_since(s->last, s->start) / NS_PER_S;

	OUT_LIT(o, ",\"flow\":{\"pkts_toserver\":");
	out_u64(o, s->packets_out);
	OUT_LIT(o, ",\"pkts_toclient\":");
	out_u64(o, s->packets_in);
	OUT_LIT(o, ",\"bytes_toserver\":");
	out_u64(o, s->bytes_out);
	OUT_LIT(o, ",\"bytes_toclient\":");
	out_u64(o, s->bytes_in);
	OUT_LIT(o, ",\"start\":\"");
	out_time_near(o, s->start, &x->second);
	OUT_LIT(o, "\",\"end\":\"");
	out_time_near(o, s->last, &x->second);
	OUT_LIT(o, "\",\"age\":");
	out_i64(o, age > 0 ? age : 0);
	LINE_PLAIN(o, "state", flow_state(s));
	LINE_PLAIN(o, "reason", ENDS[s->end <= FLOW_INPUT_END ? s->end : FLOW_OPEN].reason);
	out_char(o, '}');
}

static struct text
tcp_state(const struct session *s)
{
	if (s->end == FLOW_FIN || s->end == FLOW_RST)
		return TEXT_LIT("closed");
	return s->packets_in == 0 ? TEXT_LIT("syn_sent") : TEXT_LIT("established");
}

static void
tcp_object(struct out *o, const struct session *s)
{
	static const struct {
		uint8_t flag;
		char member[12];
	} NAMES[] = {{TCP_SYN, ",\"syn\":true"}, {TCP_FIN, ",\"fin\":true"}, {TCP_RST, ",\"rst\":true"},
		     {TCP_PSH, ",\"psh\":true"}, {TCP_ACK, ",\"ack\":true"}, {TCP_URG, ",\"urg\":true"}};
	uint8_t all = s->flags_out | s->flags_in;

	OUT_LIT(o, ",\"tcp\":{\"tcp_flags\":\"");
	out_hex(o, &all, 1);
	OUT_LIT(o, "\",\"tcp_flags_ts\":\"");
	out_hex(o, &s->flags_out, 1);
	OUT_LIT(o, "\",\"tcp_flags_tc\":\"");
	out_hex(o, &s->flags_in, 1);
	out_char(o, '"');
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		if (all & NAMES[i].flag)
			out_bytes(o, NAMES[i].member, sizeof(NAMES[i].member) - 1);
	LINE_PLAIN(o, "state", tcp_state(s));
	if (s->gap_bytes_out)
		LINE_BOOL(o, "ts_gap", true);
	if (s->gap_bytes_in)
		LINE_BOOL(o, "tc_gap", true);
	out_char(o, '}');
}

static void
flow_record(struct out *o, struct eve_context *x, const struct session *s)
{
	OUT_LIT(o, ",\"gatewitness\":");
	if (has_hello(s)) {
		OUT_LIT(o, "{\"session\":\"");
		out_hex_u64(o, s->id);
		OUT_LIT(o, "\"}");
	} else {
		session_json(o, s, &x->second);
	}
}

static void
flow_line(struct out *o, struct eve_context *x, const struct session *s, const struct line_flow *flow)
{
	const struct line_head head = {s->time, flow->id, TEXT_LIT("flow")};
	char *begun = line_begin(o, x, &head);

	out_bytes(o, flow->bytes, flow->len);
	if (has_hello(s))
		LINE_PLAIN(o, "app_proto", app_proto(s));
	flow_object(o, x, s);
	if (s->proto == PROTO_TCP)
		tcp_object(o, s);
	if (!x->cfg->strict)
		flow_record(o, x, s);
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

	out_bytes(o, flow->bytes, flow->len);
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

	out_bytes(o, flow->bytes, flow->len);
	OUT_LIT(o, ",\"gatewitness\":{\"event\":\"session\",\"record\":");
	session_json(o, s, &x->second);
	out_char(o, '}');
	line_end(o, x, begun);
}

void
eve_session(struct out *o, struct eve_context *x, const struct session *s)
{
	struct line_flow flow;

	if (s->kind == SESSION_OPEN || (s->kind == SESSION_UPDATE && (x->cfg->strict || !x->cfg->updates)))
		return;
	line_flow_init(&flow, s);
	if (s->kind == SESSION_UPDATE) {
		update_line(o, x, s, &flow);
		return;
	}
	if (has_hello(s))
		tls_line(o, x, s, &flow);
	if (anomaly_event(s))
		anomaly_line(o, x, s, &flow);
	flow_line(o, x, s, &flow);
}
