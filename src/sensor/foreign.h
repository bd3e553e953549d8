/*
 * foreign: one line of another sensor's log as part of a session record.
 *
 *	Zeek, JSON		conn.log	the flow	uid
 *				ssl.log		TLS		uid
 *	Suricata, EVE		flow		the flow	flow_id
 *				tls, quic	TLS		flow_id
 *
 * What a log says is taken; what it does not say is absent, and `lacks` of the record says which of it matters: nobody
 * else logs the sizes and times of requests and answers.  Numbers are brought to our units: bytes of IP payload, from
 * Zeek's IP bytes and Suricata's frame bytes, both less headers without options.
 */
#ifndef SENSOR_FOREIGN_H
#define SENSOR_FOREIGN_H

#include "sensor/json_in.h"
#include "session/session.h"

enum { FOREIGN_LISTS = 4096, FOREIGN_WHY = 96 };

enum foreign_part { FOREIGN_OTHER, FOREIGN_FLOW, FOREIGN_TLS };

struct foreign {
	uint8_t part;        /* enum foreign_part; OTHER: a line about something else */
	bool expects;        /* a flow that its sensor saw TLS in: there is, or was, another line */
	uint64_t key;        /* of both lines of a connection */
	struct when written; /* about when the line was: flows at their end */
	struct session s;    /* the part's fields; texts are the line's */
	struct json *line;
	size_t used;
	char lists[FOREIGN_LISTS];
};

/* False: `why` is the end of a sentence about the line.  foreign_free in both cases. */
bool foreign_line(struct foreign *f, const char *line, size_t n, char why[FOREIGN_WHY]);
void foreign_free(struct foreign *f);

/* Both parts of a connection become one record; one of them may be NULL: it did not come. */
void foreign_join(struct session *to, const struct session *flow, const struct session *tls);

/* For foreign_*.c. */
bool foreign_zeek(struct foreign *f, char why[FOREIGN_WHY]);
bool foreign_suricata(struct foreign *f, char why[FOREIGN_WHY]);
bool foreign_fail(char why[FOREIGN_WHY], const char *what, const char *field);
bool foreign_addr(struct addr *to, struct text t);
bool foreign_port(uint16_t *to, const struct json *line, const char *field);
uint32_t foreign_u32(const struct json *o, const char *field);
uint64_t foreign_u64(const struct json *o, const char *field);
/* 32 to 64 hex digits, colons between them or not, as we write digests.  Absent: none. */
struct text foreign_hex(struct foreign *f, struct text t, uint32_t digits);
/* A fingerprint that has no other letters than these: such texts are printed as they are.  Absent: none. */
struct text foreign_plain(struct text t, const char *letters);
#define FOREIGN_JA3 "0123456789,-"
#define FOREIGN_JA4 "0123456789abcdefghijklmnopqrstuvwxyz_"
/* Texts of a JSON array, each after a length byte. */
struct text foreign_list(struct foreign *f, const struct json *array);
/* "TLSv12", "TLS 1.2", "SSLv3", "DTLSv1.2"; 0: none. */
uint16_t foreign_version(struct text t);
/* Bytes with headers, less these. */
uint64_t foreign_payload(uint64_t bytes, uint32_t packets, const struct addr *a, unsigned frame);
/* A program's key from what its sensor made of the hello. */
uint64_t foreign_client(struct text ja4);

#endif
