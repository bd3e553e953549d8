/*
 * block: some thousands of rows, column by column; each column is unpacked when somebody asks for it.
 *
 *	block	"GWBLOCK" | version | sensor | rows | columns
 *	column	number | mode | length | bytes			a number that is not known is skipped by its length
 *	number	of the field in session.def; 1000.. what session.def does not have (enum block_number); 2000 + pulse.def's
 *
 * A field that is absent from all rows has no column.  Each column has the encoding that suits it: a number is told by
 * its difference to the row before, to the record of the same session before, to the latest record of the same client
 * (peer) or to what other fields of its row make of it, whichever makes a sample of the column smallest
 * (ledger/column.h); the first record of each session and the later ones apart, so that what stays as it was takes
 * nothing.  Addresses and texts are numbered; the id, JA3, the certificate's SHA-256 and the sums of exchanges that are
 * all there follow from other fields and take nothing, unless they do not.  A JA3 string whose extensions come in random
 * order (Chrome since 110) is kept as the sorted one and the number of the permutation.
 *
 * Reading gives every value as it was, or says that the block is damaged: blocks come from a disk that somebody else
 * may have written to.
 */
#ifndef LEDGER_BLOCK_H
#define LEDGER_BLOCK_H

#include "ledger/row.h"

enum { BLOCK_ROWS = 8192, BLOCK_VERSION = 3, BLOCK_VERSION_FIRST = 2 /* that is still read */ };

enum block_number {
	COLUMN_KINDS = 1001, /* of rows: 0 session, 1 pulse */
	COLUMN_BEFORE,       /* how many sessions back the one before of the same connection is */
	COLUMN_EXCHANGES,    /* how many; how many of them are those of the record before; the rest */
	COLUMN_PAIRS,
	COLUMN_OF_PULSE = 2000
};

/* Places of the fields in the tables of ledger/field.h. */
enum block_session_column {
#define FIELD(id, name, type, group, unit, doc) AT_##name,
#include "session/session.def"
#undef FIELD
	SESSION_COLUMNS
};

enum {
#define FIELD(id, name, type, doc) AT_PULSE_##name,
#include "session/pulse.def"
#undef FIELD
	PULSE_COLUMNS
};

enum block_state { BLOCK_PACKED, BLOCK_READY, BLOCK_DAMAGED };

/* One field of every session, or of every pulse. */
struct block_column {
	uint8_t state; /* enum block_state */
	uint16_t mode;
	bool same; /* all rows have the value of the first */
	struct cur packed;
	uint64_t *v;       /* numbers, times in us; NULL: all 0 */
	uint32_t *which;   /* texts and addresses: an index in text, of which 0 is absent; NULL: all absent */
	struct text *text; /* addresses: 16 bytes */
	uint32_t texts;
};

/* What all sessions have many of: those of session i are at[i] to at[i + 1]. */
struct block_many {
	uint8_t state;
	struct cur packed;
	uint32_t *at; /* NULL: nobody has any */
	union {
		struct exchange *exchange;
		struct exchange_pair *pair;
	};
};

struct block_rows {
	size_t rows, sessions, pulses;
	size_t laters; /* sessions with a record of the same one before; with `before` */
	uint64_t sensor;
	bool unknown;            /* the block holds columns that this version does not know */
	const uint8_t *is_pulse; /* of each row */
	struct block_column session[SESSION_COLUMNS], pulse[PULSE_COLUMNS];
	struct block_many exchanges, pairs;
	uint8_t before_state, peer_state;
	struct cur before_packed;
	uint32_t *before, *peer; /* of each session: 1 + the session that it is told by, 0: none */
	uint64_t *scratch;       /* room for the longest column */
	/* Called for a column's bytes before they are looked at, by its number, false: they are not there; NULL: all are */
	bool (*fetch)(void *arg, uint64_t id, struct cur bytes);
	void *arg;
	struct block_chunk *chunk, *spare;
	size_t used; /* of the first chunk */
};

/* Finds the columns of a block; nothing is unpacked yet, and the bytes have to stay.  False: damaged, of a newer
   version, or no memory; *b is empty then.  *b was zero or held another block, whose memory it takes over. */
bool block_open(struct block_rows *b, struct cur bytes);

/* Rows (ledger/row.h), at most BLOCK_ROWS, as a block that is all there.  Texts stay where they are. */
bool block_take(struct block_rows *b, struct cur rows, uint64_t sensor);

void block_free(struct block_rows *b);

/* A column is there when this returns.  False: it is damaged, or there is no memory. */
bool block_need(struct block_rows *b, enum block_session_column column);
bool block_need_pulse(struct block_rows *b, unsigned column);
bool block_need_exchanges(struct block_rows *b);
bool block_need_all(struct block_rows *b);
/* The fields wanted[SESSION_COLUMNS] of sessions, and all else; what others follow from is there, too. */
bool block_need_some(struct block_rows *b, const bool *wanted);

/* Records of a block that is all there, or what of it was needed.  They are asked for one after the other, from the first
   on, and made some at a time; each is valid until the next one is asked for, and its texts, exchanges and pairs are
   borrowed. */
enum { BLOCK_SOME = 16, BLOCK_WAYS = 4 /* numbers, times, texts, addresses */ };
struct block_layout {
	struct session session[BLOCK_SOME];
	uint16_t column[SESSION_COLUMNS]; /* that differ, by the way in which they are set */
	uint16_t count[BLOCK_WAYS];       /* of each way */
};
void block_layout(const struct block_rows *b, struct block_layout *l);
const struct session *block_session(const struct block_rows *b, struct block_layout *l, size_t i);
void block_pulse(const struct block_rows *b, size_t i, struct pulse *p);

/* A text or address of session i, whose column is there. */
static inline struct text
block_text(const struct block_rows *b, enum block_session_column column, size_t i)
{
	const struct block_column *c = &b->session[column];

	return c->which ? c->text[c->which[i]] : (struct text){NULL, 0};
}

/* What may be asked of a block without opening it: written beside it. */
struct block_about {
	int64_t begin_us, end_us; /* of all rows' times */
	size_t sessions;
	struct bytes range;  /* of each field that is a number: its number, least, most (of times as signed) */
	struct bytes filter; /* ledger/filter.h: addresses, JA4 and names, these as they are and in lower case */
	struct bytes ids;    /* the same of the sessions' ids */
};
void block_about_free(struct block_about *a);

/* Packs rows (ledger/row.h), at most BLOCK_ROWS.  False: they are none, or memory ran out.  about may be NULL. */
bool block_put_about(struct bytes *to, struct cur rows, uint64_t sensor, struct block_about *about);
bool block_put(struct bytes *to, struct cur rows, uint64_t sensor);

/* The least and the most of a field in a block by its `range`; false: the block has it in no row, or cannot tell. */
struct block_range {
	uint64_t least, most;
};
bool block_range(struct cur range, uint16_t id, struct block_range *to);
/* In place of a field: the filter has texts in lower case, too; blocks of before have not. */
enum { BLOCK_LOWER = 1002 };

/* Adds to bytes[] what each column of a block takes, by its number; what has none stands at 0.  False: damaged. */
enum { BLOCK_NUMBERS = COLUMN_OF_PULSE + 256 };
bool block_weigh(struct cur bytes, uint64_t to[BLOCK_NUMBERS]);
/* For whoever reads a block a piece at a time: how long the head of the block is, and that of a column, which has so many
   bytes then; 0: it is cut.  More than so many bytes they never need. */
enum { BLOCK_HEAD = 40, BLOCK_COLUMN_HEAD = 30 };
size_t block_head(struct cur c);
size_t block_column_head(struct cur c, uint64_t *id, uint64_t *bytes);
/* A block, but of a version that this one does not know? */
bool block_is_newer(struct cur bytes);

/* Opens, and everything is there. */
bool block_get(struct cur bytes, struct block_rows *b);

/* The rows as ledger/row.h has them; everything is there. */
void block_rows(struct bytes *to, const struct block_rows *b);

#endif
