/* shared_identity: cloned sessions alert, people who move do not. */
#include "detect/snapshot.h"
#include "detect_site.h"

static const uint64_t TOOL = 0x7001, CLIENT = 0xc001;

static struct session
tls12_issued(struct site_test *t, const char *who, uint64_t id, double seconds)
{
	struct session s = site_session(t, who, CLIENT, seconds);

	s.version = 0x0303;
	s.id_issued = id;
	return s;
}

static struct session
offered(struct site_test *t, const char *who, uint64_t program, uint64_t id)
{
	struct session s = site_session(t, who, program, 40);

	s.id_offered = id;
	s.resumed = RESUMED_SESSION_ID;
	return s;
}

static void
issued_here_used_there(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	s = tls12_issued(&t, "100.64.1.9", 77, 0);
	site_judge(&t, &s);
	s = offered(&t, "203.0.113.77", TOOL, 77);
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_MEDIUM);
	assert_int_equal(t.got.finding[0].confidence, 90);
	assert_int_equal(t.got.finding[0].session_count, 2);
	assert_string_equal(
		t.got.finding[0].text,
		"TLS session issued to 100.64.1.9 came back from 203.0.113.77 with another client program 40 s later");
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 1);
	site_end(&t);
}

/* TLS 1.3 shows only that one PSK identity came twice. */
static void
psk_twice(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	s = offered(&t, "100.64.1.9", CLIENT, 99);
	site_judge(&t, &s);
	s = offered(&t, "203.0.113.77", TOOL, 99);
	s.resumed = RESUMED_NO;
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 1);
	assert_true(t.got.finding[0].confidence < 60);
	assert_non_null(strstr(t.got.finding[0].text, "came again"));
	site_end(&t);
}

/* Issued to a client whose hello the capture lost: from elsewhere comes no other program, but the first that is known. */
static void
hello_lost_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	s = tls12_issued(&t, "100.64.1.9", 77, 0);
	s.client_hello = false;
	s.client_key = 0;
	s.gap_bytes_out = 320;
	site_judge(&t, &s);
	s = offered(&t, "198.51.100.200", CLIENT, 77);
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 0);
	s = offered(&t, "203.0.113.77", TOOL, 77);
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

static void
roaming_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	s = tls12_issued(&t, "100.64.1.9", 77, 0);
	site_judge(&t, &s);
	s = offered(&t, "203.0.113.77", CLIENT, 77);
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 0);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	/* from there on he is there */
	s = offered(&t, "203.0.113.78", CLIENT, 77);
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 1);
	site_end(&t);
}

static void
look_alikes_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	/* the same network */
	s = tls12_issued(&t, "100.64.1.9", 1, 0);
	site_judge(&t, &s);
	s = offered(&t, "100.64.1.200", TOOL, 1);
	site_judge(&t, &s);
	/* happy eyeballs */
	s = offered(&t, "100.64.1.9", CLIENT, 2);
	site_judge(&t, &s);
	s = offered(&t, "2001:db8::9", CLIENT, 2);
	s.time = at(41);
	site_judge(&t, &s);
	/* made under another key */
	s = offered(&t, "100.64.1.9", CLIENT, 3);
	site_judge(&t, &s);
	s = offered(&t, "203.0.113.77", TOOL, 3);
	s.identity_key = 5;
	site_judge(&t, &s);
	/* long after its lifetime */
	s = tls12_issued(&t, "100.64.1.9", 4, 0);
	s.ticket_lifetime = 20;
	site_judge(&t, &s);
	s = offered(&t, "203.0.113.77", TOOL, 4);
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 0);
	site_end(&t);
}

static const uint32_t MOBILE = 64500, HOSTING = 64501;

/* Where the databases of places say that the client is. */
static struct session
located(struct session s, uint32_t as, const char *country)
{
	s.src_as = as;
	s.src_as_name = (struct text){"Example Mobile", 14};
	s.src_country = (struct text){country, 2};
	return s;
}

/* A pool of addresses that rotates: nobody has moved, and two programs of one device are no strong sign. */
static void
one_operator(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	s = located(tls12_issued(&t, "100.64.1.9", 77, 0), MOBILE, "NL");
	site_judge(&t, &s);
	s = located(offered(&t, "100.65.9.9", CLIENT, 77), MOBILE, "NL");
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 0);
	s = located(offered(&t, "100.66.9.9", TOOL, 77), MOBILE, "NL");
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_LOW);
	assert_int_equal(t.got.finding[0].confidence, 60);
	assert_string_equal(
		t.got.finding[0].text,
		"TLS session issued to 100.65.9.9 came back from 100.66.9.9 with another client program 40 s "
		"later; both networks are of one operator (Example Mobile)");
	site_end(&t);
}

static void
another_operator(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	s = located(tls12_issued(&t, "100.64.1.9", 77, 0), MOBILE, "NL");
	site_judge(&t, &s);
	s = located(offered(&t, "203.0.113.77", TOOL, 77), HOSTING, "RO");
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_MEDIUM);
	assert_int_equal(t.got.finding[0].confidence, 95);
	site_end(&t);
}

/* One identity of the program, first here and then there. */
static void
moves(struct site_test *t, const char *const from_to[2], uint64_t id, double seconds)
{
	struct session s = tls12_issued(t, from_to[0], id, seconds);

	site_judge(t, &s);
	s = offered(t, from_to[1], CLIENT, id);
	s.start = s.time = at(seconds + 50);
	site_judge(t, &s);
}

/* A company with two exits, or a telephone between the house and the street: noted until it is usual. */
static void
usual_pair(void **state)
{
	static const char *const THERE[2] = {"100.64.1.9", "198.51.100.7"}, *const BACK[2] = {"198.51.100.9",
											      "100.64.1.2"};
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	moves(&t, THERE, 1, 0);
	moves(&t, THERE, 2, 3600);
	moves(&t, BACK, 3, 2 * 3600);
	assert_int_equal(t.got.findings, 3); /* all on one day: not usual yet */
	moves(&t, BACK, 4, DAY);
	assert_int_equal(t.got.findings, 4);
	moves(&t, THERE, 5, 2 * DAY);
	assert_int_equal(t.got.findings, 4);
	assert_int_equal(t.got.alerts, 0);
	/* between these two a second program of the device is for the record */
	s = tls12_issued(&t, THERE[0], 6, 2 * DAY + 100);
	site_judge(&t, &s);
	s = offered(&t, THERE[1], TOOL, 6);
	s.start = s.time = at(2 * DAY + 140);
	site_judge(&t, &s);
	assert_int_equal(t.got.findings, 5);
	assert_int_equal(t.got.finding[4].severity, SEVERITY_INFO);
	assert_true(t.got.finding[4].explained);
	assert_non_null(strstr(t.got.finding[4].text, "clients of its program move now and then"));
	/* from anywhere else it is a theft */
	s = tls12_issued(&t, THERE[0], 7, 2 * DAY + 200);
	site_judge(&t, &s);
	s = offered(&t, "203.0.113.77", TOOL, 7);
	s.start = s.time = at(2 * DAY + 240);
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 1);
	assert_int_equal(t.got.finding[5].severity, SEVERITY_MEDIUM);
	site_end(&t);
}

/* Thieves with a program of their own make no pair usual. */
static void
usual_pair_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned i = 0; i < 8; i++) {
		s = tls12_issued(&t, "100.64.1.9", 70 + i, i * DAY);
		site_judge(&t, &s);
		s = offered(&t, "203.0.113.77", TOOL, 70 + i);
		s.start = s.time = at(i * DAY + 40);
		site_judge(&t, &s);
	}
	assert_int_equal(t.got.findings, 8);
	assert_int_equal(t.got.alerts, 8);
	site_end(&t);
}

/* Over IPv6 now and over IPv4 a second later, however long ago the identity was handed out. */
static void
happy_eyeballs_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	s = tls12_issued(&t, "2001:db8::9", 77, 0);
	site_judge(&t, &s);
	for (unsigned i = 0; i < 10; i++) {
		s = offered(&t, i % 2 ? "2001:db8::9" : "100.64.1.9", CLIENT, 77);
		s.start = s.time = at(1.5 * i + 1);
		site_judge(&t, &s);
	}
	assert_int_equal(t.got.findings, 0);
	s = offered(&t, "100.64.1.9", TOOL, 77);
	s.start = s.time = at(14.6);
	site_judge(&t, &s); /* another program is no happy eyeballs */
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

/* The sensor starts again with what it learnt; with the same key it knows the identity, with another it does not. */
static void
restart(void **state)
{
	struct site_test before, after;
	struct snapshot_report report;
	size_t room;
	char *bytes;
	struct out o;
	struct session s;

	(void)state;
	for (uint64_t key = 1; key <= 2; key++) {
		site_begin(&before, 2 << 20, 0);
		s = tls12_issued(&before, "100.64.1.9", 77, 0);
		s.identity_key = 1;
		site_judge(&before, &s);
		room = detect_saved_size(before.d);
		bytes = malloc(room);
		o = out_of(bytes, room);
		detect_save(before.d, &o);
		site_begin(&after, 2 << 20, 0);
		assert_int_equal(detect_load(after.d, cur_of(bytes, out_len(&o)), &report), SNAPSHOT_TAKEN);
		s = offered(&after, "203.0.113.77", TOOL, 77);
		s.identity_key = key;
		site_judge(&after, &s);
		assert_int_equal(after.got.alerts, key == 1);
		free(bytes);
		site_end(&before);
		site_end(&after);
	}
}

static void
outlives_a_flood(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	s = tls12_issued(&t, "100.64.1.9", 77, 0);
	site_judge(&t, &s);
	for (unsigned i = 0; i < 100000; i++) {
		s = offered(&t, "203.0.113.1", TOOL + i, 1000 + i);
		s.established = false;
		site_judge(&t, &s);
	}
	assert_int_equal(t.got.findings, 0);
	s = offered(&t, "203.0.113.77", TOOL, 77);
	site_judge(&t, &s);
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(issued_here_used_there),
		cmocka_unit_test(psk_twice),
		cmocka_unit_test(hello_lost_bad),
		cmocka_unit_test(roaming_bad),
		cmocka_unit_test(look_alikes_bad),
		cmocka_unit_test(one_operator),
		cmocka_unit_test(another_operator),
		cmocka_unit_test(usual_pair),
		cmocka_unit_test(usual_pair_bad),
		cmocka_unit_test(happy_eyeballs_bad),
		cmocka_unit_test(restart),
		cmocka_unit_test(outlives_a_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
