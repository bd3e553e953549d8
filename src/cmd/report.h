/*
 * report: the answer of a hunt as one page (or one JSON object) for people who did not run it.  Internal to report*.c.
 *
 *	hunt --> findings, coverage, verification \
 *	records of the window --> peers, activity   > struct report --> report_html*.c, report_json.c
 *	seals, settings, lists --> integrity       /
 *
 * A report is a function of the ledger, the lists and the options: the same again is the same bytes.  It has no time of
 * its own making but the ledger's.
 */
#ifndef CMD_REPORT_H
#define CMD_REPORT_H

#include "cmd/hunt.h"
#include "sink/html.h"

enum {
	REPORT_PEERS = 1 << 15,
	REPORT_EVIDENCE = 4096,
	REPORT_ADDRS = GATEWAY_ADDRS_MAX,
	REPORT_DAYS_SHOWN = 14, /* longer windows: activity by the hour of the week */
	REPORT_ROWS = REPORT_DAYS_SHOWN + 1,
	REPORT_NAME = 256
};

/* Whom the gateway called (address, port, protocol; ports of days whose records have expired are not known: 0), or a network of its clients (/24, /48; port and proto 0). */
struct report_peer {
	struct addr addr;
	uint16_t port;
	uint8_t proto;
	bool before; /* met in the ledger before the window */
	uint64_t sessions, to_gateway, from_gateway;
	struct when first, last; /* of sessions that ended in the window */
	char name[REPORT_NAME];  /* asked for by the gateway, of its first session that had one */
	char country[3];         /* by the database of then; "": not known */
	uint32_t as;             /* 0: not known */
};
struct report_peers {
	struct report_peer *peer;
	size_t n;
	uint32_t *slot;    /* by hash; 0: free, else index + 1 */
	uint64_t left_out; /* sessions of peers that found no room */
};

/* A session that a finding names. */
struct report_evidence {
	uint64_t id;
	bool found; /* among the records that were kept */
	struct when start, last;
	struct addr src, dest;
	uint16_t src_port, dest_port, version;
	uint8_t proto;
	uint64_t bytes_out, bytes_in;
	uint32_t exchanges, request_max, response_max;
	char sni[REPORT_NAME], subject[REPORT_NAME], ja4[40];
};

/* Findings about one actor, in the order in which they came. */
struct report_incident {
	uint64_t id;
	const struct finding **finding;
	size_t findings;
	uint8_t severity;
	struct when first, last;
};

/* What a detector said in the window. */
struct report_count {
	uint64_t findings, suppressed, evidence; /* evidence: in no incident, not suppressed */
	uint64_t incidents, grave;               /* incidents that it is part of; of these high and critical ones */
};

/* A list of indicators that was looked into: a file of today, or what the ledger kept of then (FOLDER/list-HEX). */
struct report_list {
	const char *name, *file; /* file NULL: kept */
	uint64_t size;           /* of the file */
	char hex[65];            /* SHA-256 of the file, or of what was kept */
};

/* An address that the gateway has by the records. */
struct report_address {
	struct addr addr;
	uint8_t gateway;
	uint64_t called, calls; /* sessions to it, and by it */
};

enum report_verdict { VERDICT_UNKNOWN, VERDICT_NOTHING, VERDICT_LESSER, VERDICT_SIGNS };

struct report {
	struct hunt hunt;
	const char *output, *title, *organisation; /* NULL: not given */
	bool json;
	/* found */
	struct report_peers calls, clients;
	uint64_t inbound, outbound, other;     /* sessions that ended in the window */
	uint64_t expired;                      /* sessions of which only their day's sums by peer are left */
	uint64_t activity[2][REPORT_ROWS][24]; /* of these by their begin: inbound, outbound */
	unsigned activity_rows;                /* 7: of the week, from Monday on; else days from the window's first */
	bool by_week;
	struct report_address address[REPORT_ADDRS];
	unsigned addresses;
	struct report_evidence *evidence; /* by id */
	size_t evidences;
	const struct finding **by_incident;
	struct report_incident *incident; /* the gravest first, then by time */
	size_t incidents;
	uint64_t severity[SEVERITY_CRITICAL + 1]; /* incidents */
	uint64_t suppressed, evidence_alone;      /* findings without an incident */
	struct report_count count[64];            /* by number in DETECTORS */
	struct report_list list[INDICATOR_LISTS];
	unsigned lists;
	struct config *then; /* as the ledger has it; NULL: it has none */
	struct seals seals;
	int64_t *open_day; /* that have no seal */
	size_t open_days;
	struct digest head; /* of the chain */
	enum report_verdict verdict;
};

/* report_gather.c */
bool report_begin(struct report *r);
void report_session(void *arg, const struct session *s, bool within);
/* Adds the peers of days whose records have expired; before they are sorted.  False: a day cannot be read. */
bool report_expired(struct report *r);
void report_sort(struct report *r); /* after the last session */
/* A text of the wire, cut where there is no more room. */
void report_take(char *to, size_t size, struct text t);
/* report_incident.c: findings by incident and by detector, and the sessions they name. */
bool report_incidents(struct report *r);
/* report_ledger.c: whose gateway it was, what was looked for, seals. */
bool report_ledger(struct report *r);

/* report_words.c: sentences, which page and JSON share. */
enum { REPORT_WORDS = 1600 };
void report_judge(struct report *r); /* sets the verdict */
void report_headline(const struct report *r, char words[REPORT_WORDS]);
void report_answer(const struct report *r, char words[REPORT_WORDS]);
/* A sentence that has to stand beside the answer; false: there is no more of them. */
bool report_caveat(const struct report *r, unsigned number, char words[REPORT_WORDS]);
struct words report_percent(uint64_t part, uint64_t of); /* 99.98 %; never 100 unless all */
/* A detector's title with a capital. */
void report_title(const struct detector_info *d, char words[128]);
const char *report_technique(const char *attack); /* ATT&CK's name of it */
/* Why a detector could not say anything; NULL: it could. */
const char *report_silent(const struct report *r, const struct detector_info *d);
/* A number of a finding as people write it; its unit only where the name does not say it. */
void report_number(const struct finding_number *n, char words[64]);
extern const char *const REPORT_LIMITS[]; /* up to a NULL */
extern const char *const REPORT_CHECKS[]; /* how to check it; {command} lines begin with $ */
/* The finding that made it as grave as it is. */
const struct finding *report_gravest(const struct report_incident *i);
const struct report_evidence *report_find(const struct report *r, uint64_t session); /* NULL: not looked for */

/* The whole text; `room` is too small: out.full. */
void report_html(struct html *h, const struct report *r);
void report_html_cover(struct html *h, const struct report *r);
void report_html_found(struct html *h, const struct report *r);  /* incidents, hits */
void report_html_peers(struct html *h, const struct report *r);  /* activity, peers */
void report_html_behind(struct html *h, const struct report *r); /* detectors, method, limits, integrity */
void report_json(struct out *o, const struct report *r);
extern const char REPORT_CSS[];

#endif
