/*
 * capture_fanout: which of n members of a capture gets a frame.
 *
 * Both directions of a connection, and all its fragments, must reach the same member, whatever tags and tunnels the
 * mirror or the network put around them.  The kernel's own hash stops at the outermost addresses of most tunnels and
 * takes ports where it sees them, which a fragment has not.  Ours takes the innermost address pair that is visible,
 * and nothing else:
 *
 *	[VLAN, QinQ, MPLS, PPPoE] IP [GRE, ERSPAN, VXLAN, GENEVE, GTP-U, IP in IP] IP ... -> src xor dst -> mixed
 *
 * It is one program of classic BPF, which needs no right but that to capture: the kernel runs it for a live group
 * (PACKET_FANOUT_CBPF), libpcap's interpreter runs it over a file; so that there is no second definition to differ.
 *
 * What it cannot do: a carrier that is itself fragmented shows the inner addresses in its first fragment only, so that
 * all of them go by the carrier's; behind the third IP header it looks no further.
 */
#ifndef SENSOR_CAPTURE_FANOUT_H
#define SENSOR_CAPTURE_FANOUT_H

#include "packet/packet.h"

enum { FANOUT_CODE_MAX = 2048 };

/* As struct sock_filter and struct bpf_insn. */
struct fanout_step {
	uint16_t code;
	uint8_t jt, jf;
	uint32_t k;
};

struct fanout {
	uint32_t link, seed;
	unsigned n;
	struct fanout_step step[FANOUT_CODE_MAX];
};

/* seed: what an attacker must not know to put all connections on one member; 0 for files. */

/* As the kernel has packets when it chooses: from the network header on, the outermost VLAN tag taken off. */
void fanout_live(struct fanout *f, uint32_t link, uint32_t seed);

/* As frames are: from the link header on. */
void fanout_frames(struct fanout *f, uint32_t link, uint32_t seed);

/* Of a program of fanout_frames and a frame of its link; the member is this modulo their number. */
uint32_t fanout_hash(const struct fanout *f, const struct frame *frame);

/* Joins a packet socket that is bound and up to the group as its next member.  False: errno. */
bool fanout_join(int fd, uint16_t group, const struct fanout *f);

#endif
