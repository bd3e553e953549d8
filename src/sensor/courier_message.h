/*
 * courier_message: what keeper and courier tell each other, over a channel.
 *
 *	keeper -> courier	LINES: lines of one sink, in order.  Each: id, time, kind, severity, length and bytes of the
 *				gateway's name with its zero, length and bytes of the line
 *	keeper <- courier	TAKEN: up to this id, so many; and how the link is in words, "" when it is well
 *				REFUSED: this id, its time, and what the receiver said
 *				UNWELL: the link is not well, in words; the lines will be tried again
 *
 * Numbers are varints (ledger/bytes.h).  Pure.
 */
#ifndef SENSOR_COURIER_MESSAGE_H
#define SENSOR_COURIER_MESSAGE_H

#include "ledger/bytes.h"
#include "sensor/channel.h"
#include "sink/sender.h"

enum courier_message { COURIER_LINES, COURIER_TAKEN, COURIER_REFUSED, COURIER_UNWELL, COURIER_MESSAGES };

/* Lines of one message, at most; their bytes, but for the first line's; what a message may have. */
enum { COURIER_LINES_MAX = 10000, COURIER_SOFT = 1 << 20, COURIER_HARD = 3 << 19 };

extern const struct channel_kinds COURIER_KINDS;

struct courier_word {
	uint64_t id, count;
	struct when time;
	char words[SENDER_WORDS];
};

void courier_put_lines(struct bytes *to, const struct sender_event *e, size_t n);
void courier_put_word(struct bytes *to, const struct courier_word *w);

/* Texts point into the message.  How many; 0: it is none. */
size_t courier_get_lines(struct cur message, struct sender_event *e, size_t max);
/* False: it is none. */
bool courier_get_word(struct cur message, struct courier_word *w);

#endif
