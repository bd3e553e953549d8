/*
 * pipeline_body: the pipeline's own memory, and what its files do for each other.  For src/pipeline*.c only.
 */
#ifndef PIPELINE_BODY_H
#define PIPELINE_BODY_H

#include "pipeline.h"

#include "flow/classify.h"
#include "pipeline_news.h"
#include "pipeline_places.h"
#include "pipeline_privacy.h"
#include "session/talk.h"

/* struct flow.told: what was emitted; and what a packet has to know of it before it touches more than the flow. */
enum told {
	TOLD_OPEN = 1,
	GATEWAY_0 = 2, /* which of its sides are a gateway */
	GATEWAY_1 = 4,
	SHED = 8,    /* its payload is not read for now */
	STEADY = 16, /* live.steady has its stream: the short way needs nothing else of it */
	FRESH = 32   /* something happened since it was told */
};

/* What a connection needs once it has talked or lasted.  The first cache line is all of it that most packets touch. */
struct live {
	_Alignas(64) struct tls_steady steady;
	struct talk talk;
};
_Static_assert(offsetof(struct live, talk.think_us) == 64, "one wait for memory");

/* And of the same number: what waits to be told of it. */
struct waiting {
	struct news_link news;
	struct flow *flow;
};

/* A frame on its way through the batch. */
struct job {
	uint64_t hash;
	struct flow *maybe; /* its connection, most likely; NULL: not looked up */
	const struct frame *frame;
	bool glanced; /* glance is filled, packet is not */
	bool in_vain; /* and the short way would say no: its connection, most likely, lacks its live */
	struct glance glance;
	struct packet packet;
};

struct pipeline {
	struct pipeline_config cfg;
	struct pipeline_sink to;
	told_frame_fn *frame; /* NULL: nobody wants frames */
	uint64_t held;        /* pieces of packets that were told */
	bool looks;           /* a glance may be enough: nobody wants frames */
	struct decoder *decoder;
	struct flows *flows;
	struct tls *tls;
	struct classify *classify; /* NULL: switched off */
	struct detect *detect;     /* NULL: a tap's */
	struct carve detect_at;    /* its memory */
	/* the stamp of what is told now */
	uint32_t epoch;
	uint8_t phase; /* enum pipeline_phase */
	struct when at;
	const struct flow *telling;
	const struct frame *brings;
	struct pool lives, waiting;
	struct news news; /* of waiting */
	struct when now;
	struct when second; /* the next at which something may be due */
	uint16_t capture;
	bool capture_begins; /* no packet of it was read yet */
	struct when pulse_end;
	bool pulse_pending;
	uint32_t others; /* packets of other hosts since the last pulse */
	uint32_t roomy;  /* so many packets cannot fill a table, whatever they open */
	bool sure;       /* so it is with all of this batch */
	uint8_t shed;    /* enum shed_level */
	uint64_t shed_bytes;
	struct site site;
	struct pipeline_places places;
	struct pipeline_privacy privacy;
	struct pulse pulse[GATEWAYS_MAX + 1];
	struct counts counts;
};

static inline struct live *
live_at(const struct pipeline *p, uint32_t handle)
{
	return (struct live *)(void *)p->lives.base + (handle - 1); /* pool_at, of a size that is known */
}

static inline struct waiting *
waiting_at(const struct pipeline *p, uint32_t handle)
{
	return pool_at(&p->waiting, handle);
}

/* Did that side's packet come from a gateway? */
static inline bool
from_gateway(const struct flow *f, unsigned side)
{
	return f->told >> side & GATEWAY_0;
}

/* A packet with payload makes what it lacks, which the short way cannot. */
static inline bool
lacks_live(const struct flow *f)
{
	return !f->above[1] && (f->gateway || f->above[0] != TLS_NOT);
}

static inline struct detect_sink
findings_to(const struct pipeline *p)
{
	return (struct detect_sink){p->to.arg, p->to.finding, p->to.closed};
}

/* pipeline_connection.c: what is read of a connection and told of it. */
void connection_read(struct pipeline *p, struct flow *f, const struct chunk *c);
void connection_tell(struct pipeline *p, struct flow *f, enum session_kind kind, struct when time);
void connection_progress(struct pipeline *p, struct flow *f);
void connection_finish(struct pipeline *p, struct flow *f);
void connections_finish_ended(struct pipeline *p, struct when now);
void connections_finish_all(struct pipeline *p);

/* Both sides of its stream have a hole of unknown size. */
void connection_lose(struct pipeline *p, struct flow *f, struct when time);

/* Its packet was read.  There is something to tell: said once until it is told, because each line of a far connection is
   a wait. */
void connection_news(struct pipeline *p, struct flow *f);
static inline void
connection_goes_on(struct pipeline *p, struct flow *f)
{
	if (!(f->told & FRESH))
		connection_news(p, f);
}

/* pipeline_glance.c: the whole way of a frame of which a glance was enough; false: nothing was done. */
bool glance_goes_on(struct pipeline *p, const struct job *job);

/* pipeline_shed.c: is this piece left out? */
bool shed_takes(struct pipeline *p, struct flow *f, const struct chunk *c);

/* pipeline_time.c: what comes after the packet's time begins; the ten seconds of a packet; the end of the input. */
void time_advance(struct pipeline *p, struct when time);

/* time_advance where it has nothing to do, as between most packets. */
static inline void
time_goes_on(struct pipeline *p, struct when time)
{
	if (when_before(time, p->now) || !when_before(time, p->second) || p->capture_begins)
		time_advance(p, time);
	else
		p->now = time;
}

void time_pulse_begin(struct pipeline *p, struct when time);
void time_tell_window(struct pipeline *p, const struct pulse_window *w);
bool time_is_back(const struct pipeline *p, struct when time);
struct when time_whole_second(struct when t); /* at or after t */
void time_ends(struct pipeline *p);

#endif
