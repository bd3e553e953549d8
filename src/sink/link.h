/*
 * link: a connection to a receiver over TCP or TLS, each step with a deadline.
 *
 *	link_connect -> link_write ... -> link_end
 *
 * What a receiver has read nobody tells a stream's sender.  But who reads to the end of a stream and closes has read all of
 * it: link_end closes our side (close_notify, RFC 5425 4.4; FIN) and waits for the receiver's.  One that dies with unread
 * bytes, or before they come, answers with a reset instead.
 *
 * The process ignores SIGPIPE.
 */
#ifndef SINK_LINK_H
#define SINK_LINK_H

#include "sink/sender.h"

struct link;
struct link_tls;

/* How to speak TLS: certificates, keys and what is trusted, read once.  NULL: `words`. */
struct link_tls *link_tls_new(const struct sender_config *cfg, char words[SENDER_WORDS]);
void link_tls_free(struct link_tls *t);

int64_t link_clock_ns(void);

/* tls NULL: TCP.  Until `deadline` of link_clock_ns.  NULL: `words`. */
struct link *
link_connect(const struct sender_config *cfg, struct link_tls *tls, int64_t deadline, char words[SENDER_WORDS]);
bool link_write(struct link *l, const void *bytes, size_t n, int64_t deadline, char words[SENDER_WORDS]);

enum link_end {
	LINK_READ,   /* the receiver has read to our end and closed */
	LINK_EARLY,  /* it closed before our end: after a message that it has read, or it stops */
	LINK_BARE,   /* it closed without close_notify: perhaps it died */
	LINK_BROKEN, /* a reset, a TLS alert, or it did not close in time: `words` */
};
enum link_end link_end(struct link *l, int64_t deadline, char words[SENDER_WORDS]);

/* What was not ended is reset.  NULL is fine. */
void link_free(struct link *l);

#endif
