/*
 * query_parts: the tables' parts.  Internal to query*.c.
 */
#ifndef LEDGER_QUERY_PARTS_H
#define LEDGER_QUERY_PARTS_H

#include "ledger/query.h"
#include "ledger/scan.h"

/* query_records.c: tables over blocks; columns are filled in by query_tables. */
extern struct sql_table QUERY_SESSIONS, QUERY_RECORDS, QUERY_EXCHANGES, QUERY_PULSES;
void query_records_columns(void);
/* query_days.c: tables over the days' summaries; the same. */
extern struct sql_table QUERY_FINDINGS, QUERY_INCIDENTS, QUERY_PEERS, QUERY_COVERAGE, QUERY_SETTINGS;
void query_days_columns(void);

/* query_value.c: the type that a session's field has in SQL; its value in words where it is one that has a name or is
   a list; `number` is that of its column, `text` of a text. */
enum { QUERY_WORDS = 4096 };
uint8_t query_type(unsigned field);
bool query_has_words(unsigned field);
struct text query_words(unsigned field, uint64_t number, struct text text, char words[QUERY_WORDS]);
/* The number that a name stands for; false: none, or it is no such field. */
bool query_code(unsigned field, struct text name, uint64_t *number);
/* Is 0 of this field a value, and not the lack of one? */
bool query_has_zero(unsigned field);

#endif
