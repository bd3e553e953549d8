/*
 * glance: what is seen of most frames without taking them apart: the next segment of an open connection.
 *
 *	Ethernet | IP without options or extensions | TCP: ACK alone, no options or timestamps | payload, captured whole
 *
 * It is a view, no copy.  What it says is what packet_decode would say of that frame; whoever cannot go on with it has
 * the frame decoded.
 */
#ifndef PACKET_GLANCE_H
#define PACKET_GLANCE_H

#include "packet/packet.h"

struct glance {
	const uint8_t *tcp; /* its header */
	uint32_t head;      /* bytes of that: 20, or 32 with timestamps */
	uint32_t len;       /* of the payload behind it */
	bool v6;
};

enum { GLANCE_STAMPS = 32 };

static inline struct cur
glance_payload(const struct glance *g)
{
	return cur_of(g->tcp + g->head, g->len);
}

/* False: it has to be decoded. */
bool packet_glance(const struct frame *f, struct glance *g);

/* Counts frames that were glanced at; and what packet_decode says of one of them, which then is not counted again. */
void packet_glanced(struct decoder *d, uint64_t frames, uint64_t bytes);
void packet_of_glance(const struct frame *f, const struct glance *g, struct packet *p);

#endif
