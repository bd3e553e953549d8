/*
 * transport: TCP, UDP and ICMP headers: the end of the walk.
 * Checksums are not judged: with offload, a capture on the sending host holds none that are right.
 */
#include "packet/hot.h"

/* A header that does not fit: by what the capture cut off, or by the IP length itself? */
static enum layer
no_header(const struct walk *w)
{
	return w->missing ? NOT_SHORT : NOT_TCP_HEADER;
}

enum { OPTION_END = 0, OPTION_MSS = 2, OPTION_WSCALE = 3, OPTION_SACK_OK = 4 };

/* v: the option from its kind on, len bytes. */
static inline void
tcp_option(struct packet *p, const uint8_t *v, uint8_t len)
{
	bool syn = (p->tcp_flags & TCP_SYN) != 0;

	if (v[0] == OPTION_TIMESTAMPS && len == 10) {
		p->ts_val = be32(v + 2);
		p->ts_ecr = be32(v + 6);
	} else if (v[0] == OPTION_MSS && len == 4 && syn) {
		p->mss = be16(v + 2);
	} else if (v[0] == OPTION_WSCALE && len == 3 && syn) {
		p->wscale = (uint8_t)(1 + (v[2] > 14 ? 14 : v[2])); /* RFC 7323 2.3 */
	} else if (v[0] == OPTION_SACK_OK && len == 2 && syn) {
		p->sack_ok = true;
	}
}

/* An option that lies about its length ends them all. */
void
tcp_options_read(struct packet *p, struct cur options)
{
	while (cur_left(&options) >= 2) {
		uint8_t kind = options.p[0], len = options.p[1];
		const uint8_t *v;

		if (kind == OPTION_NOP) {
			cur_skip(&options, 1);
			continue;
		}
		if (kind == OPTION_END || len < 2 || !(v = cur_take(&options, len)))
			return;
		tcp_option(p, v, len);
	}
}

static void
payload_is_rest(struct walk *w)
{
	w->p->payload = w->c;
	w->p->payload_len = walk_wire(w);
	w->p->cut = w->missing != 0;
}

/* Reads and moves over n bytes of options; what the capture cut off of them is no payload. */
static void
options_take(struct walk *w, uint32_t n)
{
	const uint8_t *o = w->c.p;
	uint32_t left = (uint32_t)cur_left(&w->c), there = left < n ? left : n;

	cur_skip(&w->c, there);
	w->missing -= n - there;
	tcp_options(w->p, o, there);
}

enum layer
tcp_read(struct walk *w)
{
	const uint8_t *h = cur_take(&w->c, 20);
	struct packet *p = w->p;
	uint32_t head;

	if (!h)
		return no_header(w);
	head = (h[12] >> 4) * 4u;
	if (head < 20 || head - 20 > walk_wire(w))
		return NOT_TCP_HEADER;
	tcp_fields(p, h);
	options_take(w, head - 20);
	/* A SYN that lacks bytes of a whole frame has a wrong IP length: there is no payload to miss. */
	if (p->tcp_flags & TCP_SYN && !w->told)
		w->missing = 0;
	payload_is_rest(w);
	return PACKET_OK;
}

/* What a struct packet says of TCP, for what is not. */
static void
no_tcp(struct packet *p)
{
	p->tcp_flags = p->wscale = 0;
	p->sack_ok = false;
	p->window = p->mss = 0;
	p->seq = p->ack = p->ts_val = p->ts_ecr = 0;
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
	no_tcp(p);
	len = be16(h + 4);
	if (len > 0 && len < 8)
		return NOT_TCP_HEADER;
	if (len && len - 8u < walk_wire(w))
		walk_narrow(w, len - 8u);
	payload_is_rest(w);
	inside = overlay_by_port(p);
	if (inside != PACKET_OK) {
		*w->udp = *p;
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
	no_tcp(w->p);
	payload_is_rest(w);
	return PACKET_OK;
}
