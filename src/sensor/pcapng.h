/*
 * pcapng: blocks of a capture file as text is written: pure, into a struct out, in the machine's byte order.
 * Format: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-02.html
 */
#ifndef SENSOR_PCAPNG_H
#define SENSOR_PCAPNG_H

#include "base/out.h"
#include "packet/packet.h"

/* What a block may take beside a frame's bytes and a comment. */
enum { PCAPNG_BLOCK_MAX = 128 };

/* A section begins; comment NULL: none. */
void pcapng_section(struct out *o, const char *application, const char *comment);
/* Interfaces count from 0 in a section; stamps are in nanoseconds. */
void pcapng_interface(struct out *o, uint32_t link);
void pcapng_frame(struct out *o, uint32_t interface, const struct frame *f, const char *comment);

/* How many of these bytes are whole blocks: what a power failure left of a file. */
size_t pcapng_whole(const void *bytes, size_t n);

#endif
