/*
 * verify_parts: between verify.c and verify_day.c.
 */
#ifndef LEDGER_VERIFY_PARTS_H
#define LEDGER_VERIFY_PARTS_H

#include "ledger/day.h"
#include "ledger/verify.h"

void verify_say(struct verify *v, enum verify_kind kind, const char *words);

/* Entry by entry: chain, tables, blocks, records.  head: what the last must be, NULL: not known. */
void verify_day(struct verify *v, struct day *d, const struct digest *link, const struct digest *head);

/* A day whose settings cannot be read: what they name cannot be looked for, and that is told. */
void verify_unnamed(struct verify *v, int64_t day, int number);

/* Files that settings name. */
void verify_attached(struct verify *v);

/* Captures of incidents, wherever the ledger says that they lie. */
void verify_evidence(struct verify *v);

#endif
