/*
 * pipeline: the sentence as code: frame -> packet -> flow -> tls -> session -> detect.
 *
 * Two doors: pipeline_frames (bytes in) and pipeline_record, pipeline_pulse (records in).  What comes out goes
 * to one struct of functions.  Pure: memory, keys and parameters are given at start.
 *
 * Cut between session and detect, the sentence runs in several processes: n taps and one keeper, which gets what the
 * taps tell in the order of their stamps, and then says what one pipeline would have said.
 *
 *	whole	frames --------> records, pulses -> detectors
 *	tap	frames --------> records, windows, with stamps
 *	keeper	         records, windows -> records, pulses -> detectors
 */
#ifndef PIPELINE_H
#define PIPELINE_H

#include "base/pseudonym.h"
#include "detect/detect.h"
#include "detect/rules.h"
#include "detect/snapshot.h"
#include "packet/packet.h"
#include "session/place.h"
#include "session/site.h"

enum { PIPELINE_BATCH = 32 };

enum pipeline_part { PIPELINE_WHOLE, PIPELINE_TAP, PIPELINE_KEEPER };

struct pipeline_config {
	enum pipeline_part part;
	size_t memory;            /* memory.limit, or the part's share of it */
	struct hash_key table;    /* random, for tables */
	struct hash_key identity; /* identity.key */
	uint64_t identity_id;
	uint64_t sensor;
	bool scope_gateway; /* capture.scope = gateway */
	bool ndpi;
	uint32_t ndpi_calls; /* ndpi.calls: a second */
	int64_t update_ns;   /* session.update: how far apart; the first comes after a quarter of it */
	struct detect_config detect;
	struct place_lookup places;          /* find NULL: off */
	const struct pseudonym_key *privacy; /* addresses of clients become pseudonyms; NULL: stay clear */
	bool long_way; /* every frame is taken apart, as if no glance were enough: what is told is the same */
};

/* Ten seconds in which there were packets, and what each gateway that was ever heard had of them.  Of the parts of one
   input the sums are those of the whole. */
struct pulse_window {
	struct when end;
	uint32_t others; /* as in a pulse */
	uint32_t count;
	struct pulse pulse[GATEWAYS_MAX]; /* in the order of their numbers */
};

/* Where records and findings go.  A tap tells sessions and windows only. */
struct pipeline_sink {
	void *arg;
	void (*session)(void *arg, const struct session *s);
	void (*pulse)(void *arg, const struct pulse *p); /* may be NULL */
	void (*finding)(void *arg, const struct finding *f, const struct session *s);
	void (*closed)(void *arg, const struct incident *i);
	void (*window)(void *arg, const struct pulse_window *w); /* may be NULL */
};

/* A frame of a gateway's connection, told after it was worked in, and so after what it made known; or a piece of a
   packet that is not whole yet (flow NULL), of whomever. */
struct told_frame {
	const struct frame *frame;
	const struct packet *packet;
	const struct flow *flow;
	uint64_t hash;     /* equal for all frames of the connection, of this process only */
	uint64_t after[2]; /* hashes of the two that come next, as far as is known: a hint */
	bool settled;      /* the handshake is over, or both sides of what is no TLS have spoken */
};
typedef void told_frame_fn(void *arg, const struct told_frame *t);

/*
 * When a record or a window is told, so that those of several taps have one order: by the members, from the first on.
 * What falls due at a whole second is told by phases, the connections of one in the order of flow_goes_after; what a
 * frame brings comes behind what was due at its time.
 */
enum pipeline_phase {
	PHASE_ENDED,   /* connections that are over */
	PHASE_DRAINED, /* that the end of the input ends */
	PHASE_NEWS,    /* updates */
	PHASE_PULSE,   /* the window */
	PHASE_BEAT,    /* the second is over (nothing of the pipeline's is told in it) */
	PHASE_FRAME    /* the packet's own time */
};
struct pipeline_stamp {
	uint32_t epoch;            /* how often the time went back, and the input ended with that */
	struct when at;            /* INT64_MAX: the end of the input */
	uint8_t phase;             /* enum pipeline_phase */
	struct when first;         /* of the connection; 0 of a window */
	uint64_t tie;              /* flow_tie */
	const struct frame *frame; /* PHASE_FRAME: that brought it, of those given to pipeline_frames */
};

struct pipeline;

/* The whole memory is one piece, `cfg->memory` bytes, given by the caller and never grown. */
struct pipeline *pipeline_new(void *memory, const struct pipeline_config *cfg, const struct pipeline_sink *to);
/* Releases what lives outside the memory (nDPI). */
void pipeline_close(struct pipeline *p);

/* Of a whole's configuration that of a part: the keeper takes what its detectors need of memory.limit, n taps share the
   rest.  What comes before the cut is the taps': places and privacy where addresses are to become pseudonyms. */
void pipeline_part(struct pipeline_config *cfg, enum pipeline_part part, unsigned taps);

/* Of what is being told, during the call that tells it. */
struct pipeline_stamp pipeline_stamp(const struct pipeline *p);

/* Sets who the gateways are; until then every connection is recorded and none judged. */
void pipeline_gateways(struct pipeline *p, const struct gateway_addr *addrs, size_t n);

/* Lists of indicators, and where addresses are, for records from now on.  NULL: no lists. */
void pipeline_indicators(struct pipeline *p, const struct indicators *i);
void pipeline_places(struct pipeline *p, const struct place_lookup *from);

/* What the operator told, from now on; it must live until it is replaced.  NULL: nothing. */
void pipeline_rules(struct pipeline *p, const struct detect_rules *rules);
uint64_t pipeline_suppressed(const struct pipeline *p, uint32_t i); /* findings under suppression i */

/* Connections that begin from now on come from capture file number n (0: live). */
void pipeline_capture(struct pipeline *p, uint16_t n);

/* At most PIPELINE_BATCH frames, in order; they may be overwritten after the call. */
void pipeline_frames(struct pipeline *p, const struct frame *frames, size_t n);

/* Tells each such frame from now on to the sink's arg; span duplicates are left out.  NULL: none. */
void pipeline_tell_frames(struct pipeline *p, told_frame_fn *to);

/* What is left out from now on because cores are short, each level with those before it; never a handshake, nor what a
   gateway began.  Level 0 reads as if there were no such thing. */
enum shed_level { SHED_NOTHING, SHED_TUNNELS, SHED_EXCHANGES, SHED_NDPI, SHED_LEVELS };
void pipeline_shed(struct pipeline *p, enum shed_level level);
uint64_t pipeline_shed_bytes(const struct pipeline *p); /* left out so far */

/* Time passes without frames (live), or behind a frame that somebody else gets. */
void pipeline_tick(struct pipeline *p, struct when now);
/* Is that time so far back that what went before cannot go on?  Then a tick ends all connections. */
bool pipeline_goes_back(const struct pipeline *p, struct when time);

/* The other door: records and pulses as they were told once, in the order of their time.  Only detectors work. */
void pipeline_record(struct pipeline *p, const struct session *s);
void pipeline_pulse(struct pipeline *p, const struct pulse *pulse);
/* Time passes between them: what is due until then is judged. */
void pipeline_passes(struct pipeline *p, struct when until);

/* A keeper's: a tap's record; the sum of the taps' windows, told with pulses of these gateways; a time that passed: what
   is due is judged at each whole second until then. */
void pipeline_take_record(struct pipeline *p, struct session *s);
void pipeline_take_window(struct pipeline *p, const struct pulse_window *w);
void pipeline_take_time(struct pipeline *p, struct when until);
/* The detectors know nothing, as after pipeline_new; lists and rules have to be given again. */
void pipeline_forget(struct pipeline *p);
/* Other parameters of the detectors from now on (detect_params). */
void pipeline_params(struct pipeline *p, const struct detect_config *cfg);

/* What was learnt (detect/snapshot.h): to write, and to read before the first frame or record. */
uint64_t pipeline_layout(const struct pipeline *p);
size_t pipeline_saved_size(const struct pipeline *p);
void pipeline_save(const struct pipeline *p, struct out *o);
enum snapshot_verdict pipeline_load(struct pipeline *p, struct cur bytes, struct snapshot_report *report);

/* Ends every open connection and incident. */
void pipeline_end(struct pipeline *p);

const struct counts *pipeline_counts(const struct pipeline *p);
struct when pipeline_now(const struct pipeline *p);
/* How records name an address: a client's pseudonym, where there are any. */
struct addr pipeline_name(const struct pipeline *p, const struct addr *a);
uint32_t pipeline_open(const struct pipeline *p); /* connections in the table */

#endif
