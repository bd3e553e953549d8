/*
 * shape: what of a ClientHello is the program's and not the visit's, in one canonical run of bytes.
 *
 * Cipher suites, extension types, groups, point formats, signature algorithms, versions and ALPN, as sent, GREASE
 * left out (RFC 8701: a client draws it anew each time).  Not in it: random, session id, key shares, tickets, PSKs,
 * names.  Equal shapes have equal fingerprints, so it is the key under which they are kept.  Internal to src/tls.
 */
#ifndef TLS_SHAPE_H
#define TLS_SHAPE_H

#include "base/out.h"
#include "tls/hello.h"

enum {
	SHAPE_CIPHERS,
	SHAPE_EXTENSIONS,
	SHAPE_GROUPS,
	SHAPE_POINT_FORMATS,
	SHAPE_SIG_ALGS,
	SHAPE_VERSIONS,
	SHAPE_ALPNS,
	SHAPE_LISTS
};
enum { SHAPE_GREASE = 1, SHAPE_SSLV2 = 2, SHAPE_HAS_ALPN = 4 };
/* The largest honest list is OpenSSL's of all ciphers, below 400 bytes; a larger hello gets no fingerprint. */
enum { SHAPE_MAX = 2048 };
enum { JA4_NO_LETTER = ' ' };

struct shape_head {
	uint16_t version;
	uint8_t letter; /* JA4's first: t, q, d, or JA4_NO_LETTER */
	uint8_t flags;
	uint16_t len[SHAPE_LISTS];
};

struct shape {
	struct shape_head head;
	uint8_t bytes[SHAPE_MAX]; /* the lists, one after the other */
};

/* Bytes of the head and the lists in use, 0: too large. */
size_t shape_of(struct shape *s, const struct hello *h, char letter);

static inline struct cur
shape_list(const struct shape *s, unsigned which)
{
	size_t at = 0;

	for (unsigned i = 0; i < which; i++)
		at += s->head.len[i];
	return cur_of(s->bytes + at, s->head.len[which]);
}

/* The fingerprints.  JA3: "771,4865-...", and its MD5 as 32 hex digits. */
enum { JA3_LEN = 32, JA4_LEN = 36 };
void ja3_string(const struct shape *s, struct out *o);
void ja3s_string(const struct hello_server *h, struct out *o);
void ja3_hash(const char *string, size_t n, char hash[JA3_LEN]);

/* JA4, JA4_r into raw, and the client key: JA4 as if padding, PSK and early data were not offered. */
struct ja4 {
	char text[JA4_LEN], key[JA4_LEN];
};
void ja4_of(const struct shape *s, struct ja4 *j, struct out *raw);

#endif
