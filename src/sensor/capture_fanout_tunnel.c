/*
 * capture_fanout_tunnel: carriers and tunnels as places of the program.  packet/tunnel.c and packet/overlay.c read the
 * same headers; a datagram that only looks like a tunnel must still go by its own addresses.
 */
#include "sensor/capture_fanout_write.h"

enum { LABELS_MOST = 6, EXTENSIONS_MOST = 2 };

/* RFC 2516 4 */
void
fanout_pppoe(struct writer *w)
{
	load(w, BPF_H, 0);
	end_unless(w, 0x1100);
	advance(w, 6);
	go(w, mark_of(w, AT_PPP, 0));
}

/* HDLC's address may be in front, and the protocol may be one byte (RFC 1661 6.5). */
void
fanout_ppp(struct writer *w)
{
	unsigned bare = mark_new(w), one = mark_new(w);

	load(w, BPF_H, 0);
	go_unless(w, BPF_JEQ, 0xff03, bare);
	advance(w, 2);
	mark_here(w, bare);
	load(w, BPF_B, 0);
	go_if(w, BPF_JSET, 1, one);
	take_type(w, 0, 2);
	go_if(w, BPF_JEQ, 0x0021, mark_of(w, AT_IP4, 0));
	go_if(w, BPF_JEQ, 0x0057, mark_of(w, AT_IP6, 0));
	go_if(w, BPF_JEQ, 0x0281, mark_of(w, AT_MPLS, 0));
	go_if(w, BPF_JEQ, 0x0283, mark_of(w, AT_MPLS, 0));
	go(w, AT_END);
	mark_here(w, one);
	keep(w, KEPT);
	advance(w, 1);
	recall(w, KEPT);
	go_if(w, BPF_JEQ, 0x21, mark_of(w, AT_IP4, 0));
	go_if(w, BPF_JEQ, 0x57, mark_of(w, AT_IP6, 0));
	go(w, AT_END);
}

/* To the next level when an Ethernet frame seems to begin `at` bytes ahead. */
static void
ether_likely(struct writer *w, uint32_t at)
{
	static const uint16_t types[] = {0x0800, 0x86dd, 0x8100, 0x88a8, 0x8847, 0x8864, 0x0806};
	unsigned yes = mark_new(w), no = mark_new(w);

	load(w, BPF_H, at + 12);
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		go_if(w, BPF_JEQ, types[i], yes);
	go(w, no);
	mark_here(w, yes);
	advance(w, at);
	go(w, mark_of(w, AT_ETHER, 1));
	mark_here(w, no);
}

/* Nothing says what is inside: the guess is that of packet/tunnel.c.  Short packets hold IP (20) and TCP or UDP. */
void
fanout_mpls(struct writer *w)
{
	unsigned bottom = mark_new(w), plain = mark_new(w);

	for (unsigned i = 0; i < LABELS_MOST; i++) {
		load(w, BPF_B, 2);
		keep(w, KEPT);
		advance(w, 4);
		recall(w, KEPT);
		go_if(w, BPF_JSET, 1, bottom);
	}
	go(w, AT_END);
	mark_here(w, bottom);
	load(w, BPF_B, 0);
	with(w, BPF_AND, 0xf0);
	go_unless(w, BPF_JEQ, 0, plain);
	ether_likely(w, 4);
	mark_here(w, plain);
	ether_likely(w, 0);
	go(w, mark_of(w, AT_IP, 0));
}

void
fanout_udp(struct writer *w)
{
	take_type(w, 2, 8);
	go_if(w, BPF_JEQ, 4789, mark_of(w, AT_VXLAN, 0));
	go_if(w, BPF_JEQ, 8472, mark_of(w, AT_VXLAN, 0));
	go_if(w, BPF_JEQ, 6081, mark_of(w, AT_GENEVE, 0));
	go_if(w, BPF_JEQ, 2152, mark_of(w, AT_GTPU, 0));
	go(w, AT_END);
}

/* RFC 7348 5, and the Generic Protocol Extension. */
void
fanout_vxlan(struct writer *w)
{
	enum { FLAG_VNI = 0x08, FLAG_PROTOCOL = 0x04 };
	unsigned generic = mark_new(w);

	load(w, BPF_B, 7);
	end_unless(w, 0);
	take_type(w, 0, 8); /* flags in the upper byte */
	go_unless(w, BPF_JSET, FLAG_VNI << 8, AT_END);
	go_if(w, BPF_JSET, FLAG_PROTOCOL << 8, generic);
	go(w, mark_of(w, AT_ETHER, 1));
	mark_here(w, generic);
	put(w, BPF_MISC | BPF_TXA, 0);
	with(w, BPF_SUB, 8);
	put(w, BPF_MISC | BPF_TAX, 0);
	take_type(w, 2, 8); /* protocol in the lower byte */
	with(w, BPF_AND, 0xff);
	go_if(w, BPF_JEQ, 1, mark_of(w, AT_IP, 1));
	go_if(w, BPF_JEQ, 2, mark_of(w, AT_IP, 1));
	go_if(w, BPF_JEQ, 3, mark_of(w, AT_ETHER, 1));
	go(w, AT_END);
}

/* RFC 8926 3.4 */
void
fanout_geneve(struct writer *w)
{
	load(w, BPF_B, 7);
	end_unless(w, 0);
	load(w, BPF_B, 0);
	go_if(w, BPF_JSET, 0xc0, AT_END);
	with(w, BPF_LSH, 2);
	with(w, BPF_ADD, 8);
	keep(w, WORDS);
	load(w, BPF_H, 2);
	keep(w, KEPT);
	recall(w, WORDS);
	advance_by(w);
	recall(w, KEPT);
	go(w, mark_of(w, AT_TYPE, 1));
}

/* 3GPP TS 29.281 5.2.1; a 5G user plane always has one extension header, the PDU session's. */
void
fanout_gtpu(struct writer *w)
{
	enum { VERSION_1_GTP = 0x30, G_PDU = 255 };
	unsigned more = mark_new(w);

	load(w, BPF_B, 1);
	end_unless(w, G_PDU);
	load(w, BPF_B, 0);
	with(w, BPF_AND, 0xf0);
	end_unless(w, VERSION_1_GTP);
	load(w, BPF_B, 0);
	keep(w, KEPT);
	advance(w, 8);
	recall(w, KEPT);
	go_if(w, BPF_JSET, 7, more);
	go(w, mark_of(w, AT_IP, 1));
	mark_here(w, more);
	advance(w, 4);
	recall(w, KEPT);
	go_unless(w, BPF_JSET, 4, mark_of(w, AT_IP, 1));
	for (unsigned i = 0; i < EXTENSIONS_MOST; i++) {
		put(w, BPF_MISC | BPF_TXA, 0);
		with(w, BPF_SUB, 1);
		put(w, BPF_MISC | BPF_TAX, 0);
		load(w, BPF_B, 0); /* type of what follows */
		keep(w, KEPT);
		advance(w, 1);
		recall(w, KEPT);
		go_if(w, BPF_JEQ, 0, mark_of(w, AT_IP, 1));
		load(w, BPF_B, 0);
		with(w, BPF_LSH, 2);
		advance_by(w);
	}
	go(w, mark_of(w, AT_IP, 1));
}

/* RFC 2784, 2890, 2637 4.1.  Checksum, key, sequence and acknowledgement number are 4 bytes each, where they are. */
void
fanout_gre(struct writer *w)
{
	enum { ROUTING = 0x4000, SEQUENCE = 0x1000 };
	static const uint16_t options[] = {0x8000, 0x2000, SEQUENCE, 0x0080};
	unsigned erspan1 = mark_new(w);

	load(w, BPF_H, 2);
	keep(w, WORDS);
	take_type(w, 0, 4);
	go_if(w, BPF_JSET, ROUTING | 6, AT_END);
	for (unsigned i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		unsigned without = mark_new(w);

		recall(w, KEPT);
		go_unless(w, BPF_JSET, options[i], without);
		advance(w, 4);
		mark_here(w, without);
	}
	recall(w, KEPT);
	go_unless(w, BPF_JSET, SEQUENCE, erspan1);
	recall(w, WORDS);
	go_if(w, BPF_JEQ, 0x88be, mark_of(w, AT_ERSPAN2, 0));
	mark_here(w, erspan1);
	recall(w, WORDS);
	go_if(w, BPF_JEQ, 0x88be, mark_of(w, AT_ETHER, 1)); /* type I has no header of its own */
	go_if(w, BPF_JEQ, 0x22eb, mark_of(w, AT_ERSPAN3, 0));
	go(w, mark_of(w, AT_TYPE, 1));
}

/* draft-foschiano-erspan */
void
fanout_erspan2(struct writer *w)
{
	end_unless_version(w, 1);
	advance(w, 8);
	go(w, mark_of(w, AT_ETHER, 1));
}

void
fanout_erspan3(struct writer *w)
{
	unsigned plain = mark_new(w);

	end_unless_version(w, 2);
	load(w, BPF_B, 11);
	keep(w, KEPT);
	advance(w, 12);
	recall(w, KEPT);
	go_unless(w, BPF_JSET, 1, plain);
	advance(w, 8);
	mark_here(w, plain);
	go(w, mark_of(w, AT_ETHER, 1));
}
