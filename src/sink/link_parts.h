/*
 * link_parts: what link.c needs of TLS, in words of ours.
 */
#ifndef SINK_LINK_PARTS_H
#define SINK_LINK_PARTS_H

#include "sink/link.h"

struct link_session;

/* Over this socket, which stays the caller's; host: what the receiver is called in the address. */
struct link_session *link_session_new(struct link_tls *t, int fd, const char *host, char words[SENDER_WORDS]);
void link_session_free(struct link_session *s);

/* One step of each, without waiting.  n: bytes that were written. */
enum link_step { LINK_STEP_DONE, LINK_STEP_READ, LINK_STEP_WRITE /* wait for that, and again */, LINK_STEP_FAILED };
enum link_step session_handshake(struct link_session *s, char words[SENDER_WORDS]);
enum link_step
session_write(struct link_session *s, const void *bytes, size_t room, size_t *n, char words[SENDER_WORDS]);
enum link_step session_close(struct link_session *s, char words[SENDER_WORDS]); /* our side */
/* What the receiver says is thrown away.  DONE: it closed; *bare: without close_notify. */
enum link_step session_read_end(struct link_session *s, bool *bare, char words[SENDER_WORDS]);

#endif
