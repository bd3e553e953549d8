/*
 * run_capture: frames of the interfaces of run, and the recording of them (--record): for a tap, and for who is tap and
 * keeper in one.  Opened with the rights to, which are given away then.
 */
#ifndef CMD_RUN_CAPTURE_H
#define CMD_RUN_CAPTURE_H

#include "cmd/run.h"
#include "sensor/capture.h"
#include "sensor/duty.h"
#include "sensor/load.h"
#include "sensor/lull.h"

struct run_capture {
	const struct running *run;
	struct capture *capture;
	bool records, lost_record; /* it could not be written, which was told */
	struct file record;
	struct when first, last; /* frames so far */
	struct lull lull;
	uint64_t frames, bytes;
	bool idle; /* there were none to take, since the last look at the load */
	struct load load;
	uint64_t frames_then, bytes_then; /* at that look */
};

/* c->run is set.  A port that is not there yet is waited for; duty: to be told of the end meanwhile.  copies:
   capture_config.copies.  EXIT_DONE, or the mistake was told. */
int run_capture_open(struct run_capture *c, struct duty *duty, const struct capture_fan *fan, void *copies);

/* As capture_frames, and records them; false was told, and *exit says how it ends.  A recording that fails is told, and ends
   alone. */
bool run_capture_frames(struct run_capture *c, struct frame *frames, size_t *n, int *exit);

/* An interface went away or came back: a line to tell and to keep, once, and by one tap of several. */
bool run_capture_news(struct run_capture *c, char line[CAPTURE_ERROR_MAX]);

/* Once a second: do we keep up?  True: c->load.level has changed. */
bool run_capture_load(struct run_capture *c, const struct capture_drops *drops);

/* Once a second: what was recorded must be readable. */
void run_capture_flush(struct run_capture *c);
/* EXIT_IO where the recording is not whole, which was told; at least so_far. */
int run_capture_close(struct run_capture *c, int so_far);

#endif
