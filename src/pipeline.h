/*
 * pipeline: the sentence as code: frame -> packet -> flow -> tls -> session -> detect.
 *
 * Two doors: pipeline_frames (bytes in) and pipeline_record, pipeline_pulse (records in).  What comes out goes
 * to one struct of functions.  Pure: memory, keys and parameters are given at start.
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

struct pipeline_config {
	size_t memory;            /* memory.limit */
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
};

/* Where records and findings go. */
struct pipeline_sink {
	void *arg;
	void (*session)(void *arg, const struct session *s);
	void (*pulse)(void *arg, const struct pulse *p); /* may be NULL */
	void (*finding)(void *arg, const struct finding *f, const struct session *s);
	void (*closed)(void *arg, const struct incident *i);
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

struct pipeline;

/* The whole memory is one piece, `cfg->memory` bytes, given by the caller and never grown. */
struct pipeline *pipeline_new(void *memory, const struct pipeline_config *cfg, const struct pipeline_sink *to);
/* Releases what lives outside the memory (nDPI). */
void pipeline_close(struct pipeline *p);

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

/* Time passes without frames (live). */
void pipeline_tick(struct pipeline *p, struct when now);

/* The other door: records and pulses as they were told once, in the order of their time.  Only detectors work. */
void pipeline_record(struct pipeline *p, const struct session *s);
void pipeline_pulse(struct pipeline *p, const struct pulse *pulse);
/* Time passes between them: what is due until then is judged. */
void pipeline_passes(struct pipeline *p, struct when until);
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
uint32_t pipeline_open(const struct pipeline *p); /* connections in the table */

#endif
