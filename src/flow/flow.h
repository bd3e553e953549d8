/*
 * flow: packets become connections and ordered bytes, within a fixed memory.
 *
 *	packet -> key -> flow -> duplicate? retransmission? out of order? -> chunks in order, gaps told
 *
 * One call a packet (flow_feed), then flow_chunk until it is empty; then flow_ended gives the connections
 * that this packet's time has ended, each to be finished by the layer above and freed.  The table never
 * calls up and knows nothing of TLS: `above` belongs to the layers above.
 *
 * VLANs and tunnels are not in the key: on a span port the two directions of one connection often carry
 * different tags, and one of them none.  The first packet's are kept.
 *
 * Side 0 is the one that opened the connection (the SYN's sender; midstream: the higher port, then the
 * first packet's sender), side 1 the other.
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "base/hash.h"
#include "packet/glance.h"

enum flow_end { FLOW_OPEN, FLOW_FIN, FLOW_RST, FLOW_TIMEOUT, FLOW_EVICTED, FLOW_INPUT_END };

enum flow_flag {
	FLOW_MIDSTREAM = 1,   /* no SYN seen */
	FLOW_ESTABLISHED = 2, /* SYN, SYN-ACK and an ACK, or data both ways */
	FLOW_GATEWAY = 4,     /* set by the pipeline: belongs to a gateway, do not shed */
	FLOW_IGNORED = 8,     /* set by the pipeline with the first packet: outside the scope, no chunks wanted */
	FLOW_REPLACED = 16,   /* a new connection on the same addresses and ports ended it */
	FLOW_SMOOTH = 32,     /* stream.c's: open and established, both sides known, nothing held or finished */
	FLOW_V4 = 64,         /* between two addresses of IPv4 */
};

/* What each packet of a side changes. */
struct flow_side {
	uint32_t packets;
	uint32_t bytes_low;   /* IP payload bytes on the wire, 48 bits of them: side_bytes */
	uint16_t bytes_high;  /* is there room for, in 2^32 packets of 64 KiB */
	uint8_t tcp_flags;    /* all seen, or-ed */
	uint8_t seen;         /* bits for the owner: started, finished ... */
	uint32_t next;        /* next sequence number expected */
	uint32_t segments;    /* held ones, a ring in the reassembly share; UDP keeps identities in these two */
	uint32_t recent[2];   /* identities of the last packets, to know duplicates */
	uint32_t recent_time; /* of the last one, in units of 2^16 ns; wraps */
};

/* What is noted of a side once, or seldom. */
struct flow_note {
	uint32_t gap_bytes;
	uint16_t retransmits;
	uint16_t mss, window; /* with ttl and wscale: of the SYN or first segment */
	uint8_t ttl, wscale;
};

/* Three cache lines, the first two for every packet: with many connections open each line is a wait for memory. */
struct flow {
	struct addr addr[2]; /* by side */
	uint16_t port[2];
	uint8_t proto, flags; /* flags: enum flow_flag */
	uint8_t end;          /* enum flow_end */
	uint8_t queue;        /* which timeout queue */
	struct when last;
	uint32_t above[3]; /* handles of the layers above: tls, session, classify */
	uint8_t gateway;   /* the pipeline's: number of the gateway it belongs to, 0: none */
	uint8_t told;      /* the pipeline's: which records were emitted */
	uint16_t capture;  /* the pipeline's: number of the capture file it began in, 0: live */
	struct flow_side side[2];
	struct flow_note note[2];
	struct when first;
	uint32_t syn_ack_us, ack_us; /* SYN to SYN-ACK, SYN-ACK to ACK: RTT to each side; 0: not seen */
	uint16_t vlan, vlan_inner;
	uint32_t tunnel_id;
	uint8_t tunnel;
	uint8_t who_ended; /* side that sent the first FIN or RST */
	uint16_t duplicates;
	uint32_t prev, after; /* that queue */
	uint32_t queued_ms;   /* when it was queued, milliseconds after first */
};

enum { FLOW_LINE = 64, FLOW_HOT = 2 * FLOW_LINE };
_Static_assert(offsetof(struct flow, side) == FLOW_LINE && offsetof(struct flow, note) == FLOW_HOT &&
		       sizeof(struct flow) == 3 * FLOW_LINE,
	       "a connection at rest costs 192 bytes, a packet two cache lines of them");

static inline uint64_t
side_bytes(const struct flow_side *s)
{
	return (uint64_t)s->bytes_high << 32 | s->bytes_low;
}

static inline void
side_count(struct flow_side *s, uint32_t bytes)
{
	s->packets++;
	s->bytes_high = (uint16_t)(s->bytes_high + __builtin_add_overflow(s->bytes_low, bytes, &s->bytes_low));
}

/* A piece of ordered bytes.  bytes lives until the next flow_feed. */
struct chunk {
	struct cur bytes;
	uint32_t lost; /* bytes missing before this piece; they are never delivered later */
	uint8_t side;
	bool datagram;      /* UDP: one whole datagram */
	uint32_t cut_bytes; /* the capture cut its end off: the wire had so many more */
	struct when time;   /* of the packet that completed it */
};

struct flows_config {
	uint32_t flows;       /* how many connections fit */
	size_t segment_bytes; /* share for out-of-order segments */
	struct hash_key key;  /* of the table: random; never decides an order of output */
	struct hash_key tie;  /* decides the order of connections that began at the same time: alike in each run */
};

struct flows;

size_t flows_bytes(const struct flows_config *cfg);
struct flows *flows_new(struct carve *c, const struct flows_config *cfg, struct counts *counts);

/* The table hash of a packet, equal for both directions, and a hint to the memory system. */
uint64_t flow_hash(const struct flows *t, const struct packet *p);
void flow_prefetch(struct flows *t, uint64_t hash); /* the index slot */
/* The flow behind it, or another with such a hash: to look at what it holds `above`.  NULL: none. */
struct flow *flow_prefetch_item(const struct flows *t, uint64_t hash);

/* What became of a packet. */
struct fed {
	struct flow *flow; /* its connection; NULL: nothing to do for the layers above (span duplicate) */
	uint8_t side;      /* which sent it */
	bool is_new;       /* the connection was just made */
	bool plain;        /* TCP, the next bytes or none, and it acknowledges nothing but what was seen */
};

/*
 * maybe: what flow_prefetch_item said in this batch of packets, or NULL.  Full table: the oldest is marked FLOW_EVICTED
 * and comes out of flow_ended first; the caller drains flow_ended BEFORE flow_feed, too, when flows_full().
 */
struct fed flow_feed(struct flows *t, const struct packet *p, uint64_t hash, struct flow *maybe);

/*
 * The short way for a frame of which a glance was enough: true: it is the next segment of a smooth connection, or an
 * acknowledgement in it, and no copy.  Nothing is changed before flow_goes_on, which does what flow_feed would have
 * done, but for the chunk: that is the glance's payload.  False: to be decoded, and fed.
 */
struct glanced {
	struct flow *flow;
	unsigned side;
	uint32_t id; /* by which a copy is known */
};
uint64_t flow_glance_hash(const struct flows *t, const struct glance *g);
bool flow_glance(const struct flows *t, const struct glance *g, struct when time, uint64_t hash, struct flow *maybe,
		 struct glanced *to);
void flow_goes_on(struct flows *t, const struct glanced *d, const struct glance *g, struct when time);

bool flows_full(const struct flows *t);
uint32_t flows_room(const struct flows *t); /* for how many more */
void flow_evict_one(struct flows *t); /* marks who goes first; flow_ended then returns all who are, in its order */

/* Next piece in order of the flow just fed, valid until the next call; NULL: none left.  Of a connection that
   flow_ended or flow_drain gave: what was still held behind a hole, with the hole told as `lost`. */
const struct chunk *flow_chunk(struct flows *t, struct flow *f);

/* Next connection that is over at `now` (FIN, RST with a grace, timeout, eviction), in the order of flow_goes_after among
   those that are; NULL: none.  Its logical end time is flow_end_time(): last packet, or last packet plus its timeout. */
struct flow *flow_ended(struct flows *t, struct when now);
struct when flows_due(const struct flows *t); /* when the next may end, not later than it does */
struct when flow_end_time(const struct flow *f);
void flow_free(struct flows *t, struct flow *f);

/* Time passed without packets. */
void flows_pass(struct flows *t, struct when now);

/* At the end of the input: every connection left, in the order of flow_goes_after. */
struct flow *flow_drain(struct flows *t);

/* The order of connections: the first packet's time; among equals what flow_tie says, a hash of both ends. */
bool flow_goes_after(const struct flows *t, const struct flow *a, const struct flow *b);
uint64_t flow_tie(const struct flows *t, const struct flow *f);

/* Who most likely comes after the one that flow_ended or flow_drain gave, or after one of these: to send for what it
   needs.  NULL: nobody. */
const struct flow *flow_follower(const struct flows *t, const struct flow *f);

static inline void
flow_prefetch_whole(const struct flow *f)
{
	__builtin_prefetch(f);
	__builtin_prefetch((const uint8_t *)f + FLOW_LINE);
	__builtin_prefetch((const uint8_t *)f + FLOW_HOT);
}

uint32_t flows_used(const struct flows *t);

/* Timeouts in packet time, by state. */
enum { FLOW_SYN_S = 30, FLOW_CLOSING_S = 2, FLOW_TCP_S = 3600, FLOW_UDP_S = 180, FLOW_UDP_ONE_S = 30 };

#endif
