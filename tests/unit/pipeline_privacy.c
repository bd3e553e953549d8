/*
 * pipeline_privacy: whose addresses become pseudonyms, where they are spelt out, and what is asked of them afterwards:
 * questions, the operator's networks, lists.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "detect/rules.h"
#include "pipeline_privacy.h"
#include "session/where.h"

enum { SENSOR = 7 };

static struct pseudonym_key key, other;
static struct pipeline_privacy privacy;
static struct site site;

static struct addr
addr(const char *text)
{
	struct addr a;

	assert_true(addr_parse(&a, text));
	return a;
}

static int
setup(void **state)
{
	const uint8_t bytes[PSEUDONYM_KEY] = {1, 2, 3, 4, 5, 6, 7, 8}, others[PSEUDONYM_KEY] = {8, 7};

	(void)state;
	if (!crypt_init())
		return -1;
	pseudonym_init(&key, bytes);
	pseudonym_init(&other, others);
	return 0;
}

static int
begin(void **state)
{
	const struct gateway_addr own[] = {{addr("192.0.2.10"), 1, true, true}, {addr("2001:db8::10"), 1, true, true}};

	(void)state;
	privacy = (struct pipeline_privacy){.key = &key, .sensor = SENSOR};
	site_set(&site, own, 2);
	return 0;
}

static struct session
session(const char *src, const char *dest)
{
	struct session s = {.src = addr(src),
			    .dest = addr(dest),
			    .src_port = 40000,
			    .dest_port = 443,
			    .proto = PROTO_TCP,
			    .start = {INT64_C(1764000000) * NS_PER_S}};

	site_role(&site, &s);
	s.id = session_id(&s, SENSOR);
	return s;
}

static void
is_hidden(const struct addr *now, const char *was)
{
	struct addr a = addr(was), to = pseudonym_of(&key, &a);

	assert_true(addr_same(now, &to));
}

static void
is_clear(const struct addr *now, const char *was)
{
	struct addr a = addr(was);

	assert_true(addr_same(now, &a));
}

static void
who(void **state)
{
	struct session s = session("198.51.100.7", "192.0.2.10");
	uint64_t id = s.id;

	(void)state;
	s.actor = addr("2001:db8:5::7");
	privacy_hide(&privacy, &site, &s);
	is_hidden(&s.src, "198.51.100.7");
	is_clear(&s.dest, "192.0.2.10");
	is_hidden(&s.actor, "2001:db8:5::7");
	assert_int_equal(s.pseudonyms, HIDDEN_SRC | HIDDEN_ACTOR);
	assert_true(s.privacy_key == key.id);
	assert_true(s.id != id && s.id == session_id(&s, SENSOR));

	s = session("192.0.2.10", "203.0.113.66"); /* the gateway calls */
	id = s.id;
	privacy_hide(&privacy, &site, &s);
	is_clear(&s.src, "192.0.2.10");
	is_clear(&s.dest, "203.0.113.66");
	assert_true(s.pseudonyms == 0 && s.privacy_key == 0 && s.id == id);

	s = session("192.0.2.10", "203.0.113.66"); /* or answers somebody: the beginning was not seen */
	s.midstream = true;
	privacy_hide(&privacy, &site, &s);
	is_hidden(&s.dest, "203.0.113.66");
	assert_int_equal(s.pseudonyms, HIDDEN_DEST);

	s = session("198.51.100.7", "198.51.100.8"); /* nobody's gateway */
	privacy_hide(&privacy, &site, &s);
	assert_int_equal(s.pseudonyms, HIDDEN_SRC | HIDDEN_DEST);

	s = session("192.0.2.10", "2001:db8::10"); /* among themselves */
	privacy_hide(&privacy, &site, &s);
	assert_int_equal(s.pseudonyms, 0);
}

/* The cache is never seen. */
static void
many(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		struct session s = session("198.51.100.7", "192.0.2.10");
		struct addr to;

		s.src.b[14] = (uint8_t)(i % 2500 >> 8);
		s.src.b[15] = (uint8_t)(i % 2500);
		to = pseudonym_of(&key, &s.src);
		privacy_hide(&privacy, &site, &s);
		assert_true(addr_same(&s.src, &to));
	}
}

static void
spelt(const char *text, const char *before, const char *address, const char *after)
{
	struct session s = session("198.51.100.7", "192.0.2.10");
	char want[256];
	struct out o = out_of(want, sizeof(want));
	struct addr a = addr(address);

	out_text(&o, before);
	a = pseudonym_of(&key, &a);
	out_addr(&o, &a);
	out_text(&o, after);
	s.said = s.shown = 5;
	s.sni = (struct text){text, (uint32_t)strlen(text)};
	privacy_hide(&privacy, &site, &s);
	assert_int_equal(s.sni.len, out_len(&o));
	assert_memory_equal(s.sni.p, want, s.sni.len);
	assert_true(s.said == 0 && s.shown == 0);
}

static void
unspelt(const char *text)
{
	struct session s = session("198.51.100.7", "192.0.2.10");

	s.said = 5;
	s.sni = (struct text){text, (uint32_t)strlen(text)};
	privacy_hide(&privacy, &site, &s);
	assert_ptr_equal(s.sni.p, text);
	assert_int_equal(s.said, 5);
}

static void
texts(void **state)
{
	(void)state;
	spelt("198.51.100.7", "", "198.51.100.7", "");
	spelt("198.51.100.7.", "", "198.51.100.7", ".");
	spelt("203.0.113.9:8443", "", "203.0.113.9", ":8443");
	spelt("198.51.100.7.nip.example", "", "198.51.100.7", ".nip.example");
	spelt("CN=2001:db8:5::7, O=Example", "CN=", "2001:db8:5::7", ", O=Example");
	spelt("[2001:db8:5::]", "[", "2001:db8:5::", "]");
	unspelt("gw.example.org");
	unspelt("192.0.2.10"); /* the gateway's own */
	unspelt("1.2.3.4.5");
	unspelt("dead.beef.example");
	unspelt("00:11:22:33:44:55");
	unspelt("");
}

/* A list keeps its form, and what has no room is left out whole. */
static void
lists_of_names(void **state)
{
	static char big[PRIVACY_TEXT + 512];
	struct session s = session("198.51.100.7", "192.0.2.10");
	char text[ADDR_TEXT_MAX];
	size_t n, used = 0;

	(void)state;
	s.client_cert_san = TEXT_LIT("\014198.51.100.7\013vpn.example");
	privacy_hide(&privacy, &site, &s);
	n = addr_print(&s.src, text);
	assert_int_equal(s.client_cert_san.len, 1 + n + 12);
	assert_int_equal(s.client_cert_san.p[0], n);
	assert_memory_equal(s.client_cert_san.p + 1, text, n);
	assert_memory_equal(s.client_cert_san.p + 1 + n, "\013vpn.example", 12);

	while (used + 13 < sizeof(big)) {
		memcpy(big + used, "\014198.51.100.7", 13);
		used += 13;
	}
	s = session("198.51.100.7", "192.0.2.10");
	s.client_cert_san = (struct text){big, (uint32_t)used};
	privacy_hide(&privacy, &site, &s);
	assert_null(s.client_cert_san.p);
}

static bool
holds(const char *question, const struct session *s, const struct pseudonym_key *k)
{
	static struct where w;
	char error[WHERE_ERROR_MAX];

	assert_true(where_compile(&w, question, NULL, error));
	if (k)
		where_hide(&w, NULL, k);
	return where_holds(&w, &(struct where_subject){.session = s});
}

static void
questions(void **state)
{
	struct session s = session("198.51.100.7", "192.0.2.10"), clear = s;
	static struct where w;
	char error[WHERE_ERROR_MAX];

	(void)state;
	privacy_hide(&privacy, &site, &s);
	assert_true(holds("src = 198.51.100.7", &s, &key));
	assert_true(holds("src in 198.51.100.0/24 and dest = 192.0.2.10", &s, &key));
	assert_false(holds("src in 198.51.101.0/24", &s, &key));
	assert_false(holds("src = 198.51.100.7", &s, NULL));
	assert_false(holds("src = 198.51.100.7", &s, &other));
	assert_true(holds("src != 198.51.100.7", &s, &other));
	assert_true(holds("src = 198.51.100.7 and dest = 192.0.2.10", &clear, &key)); /* of the time before */
	assert_false(holds("dest = 198.51.100.7", &s, &key));
	assert_true(where_compile(&w, "sni = x and src = 10.0.0.1", NULL, error) && where_asks_addresses(&w, NULL));
	assert_true(where_compile(&w, "sni = 10.0.0.1", NULL, error) && !where_asks_addresses(&w, NULL));
}

static struct indicators table;
static void *table_memory;

/* A table of two entries, with their pseudonyms as sensor/lists.c has them. */
static int
begin_lists(void **state)
{
	static char bytes[16];
	static struct indicator entry[4];
	const char *const nets[] = {"198.51.100.0/24", "203.0.113.66"};

	for (unsigned i = 0; i < 2; i++) {
		struct addr_net net;

		assert_true(addr_net_parse(&net, nets[i]));
		entry[i] = (struct indicator){
			.at = 4 * i, .kind = INDICATOR_NET, .len = 4, .bits = (uint8_t)(net.bits - 96)};
		memcpy(bytes + 4 * i, net.addr.b + 12, 4);
		net = pseudonym_net(&key, &net);
		entry[2 + i] = entry[i];
		entry[2 + i].at = 8 + 4 * i;
		entry[2 + i].kind = INDICATOR_PSEUDONYM;
		memcpy(bytes + 8 + 4 * i, net.addr.b + 12, 4);
	}
	table = (struct indicators){.privacy_key = key.id, .lists = 1};
	table.list[0] = (struct indicator_list){
		.name = TEXT_LIT("feed"), .entry = entry, .bytes = bytes, .entries = 4, .severity = SEVERITY_HIGH};
	table_memory = malloc(indicators_bytes(&table));
	indicators_index(&table, table_memory);
	return begin(state);
}

static int
end_lists(void **state)
{
	(void)state;
	free(table_memory);
	return 0;
}

static void
lists(void **state)
{
	struct session s = session("198.51.100.7", "192.0.2.10"), called = session("192.0.2.10", "203.0.113.66");
	struct indicator_hit hit;
	char room[INDICATOR_TEXT_MAX];
	struct text text;

	(void)state;
	privacy.indicators = &table;
	s.established = true;
	assert_true(indicators_find(&table, &s, &hit));
	assert_int_equal(hit.entry->kind, INDICATOR_NET);
	privacy_hide(&privacy, &site, &s);
	assert_int_equal(s.src_list.len, 4);
	assert_memory_equal(s.src_list.p, "feed", 4);
	assert_true(indicators_find(&table, &s, &hit));
	assert_int_equal(hit.entry->kind, INDICATOR_PSEUDONYM);
	text = indicator_text(hit.list, hit.entry, room);
	assert_true(text.len > 7 && memcmp(text.p, "198.51.", 7) != 0);
	assert_memory_equal(text.p + text.len - 3, "/24", 3);
	s.privacy_key = other.id;
	assert_false(indicators_find(&table, &s, &hit));

	privacy_hide(&privacy, &site, &called);
	assert_true(indicators_find(&table, &called, &hit));
	assert_int_equal(hit.entry->kind, INDICATOR_NET);
	assert_int_equal(hit.severity, SEVERITY_CRITICAL);
	s = session("203.0.113.67", "192.0.2.10");
	privacy_hide(&privacy, &site, &s);
	assert_null(s.src_list.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who, begin),
		cmocka_unit_test_setup(many, begin),
		cmocka_unit_test_setup(texts, begin),
		cmocka_unit_test_setup(lists_of_names, begin),
		cmocka_unit_test_setup(questions, begin),
		cmocka_unit_test_setup_teardown(lists, begin_lists, end_lists),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
