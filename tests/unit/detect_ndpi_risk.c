/* detect_ndpi_risk: which of nDPI's risks are noted, for whom, and that they never alert alone. */
#include "detect_site.h"

#include "flow/classify.h"

#define RISK_BIT(name) (UINT64_C(1) << RISK_##name)

/* Those of this detector; new_egress has its own opinion of calls. */
static unsigned
noted(const struct site_test *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->got.findings && i < GOT_MAX; i++) {
		if (t->got.finding[i].detector != DETECTOR_ndpi_risk)
			continue;
		assert_int_equal(t->got.finding[i].severity, SEVERITY_INFO);
		assert_false(t->got.finding[i].opens);
		n++;
	}
	return n;
}

static void
visit(struct site_test *t, const char *client, uint64_t risks, double seconds)
{
	struct session s = site_session(t, client, 1, seconds);

	s.ndpi_risks = risks;
	site_judge(t, &s);
}

static void
call(struct site_test *t, const char *where, uint64_t risks, double seconds)
{
	struct session s = site_session(t, "192.0.2.10", 1, seconds);

	s.role = ROLE_OUTBOUND;
	s.dest = site_addr(where);
	s.ndpi_risks = risks;
	site_judge(t, &s);
}

static void
inbound(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, DETECT_MEMORY_MIN, 0);
	visit(&t, "203.0.113.7", 0, 0);
	visit(&t, "203.0.113.7", RISK_BIT(DGA_NAME) | RISK_BIT(CERT_MISMATCH) | UINT64_C(1) << 5,
	      1); /* noise inbound */
	assert_int_equal(noted(&t), 0);
	visit(&t, "203.0.113.7", RISK_BIT(OBSOLETE_TLS), 2);
	assert_int_equal(noted(&t), 1);
	assert_string_equal(t.got.finding[0].text,
			    "203.0.113.7 to 192.0.2.10 port 443; nDPI sees a risk: TLS 1.1 or older agreed on");
	visit(&t, "203.0.113.7", RISK_BIT(OBSOLETE_TLS), DAY + 1);
	assert_int_equal(noted(&t), 1); /* once a day */
	visit(&t, "203.0.113.7", RISK_BIT(OBSOLETE_TLS), DAY + 2);
	visit(&t, "203.0.113.8", RISK_BIT(OBSOLETE_TLS) | RISK_BIT(WEAK_CIPHER), DAY + 3);
	assert_int_equal(noted(&t), 4);
	/* the gateway's own certificate, whoever comes */
	visit(&t, "203.0.113.9", RISK_BIT(SELF_SIGNED), DAY + 4);
	visit(&t, "203.0.113.10", RISK_BIT(SELF_SIGNED), DAY + 5);
	assert_int_equal(noted(&t), 5);
	assert_int_equal(t.got.alerts, 0);
	site_end(&t);
}

static void
outbound(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, DETECT_MEMORY_MIN, 7 * DAY);
	call(&t, "203.0.113.7", RISK_BIT(URL_SQL), 0); /* what it asks for is its own affair */
	assert_int_equal(noted(&t), 0);
	call(&t, "203.0.113.7", RISK_BIT(BINARY_TRANSFER) | RISK_BIT(NUMERIC_HOST), 1);
	assert_int_equal(noted(&t), 2);
	call(&t, "203.0.113.8", RISK_BIT(DGA_NAME), 2);
	assert_int_equal(noted(&t), 3);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inbound),
		cmocka_unit_test(outbound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
