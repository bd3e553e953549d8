/*
 * mirror: what a span port really delivers, from the frames themselves and the sessions they gave: is it other people's
 * traffic, both directions, once, whole, on time; and which detectors get something to judge.
 *
 * Knows no command and prints nothing; numbers first, grades from a table of checks.
 */
#ifndef SENSOR_MIRROR_H
#define SENSOR_MIRROR_H

#include "pipeline.h"

enum { MIRROR_VLANS = 16, MIRROR_TUNNELS = TUNNEL_PPPOE + 1, MIRROR_DETECTORS = 64, MIRROR_WORDS = 240 };

struct mirror_vlan {
	uint16_t id, inner;
	uint64_t sessions;
};

struct mirror {
	bool live;
	bool has_mac;
	uint8_t mac[6]; /* of the port; has_mac false: a capture file */
	/* frames */
	uint64_t frames, bytes;        /* as on the wire */
	uint64_t ethernet, group, own; /* group: to many; own: from or to the port itself */
	uint64_t merged;               /* longer than any Ethernet frame is without jumbo frames */
	uint32_t longest;
	struct when first, last;
	uint64_t steps_back;
	int64_t step_back_ns;                   /* the longest */
	int64_t second;                         /* the one that goes on */
	uint64_t second_frames, second_bytes;   /* of it */
	uint64_t busiest_frames, busiest_bytes; /* in any one second */
	/* sessions that ended, or were ended at the end */
	uint64_t sessions, packets, ip_bytes, duplicates, gap_bytes;
	uint64_t tcp, only_out,
		only_in; /* TCP connections that spoke; of these: one direction only, from src, to src */
	uint64_t inbound, outbound, established, with_exchanges;
	uint64_t vlans_more; /* sessions of VLANs that found no room */
	unsigned vlans;
	struct mirror_vlan vlan[MIRROR_VLANS];
	uint64_t tunnel[MIRROR_TUNNELS];
	uint64_t fed[MIRROR_DETECTORS]; /* by the rows of DETECTORS: sessions that have what it needs */
	/* set by the caller before the verdict */
	uint64_t cut; /* frames captured shorter than they were */
	uint64_t lost_ring, lost_interface;
	bool clock_known, clock_synchronised;
	unsigned addresses; /* of the port */
	bool speaks;        /* it would answer ARP, or announce an IPv6 address */
	bool merges;        /* GRO or LRO is on */
	unsigned gateways;  /* known, or guessed */
};

void mirror_frames(struct mirror *m, const struct frame *frames, size_t n);
void mirror_session(struct mirror *m, const struct session *s);

enum mirror_grade { MIRROR_GOOD, MIRROR_FAIR, MIRROR_BAD, MIRROR_SILENT }; /* SILENT: nothing to judge it by */

struct mirror_verdict {
	const char *name; /* what should be so */
	enum mirror_grade grade;
	char found[MIRROR_WORDS]; /* with numbers */
	const char *mend;         /* what to do, NULL: nothing */
};

/* The i-th check; false: there are no more. */
bool mirror_check(const struct mirror *m, unsigned i, struct mirror_verdict *v);

#endif
