/*
 * chain: each commit hashed onto the one before, and days sealed.
 *
 *	entry	SHA-256(head before | commit, time, rows | digest of its records | of its blocks | of each table's rows)
 *	seal	one line of FOLDER/seals: the day's last entry, both files' sizes and digests, the line before, signature
 *
 * Records are hashed in the form of ledger/row.h, so that an entry holds whether they still lie in the tail or have
 * been packed into a block; blocks are hashed as they lie there.  Who alters a byte of a sealed day contradicts the
 * seal, who alters a row of the open one contradicts its entry, and who makes the chain anew contradicts the heads that
 * went out.
 */
#ifndef LEDGER_CHAIN_H
#define LEDGER_CHAIN_H

#include "base/when.h"
#include "ledger/sign.h"

struct digest {
	uint8_t b[32];
};

enum { CHAIN_TABLES = 5 };

struct chain_entry {
	int64_t commit, time_us, rows;
	struct digest records, blocks, table[CHAIN_TABLES], hash;
};

struct digest digest_of(const void *bytes, size_t n);
static inline bool
digest_same(const struct digest *a, const struct digest *b)
{
	uint8_t differs = 0;

	for (size_t i = 0; i < sizeof(a->b); i++)
		differs |= a->b[i] ^ b->b[i];
	return !differs;
}

/* What its hash must be. */
struct digest chain_next(const struct digest *before, const struct chain_entry *e);

/* Days since 1970-01-01, and their name. */
enum { CHAIN_DATE = 11 };
int64_t chain_day(struct when t);
void chain_date(char date[CHAIN_DATE], int64_t day);
bool chain_parse_date(int64_t *day, const char *date);

struct seal_file {
	uint64_t size;
	struct digest digest;
};

struct seal {
	int64_t day, commits, rows;
	struct digest before; /* of the line before, 0: the first */
	struct digest link;   /* head that the day began with */
	struct digest head;
	struct seal_file sessions, summary;
	uint8_t public[SIGN_KEY], signature[SIGN_BYTES];
	bool holds;         /* the signature, by the key in the line */
	struct digest line; /* of this line */
};

struct seals {
	struct seal *seal;
	size_t n, lines;
	size_t torn;  /* lines that are none: the first's number, 0: none */
	size_t whole; /* bytes of the lines that have an end */
	bool cut;     /* the last has none: the power went, or the disk was full; the next seal takes its place */
};

/* The next line, with its end.  False: memory ran out. */
bool seals_line(struct seals *s, const char *line, size_t n);
/* FOLDER/seals; not there: no seals.  False: it cannot be read, or memory ran out. */
bool seals_read(struct seals *s, const char *folder);
void seals_free(struct seals *s);

/* Signs and appends; durable when it returns.  False: errno. */
bool seal_append(struct seals *s, struct seal *seal, const char *folder, const struct sign_key *key);

/* A file's size and digest.  False: it cannot be read, errno says why, or (errno 0) it is empty. */
bool seal_measure(struct seal_file *f, const char *path);

#endif
