/*
 * report_json: values and members of the report's JSON.  Internal to report_json*.c.
 */
#ifndef CMD_REPORT_JSON_H
#define CMD_REPORT_JSON_H

#include "cmd/report.h"

void time_value(struct out *o, struct when t);
void addr_value(struct out *o, const struct addr *a);
void text_or_null(struct out *o, const char *text);

#define MEMBER(o, name, call)                                                                                          \
	do {                                                                                                           \
		JSON_KEY(o, name);                                                                                     \
		call;                                                                                                  \
	} while (0)
#define MEMBER_U64(o, name, n)  MEMBER(o, name, json_u64((o), (n)))
#define MEMBER_TEXT(o, name, t) MEMBER(o, name, text_or_null((o), (t)))
#define MEMBER_BOOL(o, name, b) MEMBER(o, name, json_bool((o), (b)))
#define MEMBER_TIME(o, name, t) MEMBER(o, name, time_value((o), (t)))

/* report_json_behind.c */
void report_json_traffic(struct out *o, const struct report *r);
void report_json_detectors(struct out *o, const struct report *r);
void report_json_integrity(struct out *o, const struct report *r);

#endif
