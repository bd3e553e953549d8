/* session_json: strict JSON whatever the record holds, and never past the end of its room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session/session.h"

/* RFC 8259, and nothing that it does not say.  Each takes the rest and returns what follows, NULL: no JSON. */
static const char *value(const char *p);

static const char *
string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p != '\\')
			continue;
		p++;
		if (*p == 'u') {
			for (unsigned i = 0; i < 4; i++)
				if (!*++p || !strchr("0123456789abcdefABCDEF", *p))
					return NULL;
		} else if (!*p || !strchr("\"\\/bfnrt", *p)) {
			return NULL;
		}
	}
	return p + 1;
}

static const char *
number(const char *p)
{
	const char *start = p += *p == '-';

	while (*p >= '0' && *p <= '9')
		p++;
	return p == start || (*start == '0' && p > start + 1) ? NULL : p;
}

static const char *
list(const char *p, char close)
{
	if (*p == close)
		return p + 1;
	for (;; p++) {
		if (close == '}' && (!(p = string(p)) || *p++ != ':'))
			return NULL;
		if (!(p = value(p)))
			return NULL;
		if (*p == close)
			return p + 1;
		if (*p != ',')
			return NULL;
	}
}

static const char *
value(const char *p)
{
	if (*p == '{' || *p == '[')
		return list(p + 1, *p == '{' ? '}' : ']');
	if (*p == '"')
		return string(p);
	if (strncmp(p, "true", 4) == 0)
		return p + 4;
	if (strncmp(p, "false", 5) == 0)
		return p + 5;
	return number(p);
}

static void
assert_json(const char *p)
{
	const char *end = value(p);

	assert_non_null(end);
	assert_int_equal(*end, 0);
}

static char LINE[1 << 18];

static const char *
json(const struct session *s)
{
	struct out o = out_of(LINE, sizeof(LINE) - 1);

	session_json(&o, s, &(struct recent){0});
	assert_false(o.full);
	*o.p = '\0';
	assert_json(LINE);
	return LINE;
}

static const char ODD[] = "a\"b\\c\n\x01\x7f\xff\xc3\xa9 and much more of it, so that blocks of sixteen are met";

#define BYTES(t) sizeof(t) - 1

#define SET_BOOL  true
#define SET_U8    255
#define SET_U16   65535
#define SET_U32   UINT32_MAX
#define SET_U64   UINT64_MAX
#define SET_US    UINT32_MAX
#define SET_HEX64 UINT64_MAX
#define SET_TIME                                                                                                       \
	{                                                                                                              \
		INT64_C(1748736000999999000)                                                                           \
	}
#define SET_ADDR                                                                                                       \
	{                                                                                                              \
		{                                                                                                      \
			0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12                                      \
		}                                                                                                      \
	}
#define SET_TEXT                                                                                                       \
	{                                                                                                              \
		ODD, BYTES(ODD)                                                                                        \
	}
#define SET_PLAIN                                                                                                      \
	{                                                                                                              \
		"0123456789abcdef", 16                                                                                 \
	}
#define SET_LIST                                                                                                       \
	{                                                                                                              \
		"\002h2\000\003a\"b\377short", 14                                                                      \
	}
#define SET_LIST16                                                                                                     \
	{                                                                                                              \
		"\001\002\377\377\003", 5                                                                              \
	}
#define SET_DIGESTS                                                                                                    \
	{                                                                                                              \
		ODD, 64                                                                                                \
	}
#define SET_VERSION 0x0304
#define SET_VERSIONS                                                                                                   \
	{                                                                                                              \
		"\003\004\003\003\177\034", 6                                                                          \
	}
#define SET_CIPHER       0x1301
#define SET_GROUP        29
#define SET_ENUM_kind    SESSION_CLOSE
#define SET_ENUM_role    ROLE_INBOUND
#define SET_ENUM_tunnel  TUNNEL_PPPOE
#define SET_ENUM_end     FLOW_INPUT_END
#define SET_ENUM_carrier CARRIER_UDP
#define SET_ENUM_resumed RESUMED_PSK

static const struct exchange EXCHANGE[EXCHANGES_KEPT] = {
	{1, 2, 3, 4, 5},
	{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
};
static const struct exchange_pair PAIR[PAIRS_KEPT] = {{1, 2, 3}, {UINT32_MAX, UINT32_MAX, UINT32_MAX}};

/* Every field at its largest. */
static const struct session FULL = {
#define FIELD(id, name, type, group, unit, doc) .name = SET_##type,
#include "session/session.def"
#undef FIELD
	.exchange = EXCHANGE,
	.pair = PAIR,
	.exchange_count = EXCHANGES_KEPT,
	.pair_count = PAIRS_KEPT,
};

static void
every_field(void **state)
{
	const char *line = json(&FULL);

	(void)state;
	for (unsigned i = 0; i < SESSION_FIELD_COUNT; i++) {
		char key[64] = ",\"";

		strcat(key, SESSION_FIELDS[i].name);
		strcat(key, "\":");
		assert_non_null(strstr(line, i ? key : key + 1));
	}
	assert_non_null(strstr(line, "\"kind\":\"close\""));
	assert_non_null(strstr(line, "\"time\":\"2025-06-01T00:00:00.999999+0000\""));
	assert_non_null(strstr(line, "\"id\":\"ffffffffffffffff\""));
	assert_non_null(strstr(line, "\"version\":\"TLS 1.3\""));
	assert_non_null(strstr(line, "\"versions\":[\"TLS 1.3\",\"TLS 1.2\",\""));
	assert_non_null(strstr(line, "\"cipher\":\"TLS_AES_128_GCM_SHA256\""));
	assert_non_null(strstr(line, "\"group\":\"x25519\""));
	assert_non_null(strstr(line, "\"alpns\":[\"h2\",\"\",\"a\\\"b\",\"short\"]"));
	assert_non_null(strstr(line, "\"alerts\":[258,65535]"));
	assert_non_null(strstr(line, "\"src\":\"2001:db8:102:304:506:708:90a:b0c\""));
	assert_non_null(strstr(line, "\"exchange\":[[1,2,3,4,5],[4294967295,4294967295,"));
	assert_non_null(strstr(line, "\"pairs\":[[1,2,3],[4294967295,4294967295,4294967295],[0,0,0]"));
	assert_non_null(strstr(line, "\"resumed\":\"psk\""));
}

static void
absent_fields(void **state)
{
	struct session s = {.id = 0};

	(void)state;
	assert_string_equal(json(&s), "{\"kind\":\"open\",\"role\":\"other\"}");
	s.id = 1;
	s.carrier = CARRIER_TCP;
	s.sni = TEXT_LIT("");
	s.cipher = 0xeeee;
	s.resumed = 77; /* no such name */
	assert_string_equal(json(&s),
			    "{\"id\":\"0000000000000001\",\"kind\":\"open\",\"role\":\"other\",\"carrier\":\"tcp\","
			    "\"cipher\":\"0xeeee\",\"sni\":\"\",\"resumed\":77}");
}

static void
as_a_value(void **state)
{
	struct session s = {.id = 1};
	char line[16384];
	struct out o = out_of(line, sizeof(line));

	(void)state;
	OUT_LIT(&o, "{\"a\":1,\"gatewitness\":");
	session_json(&o, &s, &(struct recent){0});
	OUT_LIT(&o, ",\"b\":2}");
	*o.p = '\0';
	assert_json(line);
}

static void
short_room_bad(void **state)
{
	size_t all = strlen(json(&FULL));

	(void)state;
	for (size_t n = 0; n < all + 9000; n += 7) {
		char *room = malloc(n + 1);
		struct out o = out_of(room, n);

		session_json(&o, &FULL, &(struct recent){0});
		assert_true(out_len(&o) <= n);
		if (!o.full) {
			*o.p = '\0';
			assert_json(room);
		}
		assert_true(o.full || n >= all);
		free(room);
	}
}

static void
pulses(void **state)
{
	const struct pulse p = {.time = {INT64_C(1748736010) * NS_PER_S}, .gateway = 1, .bytes_to = UINT64_MAX};
	struct out o = out_of(LINE, sizeof(LINE));

	(void)state;
	pulse_json(&o, &p);
	*o.p = '\0';
	assert_json(LINE);
	assert_non_null(strstr(LINE, "{\"time\":\"2025-06-01T00:00:10.000000+0000\",\"gateway\":1,\"packets_to\":0,"));
	assert_non_null(strstr(LINE, "\"bytes_to\":18446744073709551615"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field),    cmocka_unit_test(absent_fields), cmocka_unit_test(as_a_value),
		cmocka_unit_test(short_room_bad), cmocka_unit_test(pulses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
