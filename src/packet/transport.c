/*
 * transport: TCP, UDP and ICMP headers: the end of the walk.
 * Checksums are not judged: with offload, a capture on the sending host holds none that are right.
 */
#include "packet/layer.h"

/* A header that does not fit: by what the capture cut off, or by the IP length itself? */
static enum layer
no_header(const struct walk *w)
{
	return w->missing ? NOT_SHORT : NOT_TCP_HEADER;
}

static inline void
payload_is_rest(struct walk *w)
{
	w->p->payload = w->c;
	w->p->payload_len = walk_wire(w);
	w->p->cut = w->missing != 0;
}

enum { OPTION_END, OPTION_NOP, OPTION_MSS, OPTION_WSCALE, OPTION_SACK_OK, OPTION_TIMESTAMPS = 8 };

static void
tcp_option(struct packet *p, uint8_t kind, struct cur value)
{
	size_t n = cur_left(&value);

	if (kind == OPTION_TIMESTAMPS && n == 8) {
		p->ts_val = cur_u32(&value);
		p->ts_ecr = cur_u32(&value);
	}
	if (!(p->tcp_flags & TCP_SYN))
		return;
	if (kind == OPTION_MSS && n == 2)
		p->mss = cur_u16(&value);
	if (kind == OPTION_WSCALE && n == 1)
		p->wscale = (uint8_t)(1 + (cur_peek(&value, 0) > 14 ? 14 : cur_peek(&value, 0))); /* RFC 7323 2.3 */
	if (kind == OPTION_SACK_OK && n == 0)
		p->sack_ok = true;
}

static void
tcp_options(struct packet *p, struct cur options)
{
	while (cur_left(&options)) {
		uint8_t kind = cur_u8(&options), len;
		struct cur value;

		if (kind == OPTION_END)
			return;
		if (kind == OPTION_NOP)
			continue;
		len = cur_u8(&options);
		if (len < 2)
			return;
		value = cur_sub(&options, len - 2u);
		if (value.bad)
			return;
		tcp_option(p, kind, value);
	}
}

enum layer
tcp_read(struct walk *w)
{
	static const uint8_t stamps[4] = {OPTION_NOP, OPTION_NOP, OPTION_TIMESTAMPS, 10};
	const uint8_t *h = cur_take(&w->c, 20);
	struct packet *p = w->p;
	uint32_t options;
	struct cur o;

	if (!h)
		return no_header(w);
	p->sport = be16(h);
	p->dport = be16(h + 2);
	p->seq = be32(h + 4);
	p->ack = be32(h + 8);
	p->tcp_flags = h[13];
	p->window = be16(h + 14);
	options = (uint32_t)(h[12] >> 4) * 4 - 20;
	if (options) {
		if (options > 40 || options > walk_wire(w))
			return NOT_TCP_HEADER;
		o = w->c;
		if (cur_left(&o) >= options) {
			o.end = o.p + options;
			w->c.p = o.end;
		} else {
			w->missing -= options - (uint32_t)cur_left(&o);
			w->c.p = w->c.end;
		}
		/* RFC 7323 appendix A: what nearly every segment carries */
		if (options == 12 && cur_starts(&o, stamps, 4) && cur_left(&o) == 12) {
			p->ts_val = be32(o.p + 4);
			p->ts_ecr = be32(o.p + 8);
		} else {
			tcp_options(p, o);
		}
	}
	/* A SYN that lacks bytes of a whole frame has a wrong IP length: there is no payload to miss. */
	if (p->tcp_flags & TCP_SYN && !w->told)
		w->missing = 0;
	payload_is_rest(w);
	return PACKET_OK;
}

/* Length 0: a segmentation-offload packet that has no true length yet. */
enum layer
udp_read(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 8);
	struct packet *p = w->p;
	enum layer inside;
	uint16_t len;

	if (!h)
		return no_header(w);
	p->sport = be16(h);
	p->dport = be16(h + 2);
	len = be16(h + 4);
	if (len > 0 && len < 8)
		return NOT_TCP_HEADER;
	if (len && len - 8u < walk_wire(w))
		walk_narrow(w, len - 8u);
	payload_is_rest(w);
	inside = overlay_by_port(p);
	if (inside != PACKET_OK) {
		w->udp = *p;
		w->in_udp = true;
	}
	return inside;
}

enum layer
icmp_read(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 4);

	if (!h)
		return no_header(w);
	w->p->sport = h[0];
	w->p->dport = h[1];
	payload_is_rest(w);
	return PACKET_OK;
}
