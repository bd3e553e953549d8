/*
 * field: session.def and pulse.def as tables for code that treats fields alike: where each lies in its struct, and what
 * kind of value it is.
 *
 * A field's number is for ever (session.def); files keep the number, never a position.
 */
#ifndef LEDGER_FIELD_H
#define LEDGER_FIELD_H

#include "session/session.h"

/* What a value is to the codec.  TIME counts whole microseconds, HASH is a number that looks random. */
enum field_kind { FIELD_NUMBER, FIELD_TIME, FIELD_HASH, FIELD_ADDR, FIELD_TEXT };

struct field {
	uint16_t id;
	uint8_t kind; /* enum field_kind */
	uint8_t size; /* of a number: 1, 2, 4 or 8 bytes */
	uint16_t offset;
	const char *name;
	uint64_t most; /* a number's largest value: 1 of a flag, else what its bytes hold */
};

struct field_table {
	const struct field *field;
	const uint8_t *place; /* by the field's number, which is below 256: 1 + its index, 0: no such field */
	unsigned count;
};
extern const struct field_table SESSION_TABLE, PULSE_TABLE;

/* The field with this number, its index in the table; count: none. */
unsigned field_find(const struct field_table *t, uint64_t id);

/* A number's value as the files keep it; record: the struct. */
uint64_t field_load(const struct field *f, const void *record);
/* False: the value does not fit the field. */
bool field_store(const struct field *f, void *record, uint64_t v);

static inline const struct addr *
field_addr(const struct field *f, const void *record)
{
	return (const struct addr *)(const void *)((const uint8_t *)record + f->offset);
}

static inline const struct text *
field_text(const struct field *f, const void *record)
{
	return (const struct text *)(const void *)((const uint8_t *)record + f->offset);
}

void field_set_addr(const struct field *f, void *record, const struct addr *a);
void field_set_text(const struct field *f, void *record, struct text t);

#endif
