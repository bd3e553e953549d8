/* webshell: dialogues with something that is no portal; visitors, native clients, monitors and tunnels stay silent. */
#include "detect_portal.h"

static void
begin(struct site_test *t, const struct portal *p)
{
	site_begin(t, 8 << 20, 7 * DAY);
	portal_days(t, p, 60, 0, 8);
	assert_int_equal(portal_found(t, DETECTOR_webshell, SEVERITY_LOW), 0);
	assert_int_equal(portal_found(t, DETECTOR_file_read, SEVERITY_LOW), 0);
}

static const double NIGHT = 8.1 * DAY;

static void
commands(struct site_test *t, struct session *s, unsigned n, unsigned pause_ms)
{
	for (unsigned i = 0; i < n; i++)
		site_exchange(t, s, 300 + site_random(t, 1500), 220 + site_random(t, 6000),
			      pause_ms + site_random(t, 4 * pause_ms + 1));
}

static void
one_connection(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();
	struct session s;

	(void)state;
	begin(&t, &p);
	s = site_session(&t, "203.0.113.77", CHROME, NIGHT);
	commands(&t, &s, 12, 4000);
	site_judge(&t, &s);
	assert_int_equal(portal_found(&t, DETECTOR_webshell, SEVERITY_HIGH), 1);
	assert_true(t.got.finding[t.got.findings - 1].weak);
	assert_int_equal(t.got.alerts, 0);
	site_end(&t);
}

static void
a_connection_each(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	begin(&t, &p);
	for (unsigned i = 0; i < 10; i++) {
		struct session s = site_session(&t, "2001:db8:5::7", CURL, NIGHT + i * 20 + site_random(&t, 5));

		commands(&t, &s, 1, 0);
		site_judge(&t, &s);
	}
	assert_true(portal_found(&t, DETECTOR_webshell, SEVERITY_HIGH) >= 1);
	site_end(&t);
}

/* A command every ten minutes, told in updates. */
static void
slow_in_updates(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();
	struct session s;

	(void)state;
	begin(&t, &p);
	s = site_session(&t, "203.0.113.77", CURL, NIGHT);
	for (unsigned i = 0; i < 14; i++) {
		commands(&t, &s, 1, 130000);
		s.kind = i == 13 ? SESSION_CLOSE : SESSION_UPDATE;
		site_judge(&t, &s);
	}
	assert_true(portal_found(&t, DETECTOR_webshell, SEVERITY_HIGH) >= 1);
	site_end(&t);
}

static void
after_an_exploit(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();
	struct session s;

	(void)state;
	begin(&t, &p);
	site_visit(&t, "198.51.100.9", CURL, NIGHT, (uint32_t[]){24900, 60000});
	s = site_session(&t, "203.0.113.77", CHROME, NIGHT + HOUR);
	commands(&t, &s, 12, 4000);
	site_judge(&t, &s);
	assert_int_equal(portal_found(&t, DETECTOR_webshell, SEVERITY_CRITICAL), 1);
	assert_int_equal(t.got.alerts, 2);
	site_end(&t);
}

/* Somebody new: the page, a login, work with all sizes. */
static void
new_user_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	begin(&t, &p);
	for (unsigned i = 0; i < 40; i++) {
		char client[32];

		snprintf(client, sizeof(client), "198.18.%u.9", i);
		portal_user(&t, &p, client, i % 2 ? CHROME : 0xe000 + i, NIGHT + i * 500.0);
	}
	assert_int_equal(portal_found(&t, DETECTOR_webshell, SEVERITY_LOW), 0);
	assert_int_equal(portal_found(&t, DETECTOR_file_read, SEVERITY_LOW), 0);
	site_end(&t);
}

/* The browser has everything: what comes is "not modified", as others get it; then work. */
static void
cached_browser_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();
	struct session s;

	(void)state;
	begin(&t, &p);
	s = site_session(&t, "198.18.7.9", CHROME, NIGHT);
	for (unsigned i = 0; i < 6; i++)
		site_exchange(&t, &s, 700, i % 2 ? p.object[8] : p.object[11], 30);
	commands(&t, &s, 10, 3000);
	site_judge(&t, &s);
	assert_int_equal(portal_found(&t, DETECTOR_webshell, SEVERITY_LOW), 0);
	site_end(&t);
}

static void
tunnel_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();
	struct session s;

	(void)state;
	begin(&t, &p);
	s = site_session(&t, "198.18.7.9", 0x1ca, NIGHT);
	commands(&t, &s, 400, 1600);
	s.records_out = s.records_in = 900;
	s.small_out = s.small_in = 800;
	site_judge(&t, &s);
	assert_int_equal(portal_found(&t, DETECTOR_webshell, SEVERITY_LOW), 0);
	site_end(&t);
}

static void
monitor_and_spray_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	begin(&t, &p);
	for (unsigned i = 0; i < 500; i++) {
		site_visit(&t, "198.18.1.1", CURL, NIGHT + i * 60, (uint32_t[]){300, 900 + site_random(&t, 9)});
		site_visit(&t, "198.18.2.1", CURL, NIGHT + i * 5, (uint32_t[]){690 + site_random(&t, 20), 1404});
		site_visit(&t, "198.18.3.1", CURL, NIGHT + i * 30, (uint32_t[]){420, 640 + site_random(&t, 40)});
	}
	assert_int_equal(portal_found(&t, DETECTOR_webshell, SEVERITY_LOW), 0);
	assert_int_equal(portal_found(&t, DETECTOR_file_read, SEVERITY_LOW), 0);
	site_end(&t);
}

/* Who has a history may use whatever there is. */
static void
administrator_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();
	struct session s;

	(void)state;
	begin(&t, &p);
	s = site_session(&t, portal_client(5), CHROME, NIGHT);
	commands(&t, &s, 14, 4000);
	s.client_key = FIREFOX;
	for (unsigned program = 0; program < 2; program++) {
		s.client_key = program ? CHROME : FIREFOX;
		if (familiar_known(t.d, &(struct view){.s = &s, .client = s.src}, NULL))
			site_judge(&t, &s);
	}
	assert_int_equal(portal_found(&t, DETECTOR_webshell, SEVERITY_LOW), 0);
	site_end(&t);
}

/* A sensor that began today knows nothing of what is usual. */
static void
new_sensor_bad(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	site_begin(&t, 8 << 20, 0);
	s = site_session(&t, "198.18.7.9", CHROME, 0);
	commands(&t, &s, 14, 4000);
	site_judge(&t, &s);
	assert_int_equal(portal_found(&t, DETECTOR_webshell, SEVERITY_INFO), 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_connection),    cmocka_unit_test(a_connection_each),
		cmocka_unit_test(slow_in_updates),   cmocka_unit_test(after_an_exploit),
		cmocka_unit_test(new_user_bad),      cmocka_unit_test(cached_browser_bad),
		cmocka_unit_test(tunnel_bad),        cmocka_unit_test(monitor_and_spray_bad),
		cmocka_unit_test(administrator_bad), cmocka_unit_test(new_sensor_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
