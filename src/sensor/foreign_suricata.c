/*
 * foreign_suricata: EVE lines of type flow, tls and quic (docs.suricata.io, EVE JSON format).  Flow bytes are those of
 * whole frames, Ethernet's header included.
 */
#include "sensor/foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETHERNET = 14 };

static bool
time_at(const struct json *o, const char *field, struct when *t)
{
	struct text text = json_in_text(o, field);

	return text.p && when_parse(t, text.p, text.len);
}

static bool
who(struct foreign *f, char why[FOREIGN_WHY])
{
	struct session *s = &f->s;
	struct text proto = json_in_text(f->line, "proto");

	s->proto = !proto.p ? 0 : strcmp(proto.p, "TCP") == 0 ? PROTO_TCP : strcmp(proto.p, "UDP") == 0 ? PROTO_UDP : 0;
	f->key = foreign_u64(f->line, "flow_id");
	if (!f->key)
		return foreign_fail(why, "has no", "flow_id");
	if (!time_at(f->line, "timestamp", &s->start))
		return foreign_fail(why, "has no time in", "timestamp");
	if (!s->proto)
		return true;
	if (!foreign_addr(&s->src, json_in_text(f->line, "src_ip")))
		return foreign_fail(why, "has no address in", "src_ip");
	if (!foreign_addr(&s->dest, json_in_text(f->line, "dest_ip")))
		return foreign_fail(why, "has no address in", "dest_ip");
	if (!foreign_port(&s->src_port, f->line, "src_port") || !foreign_port(&s->dest_port, f->line, "dest_port"))
		return foreign_fail(why, "has no port in", "src_port` or `dest_port");
	s->vlan = (uint16_t)(json_in_item_number(json_in_at(f->line, "vlan"), 0) & UINT16_MAX);
	s->source = TEXT_LIT("suricata");
	s->kind = SESSION_CLOSE;
	s->time = s->last = f->written = s->start;
	return true;
}

static uint8_t
flags_at(const struct json *tcp, const char *field)
{
	struct text t = json_in_text(tcp, field);

	return t.p ? (uint8_t)(strtoul(t.p, NULL, 16) & 0xff) : 0;
}

static uint8_t
end_of(const struct session *s, struct text reason)
{
	enum { FIN = 1, RST = 4 };
	uint8_t all = s->flags_out | s->flags_in;

	if (s->proto == PROTO_TCP && all & RST)
		return FLOW_RST;
	if (s->proto == PROTO_TCP && s->flags_out & s->flags_in & FIN)
		return FLOW_FIN;
	return reason.p && strcmp(reason.p, "shutdown") == 0 ? FLOW_INPUT_END : FLOW_TIMEOUT;
}

static bool
read_flow(struct foreign *f, char why[FOREIGN_WHY])
{
	enum { SYN = 2, RST = 4 };
	const struct json *flow = json_in_at(f->line, "flow"), *tcp = json_in_at(f->line, "tcp");
	struct text app = json_in_text(f->line, "app_proto");
	struct session *s = &f->s;

	if (!time_at(flow, "start", &s->start))
		return foreign_fail(why, "has no time in", "flow.start");
	if (!time_at(flow, "end", &s->last))
		s->last = s->start;
	s->time = f->written = s->last;
	s->packets_out = foreign_u32(flow, "pkts_toserver");
	s->packets_in = foreign_u32(flow, "pkts_toclient");
	s->bytes_out = foreign_payload(foreign_u64(flow, "bytes_toserver"), s->packets_out, &s->src, ETHERNET);
	s->bytes_in = foreign_payload(foreign_u64(flow, "bytes_toclient"), s->packets_in, &s->src, ETHERNET);
	s->one_sided = s->packets_out == 0 || s->packets_in == 0;
	s->flags_out = flags_at(tcp, "tcp_flags_ts");
	s->flags_in = flags_at(tcp, "tcp_flags_tc");
	s->midstream = s->proto == PROTO_TCP && s->flags_out && !(s->flags_out & SYN);
	s->end = end_of(s, json_in_text(flow, "reason"));
	s->ended_by_dest = s->end == FLOW_RST && s->flags_in & RST;
	f->expects = app.p && (strcmp(app.p, "tls") == 0 || strcmp(app.p, "quic") == 0);
	f->part = FOREIGN_FLOW;
	return true;
}

static void
read_hello(struct foreign *f, const struct json *o)
{
	struct session *s = &f->s;
	const struct json *ja3 = json_in_at(o, "ja3"), *ja3s = json_in_at(o, "ja3s");

	s->sni = json_in_text(o, "sni");
	s->ja3 = foreign_hex(f, json_in_text(ja3, "hash"), 32);
	s->ja3_string = foreign_plain(json_in_text(ja3, "string"), FOREIGN_JA3);
	s->ja3s = foreign_hex(f, json_in_text(ja3s, "hash"), 32);
	s->ja3s_string = foreign_plain(json_in_text(ja3s, "string"), FOREIGN_JA3);
	s->ja4 = foreign_plain(json_in_text(o, "ja4"), FOREIGN_JA4);
	s->client_key = foreign_client(s->ja4);
	s->client_hello = true;
	s->hello = s->start;
}

/* A line of type tls is written once the handshake is over, or the certificate was seen. */
static void
read_tls(struct foreign *f)
{
	const struct json *o = json_in_at(f->line, "tls"), *client = json_in_at(o, "client");
	struct text cipher = json_in_text(o, "cipher");
	struct session *s = &f->s;

	read_hello(f, o);
	s->carrier = CARRIER_TCP;
	s->version = foreign_version(json_in_text(o, "version"));
	if (cipher.p)
		(void)tls_cipher_code(cipher, &s->cipher);
	s->server_hello = s->established = s->version != 0;
	if (json_in_yes(o, "session_resumed"))
		s->resumed = s->version == 0x0304 ? RESUMED_PSK : RESUMED_UNKNOWN;
	s->alpn = json_in_text(o, "alpn");
	s->cert_sha1 = foreign_hex(f, json_in_text(o, "fingerprint"), 40);
	s->cert_subject = json_in_text(o, "subject");
	s->cert_issuer = json_in_text(o, "issuerdn");
	s->cert_serial = json_in_text(o, "serial");
	s->cert_san = foreign_list(f, json_in_at(o, "subjectaltname"));
	(void)time_at(o, "notbefore", &s->cert_not_before);
	(void)time_at(o, "notafter", &s->cert_not_after);
	s->client_cert_sha1 = foreign_hex(f, json_in_text(client, "fingerprint"), 40);
	s->client_cert_subject = json_in_text(client, "subject");
	s->client_cert_issuer = json_in_text(client, "issuerdn");
	s->client_cert_serial = json_in_text(client, "serial");
	f->part = FOREIGN_TLS;
}

static void
read_quic(struct foreign *f)
{
	const struct json *o = json_in_at(f->line, "quic");

	read_hello(f, o);
	f->s.carrier = CARRIER_QUIC;
	f->s.version = 0x0304; /* RFC 9001 4.2: no older one */
	f->s.quic_version = json_in_text(o, "version");
	f->part = FOREIGN_TLS;
}

bool
foreign_suricata(struct foreign *f, char why[FOREIGN_WHY])
{
	struct text type = json_in_text(f->line, "event_type");
	bool flow = type.p && strcmp(type.p, "flow") == 0, tls = type.p && strcmp(type.p, "tls") == 0,
	     quic = type.p && strcmp(type.p, "quic") == 0;

	if (!flow && !tls && !quic)
		return true;
	if (json_in_at(f->line, "gatewitness")) {
		snprintf(why, FOREIGN_WHY, "was written by gatewitness, whose ledger has more");
		return false;
	}
	if (!who(f, why))
		return false;
	if (!f->s.proto) /* ICMP, SCTP */
		return true;
	if (flow)
		return read_flow(f, why);
	if (tls)
		read_tls(f);
	else
		read_quic(f);
	return true;
}
