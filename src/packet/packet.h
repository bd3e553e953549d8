/*
 * packet: one captured frame becomes one struct packet: offsets and numbers, no copies.
 *
 *	frame -> link layer -> tags, labels -> [tunnel]* -> IP -> (fragments) -> TCP or UDP
 *
 * The innermost addresses count; the way there is kept as VLANs and one tunnel id.  Views in a struct
 * packet live as long as the frame (or, for a reassembled packet, until the next decode).
 */
#ifndef PACKET_PACKET_H
#define PACKET_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/count.h"
#include "base/cur.h"
#include "base/hash.h"
#include "base/pool.h"
#include "base/when.h"

/* A frame as a capture gives it.  link is the DLT/LINKTYPE number (https://www.tcpdump.org/linktypes.html). */
struct frame {
	struct cur bytes;  /* what was captured */
	uint32_t wire_len; /* how long it was on the wire */
	uint32_t link;
	struct when time;
};

enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMP6 = 58 };

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

enum tunnel {
	TUNNEL_NONE,
	TUNNEL_GRE,
	TUNNEL_ERSPAN,
	TUNNEL_VXLAN,
	TUNNEL_GENEVE,
	TUNNEL_GTPU,
	TUNNEL_IPIP,
	TUNNEL_MPLS,
	TUNNEL_PPPOE
};

struct packet {
	struct when time;
	struct addr src, dst;
	uint16_t sport, dport; /* ICMP: type and code */
	uint8_t proto;         /* PROTO_* */
	uint8_t ttl;           /* or hop limit */
	bool v6;
	bool cut;                  /* the capture ends inside the payload */
	bool borrowed;             /* put together from fragments: its bytes live until the next decode */
	uint16_t vlan, vlan_inner; /* VLAN ids, outermost and next; 0: none */
	uint8_t tunnel;            /* enum tunnel, the innermost one */
	uint32_t tunnel_id;        /* VNI, TEID, GRE key, label ... of it */
	/* TCP */
	uint8_t tcp_flags;
	uint8_t wscale; /* shift + 1 when the option is there (SYN only), else 0 */
	uint16_t mss;   /* 0: no option */
	uint16_t window;
	uint16_t ip_id; /* 0 for IPv6 without fragment header */
	uint32_t seq, ack;
	uint32_t ts_val;      /* timestamps option (RFC 7323), 0: none */
	uint32_t payload_len; /* what it was on the wire (by the IP length); not of TCP alone, as ip_id */
	uint32_t ts_ecr;
	bool sack_ok;
	/* payload */
	struct cur payload;      /* what was captured of it; Ethernet padding left out */
	uint32_t ip_payload_len; /* and with the header of TCP or UDP: all behind the IP header */
	struct cur ip;           /* from the innermost IP header on, for nDPI */
	uint32_t wire_len;       /* of the frame */
};

struct decoder; /* holds fragments */

/* Memory for the given number of bytes of fragments, taken from `c`. */
struct decoder *decoder_new(struct carve *c, size_t bytes, struct counts *counts);
size_t decoder_bytes(size_t bytes); /* what decoder_new takes; 600 KiB at least */

/* The key of the fragment table (random; never decides a result).  Before the first frame. */
void decoder_key(struct decoder *d, const struct hash_key *key);

/* True: *p is filled.  False: held as a fragment, or counted under its reason. */
bool packet_decode(struct decoder *d, const struct frame *f, struct packet *p);

/* A hash of the innermost pair of addresses that this frame shows, the same for both directions and for all fragments of
   a packet, and not keyed: by which frames are dealt to several readers.  Of a tunnel's packet that comes in fragments no
   fragment shows what is inside: it is the tunnel's. */
uint32_t packet_pair(const struct frame *f);

#endif
