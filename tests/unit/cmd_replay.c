/*
 * cmd_replay: live, read and replayed are the same: every capture of the tree is read, its records are kept, taken
 * through JSON and back, and replayed; the findings are those of the read.  And so are those of its EVE lines, when
 * they were written with eve.replay.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cmd/captures.h"
#include "cmd/eve_in.h"
#include "cmd/replay.h"
#include "every_capture.h"

enum { FINDINGS = 512, LINE = 1 << 18 };

struct findings {
	struct finding f[FINDINGS];
	unsigned n;
};

struct heard {
	struct store *store;
	struct findings read, again;
	unsigned records, pulses;
};

static void
keep_finding(void *arg, const struct finding *f)
{
	struct findings *all = arg;

	assert_true(all->n < FINDINGS);
	all->f[all->n++] = *f;
}

static void
assert_same_bytes(const void *a, const void *b, size_t n, const char *what)
{
	if (memcmp(a, b, n) != 0)
		fail_msg("%s differs", what);
}

static void
assert_same_text(const struct text *a, const struct text *b, const char *what)
{
	if ((a->p == NULL) != (b->p == NULL) || a->len != b->len || (a->len && memcmp(a->p, b->p, a->len) != 0))
		fail_msg("%s differs: %.*s and %.*s", what, (int)a->len, a->p, (int)b->len, b->p);
}

#define SAME_VALUE(a, b, name) assert_same_bytes(&(a)->name, &(b)->name, sizeof((a)->name), #name)
#define SAME(a, b, name)                                                                                               \
	do {                                                                                                           \
		if (sizeof((a)->name) == sizeof(struct text))                                                          \
			same_field(&(a)->name, &(b)->name, sizeof((a)->name),                                          \
				   _Generic((a)->name, struct text                                                     \
					    : true, default                                                            \
					    : false),                                                                  \
				   #name);                                                                             \
		else                                                                                                   \
			SAME_VALUE(a, b, name);                                                                        \
	} while (0)

static void
same_field(const void *a, const void *b, size_t n, bool text, const char *what)
{
	if (text)
		assert_same_text(a, b, what);
	else
		assert_same_bytes(a, b, n, what);
}

static void
assert_same_record(const struct session *a, const struct session *b)
{
#define FIELD(id, name, type, group, unit, doc) SAME(a, b, name);
#include "session/session.def"
#undef FIELD
	assert_int_equal(a->exchange_count, b->exchange_count);
	assert_int_equal(a->pair_count, b->pair_count);
	for (uint32_t i = 0; i < a->exchange_count; i++)
		assert_same_bytes(&a->exchange[i], &b->exchange[i], sizeof(a->exchange[i]), "exchange");
	for (uint32_t i = 0; i < a->pair_count; i++)
		assert_same_bytes(&a->pair[i], &b->pair[i], sizeof(a->pair[i]), "pair");
}

static void
assert_json_and_back(const struct session *s)
{
	static struct record_room room;
	static char line[LINE];
	struct out o = out_of(line, sizeof(line));
	struct recent recent = {0};
	struct session back;
	const char *wrong;
	struct json *j;

	session_json(&o, s, &recent);
	j = json_in(line, out_len(&o));
	assert_non_null(j);
	wrong = record_in(&back, &room, j);
	if (wrong)
		fail_msg("%s of %.*s", wrong, (int)out_len(&o), line);
	assert_same_record(s, &back);
	json_in_free(j);
}

static void
hear_session(void *arg, const struct session *s)
{
	struct heard *h = arg;
	struct store *one = store_new();
	struct store_item item;

	assert_json_and_back(s);
	assert_true(store_session(h->store, s));
	assert_true(store_session(one, s));
	assert_int_equal(store_at(one, 0, &item), s->gateway != 0);
	if (item.session)
		assert_same_record(s, item.session);
	store_free(one);
	h->records++;
}

static void
hear_pulse(void *arg, const struct pulse *p)
{
	struct heard *h = arg;

	assert_true(store_pulse(h->store, p));
	h->pulses++;
}

static void
hear_finding(void *arg, const struct finding *f)
{
	keep_finding(&((struct heard *)arg)->read, f);
}

static void
assert_same_finding(const struct finding *a, const struct finding *b)
{
	assert_string_equal(a->text, b->text);
	SAME_VALUE(a, b, id);
	SAME_VALUE(a, b, incident);
	SAME_VALUE(a, b, detector);
	SAME_VALUE(a, b, severity);
	SAME_VALUE(a, b, confidence);
	SAME_VALUE(a, b, gateway);
	SAME_VALUE(a, b, opens);
	SAME_VALUE(a, b, worsens);
	SAME_VALUE(a, b, learning);
	SAME_VALUE(a, b, degraded);
	SAME_VALUE(a, b, time);
	SAME_VALUE(a, b, actor);
	SAME_VALUE(a, b, target);
	SAME_VALUE(a, b, session_count);
	assert_same_bytes(a->session, b->session, a->session_count * sizeof(a->session[0]), "sessions");
	assert_ptr_equal(a->chain, b->chain);
	assert_ptr_equal(a->suppressed, b->suppressed);
}

static struct common *
open_common(struct heard *h, const char *config, const char *eve, bool replays)
{
	struct common *c = common_new(&CMD_TUNE);

	assert_non_null(c);
	assert_int_equal(common_option(c, OPT_QUIET, NULL), EXIT_DONE);
	assert_int_equal(common_option(c, OPT_SET, "sensor.name=test"), EXIT_DONE);
	assert_int_equal(common_option(c, OPT_SET, "detect.learn=75s"), EXIT_DONE);
	assert_int_equal(common_option(c, OPT_SET, replays ? "eve.replay=yes" : "eve.replay=no"), EXIT_DONE);
	if (config)
		assert_int_equal(common_option(c, 'c', config), EXIT_DONE);
	c->eve = eve;
	c->hears = (struct watch_tell){.arg = h, .session = hear_session, .finding = hear_finding, .pulse = hear_pulse};
	assert_int_equal(common_open(c, NULL), EXIT_DONE);
	return c;
}

static void
replay(struct heard *h, struct common *c, struct store *store)
{
	struct replay r = {.store = store,
			   .rules = &c->rules[c->now],
			   .enrich = c->enrich,
			   .arg = &h->again,
			   .finding = keep_finding};

	assert_true(watch_pipeline(&c->watch, &r.pipeline));
	h->again.n = 0;
	assert_true(replay_run(&r, c->config.number + OPTIONS_OWN));
}

static void
assert_same_findings(const struct heard *h)
{
	assert_int_equal(h->read.n, h->again.n);
	for (unsigned i = 0; i < h->read.n; i++)
		assert_same_finding(&h->read.f[i], &h->again.f[i]);
}

/* As the sensor said, nobody says otherwise. */
static struct eve_in *
read_eve(const char *path)
{
	static const struct site nobody;
	static struct eve_in eve;

	eve = (struct eve_in){.store = store_new(), .site = &nobody};
	assert_true(eve_in_file(&eve, path));
	assert_int_equal(eve.bad, 0);
	assert_true(eve.records > 0);
	return &eve;
}

/* Reads and replays; how many findings. */
static unsigned
read_and_replay(const char *path, const char *config)
{
	char lines[] = "/tmp/gatewitness-replay-XXXXXX";
	struct heard *h = calloc(1, sizeof(*h));
	int fd = mkstemp(lines);
	struct common *c = open_common(h, config, lines, true);
	struct captures captures = {.common = c, .file = &path, .files = 1};
	struct eve_in *eve;
	unsigned n;

	assert_true(fd >= 0 && close(fd) == 0);
	h->store = store_new();
	assert_int_equal(captures_read(&captures), EXIT_DONE);
	assert_true(h->records > 0);
	replay(h, c, h->store);
	assert_same_findings(h);
	replay(h, c, h->store); /* nothing stays from one to the next */
	assert_same_findings(h);
	assert_int_equal(common_close(c, EXIT_DONE), EXIT_DONE);
	eve = read_eve(lines);
	assert_int_equal(eve->pulses, h->pulses);
	assert_int_equal(eve->records, h->records);
	replay(h, c, eve->store);
	assert_same_findings(h);
	n = h->read.n;
	store_free(eve->store);
	common_free(c);
	store_free(h->store);
	free(h);
	assert_int_equal(unlink(lines), 0);
	return n;
}

static void
goldens(void **state)
{
	(void)state;
	check_goldens(read_and_replay);
}

static void
demo(void **state)
{
	(void)state;
	check_demo(read_and_replay);
}

/* The alerts of the demo from its EVE lines without eve.replay: the same ids.  Their texts may say a shorter time of
   knowing: there are no pulses, and no records before the first session closed. */
static void
demo_from_eve(void **state)
{
	char path[] = "/tmp/gatewitness-replay-XXXXXX";
	struct heard *h = calloc(1, sizeof(*h));
	const char *capture = "tests/demo/demo.pcap";
	struct captures captures = {.file = &capture, .files = 1};
	struct eve_in *eve;
	unsigned alerts = 0;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0 && close(fd) == 0);
	h->store = store_new();
	captures.common = open_common(h, "tests/demo/demo.conf", path, false);
	assert_int_equal(captures_read(&captures), EXIT_DONE);
	assert_int_equal(common_close(captures.common, EXIT_DONE), EXIT_DONE);
	eve = read_eve(path);
	assert_int_equal(eve->pulses, 0);
	replay(h, captures.common, eve->store);
	for (unsigned i = 0; i < h->read.n; i++) {
		const struct finding *f = &h->read.f[i];
		unsigned same = 0;

		if (!eve_alerts(f) || f->severity < SEVERITY_MEDIUM)
			continue;
		alerts++;
		for (unsigned j = 0; j < h->again.n; j++)
			same += h->again.f[j].id == f->id && h->again.f[j].severity == f->severity &&
				eve_alerts(&h->again.f[j]);
		if (same != 1)
			fail_msg("%u times: %s", same, f->text);
	}
	assert_true(alerts >= 5);
	store_free(eve->store);
	store_free(h->store);
	common_free(captures.common);
	free(h);
	assert_int_equal(unlink(path), 0);
}

/* Two sources: by time, but within one nothing changes places. */
static void
merges(void **state)
{
	static const struct {
		int64_t ns;
		uint64_t id;
	} A[] = {{10, 1}, {30, 2}, {20, 3}, {40, 4}}, B[] = {{5, 5}, {25, 6}, {35, 7}};
	static const uint64_t WANT[] = {5, 1, 6, 2, 3, 7, 4};
	struct store *s = store_new();
	struct session one = {.gateway = 1};
	struct store_item item;

	(void)state;
	for (size_t i = 0; i < sizeof(A) / sizeof(A[0]); i++) {
		one.id = A[i].id;
		one.time.ns = A[i].ns;
		assert_true(store_session(s, &one));
	}
	store_source(s);
	for (size_t i = 0; i < sizeof(B) / sizeof(B[0]); i++) {
		one.id = B[i].id;
		one.time.ns = B[i].ns;
		assert_true(store_session(s, &one));
	}
	store_merge(s);
	for (size_t i = 0; i < sizeof(WANT) / sizeof(WANT[0]); i++) {
		assert_true(store_at(s, i, &item));
		assert_int_equal(item.session->id, WANT[i]);
	}
	assert_false(store_at(s, sizeof(WANT) / sizeof(WANT[0]), &item));
	assert_int_equal(store_facts(s).sessions, 7);
	store_free(s);
}

/* Pauses of more than a day are no traffic; many texts, each once. */
static void
keeps_many(void **state)
{
	enum { MANY = 20000 };
	struct store *s = store_new();
	struct session one = {.gateway = 1};
	struct store_item item;
	struct store_facts f;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		one.time.ns = (i < MANY / 2 ? 0 : 30 * 86400 * NS_PER_S) + (int64_t)i * NS_PER_S;
		one.sni = (struct text){name, (uint32_t)snprintf(name, sizeof(name), "host%u.example.org", i / 2)};
		assert_true(store_session(s, &one));
	}
	f = store_facts(s);
	assert_int_equal(f.lasted_ns / NS_PER_S, MANY - 2);
	for (unsigned i = 0; i < MANY; i += 999) {
		snprintf(name, sizeof(name), "host%u.example.org", i / 2);
		assert_true(store_at(s, i, &item));
		assert_int_equal(item.session->sni.len, strlen(name));
		assert_memory_equal(item.session->sni.p, name, strlen(name));
	}
	store_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goldens), cmocka_unit_test(demo),       cmocka_unit_test(demo_from_eve),
		cmocka_unit_test(merges),  cmocka_unit_test(keeps_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
