/*
 * tally: what the summary at the end needs of sessions and findings, in bounded tables.
 */
#ifndef CMD_TALLY_H
#define CMD_TALLY_H

#include "detect/detect.h"
#include "session/session.h"

enum {
	TALLY_PROGRAMS = 1024,
	TALLY_ADDRS = 16,
	TALLY_FINDINGS = 64,
	TALLY_VERSIONS = 16,
	TALLY_NAME = 64,
	TALLY_CARRIERS = 7
};

/* A client program: one client key. */
struct tally_program {
	uint64_t key, sessions;
	char ja4[40];
	char sni[TALLY_NAME]; /* of its first session that had one */
	uint16_t version;     /* negotiated in its last session that had one */
	uint16_t addrs;       /* distinct ones, at most TALLY_ADDRS */
	struct addr addr[TALLY_ADDRS];
};

struct tally_version {
	uint16_t version;
	uint64_t sessions;
};

struct tally {
	uint64_t sessions, tls, other, inbound, outbound, resumed, established, no_client_hello;
	uint64_t carrier[TALLY_CARRIERS];
	uint32_t versions, programs;
	uint64_t programs_left_out; /* sessions of programs that found no room */
	uint64_t alerts, infos;     /* infos: all others that are not suppressed */
	uint64_t by_severity[SEVERITY_CRITICAL + 1];
	struct tally_version version[TALLY_VERSIONS];
	uint32_t slot[2 * TALLY_PROGRAMS]; /* by key; 0: free, else index + 1 */
	struct tally_program program[TALLY_PROGRAMS];
	uint32_t findings; /* kept: those that alert */
	struct finding finding[TALLY_FINDINGS];
};

void tally_session(struct tally *t, const struct session *s);
void tally_finding(struct tally *t, const struct finding *f);

/* Orders the programs, most sessions first; only the summary comes after that. */
void tally_sort(struct tally *t);

#endif
