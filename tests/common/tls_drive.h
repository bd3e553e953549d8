/*
 * tls_drive: feeds pieces of one connection to tls_next and counts what it tells, for tests.
 */
#ifndef TESTS_TLS_DRIVE_H
#define TESTS_TLS_DRIVE_H

#include <stdlib.h>
#include <string.h>

#include "tls/tls.h"

struct drive {
	struct tls *tls;
	struct counts counts;
	void *memory;
	uint32_t handle;
	struct when now;
	bool stream; /* TCP: pieces are no datagrams */
	unsigned records, application, settled;
	uint64_t plain;
	struct tls_event last;
	struct tls_facts facts;
};

static inline void
drive_open(struct drive *d, uint32_t connections)
{
	struct tls_config cfg = {
		.halves = connections,
		.fulls = connections,
		.buffer_bytes = 1 << 19,
		.intern_bytes = 1 << 19,
		.identity = {1, 2},
		.table = {3, 4},
	};
	size_t n = tls_bytes(&cfg) + 64;
	struct carve c;

	memset(d, 0, sizeof(*d));
	d->memory = c.p = malloc(n);
	if (!c.p)
		abort();
	c.end = c.p + n;
	d->tls = tls_new(&c, &cfg, &d->counts);
}

/* One piece, from a heap block of its size, so that a sanitizer sees a read past its end. */
static inline void
drive_feed(struct drive *d, unsigned side, const void *bytes, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	struct tls_piece piece = {.side = (uint8_t)side, .datagram = !d->stream, .time = d->now};
	struct tls_event ev;

	if (!copy)
		abort();
	if (n)
		memcpy(copy, bytes, n);
	piece.bytes = cur_of(copy, n);
	while (tls_next(d->tls, &d->handle, &piece, &ev)) {
		d->settled += ev.kind == TLS_SETTLED;
		if (ev.kind != TLS_RECORD)
			continue;
		d->records++;
		d->last = ev;
		d->application += ev.application;
		d->plain += ev.plain;
	}
	d->now.ns += NS_PER_MS;
	free(copy);
}

/* The facts may point into themselves: they stay where they are. */
static inline const struct tls_facts *
drive_facts(struct drive *d)
{
	if (!tls_facts(d->tls, d->handle, &d->facts))
		d->facts = (struct tls_facts){.carrier = CARRIER_NONE};
	return &d->facts;
}

static inline void
drive_close(struct drive *d)
{
	tls_close(d->tls, d->handle);
	free(d->memory);
}

static inline bool
text_is(struct text t, const char *want)
{
	return t.p && t.len == strlen(want) && memcmp(t.p, want, t.len) == 0;
}

#endif
