/*
 * sink_ready: what is kept ready is what would be written: for the golden captures, for records drawn at random, for
 * each number of a run; and what is kept, what goes.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "packet/savefile.h"
#include "sink/eve.h"

enum { ROOM = EVE_LINE_MAX, MEMORY = 8 << 20 };

/* One record, by a writer that keeps and by one that does not, extended and strict. */
static struct ready ready;
static struct eve_config config[4];
static struct eve_context context[4];
static char line[2][ROOM];
static unsigned written;

static void
writers(void)
{
	memset(&ready, 0, sizeof(ready));
	written = 0;
	for (unsigned i = 0; i < 4; i++) {
		config[i] = (struct eve_config){.updates = true, .sensor = "s", .version = "0"};
		config[i].strict = i & 2;
		config[i].ready = i & 1 ? &ready : NULL;
		eve_context_init(&context[i], &config[i], "a.pcap", 0);
	}
}

static void
both_write(void *arg, const struct session *s)
{
	(void)arg;
	for (unsigned i = 0; i < 4; i += 2) {
		struct out o[2] = {out_of(line[0], ROOM), out_of(line[1], ROOM)};

		eve_session(&o[0], &context[i], s);
		eve_session(&o[1], &context[i + 1], s);
		assert_false(o[0].full);
		assert_false(o[1].full);
		assert_int_equal(out_len(&o[0]), out_len(&o[1]));
		assert_memory_equal(line[0], line[1], out_len(&o[0]));
	}
	written++;
}

static unsigned
kept(void)
{
	unsigned n = 0;

	for (unsigned set = 0; set < READY_SETS; set++)
		for (unsigned way = 0; way < READY_WAYS; way++)
			n += ready.key[set][way].said != 0;
	return n;
}

static void
no_finding(void *arg, const struct finding *f, const struct session *s)
{
	(void)arg;
	(void)f;
	(void)s;
}

static void
no_close(void *arg, const struct incident *i)
{
	(void)arg;
	(void)i;
}

static void
read_capture(struct pipeline *p, const char *path)
{
	static uint8_t bytes[8 << 20];
	struct savefile file = {0};
	FILE *f = fopen(path, "rb");
	struct cur c;
	struct frame frame;
	const char *why;
	enum savefile_verdict verdict;

	assert_non_null(f);
	c = cur_of(bytes, fread(bytes, 1, sizeof(bytes), f));
	fclose(f);
	while ((verdict = savefile_next(&file, &c, &frame, &why)) <= SAVEFILE_OTHER)
		if (verdict == SAVEFILE_FRAME)
			pipeline_frames(p, &frame, 1);
	pipeline_end(p);
}

/* All captures thrice through one pipeline: the second time a text is kept, the third it is copied. */
static void
goldens(void **state)
{
	const struct pipeline_sink to = {.session = both_write, .finding = no_finding, .closed = no_close};
	int64_t params[256];
	struct pipeline_config cfg = {.memory = MEMORY,
				      .table = {1, 2},
				      .identity = {3, 4},
				      .identity_id = 5,
				      .update_ns = NS_PER_S,
				      .detect = {.params = params, .incident_idle_ns = 60 * NS_PER_S}};
	void *memory = aligned_alloc(64, MEMORY);
	struct pipeline *p;
	glob_t g;

	(void)state;
	writers();
	assert_true(crypt_init());
	for (unsigned i = 0; i < DETECT_PARAM_COUNT; i++)
		params[i] = DETECT_PARAMS[i].value;
	p = pipeline_new(memory, &cfg, &to);
	assert_int_equal(glob("tests/golden/*/*.pcap", 0, NULL, &g), 0);
	for (size_t i = 0; i < 3 * g.gl_pathc; i++)
		read_capture(p, g.gl_pathv[i % g.gl_pathc]);
	pipeline_close(p);
	assert_true(written > 3 * g.gl_pathc);
	assert_true(kept() > g.gl_pathc);
	globfree(&g);
	free(memory);
}

/* A generator of its own: the same records on every machine. */
static uint64_t seed;

static uint64_t
draw(void)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return seed >> 33;
}

/* What hello or chain number n says; some of it needs escapes, some is too long to be kept. */
static struct text
words(unsigned n, unsigned field, bool list)
{
	static char bytes[64][READY_TEXT];
	static unsigned next;
	char *p = bytes[next++ % 64];
	uint32_t len = n % 16 == 15 ? 1000 : 3 + (n + field) % 40;

	if ((n + field) % 7 == 0)
		return (struct text){NULL, 0};
	for (uint32_t i = 0; i < len; i++)
		p[i] = (char)(list ? 1 + (n + i) % 5 : 'a' + (n * 7 + field + i) % 26);
	if (n % 5 == 4)
		p[len / 2] = '"';
	return (struct text){p, len};
}

#define DRAW_BOOL(n, id)         draw() & 1
#define DRAW_U8(n, id)           (uint8_t) draw()
#define DRAW_U16(n, id)          (uint16_t)(draw() % 3)
#define DRAW_U32(n, id)          (uint32_t)(draw() % 3)
#define DRAW_U64(n, id)          draw() % 3
#define DRAW_US(n, id)           (uint32_t) draw()
#define DRAW_HEX64(n, id)        draw()
#define DRAW_TIME(n, id)         ((struct when){INT64_C(1748736000) * NS_PER_S + (int64_t)(n * 1000u + id) * NS_PER_US})
#define DRAW_ADDR(n, id)         ((struct addr){{0x20, 1, (uint8_t)(draw() % 3)}})
#define DRAW_TEXT(n, id)         words(n, id, false)
#define DRAW_PLAIN(n, id)        words((n) / 5 * 5, id, false)
#define DRAW_LIST(n, id)         words(n, id, true)
#define DRAW_LIST16(n, id)       words(n, id, false)
#define DRAW_DIGESTS(n, id)      words(n, id, false)
#define DRAW_VERSIONS(n, id)     words(n, id, true)
#define DRAW_VERSION(n, id)      (uint16_t)(0x0301 + draw() % 4)
#define DRAW_CIPHER(n, id)       (uint16_t)(0x1301 + draw() % 3)
#define DRAW_GROUP(n, id)        (uint16_t)(28 + draw() % 3)
#define DRAW_ENUM_kind(n, id)    (uint8_t)(SESSION_UPDATE + draw() % 2)
#define DRAW_ENUM_role(n, id)    ROLE_INBOUND
#define DRAW_ENUM_tunnel(n, id)  TUNNEL_NONE
#define DRAW_ENUM_end(n, id)     (uint8_t)(draw() % (FLOW_INPUT_END + 1))
#define DRAW_ENUM_carrier(n, id) (uint8_t)(draw() % (CARRIER_UDP + 1))
#define DRAW_ENUM_resumed(n, id) (uint8_t)(draw() % (RESUMED_PSK + 1))

/* Texts and keys of the hello, texts, digests and dates of the certificates: by number.  The rest is anything. */
static struct session
drawn(unsigned hello, unsigned chain)
{
	struct session s = {0};

#define FIELD(id, name, type, group, unit, doc) s.name = DRAW_##type((id) >= 100 && (id) < 120 ? chain : hello, id);
#include "session/session.def"
#undef FIELD
	s.client_key = hello;
	s.server_key = hello * 3;
	s.cert_chain = (uint8_t)chain;
	s.cert_sha1 = s.cert_sha256 = TEXT_LIT("00ff");
	s.exchanges = 0;
	s.alerts = (struct text){NULL, 0};
	s.said = (hello + 1) * UINT64_C(0xd1342543de82ef95);
	s.shown = (chain + 1) * UINT64_C(0xaf251af3b0f025b5);
	return s;
}

/* Few of them often, many now and then: more than there is room for. */
static void
random_records(void **state)
{
	(void)state;
	writers();
	for (unsigned i = 0; i < 6000; i++) {
		unsigned many = draw() % 4 ? 3 : 300;
		struct session s = drawn((unsigned)(draw() % many), (unsigned)(draw() % many));

		both_write(NULL, &s);
	}
	assert_true(kept() > READY_SETS * READY_WAYS * 3 / 4);
}

#define NUMBER_BOOL(field)         base.field = !base.field;
#define NUMBER_VERSION(field)      base.field ^= 1;
#define NUMBER_CIPHER(field)       base.field ^= 1;
#define NUMBER_GROUP(field)        base.field ^= 1;
#define NUMBER_ENUM_carrier(field) base.field = CARRIER_STARTTLS;
#define NUMBER_ENUM_resumed(field) base.field = RESUMED_PSK;
#define NUMBER_HEX64(field)        continue;
#define NUMBER_TEXT(field)         continue;
#define NUMBER_PLAIN(field)        continue;
#define NUMBER_LIST(field)         continue;
#define NUMBER_VERSIONS(field)     continue;
#define NUMBER_OTHER(field)        continue;

static const struct session PLAIN = {.carrier = CARRIER_TCP,
				     .kind = SESSION_CLOSE,
				     .client_hello = true,
				     .version = 0x0303,
				     .version_offered = 0x0303,
				     .cipher = 0x1301,
				     .group = 29,
				     .sni = TEXT_INIT("a"),
				     .said = 1};

/* With all texts as they were, a number that changed is written as it is now. */
static void
each_number(void **state)
{
	unsigned changed = 0;

	(void)state;
	writers();
	for (unsigned i = 0; i < 3; i++)
		both_write(NULL, &PLAIN);
	for (unsigned id = 50; id <= SESSION_SAID_LAST; id++) {
		struct session base = PLAIN;

		switch (id) {
#define IN_core(name, type)    NUMBER_OTHER(name)
#define IN_flow(name, type)    NUMBER_OTHER(name)
#define IN_talk(name, type)    NUMBER_OTHER(name)
#define IN_cert(name, type)    NUMBER_OTHER(name)
#define IN_ndpi(name, type)    NUMBER_OTHER(name)
#define IN_place(name, type)   NUMBER_OTHER(name)
#define IN_privacy(name, type) NUMBER_OTHER(name)
#define IN_import(name, type)  NUMBER_OTHER(name)
#define IN_wide(name, type)    NUMBER_OTHER(name)
#define IN_tls(name, type)     NUMBER_##type(name)
#define NUMBER_U16(field)      continue;
#define NUMBER_U32(field)      continue;
#define NUMBER_US(field)       continue;
#define NUMBER_TIME(field)     continue;
#define NUMBER_LIST16(field)   continue;
#define FIELD(id, name, type, group, unit, doc)                                                                        \
	case id:                                                                                                       \
		IN_##group(name, type) break;
#include "session/session.def"
#undef FIELD
		default:
			continue;
		}
		changed++;
		for (unsigned i = 0; i < 3; i++)
			both_write(NULL, &base);
	}
	assert_int_equal(changed, 15);
}

static void
a_text_that_comes_twice(void **state)
{
	const struct ready_key key = {7, {1, 2}}, other = {7, {1, 3}}, nobody = {0, {1, 2}};
	char text[READY_TEXT + 1] = "text";

	(void)state;
	memset(&ready, 0, sizeof(ready));
	assert_null(ready_find(&ready, &key).p);
	ready_keep(&ready, &key, text, 4);
	assert_null(ready_find(&ready, &key).p);
	ready_keep(&ready, &key, text, 4);
	assert_int_equal(ready_find(&ready, &key).len, 4);
	assert_memory_equal(ready_find(&ready, &key).p, "text", 4);
	assert_null(ready_find(&ready, &other).p);
	for (unsigned i = 0; i < 3; i++) {
		ready_keep(&ready, &other, text, sizeof(text)); /* too long */
		ready_keep(&ready, &nobody, text, 4);
		ready_keep(NULL, &other, text, 4);
	}
	assert_null(ready_find(&ready, &other).p);
	assert_null(ready_find(&ready, &nobody).p);
	assert_null(ready_find(NULL, &key).p);
	assert_int_equal(kept(), 1);
	ready_keep(&ready, &other, text, READY_TEXT);
	ready_keep(&ready, &other, text, READY_TEXT);
	assert_int_equal(ready_find(&ready, &other).len, READY_TEXT);
}

/* Ten thousand that come once take nothing from the one that comes often. */
static void
what_comes_once_stays_out(void **state)
{
	const struct ready_key often = {UINT64_C(0x123456789abcdef1), {0, 0}};

	(void)state;
	memset(&ready, 0, sizeof(ready));
	ready_keep(&ready, &often, "x", 1);
	ready_keep(&ready, &often, "x", 1);
	for (uint64_t i = 1; i <= 10000; i++) {
		const struct ready_key once = {i * UINT64_C(0xd1342543de82ef95), {0, 0}};

		assert_null(ready_find(&ready, &once).p);
		ready_keep(&ready, &once, "y", 1);
	}
	assert_non_null(ready_find(&ready, &often).p);
	assert_int_equal(kept(), 1);
}

/* Five in one set: the one that was used all the while stays. */
static void
the_unused_goes(void **state)
{
	struct ready_key in_set[READY_WAYS + 1];
	unsigned n = 0;

	(void)state;
	memset(&ready, 0, sizeof(ready));
	for (uint64_t i = 1; n <= READY_WAYS; i++) {
		const struct ready_key k = {i * UINT64_C(0xd1342543de82ef95), {0, 0}};
		unsigned in_first = 0;

		ready_keep(&ready, &k, "z", 1);
		ready_keep(&ready, &k, "z", 1);
		assert_non_null(ready_find(&ready, &k).p);
		for (unsigned way = 0; way < READY_WAYS; way++)
			in_first += ready.key[0][way].said == k.said;
		if (in_first)
			in_set[n++] = k;
		if (n)
			assert_non_null(ready_find(&ready, &in_set[0]).p);
	}
	assert_non_null(ready_find(&ready, &in_set[0]).p);
	assert_null(ready_find(&ready, &in_set[1]).p);
	for (unsigned i = 2; i <= READY_WAYS; i++)
		assert_non_null(ready_find(&ready, &in_set[i]).p);
}

/* Four that come by turns are all met, wherever their traces lie. */
static void
by_turns(void **state)
{
	struct ready_key turn[READY_MET_WAYS];

	(void)state;
	memset(&ready, 0, sizeof(ready));
	for (unsigned i = 0; i < READY_MET_WAYS; i++) /* their hashes differ in the lowest byte alone */
		turn[i] = (struct ready_key){(uint64_t)(i + 1) * UINT64_C(0xf1de83e19937733d), {0, 0}};
	for (unsigned i = 0; i < 2 * READY_MET_WAYS; i++)
		ready_keep(&ready, &turn[i % READY_MET_WAYS], "t", 1);
	assert_int_equal(kept(), READY_MET_WAYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goldens),
		cmocka_unit_test(random_records),
		cmocka_unit_test(each_number),
		cmocka_unit_test(a_text_that_comes_twice),
		cmocka_unit_test(what_comes_once_stays_out),
		cmocka_unit_test(the_unused_goes),
		cmocka_unit_test(by_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
