/* sensor_record_in: every type of field from its JSON, and each with twins that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sensor/record_in.h"

#define HEAD                                                                                                           \
	"\"id\":\"0123456789abcdef\",\"kind\":\"close\",\"time\":\"2025-05-01T12:00:01.000002+0000\","                 \
	"\"start\":\"2025-05-01T12:00:00.000000+0000\",\"last\":\"2025-05-01T12:00:01.000000+0000\","                  \
	"\"gateway\":1,\"role\":\"inbound\",\"src\":\"2001:db8::7\",\"dest\":\"192.0.2.10\""

static struct record_room room;
static struct json *parsed;

/* The record of HEAD and these members. */
static const char *
read_with(struct session *s, const char *members)
{
	char text[4096];
	int n = snprintf(text, sizeof(text), "{" HEAD "%s%s}", *members ? "," : "", members);

	json_in_free(parsed);
	parsed = json_in(text, (size_t)n);
	assert_non_null(parsed);
	return record_in(s, &room, parsed);
}

static int
forget(void **state)
{
	(void)state;
	json_in_free(parsed);
	parsed = NULL;
	return 0;
}

static void
reads_each_type(void **state)
{
	struct session s;

	(void)state;
	assert_null(read_with(
		&s, "\"src_port\":65535,\"bytes_out\":9007199254740993,\"ended_by_dest\":true,\"rtt_dest_us\":7,"
		    "\"tunnel\":\"vxlan\",\"end\":\"rst\",\"carrier\":\"quic\",\"version\":\"TLS "
		    "1.3\",\"version_offered\":\"0x1234\","
		    "\"versions\":[\"TLS 1.3\",\"0xdada\",\"TLS 1.3 draft-23\",\"TLS 1.3 (Fizz draft-26)\"],"
		    "\"cipher\":\"TLS_AES_128_GCM_SHA256\",\"group\":\"x25519\",\"sni\":\"gw\\u0000\\\"\",\"alpns\":["
		    "\"h2\",\"\"],"
		    "\"alerts\":[256,33023],\"cert_chain_sha256\":["
		    "\"00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff\"],"
		    "\"resumed\":\"psk\",\"later\":{\"than\":\"this\"},\"exchanges\":2,\"exchange\":[[1,2,3,4,5],[6,7,"
		    "8,9,4294967295]],"
		    "\"pairs\":[[1,2,3]],\"response_squares\":18446744073709551615"));
	assert_int_equal(s.id, UINT64_C(0x0123456789abcdef));
	assert_int_equal(s.kind, SESSION_CLOSE);
	assert_int_equal(s.time.ns, INT64_C(1746100801000002000));
	assert_int_equal(s.src.b[15], 7);
	assert_int_equal(s.dest.b[15], 10);
	assert_int_equal(s.src_port, 65535);
	assert_true(s.ended_by_dest);
	assert_int_equal(s.tunnel, 3);
	assert_int_equal(s.carrier, CARRIER_QUIC);
	assert_int_equal(s.version, 0x0304);
	assert_int_equal(s.version_offered, 0x1234);
	assert_int_equal(s.versions.len, 8);
	assert_memory_equal(s.versions.p, "\x03\x04\xda\xda\x7f\x17\xfb\x1a", 8);
	assert_int_equal(s.cipher, 0x1301);
	assert_int_equal(s.group, 0x001d);
	assert_int_equal(s.sni.len, 4);
	assert_memory_equal(s.sni.p, "gw\0\"", 4);
	assert_int_equal(s.alpns.len, 4);
	assert_memory_equal(s.alpns.p, "\2h2\0", 4);
	assert_int_equal(s.alerts.len, 4);
	assert_memory_equal(s.alerts.p, "\x01\x00\x80\xff", 4);
	assert_int_equal(s.cert_chain_sha256.len, 32);
	assert_memory_equal(s.cert_chain_sha256.p, "\0\xff\0\xff", 4);
	assert_int_equal(s.exchange_count, 2);
	assert_int_equal(s.exchange[1].reply_us, UINT32_MAX);
	assert_int_equal(s.pair[0].count, 3);
	assert_int_equal(s.response_squares, UINT64_MAX);
	assert_null(s.alpn.p);
}

/* Numbers beyond 2^53 keep all their digits as long as none is beyond 2^63. */
static void
keeps_digits(void **state)
{
	struct session s;

	(void)state;
	assert_null(read_with(&s, "\"bytes_out\":9007199254740993"));
	assert_int_equal(s.bytes_out, INT64_C(9007199254740993));
}

static void
refuses(void **state)
{
	static const struct {
		const char *members, *wrong;
	} BAD[] = {
		{"\"src_port\":65536", "src_port"},
		{"\"src_port\":-1", "src_port"},
		{"\"src_port\":\"443\"", "src_port"},
		{"\"bytes_out\":null", "bytes_out"},
		{"\"midstream\":1", "midstream"},
		{"\"midstream\":false", "midstream"},
		{"\"client_key\":\"0123\"", "client_key"},
		{"\"client_key\":\"0123456789ABCDEF\"", "client_key"},
		{"\"hello\":\"noon\"", "hello"},
		{"\"actor\":\"192.0.2\"", "actor"},
		{"\"actor\":\"192.0.2.1\\u00002\"", "actor"},
		{"\"tunnel\":\"wormhole\"", "tunnel"},
		{"\"tunnel\":3", "tunnel"},
		{"\"version\":\"TLS 9\"", "version"},
		{"\"version\":\"TLS 1.2\\u0000\"", "version"},
		{"\"version\":\"TLS 1.2  \"", "version"},
		{"\"version\":\"0x12345\"", "version"},
		{"\"versions\":\"TLS 1.3\"", "versions"},
		{"\"versions\":[771]", "versions"},
		{"\"cipher\":\"ROT13\"", "cipher"},
		{"\"sni\":[\"a\"]", "sni"},
		{"\"ja3\":\"a\\\"b\"", "ja3"},
		{"\"alpns\":[\"h2\",1]", "alpns"},
		{"\"alerts\":[65536]", "alerts"},
		{"\"cert_chain_sha256\":[\"00\"]", "cert_chain_sha256"},
		{"\"exchange\":[[1,2,3,4]]", "exchange"},
		{"\"exchange\":[[1,2,3,4,4294967296]]", "exchange"},
		{"\"exchanges\":1,\"exchange\":[[1,2,3,4,5],[1,2,3,4,5]]", "exchange"},
		{"\"hello\":1746100801", "hello"},
		{"\"pairs\":{}", "pairs"},
		{"\"pairs\":[[1,2,3],[1,2,3],[1,2,3],[1,2,3],[1,2,3],[1,2,3],[1,2,3],[1,2,3],[1,2,3]]", "pairs"},
	};
	struct session s;

	(void)state;
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		const char *wrong = read_with(&s, BAD[i].members);

		if (!wrong)
			fail_msg("%s was taken", BAD[i].members);
		assert_string_equal(wrong, BAD[i].wrong);
	}
}

static void
misses(void **state)
{
	static const char *const NO[] = {
		"{}",
		"{\"id\":\"0123456789abcdef\",\"kind\":\"close\"}",
		"{" HEAD ",\"gateway\":17}",
	};
	static const char *const WHAT[] = {"kind", "role", NULL};
	struct session s;

	(void)state;
	for (size_t i = 0; i < sizeof(NO) / sizeof(NO[0]); i++) {
		json_in_free(parsed);
		parsed = json_in(NO[i], strlen(NO[i]));
		if (!WHAT[i]) /* the same member twice */
			assert_null(parsed);
		else
			assert_string_equal(record_in(&s, &room, parsed), WHAT[i]);
	}
	assert_null(read_with(&s, ""));
}

#define PULSE_HEAD "\"time\":\"2025-05-01T12:00:10.000000+0000\",\"gateway\":2"

static const char *
pulse_with(struct pulse *p, const char *members)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "{%s}", members);

	json_in_free(parsed);
	parsed = json_in(text, (size_t)n);
	assert_non_null(parsed);
	return pulse_in(p, parsed);
}

static void
pulses(void **state)
{
	static const struct {
		const char *members, *wrong;
	} BAD[] = {
		{"\"gateway\":2", "time"},
		{"\"time\":\"2025-05-01T12:00:10Z\"", "gateway"},
		{"\"time\":1746100810,\"gateway\":2", "time"},
		{"\"time\":\"2025-05-01T12:00:10Z\",\"gateway\":17", "gateway"},
		{PULSE_HEAD ",\"packets_to\":4294967296", "packets_to"},
		{PULSE_HEAD ",\"bytes_to\":-1", "bytes_to"},
		{PULSE_HEAD ",\"icmp\":\"3\"", "icmp"},
	};
	struct pulse p;

	(void)state;
	assert_null(
		pulse_with(&p, PULSE_HEAD ",\"packets_to\":4294967295,\"bytes_from\":9007199254740993,\"later\":1"));
	assert_int_equal(p.time.ns, INT64_C(1746100810000000000));
	assert_int_equal(p.gateway, 2);
	assert_int_equal(p.packets_to, UINT32_MAX);
	assert_int_equal(p.bytes_from, UINT64_C(9007199254740993));
	assert_int_equal(p.strays, 0);
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		const char *wrong = pulse_with(&p, BAD[i].members);

		if (!wrong)
			fail_msg("%s was taken", BAD[i].members);
		assert_string_equal(wrong, BAD[i].wrong);
	}
}

/* All names of the wire, there and back. */
static void
names_and_back(void **state)
{
	char buf[24];
	uint16_t v;

	(void)state;
	for (unsigned code = 0; code <= UINT16_MAX; code++) {
		const char *cipher = tls_cipher_name((uint16_t)code), *group = tls_group_name((uint16_t)code);
		struct text version = tls_version_name((uint16_t)code, buf);

		if (cipher) {
			/* 0xfeff and 0xffe0 were one suite to Netscape, and have one name */
			assert_true(tls_cipher_code((struct text){cipher, (uint32_t)strlen(cipher)}, &v));
			assert_string_equal(tls_cipher_name(v), cipher);
		}
		if (group) {
			assert_true(tls_group_code((struct text){group, (uint32_t)strlen(group)}, &v));
			assert_int_equal(v, code);
		}
		if (version.p[0] != '0') {
			assert_true(tls_version_code(version, &v));
			assert_int_equal(v, code);
		}
	}
	assert_false(tls_version_code(TEXT_LIT("TLS 1.2  "), &v));
	assert_false(tls_version_code((struct text){"TLS 1.2\0", 8}, &v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(reads_each_type, forget), cmocka_unit_test_teardown(keeps_digits, forget),
		cmocka_unit_test_teardown(refuses, forget),         cmocka_unit_test_teardown(misses, forget),
		cmocka_unit_test_teardown(pulses, forget),          cmocka_unit_test(names_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
