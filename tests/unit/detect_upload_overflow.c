/* upload_overflow: much sent, no answer, cut at once; refused, aborted and slow uploads stay silent. */
#include "detect_portal.h"

struct upload {
	uint32_t bytes, records, answer;
	unsigned seconds; /* until the end */
	uint8_t end;
	bool by_dest;
};

static const struct upload OVERFLOW = {180000, 14, 0, 2, FLOW_RST, true};

static void
upload(struct site_test *t, const char *client, double when, const struct upload *u, bool after_get)
{
	struct session s = site_session(t, client, CURL, when);

	if (after_get)
		site_exchange(t, &s, 320, 25, 100);
	site_exchange(t, &s, u->bytes, u->answer, 0);
	s.records_out = u->records + 4;
	s.last = s.time = when_add(s.last, u->seconds * NS_PER_S);
	s.end = u->end;
	s.ended_by_dest = u->by_dest;
	site_judge(t, &s);
}

static void
alone(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct site_test t;
		struct upload u = OVERFLOW;

		if (i % 3 == 1)
			u = (struct upload){9000, 400, 0, 4, FLOW_RST, true};
		if (i % 3 == 2)
			u.seconds = 0;
		site_begin(&t, 2 << 20, 0);
		upload(&t, "203.0.113.77", 0, &u, i % 2);
		assert_int_equal(portal_found(&t, DETECTOR_upload_overflow, SEVERITY_MEDIUM), 1);
		assert_int_equal(t.got.alerts, 1);
		site_end(&t);
	}
}

/* Until the heap lies right; from two addresses. */
static void
tried_again(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 6; i++)
		upload(&t, i % 2 ? "203.0.113.77" : "2001:db8::9", i * 40, &OVERFLOW, false);
	assert_int_equal(portal_found(&t, DETECTOR_upload_overflow, SEVERITY_CRITICAL), 5);
	assert_non_null(strstr(t.got.finding[5].text, "6 times within"));
	site_end(&t);
}

static void
then_a_call(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 8 << 20, DAY);
	site_user(&t, "100.64.1.1", CHROME, 0);
	upload(&t, "203.0.113.77", 2 * DAY, &OVERFLOW, false);
	s = site_session(&t, "192.0.2.10", 5, 2 * DAY + 20);
	s.role = ROLE_OUTBOUND;
	s.dest = site_addr("198.51.100.66");
	site_judge(&t, &s);
	assert_int_equal(t.got.finding[t.got.findings - 1].detector, DETECTOR_new_egress);
	assert_int_equal(t.got.finding[t.got.findings - 1].severity, SEVERITY_CRITICAL);
	site_end(&t);
}

static void
silent(struct upload u)
{
	struct site_test t;

	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 20; i++) {
		upload(&t, "203.0.113.77", i * 100, &u, i % 2);
		upload(&t, portal_client(i), i * 100 + 1, &u, false);
	}
	assert_int_equal(portal_found(&t, DETECTOR_upload_overflow, SEVERITY_INFO), 0);
	site_end(&t);
}

static void
refused_bad(void **state)
{
	(void)state;
	silent((struct upload){180000, 14, 340, 1, FLOW_RST, true});
}

static void
aborted_bad(void **state)
{
	(void)state;
	silent((struct upload){180000, 14, 0, 2, FLOW_RST, false});
	silent((struct upload){180000, 14, 0, 2, FLOW_FIN, false});
	silent((struct upload){180000, 14, 0, 2, FLOW_TIMEOUT, false});
}

static void
slow_client_bad(void **state)
{
	(void)state;
	silent((struct upload){180000, 160, 0, 75, FLOW_RST, true});
	silent((struct upload){4000, 900, 0, 310, FLOW_RST, true});
	silent((struct upload){180000, 14, 0, 60, FLOW_FIN, true});
}

static void
ordinary_reset_bad(void **state)
{
	(void)state;
	silent((struct upload){1400, 2, 0, 1, FLOW_RST, true});
}

/* Who logged in may send files, whatever becomes of them. */
static void
user_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	for (unsigned i = 0; i < 3; i++)
		site_user(&t, "198.18.1.1", CURL, i * 10);
	upload(&t, "198.18.1.1", 600, &OVERFLOW, false);
	assert_int_equal(portal_found(&t, DETECTOR_upload_overflow, SEVERITY_INFO), 0);
	site_end(&t);
}

static void
one_sided_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	s = site_session(&t, "203.0.113.77", CURL, 0);
	site_exchange(&t, &s, 180000, 0, 0);
	s.end = FLOW_RST;
	s.ended_by_dest = s.one_sided = true;
	site_judge(&t, &s);
	assert_int_equal(portal_found(&t, DETECTOR_upload_overflow, SEVERITY_INFO), 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone),
		cmocka_unit_test(tried_again),
		cmocka_unit_test(then_a_call),
		cmocka_unit_test(refused_bad),
		cmocka_unit_test(aborted_bad),
		cmocka_unit_test(slow_client_bad),
		cmocka_unit_test(ordinary_reset_bad),
		cmocka_unit_test(user_bad),
		cmocka_unit_test(one_sided_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
