/*
 * tap: the half of the sensor that sees frames: a pipeline up to the record, and a channel to the keeper.
 *
 *	frames --> pipeline (no detectors) --> records, windows, beats --> channel --> keeper
 *	setup, gateways <------------------------------------------------ channel <-- keeper
 *
 * All that it has to be it is told by the keeper: it needs no file and no configuration.  It waits for the keeper in
 * tap_open and where the channel is full; so the frames wait in the kernel's ring, where what is lost is counted.
 * Several taps over the same captures (read) each look at all frames, and work on their share: then every one knows the
 * time of every frame, and what the keeper makes of them is, byte for byte, what one pipeline would have said.
 */
#ifndef SENSOR_TAP_H
#define SENSOR_TAP_H

#include "sensor/tap_wire.h"

enum { TAP_ERROR_MAX = 256 };

struct tap_setup {
	struct channel *channel; /* of TAP_WIRE; the tap frees it */
	unsigned index, of;      /* its share of the frames by packet_pair; of 0: all that it is given */
	/* where addresses become pseudonyms here, what must be asked before; else the keeper asks */
	struct place_lookup places;
	const struct indicators *indicators;
	/* called while the keeper takes no more, at least once a second; NULL: nobody has to know */
	void (*waits)(void *arg);
	void *arg;
};

struct tap;

/* Waits for the keeper's setup.  NULL: `error` is one line, and the channel is freed. */
struct tap *tap_open(const struct tap_setup *setup, char error[TAP_ERROR_MAX]);
void tap_close(struct tap *t); /* NULL is fine */

/* Frames in order, at most PIPELINE_BATCH; they may be overwritten after the call. */
void tap_frames(struct tap *t, const struct frame *frames, size_t n);
/* Time passes without frames: a second later at most, so that the keeper does not wait for this tap (live). */
void tap_tick(struct tap *t, struct when now);
/* The next frames are of capture file number n, from 1 on; `file` is the command's own number for it. */
void tap_capture(struct tap *t, uint16_t n, uint16_t file);
/* The kernel's counts since the capture began; they go out with the next beat. */
struct tap_drops {
	uint64_t packets, ring, interface;
	struct losses loss; /* the same and more, by cause */
};
void tap_drops(struct tap *t, const struct tap_drops *d);
/* What is left out from now on (pipeline_shed). */
void tap_shed(struct tap *t, enum shed_level level);
/* A line for the person in front of the keeper, and how far this tap is. */
void tap_note(struct tap *t, const char *words);
void tap_progress(struct tap *t, const struct tap_progress *p);

/* Writes what is ready without waiting, and takes what the keeper says.  Once a batch is enough. */
void tap_poll(struct tap *t);

/* Ends every open connection, and waits until all is written. */
void tap_end(struct tap *t);

/* The keeper is gone, or said what nobody understands: there is nothing left to do. */
bool tap_failed(const struct tap *t);
/* Of the frames that came: those of which the keeper was told what became. */
uint64_t tap_told(const struct tap *t);
const struct counts *tap_counts(const struct tap *t);

#endif
