/*
 * session: a flow, what TLS said on it and its talk become one record.
 *
 * src is the ClientHello's sender, so a flow whose side 1 was the client is turned round here and nowhere
 * else.  Values are rounded to the unit of session.def before anyone judges them.  Must not judge.
 */
#include "session/talk.h"

#include "base/clear.h"

/* Public on purpose: every sensor that saw the same connection at the same place gives it the same id. */
static const struct hash_key ID_KEY = {UINT64_C(0x6761746577697477), UINT64_C(0x73657373696f6e31)};

static struct when
to_us(struct when t)
{
	int64_t rest = t.ns % NS_PER_US;

	return when_add(t, rest < 0 ? -NS_PER_US - rest : -rest);
}

uint64_t
session_id(const struct session *s, uint64_t sensor)
{
	int order = addr_order(&s->src, &s->dest);
	bool turned = order > 0 || (order == 0 && s->src_port > s->dest_port);
	struct {
		uint64_t sensor;
		int64_t first_ns;
		struct addr addr[2];
		uint16_t port[2], vlan, proto;
	} key = {sensor, s->start.ns, {s->src, s->dest}, {s->src_port, s->dest_port}, s->vlan, s->proto};

	if (turned) {
		key.addr[0] = s->dest;
		key.addr[1] = s->src;
		key.port[0] = s->dest_port;
		key.port[1] = s->src_port;
	}
	return hash_keep(&ID_KEY, &key, sizeof(key));
}

uint64_t
session_id_of(const struct flow *f, uint64_t sensor)
{
	const struct session s = {.start = to_us(f->first),
				  .src = f->addr[0],
				  .dest = f->addr[1],
				  .src_port = f->port[0],
				  .dest_port = f->port[1],
				  .proto = f->proto,
				  .vlan = f->vlan};

	return session_id(&s, sensor);
}

static void
build_core(struct session *s, const struct session_source *from, unsigned src)
{
	const struct flow *f = from->flow;

	s->kind = from->kind;
	s->time = to_us(from->time);
	s->start = to_us(f->first);
	s->last = to_us(f->last);
	s->src = f->addr[src];
	s->src_port = f->port[src];
	s->dest = f->addr[!src];
	s->dest_port = f->port[!src];
	s->proto = f->proto;
	s->vlan = f->vlan;
	s->vlan_inner = f->vlan_inner;
	s->tunnel = f->tunnel;
	s->tunnel_id = f->tunnel_id;
	s->id = session_id(s, from->sensor);
}

static void
build_flow(struct session *s, const struct flow *f, unsigned src)
{
	const struct flow_side *out = &f->side[src], *in = &f->side[!src];
	const struct flow_note *ours = &f->note[src], *theirs = &f->note[!src];

	s->packets_out = out->packets;
	s->packets_in = in->packets;
	s->bytes_out = side_bytes(out);
	s->bytes_in = side_bytes(in);
	s->end = f->end;
	s->ended_by_dest = (f->end == FLOW_FIN || f->end == FLOW_RST) && f->who_ended != src;
	s->midstream = f->flags & FLOW_MIDSTREAM;
	s->one_sided = out->packets == 0 || in->packets == 0;
	s->retransmits_out = ours->retransmits;
	s->retransmits_in = theirs->retransmits;
	s->gap_bytes_out = ours->gap_bytes;
	s->gap_bytes_in = theirs->gap_bytes;
	s->duplicates = f->duplicates;
	s->rtt_dest_us = src ? f->ack_us : f->syn_ack_us;
	s->rtt_src_us = src ? f->syn_ack_us : f->ack_us;
	s->ttl_src = ours->ttl;
	s->ttl_dest = theirs->ttl;
	s->mss_src = ours->mss;
	s->window_src = ours->window;
	s->wscale_src = ours->wscale;
	s->flags_out = out->tcp_flags;
	s->flags_in = in->tcp_flags;
}

static void
build_hello(struct session *s, const struct tls_facts *t)
{
	s->carrier = t->carrier;
	s->prelude = t->prelude;
	if (t->proxied && !addr_same(&t->proxy_src, &s->src))
		s->actor = t->proxy_src;
	s->version = t->version;
	s->version_offered = t->record_version;
	s->versions = t->versions_offered;
	s->cipher = t->cipher;
	s->group = t->group;
	s->sni = t->sni;
	s->alpn = t->alpn;
	s->alpns = t->alpns;
	s->ja3 = t->ja3;
	s->ja3_string = t->ja3_string;
	s->ja3s = t->ja3s;
	s->ja3s_string = t->ja3s_string;
	s->ja4 = t->ja4;
	s->ja4_r = t->ja4_r;
	s->client_key = t->client_key;
	s->client_key_text = t->client_key_text;
	s->server_key = t->server_key;
	s->client_random = t->client_random;
	s->quic_version = t->quic_version;
	s->hello = to_us(t->hello_time);
}

static void
build_facts(struct session *s, const struct tls_facts *t)
{
	s->client_hello = t->client_hello;
	s->server_hello = t->server_hello;
	s->sslv2_hello = t->sslv2_hello;
	s->hello_retry = t->hello_retry;
	s->ech = t->ech;
	s->early_data = t->early_data_offered;
	s->early_data_accepted = t->early_data_accepted;
	s->renegotiated = t->renegotiated;
	s->established = t->established;
	s->resumed = t->resumed;
	s->id_offered = t->id_offered;
	s->id_issued = t->id_issued;
	s->ticket_lifetime = t->ticket_lifetime;
	s->handshake_us = t->handshake_us;
	s->server_us = t->server_us;
	s->bad_messages = t->bad;
	s->leftover_messages = t->leftover;
	s->records_out = t->records[t->client & 1];
	s->records_in = t->records[!(t->client & 1)];
	s->record_bytes_out = t->record_bytes[t->client & 1];
	s->record_bytes_in = t->record_bytes[!(t->client & 1)];
	s->flight_out = t->client_flight_bytes;
	s->flight_in = t->server_flight_bytes;
	s->client_cert_requested = t->client_cert_requested;
	s->said = t->said;
	s->shown = t->shown;
}

/* Room in the scratch for a text that no one else owns. */
static struct text
scratch_hex(struct out *o, const uint8_t *bytes, size_t n)
{
	const char *at = o->p;

	out_hex(o, bytes, n);
	return (struct text){at, (uint32_t)(o->p - at)};
}

static struct text
scratch_alerts(struct out *o, const struct tls_facts *t)
{
	const char *at = o->p;

	for (unsigned i = 0; i < t->alerts && i < TLS_ALERTS; i++) {
		const uint8_t *a = t->alert[i];
		bool from_dest = a[0] != (t->client & 1);

		out_char(o, (char)((a[1] & 0x7f) | (from_dest ? 0x80 : 0)));
		out_char(o, (char)a[2]);
	}
	return t->alerts ? (struct text){at, (uint32_t)(o->p - at)} : (struct text){NULL, 0};
}

static void
build_server_cert(struct session *s, struct out *o, const struct tls_cert *c)
{
	if (!c->present)
		return;
	s->cert_sha1 = scratch_hex(o, c->sha1, sizeof(c->sha1));
	s->cert_sha256 = scratch_hex(o, c->sha256, sizeof(c->sha256));
	s->cert_subject = c->subject;
	s->cert_issuer = c->issuer;
	s->cert_serial = c->serial;
	s->cert_san = c->san;
	s->cert_key = c->key;
	s->cert_not_before = to_us(c->not_before);
	s->cert_not_after = to_us(c->not_after);
	s->cert_chain = c->chain_len;
	s->cert_chain_sha256 = c->chain_sha256;
}

static void
build_client_cert(struct session *s, struct out *o, const struct tls_cert *c)
{
	if (!c->present)
		return;
	s->client_cert_sha1 = scratch_hex(o, c->sha1, sizeof(c->sha1));
	s->client_cert_sha256 = scratch_hex(o, c->sha256, sizeof(c->sha256));
	s->client_cert_subject = c->subject;
	s->client_cert_issuer = c->issuer;
	s->client_cert_serial = c->serial;
	s->client_cert_san = c->san;
	s->client_cert_not_before = to_us(c->not_before);
	s->client_cert_not_after = to_us(c->not_after);
}

/* The exchange going on counts as it stands. */
static void
build_talk(struct session *s, struct session_scratch *scratch, struct talk *k)
{
	struct talk now;

	talk_keep(k);
	memcpy(&now, k, offsetof(struct talk, kept));
	talk_finish(&now);
	s->exchanges = now.exchanges;
	s->request_bytes = now.request_bytes;
	s->response_bytes = now.response_bytes;
	s->request_min = now.request_min;
	s->request_max = now.request_max;
	s->response_min = now.response_min;
	s->response_max = now.response_max;
	s->request_squares = now.request_squares;
	s->response_squares = now.response_squares;
	s->small_out = now.small[0];
	s->small_in = now.small[1];
	s->server_first = now.server_first;
	s->idle_max_us = now.idle_max_us;
	s->exchange = k->kept;
	s->exchange_count = now.exchanges < EXCHANGES_KEPT ? now.exchanges : EXCHANGES_KEPT;
	s->pair = scratch->pair;
	s->pair_count = talk_pairs(&now, scratch->pair);
}

void
session_build(struct session *s, struct session_scratch *scratch, const struct session_source *from)
{
	const struct tls_facts *t = from->tls;
	bool tls = t && t->carrier != CARRIER_NONE;
	unsigned src = tls ? t->client & 1 : 0;
	struct out o = out_of(scratch->text, sizeof(scratch->text));

	clear(s, sizeof(*s));
	build_core(s, from, src);
	build_flow(s, from->flow, src);
	if (!tls)
		return;
	build_hello(s, t);
	build_facts(s, t);
	if (s->id_offered || s->id_issued || s->client_random)
		s->identity_key = from->identity_key;
	s->alerts = scratch_alerts(&o, t);
	build_server_cert(s, &o, &t->server_cert);
	build_client_cert(s, &o, &t->client_cert);
	if (from->talk)
		build_talk(s, scratch, from->talk);
}
