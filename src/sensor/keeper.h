/*
 * keeper: what n taps tell, in one order, into one watch.
 *
 *	channel of tap 0 --+
 *	channel of tap 1 --+--> the message with the smallest stamp --> watch: detectors, EVE lines, sinks, ledger
 *	...              --+
 *	who the gateways are ----------------------------------------> all taps
 *
 * A message has its turn once each tap has one that is not before it: a beat a second from every tap is enough.  What waits
 * lies in the channels (keeper_held at most, then the taps wait, and frames in the kernel's rings).  Windows of ten seconds
 * and counters of one beat are summed before they are used.  A tap that is lost no longer counts: what it told before
 * stands, its open connections are lost, and the ledger's coverage says so.
 */
#ifndef SENSOR_KEEPER_H
#define SENSOR_KEEPER_H

#include "sensor/channel.h"
#include "sensor/tap_wire.h"
#include "sensor/watch.h"

enum { KEEPER_TAPS_MAX = 64, KEEPER_ERROR_MAX = 256 };

/* What taps say besides, for the command; all may be NULL. */
struct keeper_tell {
	void *arg;
	void (*note)(void *arg, unsigned tap, const char *words); /* one line */
	void (*progress)(void *arg, unsigned tap, const struct tap_progress *p);
	void (*capture)(void *arg, uint16_t file); /* what comes is of that file: watch_capture */
};

struct keeper;

/* The watch was opened with so many taps (watch_setup.taps) and outlives the keeper.  NULL: no memory. */
struct keeper *keeper_new(struct watch *w, const struct keeper_tell *tell);
void keeper_free(struct keeper *k);

/* How much a channel of its may hold (channel_new): a part of memory.limit. */
size_t keeper_held(const struct keeper *k);

/* Tap i is at the other end of this channel (of TAP_WIRE), from its start; it is told its part.  The
   keeper frees the channel.  One that follows a lost one joins when all that was said before it is
   worked in.  False: there is no such tap, or it is there already; the channel is freed. */
bool keeper_join(struct keeper *k, unsigned i, struct channel *c);
/* Tap i is gone: what it said so far counts, and where that was not all, a gap with the cause is recorded. */
void keeper_lost(struct keeper *k, unsigned i, const char *cause);

/* So many frames came to taps i that died: those that they did not tell of are lost. */
void keeper_died(struct keeper *k, unsigned i, uint64_t came);

/* For poll(2): -1: nothing is to be waited for; else *events. */
int keeper_fd(const struct keeper *k, unsigned i, short *events);

enum keeper_tap {
	KEEPER_FINE,
	KEEPER_ENDED, /* it said all */
	KEEPER_GONE,  /* it stopped before its end, or said what nobody understands: keeper_error, then keeper_lost */
};
/* Takes what tap i's channel has, and writes what waits for it; without waiting. */
enum keeper_tap keeper_take(struct keeper *k, unsigned i);
const char *keeper_error(const struct keeper *k, unsigned i); /* one line */

/* Everything whose turn it is goes into the watch. */
void keeper_work(struct keeper *k);

/* All taps ended or were lost, and all that they said was worked in: watch_end is next. */
bool keeper_done(const struct keeper *k);

#endif
