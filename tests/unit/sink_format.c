/*
 * sink_format: every format with texts that nobody should believe, and with the largest alert that there can be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "sensor/json_in.h"
#include "sink/format.h"

static char memory[EVE_LINE_MAX + 1];
static struct eve_context context;
static struct eve_config config = {.sensor = "sensor", .version = "1"};

/* Quotes, separators of every format, line ends, a tab, an escape sequence, UTF-8 and what is none. */
#define HOSTILE "a\"b|c=d\\e\nf\rg\th\x1b[31m\x7f \xc3\xa9 \xff\xc3 \xc2\x85 CEF:0|x src=6.6.6.6"

static struct addr
addr_of(const char *text)
{
	struct addr a;

	assert_true(addr_parse(&a, text));
	return a;
}

static struct session
hostile_session(void)
{
	return (struct session){
		.id = 0x123456789abcdef0,
		.kind = SESSION_CLOSE,
		.time = {INT64_C(1746100809000000000)},
		.start = {INT64_C(1746100800000001000)},
		.last = {INT64_C(1746100807000000000)},
		.src = addr_of("2001:db8::1"),
		.src_port = 34855,
		.dest = addr_of("2001:db8::2"),
		.dest_port = 443,
		.proto = PROTO_TCP,
		.packets_out = 5,
		.packets_in = 4,
		.bytes_out = 1000,
		.bytes_in = 2000,
		.end = FLOW_FIN,
		.carrier = CARRIER_TCP,
		.client_hello = true,
		.server_hello = true,
		.version = 0x0303,
		.cipher = 0xc02f,
		.sni = TEXT_LIT(HOSTILE),
		.alpn = TEXT_LIT(HOSTILE),
		.cert_subject = TEXT_LIT(HOSTILE),
		.cert_issuer = TEXT_LIT(""),
		.cert_san = TEXT_LIT("\003a=b\004\"|\n\xff"),
		.src_as_name = TEXT_LIT(HOSTILE),
	};
}

static struct finding
hostile_finding(void)
{
	struct finding f = {
		.id = 0x4dc29561e06b9456,
		.incident = 0x4dc29561e06b9457,
		.detector = 3,
		.severity = SEVERITY_CRITICAL,
		.confidence = 75,
		.opens = true,
		.time = {INT64_C(1746100808123456789)},
		.actor = addr_of("192.0.2.1"),
		.target = addr_of("192.0.2.2"),
		.actor_port = 1,
		.target_port = 443,
		.proto = PROTO_TCP,
		.session_count = 1,
		.session = {0x123456789abcdef0},
	};

	memcpy(f.text, HOSTILE, sizeof(HOSTILE));
	return f;
}

static unsigned
format_of(const char *name)
{
	for (unsigned i = 0; i < FORMATS; i++)
		if (strcmp(FORMAT_LIST[i].name, name) == 0)
			return i;
	fail_msg("no format %s", name);
	return 0;
}

/* The lines as a string; there are `lines` of them. */
static const char *
written(const char *format, const struct event *e, unsigned lines)
{
	struct out o = out_of(memory, EVE_LINE_MAX);
	unsigned cut = 0, ends = 0;

	FORMAT_LIST[format_of(format)].write(&o, e, &cut);
	assert_false(o.full);
	assert_int_equal(cut, 0);
	for (const char *p = o.start; p < o.p; p++) {
		ends += *p == '\n';
		assert_true((uint8_t)*p >= 0x20 || *p == '\n' || *p == '\t');
		assert_int_not_equal(*p, 0x7f);
	}
	assert_int_equal(ends, lines);
	assert_int_equal(o.p[-1], '\n');
	*o.p = '\0';
	return memory;
}

static struct event
alert_of(const struct finding *f, const struct session *s)
{
	return (struct event){.kind = EVENT_ALERT, .time = f->time, .finding = f, .session = s, .eve = &context};
}

static struct json *
parsed(const char *text, size_t n)
{
	struct json *j = json_in(text, n);

	assert_non_null(j);
	return j;
}

/* The text at "a.b.c". */
static const char *
text_at(const struct json *j, const char *path)
{
	char step[64];
	size_t n = strcspn(path, ".");

	memcpy(step, path, n);
	step[n] = '\0';
	return path[n] ? text_at(json_in_at(j, step), path + n + 1) : json_in_text(j, step).p;
}

/* U+FFFD for each byte that is none; the rest comes back as it was. */
static const char *const DECODED =
	"a\"b|c=d\\e\nf\rg\th\x1b[31m\x7f \xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd \xc2\x85 CEF:0|x src=6.6.6.6";

static void
json_gives_texts_back(void **state)
{
	struct session s = hostile_session();
	struct finding f = hostile_finding();
	struct event e = alert_of(&f, &s);
	const char *line = written("ecs", &e, 1);
	struct json *j = parsed(line, strlen(line));

	(void)state;
	assert_string_equal(text_at(j, "tls.client.server_name"), DECODED);
	assert_string_equal(text_at(j, "message"), DECODED);
	assert_string_equal(text_at(j, "event.id"), "4dc29561e06b9456-183b656f0a389d15");
	json_in_free(j);
	line = written("ocsf", &e, 1);
	j = parsed(line, strlen(line));
	assert_string_equal(text_at(j, "message"), DECODED);
	json_in_free(j);
}

static void
zeek_writes_two_lines(void **state)
{
	struct session s = hostile_session();
	struct event e = {.kind = EVENT_SESSION, .time = s.time, .session = &s, .eve = &context};
	const char *lines = written("zeek", &e, 2), *end = strchr(lines, '\n');
	struct json *j = parsed(lines, (size_t)(end - lines));

	(void)state;
	assert_string_equal(text_at(j, "_path"), "conn");
	json_in_free(j);
	j = parsed(end + 1, strlen(end + 1));
	assert_string_equal(text_at(j, "_path"), "ssl");
	assert_string_equal(text_at(j, "server_name"), DECODED);
	json_in_free(j);
}

static void
cef_escapes(void **state)
{
	struct session s = hostile_session();
	struct finding f = hostile_finding();
	struct event e = alert_of(&f, &s);
	const char *line = written("cef", &e, 1);

	(void)state;
	assert_ptr_equal(strstr(line, "CEF:0|gatewitness|gatewitness|1|oversized_request|oversized exchange before any "
				      "login|10|rt=1746100808123 "),
			 line);
	assert_non_null(strstr(line, " msg=a\"b|c\\=d\\\\e\\nf\\rg h [31m  \xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd   CEF:0|x "
				     "src\\=6.6.6.6\n"));
	assert_non_null(strstr(line, " src=192.0.2.1 spt=1 "));
	assert_null(strstr(line, " src=6.6.6.6"));
	assert_null(strstr(line, "\t"));
}

/* Of the sensor itself: a sign of life, and a trouble in a detector's place, without an address. */
static void
of_itself(void **state)
{
	static const struct counts counts = {.frames = 7};
	const struct heartbeat h = {
		.number = 12, .every_s = 60, .waiting = 3, .troubles = 2, .trouble = "no frame arrives"};
	struct event beat = {.kind = EVENT_HEARTBEAT,
			     .time = {1746100808000000000},
			     .counts = &counts,
			     .heartbeat = &h,
			     .eve = &context};
	struct finding f = {.id = 1, .detector = 908, .severity = SEVERITY_MEDIUM, .opens = true, .text = "sink x"};
	struct incident i = {.id = 1, .findings = 1, .event_count = 1, .event = {{.detector = 908}}};
	struct event trouble = alert_of(&f, NULL),
		     over = {.kind = EVENT_INCIDENT, .time = beat.time, .incident = &i, .eve = &context};

	(void)state;
	assert_string_equal(written("text", &beat, 1),
			    "2025-05-01T12:00:08Z heartbeat: heartbeat 12, the next in 60 s: no frame "
			    "arrives, and 1 more\n");
	assert_non_null(strstr(written("eve", &beat, 1),
			       "\"event\":\"heartbeat\",\"number\":12,\"every_s\":60,\"frames\":7,"
			       "\"waiting\":3,\"troubles\":2,\"trouble\":\"no frame arrives\"}"));
	assert_non_null(strstr(written("ecs", &beat, 1), "\"heartbeat\":{\"number\":12,\"every\":60,\"waiting\":3,"));
	assert_non_null(strstr(written("cef", &beat, 1), "|heartbeat|heartbeat of the sensor|0|"));
	assert_non_null(strstr(written("eve", &trouble, 1), "\"category\":\"a receiver takes nothing\""));
	assert_null(strstr(memory, "src_ip"));
	assert_non_null(strstr(written("cef", &trouble, 1), "|sink_down|a receiver takes nothing|5|"));
	assert_non_null(strstr(written("text", &over, 1), "incident closed: a receiver takes nothing"));
	i.event[0].detector = 1;
	assert_non_null(strstr(written("text", &over, 1), "incident closed: 1 findings about "));
}

/* An IPv6 address has a key of its own; a value that is empty is left out. */
static void
cef_knows_ipv6(void **state)
{
	struct session s = hostile_session();
	struct event e = {.kind = EVENT_SESSION, .time = s.time, .session = &s, .eve = &context};
	const char *line = written("cef", &e, 1);

	(void)state;
	assert_non_null(strstr(line, " c6a2=2001:db8::1 c6a2Label=Source IPv6 Address "));
	assert_null(strstr(line, " src=2001"));
	for (const char *p = strstr(line, "= "); p; p = strstr(p + 1, "= "))
		assert_int_equal(p[-1], '\\'); /* base64's padding */
}

static void
leef_keeps_to_its_tabs(void **state)
{
	struct session s = hostile_session();
	struct finding f = hostile_finding();
	struct event e = alert_of(&f, &s);
	const char *line = written("leef", &e, 1);

	(void)state;
	assert_ptr_equal(strstr(line,
				"LEEF:2.0|gatewitness|gatewitness|1|oversized_request|x09|devTime=2025-05-01T12:00:"
				"08.123+0000\t"),
			 line);
	assert_non_null(strstr(line, "\tmsg=a\"b|c=d\\e f g h [31m  \xc3\xa9 "));
	for (const char *p = strchr(line, '\t'); p; p = strchr(p + 1, '\t'))
		assert_true(strcspn(p + 1, "=") < strcspn(p + 1, "\t\n"));
}

static void
text_is_one_line(void **state)
{
	struct finding f = hostile_finding();
	struct event e = alert_of(&f, NULL);

	(void)state;
	assert_string_equal(
		written("text", &e, 1),
		"2025-05-01T12:00:08Z critical oversized_request 192.0.2.1 port 1 -> 192.0.2.2 port 443: "
		"a\"b|c=d\\e f g h [31m  \xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd   CEF:0|x src=6.6.6.6; confidence "
		"75 %, T1190; incident 4dc29561e06b9457, finding 4dc29561e06b9456, session "
		"123456789abcdef0\n");
}

/* Every severity in the numbers of those who count otherwise. */
static void
severities(void **state)
{
	static const struct {
		const char *cef;
		int ecs, ocsf;
	} WANT[] = {{"|1|", 1, 1}, {"|3|", 21, 2}, {"|5|", 47, 3}, {"|8|", 73, 4}, {"|10|", 99, 5}};
	struct finding f = hostile_finding();
	struct event e = alert_of(&f, NULL);

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		const char *line;
		struct json *j;

		f.severity = (uint8_t)i;
		assert_non_null(strstr(written("cef", &e, 1), WANT[i].cef));
		line = written("ecs", &e, 1);
		j = parsed(line, strlen(line));
		assert_int_equal(json_in_number(json_in_at(j, "event"), "severity"), WANT[i].ecs);
		json_in_free(j);
		line = written("ocsf", &e, 1);
		j = parsed(line, strlen(line));
		assert_int_equal(json_in_number(j, "severity_id"), WANT[i].ocsf);
		json_in_free(j);
	}
}

static char wide[1 << 16];

static struct text
wide_text(void)
{
	return (struct text){wide, sizeof(wide) - 1};
}

/* Each text as long as a wire can make it, of bytes that grow sixfold in JSON: cut, counted, and still valid. */
static void
the_largest_is_cut(void **state)
{
	struct session s = hostile_session();
	struct finding f = hostile_finding();
	struct event e = alert_of(&f, &s);

	(void)state;
	memset(wide, 1, sizeof(wide));
	memset(f.text, '"', sizeof(f.text) - 1);
	s.sni = s.alpn = s.ja3 = s.ja3s = s.ja4 = s.cert_subject = s.cert_issuer = s.cert_serial = wide_text();
	s.client_cert_subject = s.client_cert_issuer = s.src_as_name = s.dest_as_name = wide_text();
	s.cert_san = wide_text(); /* 32,767 members of one byte */
	s.src_country = s.dest_country = wide_text();
	for (unsigned i = 0; i < FORMATS; i++) {
		const struct format *how = &FORMAT_LIST[i];
		struct out o = out_of(memory, EVE_LINE_MAX);
		unsigned cut = 0;

		if (strcmp(how->name, "eve") == 0)
			continue;
		how->write(&o, &e, &cut);
		assert_false(o.full);
		assert_int_equal(o.p[-1], '\n');
		assert_true(out_len(&o) < 64 << 10);
		if (memory[0] == '{')
			json_in_free(parsed(memory, out_len(&o)));
		if (strcmp(how->name, "zeek") != 0 && strcmp(how->name, "text") != 0)
			assert_true(cut > 0);
	}
}

/* For other readers (tests/sink/readers.py): the hostile alert and session, one with all the text that an alert can have, a trouble
   and a heartbeat, in every format, into FORMATS_OUT/NAME; EVE is strict. */
static void
for_other_readers(void **state)
{
	static const struct counts counts = {.frames = 7};
	static struct eve_config strict = {.sensor = "sensor", .version = "1", .strict = true};
	static struct eve_context eve;
	const char *folder = getenv("FORMATS_OUT");
	const struct heartbeat h = {.number = 12, .every_s = 60};
	struct session s = hostile_session();
	struct finding f = hostile_finding(), large = f,
		       own = {.id = 1, .detector = 908, .severity = SEVERITY_HIGH, .opens = true};
	const struct event events[] = {
		{.kind = EVENT_ALERT, .time = f.time, .finding = &f, .session = &s, .eve = &eve},
		{.kind = EVENT_SESSION, .time = s.time, .session = &s, .eve = &eve},
		{.kind = EVENT_ALERT, .time = f.time, .finding = &large, .session = &s, .eve = &eve},
		{.kind = EVENT_ALERT, .time = f.time, .finding = &own, .eve = &eve},
		{.kind = EVENT_HEARTBEAT, .time = f.time, .counts = &counts, .heartbeat = &h, .eve = &eve},
	};

	(void)state;
	if (!folder)
		skip();
	eve_context_init(&eve, &strict, NULL, 0);
	memcpy(own.text, HOSTILE, sizeof(HOSTILE));
	large.id++;
	for (size_t i = 0; i + 1 < sizeof(large.text); i++)
		large.text[i] = "\"\\=|\n\xc3\xa9"[i % 7];
	for (unsigned i = 0; i < FORMATS; i++) {
		char path[512];
		FILE *to;

		snprintf(path, sizeof(path), "%s/%s", folder, FORMAT_LIST[i].name);
		to = fopen(path, "w");
		assert_non_null(to);
		for (unsigned k = 0; k < sizeof(events) / sizeof(events[0]); k++) {
			struct out o = out_of(memory, EVE_LINE_MAX);
			unsigned cut = 0;

			if (FORMAT_LIST[i].events & events[k].kind)
				FORMAT_LIST[i].write(&o, &events[k], &cut);
			assert_int_equal(fwrite(o.start, 1, out_len(&o), to), out_len(&o));
		}
		assert_int_equal(fclose(to), 0);
	}
}

/* A character of several bytes is not cut in two. */
static void
cut_between_characters(void **state)
{
	char room[MAP_TEXT_MAX + 4], text[MAP_TEXT_MAX + 8];

	(void)state;
	for (unsigned before = 0; before < 4; before++) {
		unsigned cut = 0;
		struct text t;

		memset(text, 'x', sizeof(text));
		for (size_t i = before; i + 4 <= sizeof(text); i += 4)
			memcpy(text + i, "\xf0\x9f\x98\x80", 4);
		t = map_bounded((struct text){text, sizeof(text) - 4}, room, &cut);
		assert_int_equal(cut, 1);
		assert_true(t.len <= MAP_TEXT_MAX);
		assert_memory_equal(t.p + t.len - 3, "...", 3);
		assert_int_equal((t.len - 3 - before) % 4, 0);
	}
}

/* What does not fit leaves nothing behind, whatever the room. */
static void
no_room_no_line(void **state)
{
	struct session s = hostile_session();
	struct finding f = hostile_finding();
	struct event e = alert_of(&f, &s);

	(void)state;
	for (unsigned i = 0; i < FORMATS; i++)
		for (size_t room = 0; room < 700; room += 7) {
			struct out o = out_of(memory, room);
			unsigned cut = 0;

			FORMAT_LIST[i].write(&o, &e, &cut);
			assert_true(o.full ? out_len(&o) == 0 : o.p[-1] == '\n');
		}
}

/* The rows of one event have names once each, but members of one array. */
static void
names_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FORMATS; i++) {
		const struct map_table *t = &FORMAT_LIST[i].table;

		for (unsigned a = 0; a < t->count && strcmp(FORMAT_LIST[i].name, "text") != 0; a++)
			for (unsigned b = a + 1; b < t->count; b++)
				if (t->row[a].events & t->row[b].events && t->row[a].name[0] != '|' &&
				    !strstr(t->row[a].name, "[]"))
					assert_string_not_equal(t->row[a].name, t->row[b].name);
	}
}

static int
setup(void **state)
{
	(void)state;
	assert_true(crypt_init());
	eve_context_init(&context, &config, "x.pcap", 0);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_gives_texts_back),
		cmocka_unit_test(zeek_writes_two_lines),
		cmocka_unit_test(cef_escapes),
		cmocka_unit_test(of_itself),
		cmocka_unit_test(cef_knows_ipv6),
		cmocka_unit_test(leef_keeps_to_its_tabs),
		cmocka_unit_test(text_is_one_line),
		cmocka_unit_test(severities),
		cmocka_unit_test(the_largest_is_cut),
		cmocka_unit_test(for_other_readers),
		cmocka_unit_test(cut_between_characters),
		cmocka_unit_test(no_room_no_line),
		cmocka_unit_test(names_once),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
