/*
 * sensor_list: the four formats, each good one with its bad twins; a list is taken whole or not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/list.h"

static struct gateway_addr own;

static struct list
parse_kind(const char *text, enum list_kind kind)
{
	struct list l = {.file = "x.list", .kind = kind, .own = &own, .owns = 1};
	char *exact = malloc(strlen(text) + 1); /* a read past the end is seen */

	assert_true(addr_parse(&own.addr, "192.0.2.10"));
	memcpy(exact, text, strlen(text));
	list_parse(&l, exact, strlen(text));
	free(exact);
	return l;
}

/* Taken, and its entries read so: "192.0.2.7 *.example.org" */
static void
good_kind(const char *text, enum list_kind kind, const char *entries)
{
	struct list l = parse_kind(text, kind);
	const struct indicator_list about = {.bytes = l.bytes};
	char got[4096] = "", room[INDICATOR_TEXT_MAX];

	for (unsigned i = 0; i < l.bad && i < LIST_ERRORS; i++)
		print_message("%s\n", l.error[i]);
	assert_int_equal(l.bad, 0);
	for (uint32_t i = 0; i < l.entries; i++) {
		struct text t = indicator_text(&about, &l.entry[i], room);
		size_t n = strlen(got);

		snprintf(got + n, sizeof(got) - n, "%s%.*s", i ? " " : "", (int)t.len, t.p);
	}
	assert_string_equal(got, entries);
	list_free(&l);
}

static void
good(const char *text, const char *entries)
{
	good_kind(text, LIST_AUTO, entries);
}

/* Not taken, and the first line that says why has these words in it. */
static void
bad_kind(const char *text, enum list_kind kind, const char *words)
{
	struct list l = parse_kind(text, kind);

	assert_true(l.bad > 0);
	if (!strstr(l.error[0], words))
		fail_msg("\"%s\" is not in \"%s\"", words, l.error[0]);
	assert_ptr_equal(strstr(l.error[0], "x.list:"), l.error[0]);
	assert_null(strchr(l.error[0], '\n'));
	list_free(&l);
}

static void
bad(const char *text, const char *words)
{
	bad_kind(text, LIST_AUTO, words);
}

#define MD5    "e7d705a3286e19ea42f587b344ee6865"
#define SHA1   "0123456789abcdef0123456789abcdef01234567"
#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define JA4    "t13d1516h2_8daaf6152771_02713d6af862"

static void
plain(void **state)
{
	(void)state;
	good("192.0.2.7\n", "192.0.2.7");
	good("192.0.2.7", "192.0.2.7");
	good("\xef\xbb\xbf# feed\r\n\r\n192.0.2.7 # one\r\n198.51.100.0/24\r\n2001:db8::/32\r\n",
	     "192.0.2.7 198.51.100.0/24 2001:db8::/32");
	good("C2.Example.ORG.\n*.evil.example\n.bad.example\nxn--bcher-kva.example",
	     "c2.example.org *.evil.example *.bad.example xn--bcher-kva.example");
	good(SHA1 "\n" SHA256, SHA1 " " SHA256);
	good("01:23:45:67:89:AB:CD:EF:01:23:45:67:89:AB:CD:EF:01:23:45:67", SHA1);
	good(JA4 "\nt13d1517h2_8daaf6152771_*\nq13d0310h3_*", JA4 " t13d1517h2_8daaf6152771_* q13d0310h3_*");
	good_kind("E7D705A3286E19EA42F587B344EE6865\n", LIST_JA3, MD5);
	good_kind("localhost\n", LIST_NAME, "localhost");
	good("::ffff:192.0.2.7", "192.0.2.7");
}

static void
plain_bad(void **state)
{
	(void)state;
	bad("192.0.2.7\n192.0.2.300\n", "x.list:2: \"192.0.2.300\" is not an address");
	bad("192.0.2.7/33", "is not an address");
	bad("198.51.100.7/24", "bits behind its prefix");
	bad("0.0.0.0/0", "too broad");
	bad("10.0.0.0/7", "too broad");
	bad("11.0.0.0/7", "bits behind its prefix");
	bad("::/0", "too broad");
	bad("::/8", "too broad");
	bad("192.0.2.10", "an address of the gateway itself");
	bad("192.0.2.0/24", "an address of the gateway itself");
	bad("192.0.2.7:443", "port");
	bad("192[.]0[.]2[.]7", "defanged");
	bad("hxxps://a.example", "defanged");
	bad("https://a.example/x", "URL");
	bad("a.example/x", "URL");
	bad("192.0.2.7 192.0.2.8", "blanks");
	bad("192.0.2.7\n\n192.0.2.7", "x.list:3: \"192.0.2.7\" stands in line 1 already");
	bad("A.example\na.EXAMPLE.", "already");
	bad("*.com", "too broad");
	bad("a..example", "is not an address, network, name");
	bad("b\xc3\xbc"
	    "cher.example",
	    "xn--");
	bad("hello", "is not an address, network, name");
	bad(MD5, "kind = ja3");
	bad_kind(SHA1, LIST_JA3, "is not a JA3");
	bad_kind("a.example", LIST_ADDRESS, "is not an address");
	bad_kind(MD5, LIST_CERTIFICATE, "SHA-1 has 40");
	bad("t13d1516h2_8daaf6152771_02713d6af86", "is not a JA4");
	bad("t13d1516h2_8daaf6152771", "by _*");
	bad("", "empty");
	bad("# nothing yet\n", "empty");
	bad("\x1f\x8b\x08", "gzip");
}

static void
every_bad_line(void **state)
{
	char text[4096] = "192.0.2.7\n";
	struct list l;

	(void)state;
	for (unsigned i = 0; i < 30; i++)
		strcat(text, "what is this\n");
	l = parse_kind(text, LIST_AUTO);
	assert_int_equal(l.bad, 30);
	assert_non_null(strstr(l.error[0], "x.list:2:"));
	assert_non_null(strstr(l.error[LIST_ERRORS - 1], "x.list:21:"));
	list_free(&l);
}

static void
csv(void **state)
{
	(void)state;
	good("type,value\nip,192.0.2.7\ndomain,a.example\nurl,http://a.example/x\n", "192.0.2.7 a.example");
	good("\"first_seen_utc\",\"dst_ip\",\"dst_port\"\n\"2026-01-01\",\"198.51.100.7\",\"443\"\n", "198.51.100.7");
	good("# ja3_md5,Firstseen,Listingreason\n" MD5 ",2020-01-01,\"Tofsee, and \"\"others\"\"\"\n", MD5);
	good("ip\n192.0.2.7\n", "192.0.2.7");
	good("indicator;indicator_type;valid_until\n192.0.2.7;ip_address;2027-01-01\n", "192.0.2.7");
	good("ioc_value,ioc_type\n192.0.2.7:8443,ip:port\n[2001:db8::7]:443,ip:port\n", "192.0.2.7 2001:db8::7");
	good("sha256,ip\n" SHA256 ",\n,192.0.2.8\n", SHA256 " 192.0.2.8");
	good("# \"ioc_id\",\"ioc_value\",\"ioc_type\"\n\"1\", \"a.example\", \"domain\"\n\"2\", \"b.example\", "
	     "\"domain\"\n",
	     "a.example b.example");
	good("# ip, domain list\nip,domain\n192.0.2.7,a.example\n", "192.0.2.7 a.example");
	good("#fields\tindicator\tindicator_type\tmeta.source\n192.0.2.7\tIntel::ADDR\tx\n"
	     "198.51.100.0/24\tIntel::SUBNET\tx\n" SHA1 "\tIntel::CERT_HASH\tx\na.example\tIntel::DOMAIN\tx\n"
	     "a.example/x\tIntel::URL\tx\n",
	     "192.0.2.7 198.51.100.0/24 " SHA1 " a.example");
	good_kind("value\n" MD5 "\n", LIST_JA3, MD5);
}

static void
csv_bad(void **state)
{
	(void)state;
	bad("192.0.2.7,bad\n", "has a comma; a CSV file needs a header");
	bad("type,value\nipp,192.0.2.7\n", "x.list:2: \"ipp\" is not a type");
	bad("type,value\nip,192.0.2.7,more\n", "more fields than the header");
	bad("type,value\nip\n", "fewer fields than the header");
	bad("type,value\nip,\n", "the row has no value");
	bad("type,value\nip,\"192.0.2.7\n", "a quote is not closed");
	bad("value,expires\n192.0.2.7,soon\n", "\"soon\" is not a time");
	bad("type,value\nip,192.0.2.7\nip,192.0.2.7\n", "already");
	bad("type,value\nurl,http://a.example/\n", "nothing in it that a session could be compared with");
}

#define BUNDLE(objects)  "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[" objects "]}"
#define PATTERN(pattern) "{\"type\":\"indicator\",\"pattern_type\":\"stix\",\"pattern\":\"" pattern "\"}"

static void
stix(void **state)
{
	(void)state;
	good(BUNDLE(PATTERN("[ipv4-addr:value = '192.0.2.7']")), "192.0.2.7");
	good(BUNDLE(PATTERN("[ipv4-addr:value ISSUBSET '198.51.100.0/24' OR ipv6-addr:value='2001:db8::7']")),
	     "198.51.100.0/24 2001:db8::7");
	good(BUNDLE(PATTERN("([domain-name:value = 'a.example'] OR [domain-name:value IN ('b.example','c.example')])")),
	     "a.example b.example c.example");
	good(BUNDLE(PATTERN("[x509-certificate:hashes.'SHA-256' = '" SHA256 "']")), SHA256);
	good(BUNDLE(PATTERN("[x509-certificate:hashes.\\\"SHA-1\\\" = '" SHA1 "']")), SHA1);
	good(BUNDLE(PATTERN(
		     "[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.7']")),
	     "192.0.2.7");
	good(BUNDLE(PATTERN("[file:name = 'x' OR ipv4-addr:value = '192.0.2.7']")), "192.0.2.7");
	/* narrower than one value: left out, others stay */
	good(BUNDLE(PATTERN("[ipv4-addr:value = '192.0.2.7' AND network-traffic:dst_port = 443]") "," PATTERN(
		     "[ipv4-addr:value = '192.0.2.8']")),
	     "192.0.2.8");
	good(BUNDLE(PATTERN("[ipv4-addr:value != '192.0.2.7']") "," PATTERN("[ipv4-addr:value = '192.0.2.8'] REPEATS 3 "
									    "TIMES") "," PATTERN("[domain-name:value = "
												 "'a.example']")),
	     "a.example");
	/* the same thing in two objects is once on the list */
	good(BUNDLE(PATTERN("[ipv4-addr:value = '192.0.2.7']") "," PATTERN("[ipv4-addr:value = '192.0.2.7']")),
	     "192.0.2.7");
	good(BUNDLE("{\"type\":\"indicator\",\"revoked\":true,\"pattern\":\"[ipv4-addr:value='192.0.2.9']\"},"
		    "{\"type\":\"ipv4-addr\",\"value\":\"192.0.2.11\"}," PATTERN("[ipv4-addr:value = '192.0.2.7']")),
	     "192.0.2.7");
	good(BUNDLE("{\"type\":\"ipv4-addr\",\"value\":\"192.0.2.7\"},{\"type\":\"domain-name\",\"value\":\"a."
		    "example\"},"
		    "{\"type\":\"x509-certificate\",\"hashes\":{\"SHA-256\":\"" SHA256 "\"}},{\"type\":\"file\"}"),
	     "192.0.2.7 a.example " SHA256);
	good("{\"type\":\"ipv4-addr\",\"id\":\"ipv4-addr--1\",\"value\":\"192.0.2.7\"}", "192.0.2.7");
	good("[{\"type\":\"ipv4-addr\",\"value\":\"192.0.2.7\"}]", "192.0.2.7");
}

static void
stix_bad(void **state)
{
	(void)state;
	bad(BUNDLE(PATTERN("[ipv4-addr:value = '192.0.2.300']")), "x.list: objects[0].pattern: \"192.0.2.300\"");
	bad(BUNDLE(PATTERN("[ipv4-addr:value = '192.0.2.7'")), "a ] is missing");
	bad(BUNDLE(PATTERN("ipv4-addr:value = '192.0.2.7'")), "a [ is missing");
	bad(BUNDLE(PATTERN("[ipv4-addr:value = '192.0.2.7]")), "a quote is not closed");
	bad(BUNDLE(PATTERN("[ipv4-addr:value]")), "an operator");
	bad(BUNDLE(PATTERN("[ipv4-addr:value =")), "a value is missing");
	bad(BUNDLE(PATTERN("[= 'x']")), "a path");
	bad(BUNDLE(PATTERN("[ipv4-addr:value = '192.0.2.7'] x")), "something follows");
	bad(BUNDLE(PATTERN("((((((((((((((((((((((((([ipv4-addr:value = '192.0.2.7']")), "nested too deep");
	bad(BUNDLE("{\"type\":\"indicator\"}"), "objects[0].pattern: is missing");
	bad(BUNDLE("{\"type\":\"indicator\",\"pattern\":\"[ipv4-addr:value='192.0.2.7']\",\"valid_until\":\"never\"}"),
	    "valid_until: \"never\" is not a time");
	bad(BUNDLE("{\"no\":1}"), "objects[0].type: is missing");
	bad(BUNDLE(PATTERN("[ipv4-addr:value = '0.0.0.0/0']")), "too broad");
	bad("{\"type\":\"bundle\"", "is not JSON at column");
	bad("{\"a\":1}", "neither STIX 2.1");
	bad("[]", "neither STIX 2.1");
	bad(BUNDLE(""), "empty: it has no entry");
	bad(BUNDLE(PATTERN("[file:name = 'x']")), "nothing in it that a session could be compared with");
}

#define ATTRIBUTE(type, value, ids) "{\"type\":\"" type "\",\"value\":\"" value "\",\"to_ids\":" ids "}"

static void
misp(void **state)
{
	(void)state;
	good("{\"Event\":{\"info\":\"x\",\"Attribute\":[" ATTRIBUTE("ip-dst", "192.0.2.7", "true") "," ATTRIBUTE(
		     "ip-src|port", "192.0.2.8|443", "true") "," ATTRIBUTE("domain|ip", "a.example|192.0.2.9",
									   "true") "," ATTRIBUTE("ip-dst", "192.0.2.11",
												 "false") "]}}",
	     "192.0.2.7 192.0.2.8 a.example 192.0.2.9");
	good("{\"response\":[{\"Event\":{\"Object\":[{\"name\":\"x509\",\"Attribute\":[" ATTRIBUTE(
		     "x509-fingerprint-sha256", SHA256, "true") "]}],\"Attribute\":[" ATTRIBUTE("ja3-fingerprint-md5",
												MD5, "true") "]}}]}",
	     SHA256 " " MD5);
	good("{\"response\":{\"Attribute\":[" ATTRIBUTE("hostname", "h.example", "true") "," ATTRIBUTE("md5", MD5,
												       "true") "]}}",
	     "h.example");
	good("[{\"Event\":{\"Attribute\":[" ATTRIBUTE("ip-dst", "192.0.2.7", "true") "]}}]", "192.0.2.7");
}

static void
misp_bad(void **state)
{
	(void)state;
	bad("{\"Event\":{\"Attribute\":[" ATTRIBUTE("ip-dst", "192.0.2.7", "true") "," ATTRIBUTE("ip-dst", "192.0.2",
												 "true") "]}}",
	    "x.list: Event.Attribute[1].value: \"192.0.2\" is not an address");
	bad("{\"Event\":{\"Object\":[{},{\"Attribute\":[{\"type\":\"domain\"}]}]}}",
	    "Event.Object[1].Attribute[0].value: is missing");
	bad("{\"Event\":{\"Attribute\":[{\"value\":\"a.example\"}]}}", "Event.Attribute[0].type: is missing");
	bad("{\"Event\":{\"Attribute\":[" ATTRIBUTE("ip-dst", "192.0.2.7", "false") "]}}", "nothing in it");
	bad("{\"Event\":{\"Attribute\":[]}}", "empty");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),    cmocka_unit_test(plain_bad), cmocka_unit_test(every_bad_line),
		cmocka_unit_test(csv),      cmocka_unit_test(csv_bad),   cmocka_unit_test(stix),
		cmocka_unit_test(stix_bad), cmocka_unit_test(misp),      cmocka_unit_test(misp_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
