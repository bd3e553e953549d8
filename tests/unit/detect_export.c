/* export: a large answer of its own; installers, first loads, cut downloads, tunnels and users stay silent. */
#include "detect_portal.h"

static const double NIGHT = 9.1 * DAY;
enum { INSTALLER = 11482930, OTHER_INSTALLER = 31900112 };

/* Nine days; installers are fetched by new users now and then. */
static void
begin(struct site_test *t, const struct portal *p, size_t memory)
{
	site_begin(t, memory, 7 * DAY);
	portal_days(t, p, 60, 0, 9);
	for (unsigned i = 0; i < 8; i++) {
		char client[32];

		snprintf(client, sizeof(client), "100.%u.%u.7", 110 + i, i);
		site_visit(t, client, CHROME, i * (double)DAY + 8 * HOUR,
			   (uint32_t[]){610, INSTALLER + site_random(t, 4)});
		site_visit(t, client, FIREFOX, i * (double)DAY + 9 * HOUR, (uint32_t[]){610, OTHER_INSTALLER});
	}
	assert_int_equal(portal_found(t, DETECTOR_export, SEVERITY_LOW), 0);
	t->got.findings = 0; /* those of the learning time */
}

static void
fetched(uint32_t bytes, const char *client, uint64_t program, size_t memory)
{
	struct site_test t;
	struct portal p = portal_plain();

	begin(&t, &p, memory);
	site_visit(&t, client, program, NIGHT, (uint32_t[]){412, bytes});
	assert_int_equal(portal_found(&t, DETECTOR_export, SEVERITY_CRITICAL), 1);
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

/* Outages are expected then; files that leave are not. */
static void
in_maintenance_window(void **state)
{
	static const struct detect_rules rules = {
		.maintenances = 1, .maintenance = {{.name = "patch-night", .days = 127, .length_s = DAY}}};
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	begin(&t, &p, 8 << 20);
	detect_rules(t.d, &rules);
	site_visit(&t, "203.0.113.77", CURL, NIGHT, (uint32_t[]){412, INSTALLER + 310411});
	assert_int_equal(portal_found(&t, DETECTOR_export, SEVERITY_CRITICAL), 1);
	site_end(&t);
}

/* A new version of an installer, after the upgrade that brought it; without it, or of another size, it is none. */
static void
new_version(void **state)
{
	static struct detect_rules rules = {.facts = 1, .fact = {{.kind = FACT_UPGRADE, .name = "15.2"}}};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct site_test t;
		struct portal p = portal_plain();

		begin(&t, &p, 8 << 20);
		rules.fact[0].at = at(NIGHT - HOUR);
		detect_rules(t.d, i == 1 ? NULL : &rules);
		site_visit(&t, "203.0.113.77", CURL, NIGHT,
			   (uint32_t[]){412, i == 2 ? INSTALLER * 3 / 2 : INSTALLER + 310411});
		assert_int_equal(portal_found(&t, DETECTOR_export, SEVERITY_CRITICAL), i > 0);
		assert_int_equal(portal_found(&t, DETECTOR_export, SEVERITY_INFO), 1);
		site_end(&t);
	}
}

static void
small_and_large(void **state)
{
	(void)state;
	fetched(270000, "203.0.113.77", CURL, 8 << 20);
	fetched(11000000, "203.0.113.77", CHROME, 8 << 20);
	fetched(900000000, "2001:db8:9::1", CURL, 2 << 20);
}

/* After three commands, in an update while the connection goes on. */
static void
after_commands(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();
	struct session s;

	(void)state;
	begin(&t, &p, 8 << 20);
	s = site_session(&t, "203.0.113.77", CURL, NIGHT);
	for (unsigned i = 0; i < 3; i++)
		site_exchange(&t, &s, 700, 900 + 371 * i, 9000);
	site_exchange(&t, &s, 400, 5300222, 9000);
	site_exchange(&t, &s, 700, 950, 9000);
	s.kind = SESSION_UPDATE;
	site_judge(&t, &s);
	s.kind = SESSION_CLOSE;
	site_judge(&t, &s);
	assert_int_equal(portal_found(&t, DETECTOR_export, SEVERITY_CRITICAL), 1);
	site_end(&t);
}

static void
installer_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	begin(&t, &p, 2 << 20);
	site_visit(&t, "198.18.1.1", CHROME, NIGHT, (uint32_t[]){600, INSTALLER + 2});
	site_visit(&t, "198.18.2.1", CURL, NIGHT, (uint32_t[]){480, OTHER_INSTALLER});
	assert_int_equal(portal_found(&t, DETECTOR_export, SEVERITY_INFO), 0);
	site_end(&t);
}

/* Half a year without anybody who needs it. */
static void
seldom_installer_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	begin(&t, &p, 8 << 20);
	portal_days(&t, &p, 20, 160, 6);
	site_visit(&t, "198.18.1.1", CHROME, 170 * (double)DAY, (uint32_t[]){600, INSTALLER});
	assert_int_equal(portal_found(&t, DETECTOR_export, SEVERITY_INFO), 0);
	site_end(&t);
}

static void
cut_download_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	begin(&t, &p, 8 << 20);
	for (unsigned i = 0; i < 4; i++) {
		char client[32];
		struct session s;

		snprintf(client, sizeof(client), "198.18.%u.9", i);
		s = site_session(&t, client, CHROME, NIGHT + i * 100);
		site_exchange(&t, &s, 600, 1000000 + site_random(&t, 9000000), 0);
		s.end = i % 2 ? FLOW_RST : FLOW_TIMEOUT;
		site_judge(&t, &s);
	}
	assert_int_equal(portal_found(&t, DETECTOR_export, SEVERITY_INFO), 0);
	site_end(&t);
}

/* The first load of others was as large: pages that come in bursts. */
static void
first_loads_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	site_begin(&t, 8 << 20, 7 * DAY);
	for (unsigned day = 0; day < 14; day++)
		for (unsigned i = 0; i < 40; i++) {
			char client[32];
			struct session s;

			snprintf(client, sizeof(client), "198.18.%u.%u", i * 5, day);
			s = site_session(&t, client, CHROME, day * (double)DAY + i * 100);
			site_exchange(&t, &s, 620, p.object[0], 0);
			site_exchange(&t, &s, 1500, 500000 + site_random(&t, 400000), 50);
			site_exchange(&t, &s, 700, p.object[4], 9000);
			site_judge(&t, &s);
		}
	assert_int_equal(portal_found(&t, DETECTOR_export, SEVERITY_LOW), 0);
	site_visit(&t, "203.0.113.77", CURL, 14 * (double)DAY, (uint32_t[]){412, 80000000});
	assert_int_equal(portal_found(&t, DETECTOR_export, SEVERITY_CRITICAL), 1);
	site_end(&t);
}

/* A user on the road: logs in, works, downloads. */
static void
user_download_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();
	struct session s;

	(void)state;
	begin(&t, &p, 8 << 20);
	portal_user(&t, &p, "198.18.4.4", CHROME, NIGHT);
	s = site_session(&t, "198.18.4.4", CHROME, NIGHT + 300);
	site_exchange(&t, &s, 900, 7000000, 0);
	site_judge(&t, &s);
	assert_int_equal(portal_found(&t, DETECTOR_export, SEVERITY_LOW), 0);
	site_end(&t);
}

static void
degraded_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();
	struct session s;

	(void)state;
	begin(&t, &p, 8 << 20);
	s = site_session(&t, "203.0.113.77", CURL, NIGHT);
	s.midstream = true;
	site_exchange(&t, &s, 400, 5300222, 0);
	site_judge(&t, &s);
	assert_int_equal(portal_found(&t, DETECTOR_export, SEVERITY_INFO), 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_and_large),       cmocka_unit_test(new_version),
		cmocka_unit_test(in_maintenance_window), cmocka_unit_test(after_commands),
		cmocka_unit_test(installer_bad),         cmocka_unit_test(seldom_installer_bad),
		cmocka_unit_test(cut_download_bad),      cmocka_unit_test(first_loads_bad),
		cmocka_unit_test(user_download_bad),     cmocka_unit_test(degraded_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
