/*
 * where: questions about records: what holds, what does not, and what a mistake is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "session/where.h"

static struct session
record(void)
{
	static const char alpns[] = "\x02h2\x08http/1.1", versions[] = "\x03\x04\x03\x03", alerts[] = "\x82\x28";
	static char digest[32];
	struct session s = {.id = 0x7b7116913b01f5f0,
			    .kind = SESSION_CLOSE,
			    .role = ROLE_INBOUND,
			    .gateway = 1,
			    .src_port = 50000,
			    .dest_port = 443,
			    .established = true,
			    .bytes_in = 65536,
			    .rtt_src_us = 200000,
			    .ticket_lifetime = 7200,
			    .version = 0x0303,
			    .cipher = 0x1301,
			    .group = 0x001d,
			    .sni = TEXT_LIT("GW.example.org"),
			    .ja4 = TEXT_LIT("t13d1517h2_8daaf6152771_cb7bf5808d99"),
			    .alpns = {alpns, sizeof(alpns) - 1},
			    .versions = {versions, sizeof(versions) - 1},
			    .alerts = {alerts, sizeof(alerts) - 1},
			    .cert_chain_sha256 = {digest, sizeof(digest)}};

	memset(digest, 0xab, sizeof(digest));
	assert_true(addr_parse(&s.src, "198.51.100.77"));
	assert_true(addr_parse(&s.dest, "2001:db8:0:1::10"));
	assert_true(when_parse(&s.start, "2025-06-01T12:00:00Z", 20));
	return s;
}

static bool
asks(const char *text)
{
	struct session s = record();
	char error[WHERE_ERROR_MAX];
	struct where w;

	if (!where_compile(&w, text, NULL, error))
		fail_msg("%s: %s", text, error);
	return where_holds(&w, &(struct where_subject){.session = &s});
}

#define HOLDS(text)                                                                                                    \
	do {                                                                                                           \
		if (!asks(text))                                                                                       \
			fail_msg("does not hold: %s", text);                                                           \
	} while (0)
#define FAILS(text)                                                                                                    \
	do {                                                                                                           \
		if (asks(text))                                                                                        \
			fail_msg("holds: %s", text);                                                                   \
	} while (0)

static void
test_types(void **state)
{
	(void)state;
	HOLDS("src_port = 50000");
	FAILS("src_port != 0xc350");
	HOLDS("bytes_in = 64KiB");
	FAILS("bytes_in > 64KiB");
	HOLDS("bytes_in >= 65kB");
	HOLDS("bytes_in < 1MiB");
	HOLDS("rtt_src_us = 200ms");
	FAILS("rtt_src_us <= 199ms");
	HOLDS("ticket_lifetime = 2h");
	HOLDS("id = 7b7116913b01f5f0");
	FAILS("id = 7b7116913b01f5f1");
	HOLDS("start = 2025-06-01T14:00+02:00");
	HOLDS("start >= 2025-06-01");
	FAILS("start < 2025-06-01");
	HOLDS("src = 198.51.100.77");
	HOLDS("src in 198.51.100.0/24");
	FAILS("src in 198.51.100.128/25");
	HOLDS("dest in (10.0.0.0/8, 2001:db8::/32)");
	FAILS("dest not in (10.0.0.0/8, 2001:db8::/32)");
	HOLDS("role = inbound");
	FAILS("role = outbound");
	HOLDS("established");
	HOLDS("midstream = no");
	FAILS("midstream");
	HOLDS("version = TLS1.2");
	HOLDS("version = \"TLS 1.2\"");
	HOLDS("version < TLS1.3 and version > tls1.0");
	HOLDS("version <= DTLS1.2");
	FAILS("version = DTLS1.2");
	HOLDS("cipher = TLS_AES_128_GCM_SHA256");
	HOLDS("cipher in (0x1301, 0x1302)");
	HOLDS("group = x25519");
}

static void
test_texts(void **state)
{
	(void)state;
	HOLDS("sni = gw.example.org");
	HOLDS("sni ~ gw.");
	HOLDS("sni ~\"GW.ex\"");
	FAILS("sni ~ example");
	FAILS("sni = gw.example.or");
	FAILS("sni = gw.example.org.");
	HOLDS("alpns = h2");
	HOLDS("alpns in (h3, http/1.1)");
	HOLDS("alpns ~ http");
	FAILS("alpns = http");
	FAILS("alpns != h2");
	HOLDS("alpns != h3");
	HOLDS("versions = TLS1.3");
	FAILS("versions = TLS1.1");
	HOLDS("alerts = 0x8228");
	HOLDS("cert_chain_sha256 ~ ABABab");
	FAILS("cert_chain_sha256 = abab");
	/* absent */
	HOLDS("cert_subject = \"\"");
	FAILS("cert_subject = x");
	HOLDS("cert_subject != x");
	FAILS("cert_san = x");
	FAILS("cert_not_after < 2030-01-01");
	HOLDS("cert_not_after != 2030-01-01");
	FAILS("actor in ::/0");
	HOLDS("actor not in ::/0");
}

static void
test_logic(void **state)
{
	(void)state;
	HOLDS("");
	HOLDS("  ");
	HOLDS("src_port = 1 or src_port = 50000");
	FAILS("src_port = 1 and src_port = 50000");
	HOLDS("src_port = 50000 or src_port = 1 and src_port = 2");
	FAILS("(src_port = 50000 or src_port = 1) and src_port = 2");
	HOLDS("not src_port = 1");
	HOLDS("not not established");
	FAILS("not (established or midstream)");
	HOLDS("not (established and midstream)");
	HOLDS("((established))and(not midstream)");
	HOLDS("established = yes");
	HOLDS("not established or src_port=50000");
}

/* All 256 functions of three tests that and, or and not make are what C makes of them. */
static void
test_logic_whole(void **state)
{
	static const char *const form[] = {"%s and %s and %s",        "%s and %s or %s",
					   "%s or %s and %s",         "%s or %s or %s",
					   "not (%s or %s) and %s",   "%s and not (%s and %s)",
					   "not (%s and (%s or %s))", "%s or not (%s and not %s)"};

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		for (unsigned bits = 0; bits < 8; bits++) {
			bool a = bits & 1, b = bits & 2, c = bits & 4;
			const bool wanted[] = {a && b && c,    (a && b) || c,  a || (b && c),    a || b || c,
					       !(a || b) && c, a && !(b && c), !(a && (b || c)), a || !(b && !c)};
			char text[256];

			snprintf(text, sizeof(text), form[i], a ? "established" : "midstream",
				 b ? "src_port > 1" : "src_port < 1", c ? "alpns = h2" : "alpns = x");
			if (asks(text) != wanted[i])
				fail_msg("%s", text);
		}
}

static void
tells(const char *text, const char *words)
{
	char error[WHERE_ERROR_MAX];
	struct where w;

	if (where_compile(&w, text, NULL, error))
		fail_msg("is taken: %s", text);
	assert_string_equal(error, words);
}

static void
test_mistakes(void **state)
{
	(void)state;
	tells("sny = a", "column 1: \"sny\" is no field; the nearest is \"sni\"");
	tells("established and srcc = a", "column 17: \"srcc\" is no field; the nearest is \"src\"");
	tells("src = 10.0.0.300", "column 7: \"10.0.0.300\" is neither an address nor a network such as 10.0.0.0/8");
	tells("src in (10.0.0.1, x)", "column 19: \"x\" is neither an address nor a network such as 10.0.0.0/8");
	tells("src in (10.0.0.1", "column 17: the end stands where , or ) belongs");
	tells("src > 10.0.0.1", "column 5: \">\" does not fit; this field takes = != and in");
	tells("sni < a", "column 5: \"<\" does not fit; this field takes = != ~ and in");
	tells("bytes_in ~ 4", "column 10: \"~\" does not fit; this field takes = != < <= > >= and in");
	tells("bytes_in = 4KB", "column 12: \"4KB\" is no size such as 1500, 64KiB or 3MB");
	tells("src_port = 4s", "column 12: \"4s\" is no number such as 12 or 0x1f");
	tells("rtt_src_us = 4x", "column 14: \"4x\" is no time such as 1500us, 200ms or 30s");
	tells("role = inbond", "column 8: \"inbond\" is no role; the nearest is \"inbound\"");
	tells("version = TLS9", "column 11: \"TLS9\" is no version such as TLS1.2 or 0x0303");
	tells("start > yesterday", "column 9: \"yesterday\" is no time such as 2025-05-01 or 2025-05-01T22:00+02:00");
	tells("start > 2025-02-29", "column 9: \"2025-02-29\" is no time such as 2025-05-01 or 2025-05-01T22:00+02:00");
	tells("id = xyz", "column 6: \"xyz\" is not made of at most 16 hex digits");
	tells("established = maybe", "column 15: \"maybe\" is neither yes nor no");
	tells("sni = \"open", "column 7: \"open\" has no closing quote, or is no value");
	tells("sni", "column 4: the end stands where = != < <= > >= ~ or in belongs");
	tells("sni =", "column 6: the end stands where a value belongs");
	tells("sni == a", "column 5: \"==\" stands where = != < <= > >= ~ or in belongs");
	tells("sni = a sni", "column 9: \"sni\" stands where and, or or the end belongs");
	tells("(sni = a", "column 9: the end stands where and, or or ) belongs");
	tells("sni = a)", "column 8: \")\" stands where and, or or the end belongs");
	tells("and", "column 1: \"and\" is no field; the nearest is \"end\"");
	tells("src not 10.0.0.1", "column 9: \"10.0.0.1\" stands where \"in\" belongs, as in  src not in 10.0.0.0/8");
	tells("= 4", "column 1: \"=\" stands where a field belongs, as in  src in 10.0.0.0/8");
	tells("bytes_in = 99999999999999999999",
	      "column 12: \"99999999999999999999\" is no size such as 1500, 64KiB or 3MB");
}

static void
test_room(void **state)
{
	static char text[16384], error[WHERE_ERROR_MAX];
	struct where w;
	char *p = text;

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		p += sprintf(p, "(");
	tells(text, "column 33: brackets nested too deep");
	p = text + sprintf(text, "established");
	for (unsigned i = 1; i < WHERE_TESTS; i++)
		p += sprintf(p, i % 2 ? " and established" : " or midstream");
	assert_true(where_compile(&w, text, NULL, error));
	sprintf(p, " and established");
	assert_false(where_compile(&w, text, NULL, error));
	assert_non_null(strstr(error, "more tests than a question has room for"));
	p = text + sprintf(text, "src_port in (1");
	for (unsigned i = 1; i < WHERE_VALUES; i++)
		p += sprintf(p, ",%u", i);
	sprintf(p, ")");
	assert_true(where_compile(&w, text, NULL, error));
	sprintf(p, ",9)");
	assert_false(where_compile(&w, text, NULL, error));
	assert_non_null(strstr(error, "more values than a question has room for"));
}

/* A table of the caller's own: its names come first, and some of them have an order. */
struct own {
	struct addr actor;
	uint8_t severity;
};

static void
test_second_table(void **state)
{
	static const struct text severities[] = {TEXT_INIT("info"), TEXT_INIT("low"), TEXT_INIT("medium")};
	static const struct where_field fields[] = {
		{"actor", "", offsetof(struct own, actor), 0, WHERE_ADDR, 0, NULL, 0},
		{"severity", "", offsetof(struct own, severity), 1, WHERE_RANK, 3, severities, 0}};
	static const struct where_table also = {fields, 2, 0};
	struct own own = {.severity = 1};
	struct session s = record();
	struct where_subject about = {&s, &also, &own};
	char error[WHERE_ERROR_MAX];
	struct where w;

	(void)state;
	assert_true(addr_parse(&own.actor, "203.0.113.9"));
	assert_true(where_compile(&w, "actor = 203.0.113.9 and src_port = 50000 and severity <= low", &also, error));
	assert_true(where_holds(&w, &about));
	own.severity = 2;
	assert_false(where_holds(&w, &about));
	assert_true(where_compile(&w, "severity > info and established", &also, error));
	assert_true(where_holds(&w, &about));
	about.session = NULL;
	assert_false(where_holds(&w, &about));
	assert_false(where_compile(&w, "severty = low", &also, error));
	assert_string_equal(error, "column 1: \"severty\" is no field; the nearest is \"severity\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),        cmocka_unit_test(test_texts),    cmocka_unit_test(test_logic),
		cmocka_unit_test(test_logic_whole),  cmocka_unit_test(test_mistakes), cmocka_unit_test(test_room),
		cmocka_unit_test(test_second_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
