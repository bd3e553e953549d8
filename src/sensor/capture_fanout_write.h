/*
 * capture_fanout_write: how a program of classic BPF is written, with marks that jumps lead to; of capture_fanout alone.
 *
 * A: what is looked at.  X: offset of the header that is looked at; all loads are relative to it.  A program that does
 * not fit is a mistake of ours, not of any input, and aborts.
 */
#ifndef SENSOR_CAPTURE_FANOUT_WRITE_H
#define SENSOR_CAPTURE_FANOUT_WRITE_H

#include "sensor/capture_fanout.h"

#include <sys/types.h>

#include <linux/filter.h>
#include <pcap/bpf.h>
#include <stdlib.h>

enum { LEVELS = 3 };

/* Where the walk can go at a level, in the order in which the places stand in the program. */
enum place {
	AT_ETHER,
	AT_TYPE, /* A: Ethertype; X: behind it */
	AT_PPPOE,
	AT_PPP,
	AT_MPLS,
	AT_IP,
	AT_IP6,
	AT_IP4,
	AT_PROTO, /* A: IP protocol; X: behind the header */
	AT_UDP,
	AT_VXLAN,
	AT_GENEVE,
	AT_GTPU,
	AT_GRE,
	AT_ERSPAN2,
	AT_ERSPAN3,
	PLACES,
	AT_END = LEVELS * PLACES,
};

enum slot { PAIR, KEPT, BASE, WORDS };

enum { MARKS_MAX = 256, NOWHERE = 0 };

struct writer {
	struct fanout *f;
	unsigned level, marks;
	unsigned mark[MARKS_MAX]; /* where it is; NOWHERE: not yet */
};

static inline void
put(struct writer *w, int code, uint32_t k)
{
	if (w->f->n == FANOUT_CODE_MAX)
		abort();
	w->f->step[w->f->n++] = (struct fanout_step){.code = (uint16_t)code, .k = k};
}

/* A mark of one's own, for jumps within a place. */
static inline unsigned
mark_new(struct writer *w)
{
	if (w->marks == MARKS_MAX)
		abort();
	return w->marks++;
}

static inline void
mark_here(struct writer *w, unsigned mark)
{
	w->mark[mark] = w->f->n;
}

static inline unsigned
mark_of(const struct writer *w, enum place place, unsigned deeper)
{
	unsigned level = w->level + deeper;

	return place == AT_END || level >= LEVELS ? (unsigned)AT_END : level * PLACES + place;
}

/* k is a mark until fill_in. */
static inline void
go(struct writer *w, unsigned mark)
{
	put(w, BPF_JMP | BPF_JA, mark);
}

static inline void
go_if(struct writer *w, int test, uint32_t k, unsigned mark)
{
	put(w, BPF_JMP | test | BPF_K, k);
	w->f->step[w->f->n - 1].jf = 1;
	go(w, mark);
}

static inline void
go_unless(struct writer *w, int test, uint32_t k, unsigned mark)
{
	put(w, BPF_JMP | test | BPF_K, k);
	w->f->step[w->f->n - 1].jt = 1;
	go(w, mark);
}

static inline void
end_unless(struct writer *w, uint32_t k)
{
	go_unless(w, BPF_JEQ, k, AT_END);
}

static inline void
load(struct writer *w, int size, uint32_t at)
{
	put(w, BPF_LD | size | BPF_IND, at);
}

static inline void
keep(struct writer *w, unsigned slot)
{
	put(w, BPF_ST, slot);
}

static inline void
recall(struct writer *w, unsigned slot)
{
	put(w, BPF_LD | BPF_MEM, slot);
}

static inline void
with(struct writer *w, int op, uint32_t k)
{
	put(w, BPF_ALU | op | BPF_K, k);
}

/* X += A */
static inline void
advance_by(struct writer *w)
{
	put(w, BPF_ALU | BPF_ADD | BPF_X, 0);
	put(w, BPF_MISC | BPF_TAX, 0);
}

static inline void
advance(struct writer *w, uint32_t n)
{
	put(w, BPF_LD | BPF_IMM, n);
	advance_by(w);
}

/* A: the two bytes at `at`; X: behind the header of n bytes. */
static inline void
take_type(struct writer *w, uint32_t at, uint32_t n)
{
	load(w, BPF_H, at);
	keep(w, KEPT);
	advance(w, n);
	recall(w, KEPT);
}

static inline void
end_unless_version(struct writer *w, uint32_t version)
{
	load(w, BPF_B, 0);
	with(w, BPF_AND, 0xf0);
	end_unless(w, version << 4);
}

/* capture_fanout_tunnel.c */
void fanout_pppoe(struct writer *w);
void fanout_ppp(struct writer *w);
void fanout_mpls(struct writer *w);
void fanout_udp(struct writer *w);
void fanout_vxlan(struct writer *w);
void fanout_geneve(struct writer *w);
void fanout_gtpu(struct writer *w);
void fanout_gre(struct writer *w);
void fanout_erspan2(struct writer *w);
void fanout_erspan3(struct writer *w);

#endif
