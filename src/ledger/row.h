/*
 * row: a record as bytes of one form: what the chain hashes, and what lies in the tail table.
 *
 *	row	kind (1 session, 2 pulse) | length | members
 *	member	number of the field * 4 + form | value		fields that are present, in the order of their numbers
 *	form	0 number | 1 eight bytes | 2 length, bytes | 3 sixteen bytes
 *
 * Numbers are those of session.def and pulse.def; times count microseconds, zigzag.  Exchanges and pairs are members
 * 1000 and 1001, bytes that hold numbers, five and three each.  Absent is absent: 0, or a text without pointer.  A
 * reader skips numbers that it does not know, so what a newer sensor wrote still reads.
 */
#ifndef LEDGER_ROW_H
#define LEDGER_ROW_H

#include "ledger/bytes.h"
#include "ledger/field.h"

enum row_kind { ROW_SESSION = 1, ROW_PULSE = 2 };
enum { ROW_EXCHANGES = 1000, ROW_PAIRS = 1001 };

/* A record read back; texts are borrowed from the bytes. */
struct row {
	uint8_t kind; /* enum row_kind */
	bool unknown; /* it held fields that this version does not know */
	struct session session;
	struct pulse pulse;
	struct exchange exchange[EXCHANGES_KEPT];
	struct exchange_pair pair[PAIRS_KEPT];
};

void row_put_session(struct bytes *to, const struct session *s);
void row_put_pulse(struct bytes *to, const struct pulse *p);

/* A row's kind and its members; false: these bytes are none. */
bool row_open(struct cur *from, uint8_t *kind, struct cur *members);

/* One member, of a field or of what session.def does not have. */
struct row_member {
	uint64_t id, number;
	unsigned form;
	struct cur bytes;
};
/* The next; *m holds the one before, at first id 0.  False: these bytes are none, or out of order. */
bool row_member(struct cur *members, struct row_member *m);
/* The same in two steps: m->id and m->form are known, what follows is the value. */
void row_value(struct cur *members, struct row_member *m);
/* The form of each enum field_kind. */
enum row_form { ROW_NUMBER, ROW_EIGHT, ROW_BYTES, ROW_SIXTEEN };
static inline enum row_form
row_form(uint8_t kind)
{
	return kind == FIELD_TEXT ? ROW_BYTES :
	       kind == FIELD_ADDR ? ROW_SIXTEEN :
	       kind == FIELD_HASH ? ROW_EIGHT :
				    ROW_NUMBER;
}
/* Is the value one of the field's kind?  Whether it is too large field_store says. */
bool row_fits(const struct row_member *m, const struct field *f);
/* Of exchanges or pairs: their numbers; how many, 0: they are too many, too large, or cut. */
uint32_t row_numbers(const struct row_member *m, uint32_t *v, uint32_t most);

/* The next row.  False: these bytes are none; *r must not be used. */
bool row_get(struct cur *from, struct row *r);

#endif
