/*
 * tap_wire: what a tap and the keeper say to each other over a channel, as bytes.
 *
 *	tap --> keeper	first, record, window, beat, capture, end: each with its stamp, in the order of their stamps;
 *			note, guess, picked: whenever; last: behind the end, when the keeper said done
 *	keeper --> tap	setup (the first), gateways, wanted, unwanted, done
 *
 * Numbers are 4 or 8 bytes, lowest first; a record is a row (ledger/row.h) behind what no row has.  Both ends are the same
 * program.  Whoever reads takes nothing for granted: lengths, numbers of gateways, what a text may hold.
 */
#ifndef SENSOR_TAP_WIRE_H
#define SENSOR_TAP_WIRE_H

#include "base/loss.h"
#include "ledger/row.h"
#include "pipeline.h"
#include "sensor/channel.h"
#include "sensor/evidence_pick.h"
#include "sensor/gateways.h"

enum tap_says {
	TAP_FIRST,  /* stamp: the first packet's time */
	TAP_RECORD, /* stamp, struct tap_record */
	TAP_WINDOW, /* stamp, struct pulse_window */
	TAP_BEAT,   /* stamp, struct tap_counts: a second is over */
	TAP_CAPTURE, /* stamp, two numbers: the next frames are of that capture file, which is that one of the command's */
	TAP_END,     /* the same as a beat, and nothing comes behind it */
	TAP_NOTE,    /* a line for the person */
	TAP_PROGRESS, /* struct tap_progress */
	TAP_GUESS,    /* who the gateways may be */
	TAP_PICKED,   /* struct evidence_picked */
	TAP_LAST,     /* of one that keeps frames: all that was wanted of it is sent */
	TAP_SETUP,
	TAP_GATEWAYS,
	TAP_WANTED,   /* struct evidence_wanted */
	TAP_UNWANTED, /* the incident's number */
	TAP_DONE,     /* to one that keeps frames: its end was worked in, and nothing more is wanted */
};
extern const struct channel_kinds TAP_WIRE;

/* Of two messages the one with the smaller stamp is first, members compared in this order. */
struct tap_stamp {
	uint32_t epoch;
	int64_t at; /* ns */
	uint8_t phase;
	uint64_t number; /* of the frame, where frames are numbered; else of the connection's first packet the time */
	uint64_t tie;
};

/* What a record has that no row has. */
struct tap_record {
	uint64_t said, shown;
	uint16_t capture;
};

/* So far, since the tap began. */
struct tap_counts {
	struct counts counts;
	uint32_t open;
	uint64_t kernel_packets, kernel_drops, interface_drops;
	struct losses loss; /* the same and more, by cause */
	struct when now;
};

struct tap_progress {
	uint64_t bytes, frames;
	struct when first, last;
	bool failed; /* an input was not what it should be */
};

/* What a tap has to be, of the configuration that the keeper has. */
struct tap_part {
	struct pipeline_config pipeline; /* without places; privacy: points to `privacy`, or NULL */
	struct pseudonym_key privacy;
	uint64_t ring; /* bytes of frames kept for evidence; 0: none */
	bool payload;  /* of them after handshakes, too */
	bool settled;  /* the gateways are these, or nobody is; else the tap looks for them */
	struct gateway_addr gateway[GATEWAY_ADDRS_MAX];
	size_t gateways;
};

/* But for `open` and `now`, which are no sums. */
void tap_counts_add(struct tap_counts *to, const struct tap_counts *c);

/* Frames that no session's record has: why is among the counters. */
uint64_t tap_counts_aside(const struct counts *c);
/* And those that this record has: of a connection the last one tells of all. */
uint64_t tap_record_frames(const struct session *s);

int tap_stamp_order(const struct tap_stamp *a, const struct tap_stamp *b);

/* Each appends the message's bytes. */
void wire_stamp(struct bytes *to, const struct tap_stamp *s);
void wire_record(struct bytes *to, const struct tap_record *r, const struct session *s);
void wire_window(struct bytes *to, const struct pulse_window *w);
void wire_counts(struct bytes *to, const struct tap_counts *c);
void wire_progress(struct bytes *to, const struct tap_progress *p);
void wire_guess(struct bytes *to, const struct gateway_guess *guess, size_t n);
void wire_gateways(struct bytes *to, const struct gateway_addr *gateway, size_t n);
void wire_part(struct bytes *to, const struct tap_part *p);
void wire_picked(struct bytes *to, const struct evidence_picked *p);
void wire_wanted(struct bytes *to, const struct evidence_wanted *w);

/* False: these bytes are none; what was filled must not be used. */
bool wire_get_stamp(struct cur *c, struct tap_stamp *s);
bool wire_get_record(struct cur *c, struct tap_record *r, struct row *row);
bool wire_get_window(struct cur *c, struct pulse_window *w);
bool wire_get_counts(struct cur *c, struct tap_counts *to);
bool wire_get_progress(struct cur *c, struct tap_progress *p);
bool wire_get_guess(struct cur *c, struct gateway_guess *guess, size_t *n); /* GATEWAY_GUESSES at most */
bool wire_get_gateways(struct cur *c, struct gateway_addr *gateway, size_t *n);
bool wire_get_part(struct cur *c, struct tap_part *p);
bool wire_get_picked(struct cur *c, struct evidence_picked *p); /* its bytes stay those of the cursor */
bool wire_get_wanted(struct cur *c, struct evidence_wanted *w);

#endif
