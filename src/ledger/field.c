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

/* 1 of a flag, 0: what its bytes hold. */
#define FLAG_BOOL         1
#define FLAG_U8           0
#define FLAG_U16          0
#define FLAG_U32          0
#define FLAG_U64          0
#define FLAG_HEX64        0
#define FLAG_TIME         0
#define FLAG_US           0
#define FLAG_ADDR         0
#define FLAG_TEXT         0
#define FLAG_PLAIN        0
#define FLAG_LIST         0
#define FLAG_LIST16       0
#define FLAG_DIGESTS      0
#define FLAG_VERSION      0
#define FLAG_VERSIONS     0
#define FLAG_CIPHER       0
#define FLAG_GROUP        0
#define FLAG_ENUM_kind    0
#define FLAG_ENUM_role    0
#define FLAG_ENUM_tunnel  0
#define FLAG_ENUM_end     0
#define FLAG_ENUM_carrier 0
#define FLAG_ENUM_resumed 0

#define MOST(flag, size) ((flag) ? 1 : (size) < 8 ? (UINT64_C(1) << (8 * (size)&63)) - 1 : UINT64_MAX)

static const struct field SESSIONS[] = {
#define FIELD(id, name, type, group, unit, doc)                                                                        \
	{(id),                                                                                                         \
	 KIND_##type,                                                                                                  \
	 sizeof(((struct session *)0)->name),                                                                          \
	 offsetof(struct session, name),                                                                               \
	 #name,                                                                                                        \
	 MOST(FLAG_##type, sizeof(((struct session *)0)->name))},
#include "session/session.def"
#undef FIELD
};

static const struct field PULSES[] = {
#define FIELD(id, name, type, doc)                                                                                     \
	{(id),                                                                                                         \
	 KIND_##type,                                                                                                  \
	 sizeof(((struct pulse *)0)->name),                                                                            \
	 offsetof(struct pulse, name),                                                                                 \
	 #name,                                                                                                        \
	 MOST(FLAG_##type, sizeof(((struct pulse *)0)->name))},
#include "session/pulse.def"
#undef FIELD
};

/* Where each number stands: 1 + the index. */
enum {
#define FIELD(id, name, type, group, unit, doc) PLACE_##name,
#include "session/session.def"
#undef FIELD
};
static const uint8_t SESSION_PLACE[256] = {
#define FIELD(id, name, type, group, unit, doc) [id] = 1 + PLACE_##name,
#include "session/session.def"
#undef FIELD
};
enum {
#define FIELD(id, name, type, doc) PULSE_PLACE_##name,
#include "session/pulse.def"
#undef FIELD
};
static const uint8_t PULSE_PLACE[256] = {
#define FIELD(id, name, type, doc) [id] = 1 + PULSE_PLACE_##name,
#include "session/pulse.def"
#undef FIELD
};

const struct field_table SESSION_TABLE = {SESSIONS, SESSION_PLACE, sizeof(SESSIONS) / sizeof(SESSIONS[0])};
const struct field_table PULSE_TABLE = {PULSES, PULSE_PLACE, sizeof(PULSES) / sizeof(PULSES[0])};

unsigned
field_find(const struct field_table *t, uint64_t id)
{
	uint8_t place = id < 256 ? t->place[id] : 0;

	return place ? place - 1u : t->count;
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
	if (v > f->most)
		return false;
	switch (f->size) { /* each a store of its own: a record has seventy of them */
	case 1:
		memcpy(at, &v, 1);
		break;
	case 2:
		memcpy(at, &v, 2);
		break;
	case 4:
		memcpy(at, &v, 4);
		break;
	default:
		memcpy(at, &v, 8);
	}
	return true;
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
