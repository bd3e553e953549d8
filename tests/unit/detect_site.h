/*
 * A gateway for detector tests: records made by recipe, findings collected.
 * Sizes and times of attacks are those of published cases; no content is in them.
 */
#ifndef TESTS_UNIT_DETECT_SITE_H
#define TESTS_UNIT_DETECT_SITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detect/frame.h"

enum { GOT_MAX = 64, MINUTE = 60, HOUR = 3600, DAY = 86400 };

struct got {
	struct finding finding[GOT_MAX];
	unsigned findings; /* all of them; the first GOT_MAX are kept */
	unsigned alerts;   /* opened or worsened */
	unsigned closed;
	struct incident last_closed;
};

struct site_test {
	struct detect *d;
	void *memory;
	struct counts counts;
	struct got got;
	struct detect_sink to;
	struct exchange exchange[EXCHANGES_KEPT];
	struct exchange_pair pair[PAIRS_KEPT];
	uint64_t random, next_id;
};

static void
got_finding(void *arg, const struct finding *f, const struct session *s)
{
	struct got *g = arg;

	(void)s;
	assert_int_equal(f->text[sizeof(f->text) - 1], 0);
	assert_non_null(memchr(f->text, 0, sizeof(f->text)));
	assert_null(strchr(f->text, '{'));
	if (g->findings < GOT_MAX)
		g->finding[g->findings] = *f;
	g->findings++;
	g->alerts += f->opens || f->worsens;
	if (getenv("SHOW_FINDINGS"))
		printf("%s%s %u %s\n", f->opens ? "opens" : "", f->worsens ? "worsens" : "", f->severity, f->text);
}

static void
got_closed(void *arg, const struct incident *i)
{
	struct got *g = arg;

	g->closed++;
	g->last_closed = *i;
}

/* `learn_s`: detect.learn; tests of shape detectors use 0. */
static inline void
site_begin(struct site_test *t, size_t memory, int64_t learn_s)
{
	struct detect_config cfg = {.learn_ns = learn_s * NS_PER_S,
				    .incident_idle_ns = 6 * HOUR * NS_PER_S,
				    .memory = memory,
				    .table = {1, 2}};
	struct carve c;

	memset(t, 0, sizeof(*t));
	t->memory = malloc(memory + 64);
	c = (struct carve){t->memory, (uint8_t *)t->memory + memory + 64};
	t->d = detect_new(&c, &cfg, &t->counts);
	t->to = (struct detect_sink){&t->got, got_finding, got_closed};
	t->random = 88172645463325252u;
	assert_non_null(t->d);
}

static inline void
site_end(struct site_test *t)
{
	free(t->memory);
}

/* Marsaglia's xorshift: the same numbers each time. */
static inline uint32_t
site_random(struct site_test *t, uint32_t below)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (uint32_t)(t->random >> 32) % below;
}

static inline struct addr
site_addr(const char *text)
{
	struct addr a;

	assert_true(addr_parse(&a, text));
	return a;
}

static inline struct when
at(double seconds)
{
	return (struct when){INT64_C(1748736000) * NS_PER_S + (int64_t)(seconds * 1e9)};
}

/* A finished inbound TLS session without data. */
static inline struct session
site_session(struct site_test *t, const char *client, uint64_t program, double seconds)
{
	return (struct session){.id = ++t->next_id,
				.kind = SESSION_CLOSE,
				.time = at(seconds),
				.start = at(seconds),
				.last = at(seconds),
				.gateway = 1,
				.role = ROLE_INBOUND,
				.src = site_addr(client),
				.src_port = 50000,
				.dest = site_addr("192.0.2.10"),
				.dest_port = 443,
				.proto = PROTO_TCP,
				.packets_out = 9,
				.packets_in = 9,
				.bytes_in = 5000,
				.carrier = CARRIER_TCP,
				.client_hello = true,
				.server_hello = true,
				.established = true,
				.resumed = RESUMED_NO,
				.client_key = program};
}

/* One more exchange, `gap_ms` after the last. */
static inline void
site_exchange(struct site_test *t, struct session *s, uint32_t request, uint32_t response, uint32_t gap_ms)
{
	const struct exchange e = {request, response, gap_ms * 1000, 20000, 1000};

	if (s->exchanges == 0 || request < s->request_min)
		s->request_min = request;
	if (request > s->request_max)
		s->request_max = request;
	if (response > s->response_max)
		s->response_max = response;
	s->request_bytes += request;
	s->response_bytes += response;
	if (s->exchanges < EXCHANGES_KEPT)
		t->exchange[s->exchanges] = e;
	else if (s->pair_count < PAIRS_KEPT)
		t->pair[s->pair_count++] = (struct exchange_pair){request, response, 1};
	else
		t->pair[s->exchanges % PAIRS_KEPT].count++;
	s->exchanges++;
	s->exchange_count = s->exchanges < EXCHANGES_KEPT ? s->exchanges : EXCHANGES_KEPT;
	s->exchange = t->exchange;
	s->pair = t->pair;
	s->last = when_add(s->last, (int64_t)(gap_ms + 21) * NS_PER_MS);
	s->time = s->last;
}

static inline void
site_judge(struct site_test *t, const struct session *s)
{
	detect_session(t->d, s, &t->to);
}

/* One connection with one exchange. */
static inline void
site_visit(struct site_test *t, const char *client, uint64_t program, double seconds, const uint32_t size[2])
{
	struct session s = site_session(t, client, program, seconds);

	site_exchange(t, &s, size[0], size[1], 0);
	site_judge(t, &s);
}

/* One request again and again: what leaks, polls and monitors do. */
struct site_loop {
	const char *client;
	uint64_t program;
	double begin, apart; /* seconds */
	unsigned n, told;    /* requests on one connection, a record after so many and at its end; 0: each on its own */
	uint32_t request;
	uint32_t (*answer)(struct site_test *t);
};

static inline void
site_loop(struct site_test *t, const struct site_loop *l)
{
	struct session s;

	for (unsigned i = 0; i < l->n && !l->told; i++)
		site_visit(t, l->client, l->program, l->begin + i * l->apart,
			   (const uint32_t[]){l->request, l->answer(t)});
	if (l->told)
		s = site_session(t, l->client, l->program, l->begin);
	for (unsigned i = 0; i < l->n && l->told; i++) {
		site_exchange(t, &s, l->request, l->answer(t), (uint32_t)(l->apart * 1000));
		s.kind = i == l->n - 1 ? SESSION_CLOSE : SESSION_UPDATE;
		if (i % l->told == 0 || i == l->n - 1)
			site_judge(t, &s);
	}
}

/* An answer with memory in it (CVE-2025-5777): up to 127 bytes. */
static inline uint32_t
site_leaked(struct site_test *t)
{
	return 1700 + site_random(t, 128);
}

/* The published loop, each request on a connection of its own. */
static inline void
site_leak(struct site_test *t, double begin, double apart, unsigned n)
{
	site_loop(t, &(struct site_loop){"203.0.113.77", 0x7001, begin, apart, n, 0, 173, site_leaked});
}

/* A user: page, objects, login, then work; different sizes all along. */
static inline void
site_user(struct site_test *t, const char *client, uint64_t program, double seconds)
{
	struct session s = site_session(t, client, program, seconds);

	for (unsigned i = 0; i < 12; i++)
		site_exchange(t, &s, 400 + 40 * i + site_random(t, 200), 300 + site_random(t, 30000), 300);
	site_judge(t, &s);
}

#endif
