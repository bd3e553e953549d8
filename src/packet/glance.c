/*
 * glance: three headers in one go.  Must not know more of them than decode.c's short way, which says the rest.
 */
#include "packet/glance.h"

#include "packet/hot.h"

static inline bool
glance_tcp(struct glance *g, const uint8_t *tcp, size_t left, uint32_t len)
{
	uint32_t head = (tcp[12] >> 4) * 4u;

	if ((tcp[13] & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) != TCP_ACK || len > left || len < head ||
	    (head != TCP_HEAD && !(head == GLANCE_STAMPS && is_stamps(tcp + TCP_HEAD))))
		return false;
	g->tcp = tcp;
	g->head = head;
	g->len = len - head;
	return true;
}

/* The shorter headers are taken first, which all frames have. */
bool
packet_glance(const struct frame *f, struct glance *g)
{
	struct cur c = f->bytes;
	const uint8_t *h = cur_take(&c, ETHER_HEAD + IP4_HEAD + TCP_HEAD);
	const uint8_t *ip;

	if (!h || f->link != LINK_ETHERNET || f->wire_len > cur_left(&f->bytes))
		return false;
	ip = h + ETHER_HEAD;
	g->v6 = false;
	if (be16(h + 12) == TYPE_IP4)
		return ip[0] == 0x45 && ip[9] == PROTO_TCP && !(be16(ip + 6) & 0x3fff) &&
		       glance_tcp(g, ip + IP4_HEAD, cur_left(&c) + TCP_HEAD, be16(ip + 2) - (uint32_t)IP4_HEAD);
	g->v6 = true;
	return be16(h + 12) == TYPE_IP6 && cur_skip(&c, IP6_HEAD - IP4_HEAD) && ip[0] >> 4 == 6 && ip[6] == PROTO_TCP &&
	       glance_tcp(g, ip + IP6_HEAD, cur_left(&c) + TCP_HEAD, be16(ip + 4));
}
