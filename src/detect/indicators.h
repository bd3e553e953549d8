/*
 * indicators: addresses, names, fingerprints and certificates that somebody published, and the question whether a
 * session touches one of them.
 *
 *	lists (sensor) -> struct indicators, immutable -> indicators_find(record) -> the gravest hit
 *
 * Flat arrays: the entries of each list as it was read, and one index for each prefix length or kind that is present.
 * For IPv4 a table over the first 16 bits says which lengths are worth a probe, so that a record costs a few of them,
 * however long the lists are.  Must not allocate: the index's memory is given.
 */
#ifndef DETECT_INDICATORS_H
#define DETECT_INDICATORS_H

#include "base/hash.h"
#include "base/map.h"
#include "session/session.h"

enum indicator_kind {
	INDICATOR_NET,   /* 4 or 16 bytes and a prefix length */
	INDICATOR_NAME,  /* a server name, lower case */
	INDICATOR_UNDER, /* every name below this one */
	INDICATOR_JA3,   /* 32 hex digits */
	INDICATOR_JA4,
	INDICATOR_JA4_AB, /* the first two parts of a JA4 */
	INDICATOR_JA4_A,  /* the first */
	INDICATOR_SHA1,   /* of a certificate, hex */
	INDICATOR_SHA256,
	INDICATOR_PSEUDONYM, /* a network of pseudonyms, beside the INDICATOR_NET that it stands for */
	INDICATOR_KINDS
};

enum {
	INDICATOR_NAME_MAX = 253,
	INDICATOR_LABELS = 12 /* of an INDICATOR_UNDER, at least 2 */,
	INDICATOR_TEXT_MAX = 256
};
enum { JA3_LEN = 32, JA4_LEN = 36, JA4_AB_LEN = 23, JA4_A_LEN = 10 };

struct indicator {
	uint32_t at;    /* of its key in the list's bytes */
	uint32_t until; /* seconds since 1970 from which it does not count, 0: always counts */
	uint8_t kind, len;
	uint8_t bits; /* INDICATOR_NET: of the 32 or 128, at least 1 */
};

struct indicator_list {
	struct text name;
	const struct indicator *entry;
	const char *bytes;
	uint32_t entries;
	uint32_t first; /* number of its first entry among all lists' */
	uint32_t until; /* as of an entry */
	uint8_t severity, confidence;
};

enum { INDICATOR_LISTS = 64, INDICATOR_BITS = 129 };

/* Networks of IPv4 and IPv6: the prefix lengths present, and an index each. */
struct indicator_nets {
	uint8_t lengths[2], length[2][INDICATOR_BITS];
	struct map net[2][INDICATOR_BITS];
	uint32_t *v4; /* by the first 16 bits: prefix lengths of entries that begin so (bit: length - 1); NULL: none */
};

struct indicators {
	struct hash_key key;
	uint64_t privacy_key; /* id of the key of INDICATOR_PSEUDONYM entries; 0: there are none */
	uint32_t lists, entries;
	struct indicator_list list[INDICATOR_LISTS];
	struct indicator_nets clear, hidden;
	struct map text[INDICATOR_KINDS];
};

/* `lists` and `list` are set; first is filled here.  How much memory the index takes. */
size_t indicators_bytes(struct indicators *i);
/* Builds the index in such memory. */
void indicators_index(struct indicators *i, void *memory);

enum indicator_where {
	INDICATOR_SOURCE,
	INDICATOR_DEST,
	INDICATOR_SNI,
	INDICATOR_CLIENT, /* its fingerprint */
	INDICATOR_SERVER_CERT,
	INDICATOR_CLIENT_CERT
};

struct indicator_hit {
	const struct indicator_list *list;
	const struct indicator *entry;
	uint8_t where;    /* enum indicator_where */
	uint8_t severity; /* the list's, weighed by what happened */
	bool called;      /* the gateway called this place, for certain */
};

/* The gravest hit of a record; what is on several lists counts for the gravest one, then the surest, then the first. */
bool indicators_find(const struct indicators *i, const struct session *s, struct indicator_hit *hit);

/* Could a record touch an entry by such a text in that field (an offset in struct session: sni, ja3, ja4, a digest), or by
   such an address?  For who looks through what records have, without the records; an entry that expired counts. */
bool indicators_have_text(const struct indicators *i, size_t field, struct text t);
bool indicators_have_addr(const struct indicators *i, const struct addr *a);

/* The gravest list that the side which is not the gateway is on by its address; NULL: none. */
const struct indicator_list *indicators_listed(const struct indicators *i, const struct session *s);

/* The entry as a list writes it: "192.0.2.0/24", "*.example.org", "t13d1516h2_*". */
struct text indicator_text(const struct indicator_list *l, const struct indicator *e, char to[INDICATOR_TEXT_MAX]);

/* Are two entries of the same kind and key? */
bool indicator_same(const struct indicator_list *l, const struct indicator *a, const struct indicator *b);
/* The hash that the index uses. */
uint64_t indicator_hash(const struct indicators *i, const struct indicator_list *l, const struct indicator *e);

#endif
