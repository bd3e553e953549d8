/*
 * capture_fanout: the program is written level by level, a level being all that stands before and behind one IP
 * header.  Classic BPF jumps forward only: what a loop would do is unrolled, and every tunnel leads to the next level.
 *
 *	level 0   type -> ip -> proto -> udp, gre ...		X: offset of the header that is looked at
 *	level 1	   \------------ ether, type, ip, proto ...	M[PAIR]: addresses of the last IP header seen
 *	end	   mix(M[PAIR]) -> return
 *
 * A header that is not what it should be, or cut off, ends the walk there.  Must not decide by anything that differs
 * between the directions of a connection.
 */
#include "sensor/capture_fanout_write.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

enum { TAGS_MOST = 3, EXTENSIONS_MOST = 2 };

static void
ether(struct writer *w)
{
	take_type(w, 12, 14);
	go(w, mark_of(w, AT_TYPE, 0));
}

/* Tags: bytes between their Ethertype and the next one (packet/link.c has the same). */
static const struct {
	uint16_t type;
	uint8_t skip;
} TAGS[] = {
	{0x8100, 2}, {0x88a8, 2}, {0x9100, 2}, {0x9200, 2}, /* VLAN */
	{0x8926, 4},                                        /* VN-TAG */
	{0x8909, 6}, {0x893f, 6},                           /* Cisco MetaData, 802.1BR E-TAG */
};

enum { TAGS_N = sizeof(TAGS) / sizeof(TAGS[0]), SKIP_MOST = 6 };

/* One tag, where there is one; then on to `known`, where there is none. */
static void
tag(struct writer *w, unsigned known)
{
	unsigned next = mark_new(w);

	for (uint32_t skip = 2; skip <= SKIP_MOST; skip += 2) {
		unsigned found = mark_new(w), other = mark_new(w);

		for (unsigned i = 0; i < TAGS_N; i++)
			if (TAGS[i].skip == skip)
				go_if(w, BPF_JEQ, TAGS[i].type, found);
		go(w, other);
		mark_here(w, found);
		take_type(w, skip, skip + 2);
		go(w, next);
		mark_here(w, other);
	}
	go(w, known);
	mark_here(w, next);
}

static const struct {
	uint16_t type;
	uint8_t place, deeper;
} TYPES[] = {
	{0x0800, AT_IP4, 0},   {0x86dd, AT_IP6, 0},     {0x8847, AT_MPLS, 0},
	{0x8848, AT_MPLS, 0},  {0x8864, AT_PPPOE, 0},   {0x880b, AT_PPP, 0},
	{0x6558, AT_ETHER, 1}, {0x88be, AT_ERSPAN2, 0}, {0x22eb, AT_ERSPAN3, 0},
};

static void
type(struct writer *w)
{
	unsigned known = mark_new(w);

	go_if(w, BPF_JEQ, TYPES[0].type, mark_of(w, AT_IP4, 0));
	for (unsigned i = 0; i < TAGS_MOST; i++)
		tag(w, known);
	mark_here(w, known);
	for (unsigned i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++)
		go_if(w, BPF_JEQ, TYPES[i].type, mark_of(w, (enum place)TYPES[i].place, TYPES[i].deeper));
	go(w, AT_END);
}

static void
ip(struct writer *w)
{
	load(w, BPF_B, 0);
	with(w, BPF_AND, 0xf0);
	go_if(w, BPF_JEQ, 0x60, mark_of(w, AT_IP6, 0));
	go(w, mark_of(w, AT_IP4, 0));
}

/* M[PAIR]: n words from `at` on, xored: the same for both directions.  X stays. */
static void
take_pair(struct writer *w, uint32_t at, unsigned n)
{
	for (unsigned i = 0; i + 1 < n; i++) {
		load(w, BPF_W, at + 4 * i);
		keep(w, WORDS + i);
	}
	load(w, BPF_W, at + 4 * (n - 1));
	put(w, BPF_STX, BASE);
	for (unsigned i = 0; i + 1 < n; i++) {
		put(w, BPF_LDX | BPF_MEM, WORDS + i);
		put(w, BPF_ALU | BPF_XOR | BPF_X, 0);
	}
	keep(w, PAIR);
	put(w, BPF_LDX | BPF_MEM, BASE);
}

/* An extension header, where there is one: units of 8 bytes, AH's of 4 (RFC 6564, RFC 4302).  A: what follows. */
static void
extension(struct writer *w)
{
	static const uint8_t headers[] = {0, 43, 60, 135, 139, 140};
	enum { AH = 51 };
	unsigned eights = mark_new(w), fours = mark_new(w), skip = mark_new(w), none = mark_new(w);

	for (unsigned i = 0; i < sizeof(headers); i++)
		go_if(w, BPF_JEQ, headers[i], eights);
	go_if(w, BPF_JEQ, AH, fours);
	go(w, none);
	mark_here(w, eights);
	load(w, BPF_B, 1);
	with(w, BPF_ADD, 1);
	with(w, BPF_LSH, 3);
	go(w, skip);
	mark_here(w, fours);
	load(w, BPF_B, 1);
	with(w, BPF_ADD, 2);
	with(w, BPF_LSH, 2);
	mark_here(w, skip);
	keep(w, WORDS);
	load(w, BPF_B, 0);
	keep(w, KEPT);
	recall(w, WORDS);
	advance_by(w);
	recall(w, KEPT);
	mark_here(w, none);
}

static void
ip6(struct writer *w)
{
	end_unless_version(w, 6);
	take_pair(w, 8, 8);
	load(w, BPF_B, 6);
	go_if(w, BPF_JEQ, PROTO_TCP, AT_END);
	keep(w, KEPT);
	advance(w, 40);
	recall(w, KEPT);
	for (unsigned i = 0; i < EXTENSIONS_MOST; i++)
		extension(w);
	go(w, mark_of(w, AT_PROTO, 0));
}

static void
ip4(struct writer *w)
{
	enum { MORE_OR_OFFSET = 0x3fff };

	end_unless_version(w, 4);
	take_pair(w, 12, 2);
	load(w, BPF_B, 9);
	go_if(w, BPF_JEQ, PROTO_TCP, AT_END);
	keep(w, KEPT);
	load(w, BPF_H, 6);
	go_if(w, BPF_JSET, MORE_OR_OFFSET, AT_END);
	load(w, BPF_B, 0);
	with(w, BPF_AND, 0x0f);
	with(w, BPF_LSH, 2);
	advance_by(w);
	recall(w, KEPT);
	go(w, mark_of(w, AT_PROTO, 0));
}

static const struct {
	uint8_t proto, place, deeper;
} PROTOS[] = {
	{PROTO_UDP, AT_UDP, 0}, {47, AT_GRE, 0}, {4, AT_IP4, 1}, {41, AT_IP6, 1}, {137, AT_MPLS, 1},
};

static void
proto(struct writer *w)
{
	for (unsigned i = 0; i < sizeof(PROTOS) / sizeof(PROTOS[0]); i++)
		go_if(w, BPF_JEQ, PROTOS[i].proto, mark_of(w, (enum place)PROTOS[i].place, PROTOS[i].deeper));
	end_unless(w, 97); /* Ethernet in IP (RFC 3378) */
	advance(w, 2);
	go(w, mark_of(w, AT_ETHER, 1));
}

/* A finaliser in the manner of murmur3's: every bit of the pair reaches every bit of the member. */
static void
end(struct writer *w)
{
	static const struct {
		uint8_t shift;
		uint32_t times;
	} ROUNDS[] = {{16, 0x85ebca6b}, {13, 0xc2b2ae35}, {16, 1}};

	recall(w, PAIR);
	with(w, BPF_XOR, w->f->seed);
	for (unsigned i = 0; i < sizeof(ROUNDS) / sizeof(ROUNDS[0]); i++) {
		put(w, BPF_MISC | BPF_TAX, 0);
		with(w, BPF_RSH, ROUNDS[i].shift);
		put(w, BPF_ALU | BPF_XOR | BPF_X, 0);
		with(w, BPF_MUL, ROUNDS[i].times);
	}
	put(w, BPF_RET | BPF_A, 0);
}

static void (*const WRITE[PLACES])(struct writer *w) = {
	[AT_ETHER] = ether,
	[AT_TYPE] = type,
	[AT_PPPOE] = fanout_pppoe,
	[AT_PPP] = fanout_ppp,
	[AT_MPLS] = fanout_mpls,
	[AT_IP] = ip,
	[AT_IP6] = ip6,
	[AT_IP4] = ip4,
	[AT_PROTO] = proto,
	[AT_UDP] = fanout_udp,
	[AT_VXLAN] = fanout_vxlan,
	[AT_GENEVE] = fanout_geneve,
	[AT_GTPU] = fanout_gtpu,
	[AT_GRE] = fanout_gre,
	[AT_ERSPAN2] = fanout_erspan2,
	[AT_ERSPAN3] = fanout_erspan3,
};

/* Jumps get their distance; all lead forward. */
static void
fill_in(struct writer *w)
{
	for (unsigned i = 0; i < w->f->n; i++) {
		struct fanout_step *s = &w->f->step[i];

		if (s->code != (BPF_JMP | BPF_JA))
			continue;
		if (w->mark[s->k] <= i)
			abort();
		s->k = w->mark[s->k] - i - 1;
	}
}

static void
write_levels(struct writer *w)
{
	for (w->level = 0; w->level < LEVELS; w->level++)
		for (unsigned place = 0; place < PLACES; place++) {
			mark_here(w, w->level * PLACES + place);
			WRITE[place](w);
		}
	mark_here(w, AT_END);
	end(w);
	fill_in(w);
}

static struct writer
begin(struct fanout *f, uint32_t link, uint32_t seed)
{
	struct writer w = {.f = f, .marks = AT_END + 1};

	f->link = link;
	f->seed = seed;
	f->n = 0;
	put(&w, BPF_LD | BPF_IMM, 0);
	keep(&w, PAIR);
	return w;
}

/* Link types: where the Ethertype is (0: there is none), how long the header is, and what follows. */
static const struct link {
	uint16_t link;
	uint8_t type_at, header, place;
} LINKS[] = {
	{1, 12, 14, AT_TYPE}, {113, 14, 16, AT_TYPE}, {276, 0, 20, AT_TYPE}, {0, 0, 4, AT_IP},
	{108, 0, 4, AT_IP},   {12, 0, 0, AT_IP},      {14, 0, 0, AT_IP},     {101, 0, 0, AT_IP},
	{228, 0, 0, AT_IP},   {229, 0, 0, AT_IP},     {9, 0, 0, AT_PPP},     {51, 0, 0, AT_PPPOE},
};

static const struct link *
find_link(uint32_t link)
{
	for (unsigned i = 0; i < sizeof(LINKS) / sizeof(LINKS[0]); i++)
		if (LINKS[i].link == link)
			return &LINKS[i];
	return NULL;
}

void
fanout_frames(struct fanout *f, uint32_t link, uint32_t seed)
{
	struct writer w = begin(f, link, seed);
	const struct link *l = find_link(link);

	if (l && l->place == AT_TYPE)
		put(&w, BPF_LD | BPF_H | BPF_ABS, l->type_at);
	put(&w, BPF_LDX | BPF_IMM, l ? l->header : 0);
	go(&w, l ? l->place : (unsigned)AT_END);
	write_levels(&w);
}

/* What this machine sends has its link header still in front. */
void
fanout_live(struct fanout *f, uint32_t link, uint32_t seed)
{
	struct writer w = begin(f, link, seed);
	const struct link *l = find_link(link);
	unsigned received = mark_new(&w);

	put(&w, BPF_LDX | BPF_IMM, 0);
	put(&w, BPF_LD | BPF_B | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE));
	go_unless(&w, BPF_JEQ, PACKET_OUTGOING, received);
	put(&w, BPF_LDX | BPF_IMM, l ? l->header : 0);
	mark_here(&w, received);
	put(&w, BPF_LD | BPF_H | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL));
	go(&w, AT_TYPE);
	write_levels(&w);
}

uint32_t
fanout_hash(const struct fanout *f, const struct frame *frame)
{
	return bpf_filter((const struct bpf_insn *)(const void *)f->step, frame->bytes.p, frame->wire_len,
			  (uint32_t)cur_left(&frame->bytes));
}

_Static_assert(sizeof(struct fanout_step) == sizeof(struct bpf_insn) &&
		       sizeof(struct fanout_step) == sizeof(struct sock_filter),
	       "one layout");

bool
fanout_join(int fd, uint16_t group, const struct fanout *f)
{
	struct sock_fprog program = {(unsigned short)f->n, (struct sock_filter *)(void *)(uintptr_t)f->step};
	uint32_t how = group | (uint32_t)PACKET_FANOUT_CBPF << 16;

	return setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &how, sizeof(how)) == 0 &&
	       setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof(program)) == 0;
}
