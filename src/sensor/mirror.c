/*
 * mirror: see mirror.h.  Must not open anything.
 */
#include "sensor/mirror.h"

#include <stdio.h>

enum {
	LINK_ETHERNET = 1,
	ETHERNET_LONGEST = 1600, /* 1,518 with tags, labels and a tunnel's header around it */
	SPOKE = TCP_ACK,         /* who only sent SYNs may just have had no answer */
	TELLING = 4,             /* packets of one side: fewer may be a connection that was ending */
	PER_MILLE = 1000
};

static bool
same_mac(const struct mirror *m, const uint8_t *bytes)
{
	return m->has_mac && memcmp(bytes, m->mac, sizeof(m->mac)) == 0;
}

/* IEEE 802.3: the first bit on the wire of a destination says whether it is many. */
static void
look_ethernet(struct mirror *m, const struct frame *f)
{
	struct cur c = f->bytes;
	const uint8_t *to = cur_take(&c, 6), *from = cur_take(&c, 6);

	if (f->link != LINK_ETHERNET || !from)
		return;
	m->ethernet++;
	if (to[0] & 1)
		m->group++;
	else if (same_mac(m, to) || same_mac(m, from))
		m->own++;
}

static void
look_second(struct mirror *m, const struct frame *f)
{
	int64_t second = f->time.ns / NS_PER_S;

	if (second != m->second) {
		m->second = second;
		m->second_frames = m->second_bytes = 0;
	}
	m->second_frames++;
	m->second_bytes += f->wire_len;
	if (m->second_bytes > m->busiest_bytes)
		m->busiest_bytes = m->second_bytes;
	if (m->second_frames > m->busiest_frames)
		m->busiest_frames = m->second_frames;
}

static void
look_time(struct mirror *m, const struct frame *f)
{
	int64_t back = when_since(m->last, f->time);

	if (m->frames == 0)
		m->first = m->last = f->time;
	else if (back > 0) {
		m->steps_back++;
		if (back > m->step_back_ns)
			m->step_back_ns = back;
	} else
		m->last = f->time;
}

void
mirror_frames(struct mirror *m, const struct frame *frames, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct frame *f = &frames[i];

		look_time(m, f);
		look_second(m, f);
		look_ethernet(m, f);
		m->frames++;
		m->bytes += f->wire_len;
		m->merged += f->wire_len > ETHERNET_LONGEST;
		if (f->wire_len > m->longest)
			m->longest = f->wire_len;
	}
}

static void
look_vlan(struct mirror *m, const struct session *s)
{
	for (unsigned i = 0; i < m->vlans; i++)
		if (m->vlan[i].id == s->vlan && m->vlan[i].inner == s->vlan_inner) {
			m->vlan[i].sessions++;
			return;
		}
	if (m->vlans < MIRROR_VLANS)
		m->vlan[m->vlans++] = (struct mirror_vlan){s->vlan, s->vlan_inner, 1};
	else
		m->vlans_more++;
}

static void
look_sides(struct mirror *m, const struct session *s)
{
	uint8_t flags = s->packets_in ? s->flags_in : s->flags_out;

	if (s->proto != PROTO_TCP || !(s->flags_out & SPOKE || s->flags_in & SPOKE))
		return;
	m->tcp++;
	if (!s->one_sided || !(flags & SPOKE) || s->packets_out + s->packets_in < TELLING)
		return;
	m->only_out += s->packets_in == 0;
	m->only_in += s->packets_out == 0;
}

void
mirror_session(struct mirror *m, const struct session *s)
{
	for (unsigned i = 0; i < DETECTOR_COUNT && i < MIRROR_DETECTORS; i++)
		m->fed[i] += detector_fed(&DETECTORS[i], s);
	if (s->kind != SESSION_CLOSE)
		return;
	m->sessions++;
	m->packets += s->packets_out + s->packets_in;
	m->ip_bytes += s->bytes_out + s->bytes_in;
	m->duplicates += s->duplicates;
	m->gap_bytes += s->gap_bytes_out + s->gap_bytes_in;
	m->inbound += s->role == ROLE_INBOUND;
	m->outbound += s->role == ROLE_OUTBOUND;
	m->established += s->established;
	m->with_exchanges += s->exchanges > 0;
	if (s->tunnel < MIRROR_TUNNELS)
		m->tunnel[s->tunnel]++;
	look_vlan(m, s);
	look_sides(m, s);
}

static unsigned
per_mille(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned)(part * PER_MILLE / whole) : 0;
}

/* At most so much of it is good, fair. */
static enum mirror_grade
grade(uint64_t part, uint64_t whole, unsigned good, unsigned fair)
{
	unsigned share = per_mille(part, whole);

	if (whole == 0)
		return MIRROR_SILENT;
	return part == 0 || share < good ? MIRROR_GOOD : share < fair ? MIRROR_FAIR : MIRROR_BAD;
}

#define FOUND(v, ...) snprintf((v)->found, sizeof((v)->found), __VA_ARGS__)
#define N(x)          ((unsigned long long)(x))

static void
check_others(const struct mirror *m, struct mirror_verdict *v)
{
	uint64_t others = m->ethernet - m->group - m->own;

	v->grade = grade(m->ethernet - others, m->ethernet, 500, 950);
	FOUND(v, "%llu of %llu Ethernet frames are between other machines; %llu go to many, %llu are the port's own",
	      N(others), N(m->ethernet), N(m->group), N(m->own));
	v->mend = "A port without a mirror session sees broadcasts only: check the session's source and destination.";
}

static void
check_both(const struct mirror *m, struct mirror_verdict *v)
{
	v->grade = grade(m->only_out + m->only_in, m->tcp, 20, 100);
	FOUND(v, "of %llu TCP connections %llu show the caller's side only, %llu the answering side only", N(m->tcp),
	      N(m->only_out), N(m->only_in));
	v->mend =
		"Mirror both directions (rx and tx) of the gateway's port; with redundant paths, mirror each of them.";
}

static void
check_once(const struct mirror *m, struct mirror_verdict *v)
{
	v->grade = grade(m->duplicates, m->packets, 5, PER_MILLE + 1);
	FOUND(v, "%llu of %llu packets came twice", N(m->duplicates), N(m->packets));
	v->mend = "They are recognised and counted once, but cost capture: mirror one port, or one direction of two.";
}

static void
check_whole(const struct mirror *m, struct mirror_verdict *v)
{
	v->grade = grade(m->cut, m->frames, 1, 10);
	FOUND(v, "%llu of %llu frames are shorter than they were", N(m->cut), N(m->frames));
	v->mend = "Hellos and record headers are lost with them: switch off truncation in the mirror session, or raise "
		  "the "
		  "snapshot length of the capture.";
}

static void
check_wire(const struct mirror *m, struct mirror_verdict *v)
{
	v->grade = grade(m->merged, m->frames, 1, PER_MILLE + 1);
	if (m->merges && v->grade == MIRROR_GOOD)
		v->grade = MIRROR_FAIR;
	FOUND(v, "%llu frames are longer than %d bytes, the longest %u%s", N(m->merged), ETHERNET_LONGEST, m->longest,
	      m->merges ? "; the port is set to merge them (GRO or LRO)" : "");
	v->mend = "Packets are merged before they are seen, and their timing is lost: ethtool -K IFACE gro off lro off "
		  "(unless the network uses jumbo frames).";
}

static void
check_lost(const struct mirror *m, struct mirror_verdict *v)
{
	enum mirror_grade here = grade(m->lost_ring + m->lost_interface, m->frames, 1, 10);

	v->grade = grade(m->gap_bytes, m->ip_bytes, 1, 10);
	if (v->grade == MIRROR_SILENT || (here != MIRROR_SILENT && here > v->grade))
		v->grade = here;
	FOUND(v,
	      "%llu of %llu bytes were acknowledged but never seen; %llu frames lost in the kernel's ring, %llu by the "
	      "interface",
	      N(m->gap_bytes), N(m->ip_bytes), N(m->lost_ring), N(m->lost_interface));
	v->mend = "Lost before this machine: the mirror carries more than its port can. Lost in the ring: raise "
		  "capture.buffer.";
}

static void
check_clock(const struct mirror *m, struct mirror_verdict *v)
{
	v->grade = m->frames == 0 ? MIRROR_SILENT : m->steps_back == 0 ? MIRROR_GOOD : MIRROR_FAIR;
	if (m->step_back_ns > NS_PER_S || (m->clock_known && !m->clock_synchronised))
		v->grade = MIRROR_BAD;
	FOUND(v, "%llu stamps are earlier than the one before, by %lld us at most%s", N(m->steps_back),
	      (long long)(m->step_back_ns / 1000),
	      !m->clock_known       ? "" :
	      m->clock_synchronised ? "; the machine's clock is synchronised" :
				      "; the machine's clock is not synchronised");
	v->mend = "Evidence is as good as its times: run chrony or another NTP client.";
}

static void
check_mute(const struct mirror *m, struct mirror_verdict *v)
{
	v->grade = !m->live ? MIRROR_SILENT : m->addresses || m->own || m->speaks ? MIRROR_FAIR : MIRROR_GOOD;
	FOUND(v, "the port has %u addresses; %llu frames were its own%s", m->addresses, N(m->own),
	      m->speaks ? "; it would answer ARP or announce itself" : "");
	v->mend = "A span port needs no address and should not speak: ip addr flush dev IFACE; ip link set dev IFACE "
		  "arp off; sysctl net.ipv6.conf.IFACE.disable_ipv6=1.";
}

static void
check_gateway(const struct mirror *m, struct mirror_verdict *v)
{
	v->grade = m->gateways == 0 ? MIRROR_BAD : m->established == 0 ? MIRROR_FAIR : MIRROR_GOOD;
	FOUND(v, "%u address%s; %llu connections to it, %llu TLS sessions established, %llu with exchanges to measure",
	      m->gateways, m->gateways == 1 ? "" : "es", N(m->inbound), N(m->established), N(m->with_exchanges));
	v->mend = "Name it with -g; if it is named, its outside leg is not what this port mirrors.";
}

static void
check_calls(const struct mirror *m, struct mirror_verdict *v)
{
	v->grade = m->gateways == 0 ? MIRROR_SILENT : m->outbound ? MIRROR_GOOD : MIRROR_FAIR;
	FOUND(v, "%llu connections started by the gateway", N(m->outbound));
	v->mend = "A gateway asks for names and the time within minutes: if none is seen, it calls from another "
		  "address (name "
		  "it with -g as well) or over a leg that is not mirrored.";
}

static const struct check {
	const char *name;
	void (*judge)(const struct mirror *m, struct mirror_verdict *v);
} CHECKS[] = {
	{"mirrored traffic", check_others},
	{"both directions", check_both},
	{"delivered once", check_once},
	{"whole frames", check_whole},
	{"as on the wire", check_wire},
	{"nothing lost", check_lost},
	{"time", check_clock},
	{"port is mute", check_mute},
	{"gateway seen", check_gateway},
	{"gateway's own calls", check_calls},
};

bool
mirror_check(const struct mirror *m, unsigned i, struct mirror_verdict *v)
{
	if (i >= sizeof(CHECKS) / sizeof(CHECKS[0]))
		return false;
	*v = (struct mirror_verdict){.name = CHECKS[i].name};
	CHECKS[i].judge(m, v);
	if (v->grade == MIRROR_GOOD || v->grade == MIRROR_SILENT)
		v->mend = NULL;
	return true;
}
