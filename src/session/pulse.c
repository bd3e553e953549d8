/*
 * pulse: counts the packets of a gateway, ten seconds at a time: what a crash, an outage or a flood looks like; and
 * writes them as one JSON object, which is rare, so it is done the plain way.
 * Must not know which addresses are gateways; the pipeline tells the direction.
 */
#include "session/session.h"

static void
odd_from(struct pulse *p, const struct flow *f, const struct packet *k, uint8_t tcp)
{
	uint8_t opening = tcp & (TCP_SYN | TCP_ACK | TCP_RST);

	p->udp_bytes_from += k->proto == PROTO_UDP ? k->payload_len : 0;
	p->syns_from += opening == TCP_SYN;
	p->syns_answered += opening == (TCP_SYN | TCP_ACK);
	p->resets_from += (tcp & TCP_RST) != 0;
	p->syns_refused += tcp & TCP_RST && f->side[1].packets == 1 && f->side[0].tcp_flags & TCP_SYN;
}

/* Somebody got bytes of the gateway that did not come by here. */
static bool
acks_unseen(const struct flow_side *gateway, const struct packet *k, uint8_t tcp)
{
	enum { FAR = 1 << 24 }; /* further ahead is no acknowledgement of this stream */

	if ((tcp & (TCP_ACK | TCP_SYN | TCP_RST)) != TCP_ACK)
		return false;
	return gateway->packets == 0 || (!gateway->segments && k->ack - gateway->next - 1 < FAR);
}

static void
odd_to(struct pulse *p, const struct flow *f, const struct packet *k, uint8_t tcp)
{
	bool opener = addr_same(&k->src, &f->addr[0]);

	p->udp_bytes_to += k->proto == PROTO_UDP ? k->payload_len : 0;
	p->syns_to += (tcp & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	p->resets_to += (tcp & TCP_RST) != 0;
	p->acks_unseen += acks_unseen(&f->side[opener], k, tcp);
}

__attribute__((noinline)) static void
odd(struct pulse *p, const struct flow *f, const struct packet *k, struct pulse_what what)
{
	uint8_t tcp = k->proto == PROTO_TCP ? k->tcp_flags : 0;

	if (what.from_gateway)
		odd_from(p, f, k, tcp);
	else
		odd_to(p, f, k, tcp);
	p->strays += what.is_new && tcp && !(tcp & TCP_SYN);
}

static inline void
count(struct pulse *p, bool from_gateway, uint32_t payload, bool data)
{
	if (from_gateway) {
		p->packets_from++;
		p->bytes_from += payload;
		p->data_from += data;
	} else {
		p->packets_to++;
		p->bytes_to += payload;
		p->data_to += data;
	}
}

void
pulse_plain(struct pulse *p, bool from_gateway, uint32_t payload)
{
	count(p, from_gateway, payload, payload != 0);
}

/* A plain packet opens, refuses and strays nothing, and acknowledges what was seen. */
void
pulse_packet(struct pulse *p, const struct flow *f, const struct packet *k, struct pulse_what what)
{
	bool data = k->payload_len && (what.plain || (k->proto == PROTO_TCP && k->tcp_flags));

	count(p, what.from_gateway, k->payload_len, data);
	if (!what.plain)
		odd(p, f, k, what);
}

/* A pulse tells all its numbers: a zero is news there. */
void
pulse_json(struct out *o, const struct pulse *p)
{
	json_open(o, '{');
#define JSON_TIME(o, v) (out_char((o), '"'), out_time((o), (v)), out_char((o), '"'))
#define JSON_U8(o, v)   out_u64((o), (v))
#define JSON_U32(o, v)  out_u64((o), (v))
#define JSON_U64(o, v)  out_u64((o), (v))
#define FIELD(id, name, type, doc)                                                                                     \
	JSON_KEY(o, #name);                                                                                            \
	JSON_##type(o, p->name);
#include "session/pulse.def"
#undef FIELD
	json_close(o, '}');
}
