/*
 * post: the network sinks of a watch: the outbox, and who empties it.
 *
 *	run	outbox in a file -> a courier, a process of its own, for each sink
 *	read	outbox in memory -> senders in this process, as the captures are read; a receiver that does not answer is
 *		tried a few times, then once more at the end
 */
#ifndef SENSOR_POST_H
#define SENSOR_POST_H

#include <poll.h>

#include "sensor/sinks_config.h"
#include "sink/outbox.h"

struct post;

/* want->outbox "": directly.  NULL: `error` is one line. */
struct post *post_open(const struct sinks_wanted *want, struct when wall, char error[OUTBOX_ERROR_MAX]);

/* Ends what is under way, for a while; what is left stays in the file.  False: `error`: something was lost, or, without a
   file, not acknowledged.  Frees it; NULL is fine. */
bool post_close(struct post *p, char error[OUTBOX_ERROR_MAX]);

/* Where lines go. */
struct outbox *post_outbox(struct post *p);

/* A connection to the courier of that sink, in place of an earlier one; ours to close. */
void post_link(struct post *p, const char *sink, int fd);

/* What is worth waiting for; how many, at most SINKS_MAX. */
size_t post_fds(const struct post *p, struct pollfd to[SINKS_MAX]);

/* Commits, hands out, takes what was acknowledged.  Does not wait, but directly.  now_ns: monotonic. */
void post_poll(struct post *p, int64_t now_ns, struct when wall);

/* A link that is not well any more, or is again; what the outbox has to say: one line, once. */
bool post_notice(struct post *p, char words[OUTBOX_ERROR_MAX]);

#endif
