/*
 * batch: the frames that a tap works on, in memory that the monitor has, too: when the tap dies of one, the batch is what
 * somebody who mends the tap has to see.
 *
 *	index (a page)		how many, and of each: time, place, length, length on the wire, link type
 *	copies			where the capture puts frames (capture_config.copies); nothing is copied once more
 *
 * The tap could write anything there before it died: whoever reads takes nothing for granted.
 */
#ifndef SENSOR_BATCH_H
#define SENSOR_BATCH_H

#include <stdbool.h>

#include "packet/packet.h"

/* Memory of that shape, which cannot change its size.  -1: errno. */
int batch_new(void);

struct batch;

/* For the tap.  NULL: errno. */
struct batch *batch_map(int fd);
void *batch_copies(struct batch *b);
/* These are worked on from now on; n 0: none. */
void batch_note(struct batch *b, const struct frame *frames, size_t n);

/* Writes what was worked on as a nanosecond pcap file, which must not be there yet.  How many frames; -1: errno. */
int batch_save(int fd, const char *path);

#endif
