/*
 * field: the tables, generated.  Must not know what a field means.
 */
#include "ledger/field.h"

#include <stddef.h>

#define KIND_BOOL         FIELD_NUMBER
#define KIND_U8           FIELD_NUMBER
#define KIND_U16          FIELD_NUMBER
#define KIND_U32          FIELD_NUMBER
#define KIND_U64          FIELD_NUMBER
#define KIND_HEX64        FIELD_HASH
#define KIND_TIME         FIELD_TIME
#define KIND_US           FIELD_NUMBER
#define KIND_ADDR         FIELD_ADDR
#define KIND_TEXT         FIELD_TEXT
#define KIND_PLAIN        FIELD_TEXT
#define KIND_LIST         FIELD_TEXT
#define KIND_LIST16       FIELD_TEXT
#define KIND_DIGESTS      FIELD_TEXT
#define KIND_VERSION      FIELD_NUMBER
#define KIND_VERSIONS     FIELD_TEXT
#define KIND_CIPHER       FIELD_NUMBER
#define KIND_GROUP        FIELD_NUMBER
#define KIND_ENUM_kind    FIELD_NUMBER
#define KIND_ENUM_role    FIELD_NUMBER
#define KIND_ENUM_tunnel  FIELD_NUMBER
#define KIND_ENUM_end     FIELD_NUMBER
#define KIND_ENUM_carrier FIELD_NUMBER
#define KIND_ENUM_resumed FIELD_NUMBER

static const struct field SESSIONS[] = {
#define FIELD(id, name, type, group, unit, doc)                                                                        \
	{(id), KIND_##type, sizeof(((struct session *)0)->name), offsetof(struct session, name), #name},
#include "session/session.def"
#undef FIELD
};

static const struct field PULSES[] = {
#define FIELD(id, name, type, doc)                                                                                     \
	{(id), KIND_##type, sizeof(((struct pulse *)0)->name), offsetof(struct pulse, name), #name},
#include "session/pulse.def"
#undef FIELD
};

const struct field_table SESSION_TABLE = {SESSIONS, sizeof(SESSIONS) / sizeof(SESSIONS[0])};
const struct field_table PULSE_TABLE = {PULSES, sizeof(PULSES) / sizeof(PULSES[0])};

unsigned
field_find(const struct field_table *t, uint64_t id)
{
	unsigned i = 0;

	while (i < t->count && t->field[i].id != id)
		i++;
	return i;
}

uint64_t
field_load(const struct field *f, const void *record)
{
	const uint8_t *at = (const uint8_t *)record + f->offset;
	uint64_t v = 0;
	int64_t ns;

	if (f->kind == FIELD_TIME) {
		memcpy(&ns, at, sizeof(ns));
		return (uint64_t)(ns / NS_PER_US);
	}
	memcpy(&v, at, f->size); /* little-endian, as all that this runs on (detect/snapshot.h) */
	return v;
}

bool
field_store(const struct field *f, void *record, uint64_t v)
{
	uint8_t *at = (uint8_t *)record + f->offset;
	int64_t ns;

	if (f->kind == FIELD_TIME) {
		if (__builtin_mul_overflow((int64_t)v, NS_PER_US, &ns))
			return false;
		memcpy(at, &ns, sizeof(ns));
		return true;
	}
	memcpy(at, &v, f->size);
	return f->size == 8 || v >> 8 * f->size == 0;
}

void
field_set_addr(const struct field *f, void *record, const struct addr *a)
{
	memcpy((uint8_t *)record + f->offset, a, sizeof(*a));
}

void
field_set_text(const struct field *f, void *record, struct text t)
{
	memcpy((uint8_t *)record + f->offset, &t, sizeof(t));
}
