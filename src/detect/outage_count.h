/*
 * outage_count: what is counted of a gateway for outages, and what its four files share: outage_count.c counts pulses,
 * outage_lull.c who was left without an answer, outage.c judges, outage_report.c reports.  Internal to them.
 */
#ifndef DETECT_OUTAGE_COUNT_H
#define DETECT_OUTAGE_COUNT_H

#include "detect/outage.h"

enum {
	UNIT = 256, /* means are in 256ths */
	OLD_S = 60, /* a connection that lasted */
	DAY_S = 86400,
	DAY_PULSES = DAY_S / PULSE_S,
	BACK_S = 60,
	LULL_CLIENTS = 6,
	HUSH_RUNS = 12,
	REGULAR_BITS = 8
};

enum stage { STAGE_UP, STAGE_DOWN, STAGE_BACK };

/* What connections offered to resume, decaying; and what the server made of it. */
struct resumption {
	uint32_t offered, accepted;
};

/* A silence, and who tried to connect in it: enough of them, and it was no quiet hour. */
struct lull {
	struct when from, until; /* ends of pulses; until: when the first that was answered began, 0: it lasts */
	uint32_t silent, asked, tried, alive;
	uint32_t open, lost, came_back; /* before it, and in the minute behind it */
	struct resumption after;
	uint32_t steady; /* connections that had lasted */
	uint32_t hushed; /* the longest run of pulses without a packet of the gateway or to it */
	uint32_t client[LULL_CLIENTS], tried_s[LULL_CLIENTS]; /* hash of the address; its last attempt behind `from` */
	uint64_t ttls;
	uint8_t clients, known, bits;
	uint8_t told, returned; /* 0 or 1; returned: one that was in vain is answered again */
};

/* Attempts to connect to a port that answers: all; those in vain of networks that use it, and of others; decaying. */
struct tries {
	uint32_t all, known, strange;
};

/* Pulses behind a run of so many without a packet of the gateway or to it: all, and those that were alike; decaying.
   What is asked in vain is counted elsewhere. */
struct hush {
	uint32_t behind[HUSH_RUNS], again[HUSH_RUNS];
};

/* A client that is always answered, a monitor above all: attempts since others had its place, and those in vain. */
struct regular {
	uint32_t client, answered, failed; /* client: hash of the address */
};

struct outage {
	struct when pulse, answered, back; /* ends of pulses; back: the begin of the first that was answered again */
	struct when reset_since;
	struct when doubt,
		doubt_from;      /* an outage of which it is open what it cost: back from it (0: none), its begin */
	struct when emptied;     /* back from the last one in which it lost what was connected */
	struct when long_one;    /* when the last one was told that was not short */
	uint32_t pulses, silent; /* seen in all; in vain since `answered` */
	uint32_t from, to, others, handshakes, unserved; /* means, in UNITths */
	uint32_t recent;                                 /* as `from`, of the last half minute */
	uint32_t tcp;                                    /* as `from`, of answers over TCP alone */
	uint32_t asked, tried, missed, alive; /* since `answered`: data, connections in vain, unseen, others' packets */
	uint32_t asked_most;                  /* the longest such run of ordinary days */
	uint32_t spent;                       /* of them, before it was last answered, once it is back */
	uint32_t vain, vain_most;             /* the same, in pulses with something in vain */
	uint32_t mute, mute_most;             /* pulses without a packet either way */
	uint32_t hole_most;                   /* seconds in which nobody at all was seen */
	uint32_t old_reset;                   /* lasting connections that it reset since reset_since */
	uint32_t open;                        /* inbound connections */
	uint32_t open_before, lost, came_back, holes;
	struct resumption usual, after;
	struct hush hush;
	uint32_t hushed;            /* pulses on end without a packet of it or to it */
	uint32_t fewest[2];         /* of `open`: this minute, and the one before */
	uint32_t steady_then;       /* before the outage: connections that had lasted */
	uint64_t ttls, ttls_before; /* sets: of its answers, and of those before the outage */
	uint8_t stage, ttl;
	uint8_t told, reset_only, counts_data; /* 0 or 1; counts_data: pulses tell segments with data */
	uint8_t deaf;                          /* 0 or 1: UDP went on in this silence */
	uint8_t clients, known;                /* told of this outage: who tried in vain */
	uint64_t ports;                        /* a set: those that answered */
	struct tries tries;
	struct lull lull, past; /* this silence; the last one */
};

/* Networks that were served, one bit each, of any gateway: today, and the day before. */
struct served {
	uint64_t *set[2];
	uint32_t words; /* of each; a power of two */
	int64_t day;
};

struct outages {
	struct outage *gate; /* by number */
	struct served served;
	struct regular *regular; /* 1 << REGULAR_BITS */
};

static inline struct outage *
outage_of(const struct detect *d, uint8_t gateway)
{
	const struct outages *all = d->state[DETECTOR_outage];

	return all->gate + gateway;
}

/* Its place in a set; 0: unknown.  Whoever answers over both IP versions, or is two machines, has several. */
static inline uint64_t
outage_ttl_bit(uint8_t ttl)
{
	return ttl ? UINT64_C(1) << ((uint16_t)(ttl * 40503u) >> 10) : 0;
}

/* Is this pulse one of silence, or of silence over TCP alone? */
bool outage_is_out(const struct outage *o, const struct pulse *p);
/* Segments with data and connections that it did not answer. */
uint32_t outage_in_vain(const struct outage *o, const struct pulse *p);

/* A pulse of silence; one that is usual here; one that ends a silence that was none. */
void outage_silence_add(struct outage *o, const struct pulse *p);
void outage_usual_add(struct outage *o, const struct pulse *p);
void outage_run_ends(struct outage *o, const struct pulse *p);
void outage_silence_forget(struct outage *o, struct when answered);
void outage_hush(struct outage *o, const struct pulse *p); /* every pulse, before it is judged */

/* Whom it left unanswered.  A silence begins, ends; lull_pulse: true in the minute behind it. */
void lull_begin(struct outage *o);
void lull_end(struct outage *o, const struct pulse *p);
bool lull_pulse(struct outage *o, const struct pulse *p);
void lull_told(struct outage *o); /* an outage is over: attempts that are told of later are no news */
/* One more connection that it answers; the silence in which its client was in vain before, NULL: none. */
struct lull *lull_serves(struct detect *d, struct outage *o, const struct view *v);
/* One more connection, answered or not; the silence in which it was in vain, NULL: none. */
struct lull *lull_tried(struct detect *d, struct outage *o, const struct view *v);
bool lull_is_sure(const struct outage *o, const struct lull *l);
uint32_t outage_steady(const struct outage *o); /* connections that were there all of the last minute */
/* outage.c: has it become clear that the last one cost what was connected?  was this one an outage? */
void outage_cost(struct detect *d, struct outage *o, uint8_t gateway);
void outage_was(struct detect *d, struct outage *o, struct lull *l, uint8_t gateway);

/* What is left after it.  Lost: what it had in memory is gone; survived: nobody had to come anew. */
bool outage_lost(const struct outage *o);
bool outage_refused(const struct outage *o); /* more resumptions than usual were */
bool outage_survived(const struct outage *o);
bool outage_another_box(const struct outage *o); /* answers now */
int64_t outage_length_s(const struct outage *o, struct when until);

void outage_report_begin(struct detect *d, struct outage *o, uint8_t gateway);
void outage_report_end(struct detect *d, struct outage *o, uint8_t gateway, bool repeated);
/* What it lost became known when those who were connected spoke again. */
void outage_report_late(struct detect *d, struct outage *o, uint8_t gateway);
/* Seconds in which nobody was seen, and the packets that were usual in so many. */
void outage_report_hole(struct detect *d, uint8_t gateway, int64_t hole_s, uint64_t usual);

#endif
