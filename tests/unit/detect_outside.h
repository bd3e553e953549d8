/*
 * Calls of the gateway itself, for tests of the detectors that judge them: a week of ordinary ones, then what comes.
 */
#ifndef TESTS_UNIT_DETECT_OUTSIDE_H
#define TESTS_UNIT_DETECT_OUTSIDE_H

#include "detect_site.h"

static const uint64_t GATEWAY_PROGRAM = 0x9a7e;

static inline struct session
call_tcp(struct site_test *t, const char *where, uint16_t port, double seconds)
{
	struct session s = site_session(t, "192.0.2.10", 0, seconds);

	s.role = ROLE_OUTBOUND;
	s.src_port = (uint16_t)(40000 + t->next_id % 20000);
	s.dest = site_addr(where);
	s.dest_port = port;
	s.carrier = CARRIER_NONE;
	s.client_hello = s.server_hello = s.established = false;
	s.bytes_out = 300;
	s.bytes_in = 900;
	s.last = at(seconds + 0.2);
	s.time = s.last;
	return s;
}

static inline struct session
call_udp(struct site_test *t, const char *where, uint16_t port, const uint32_t bytes[2], double seconds)
{
	struct session s = call_tcp(t, where, port, seconds);

	s.proto = PROTO_UDP;
	s.packets_out = 1;
	s.packets_in = bytes[1] ? 1 : 0;
	s.bytes_out = bytes[0];
	s.bytes_in = bytes[1];
	return s;
}

static inline struct session
call_tls(struct site_test *t, const char *where, uint16_t port, const char *name, double seconds)
{
	struct session s = call_tcp(t, where, port, seconds);

	s.carrier = CARRIER_TCP;
	s.client_hello = s.server_hello = s.established = true;
	s.client_key = GATEWAY_PROGRAM;
	s.server_key = 0x5e;
	s.resumed = RESUMED_NO;
	if (name)
		s.sni = (struct text){name, (uint32_t)strlen(name)};
	return s;
}

static inline void
judge(struct site_test *t, struct session s)
{
	site_judge(t, &s);
}

/* Eight days: names every quarter of an hour, time every 1024 s, updates and licences by day, a directory. */
static inline void
ordinary_week(struct site_test *t)
{
	for (unsigned i = 0; i < 8 * 96; i++) {
		double now = i * 900.0;

		judge(t, call_udp(t, "198.51.100.53", 53, (uint32_t[]){40 + i % 17, 90 + i % 80}, now + i % 31));
		judge(t, call_udp(t, "198.51.100.123", 123, (uint32_t[]){48, 48}, now + 1));
		if (i % 4 == 0)
			judge(t, call_tcp(t, "10.1.0.20", 636, now + 7 + i % 500));
		if (i % 96 == 3)
			judge(t, call_tls(t, "198.51.100.80", 443, "updates.example.com", now + 11));
		if (i % 96 == 5)
			judge(t, call_tls(t, "198.51.100.81", 443, "licence.example.com", now + 12));
	}
}

static inline unsigned
count_of(const struct site_test *t, enum detector_id id, uint8_t least_severity)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->got.findings && i < GOT_MAX; i++)
		n += t->got.finding[i].detector == id && t->got.finding[i].severity >= least_severity;
	return n;
}

static inline const struct finding *
last_of(const struct site_test *t, enum detector_id id)
{
	const struct finding *f = NULL;

	for (unsigned i = 0; i < t->got.findings && i < GOT_MAX; i++)
		if (t->got.finding[i].detector == id)
			f = &t->got.finding[i];
	return f;
}

/* Forgets what was found, keeps what is known. */
static inline void
forget_findings(struct site_test *t)
{
	memset(&t->got, 0, sizeof(t->got));
}

/* A site whose week is over: `week` seconds after its beginning. */
static const double WEEK = 8.0 * DAY;

static inline void
site_after_week(struct site_test *t, size_t memory)
{
	site_begin(t, memory, 7 * DAY);
	ordinary_week(t);
	forget_findings(t);
}

#endif
