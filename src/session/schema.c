/*
 * schema: the fields of a record as a table, for `gatewitness schema` and for whoever reads records by name.
 * Comes from session.def alone: nothing is said here twice.
 */
#include "session/session.h"

const struct session_field SESSION_FIELDS[] = {
#define FIELD(id, name, type, group, unit, doc) {id, #name, #type, #group, unit, doc},
#include "session/session.def"
#undef FIELD
};

const unsigned SESSION_FIELD_COUNT = sizeof(SESSION_FIELDS) / sizeof(SESSION_FIELDS[0]);
