/* page_change: a script is added to one page; upgrades, themes, languages, cookies and news stay silent. */
#include "detect_portal.h"

static void
script_added(uint32_t grown, unsigned object, unsigned users, uint32_t jitter)
{
	struct site_test t;
	struct portal p = portal_plain();

	p.jitter = jitter;
	site_begin(&t, 8 << 20, 7 * DAY);
	portal_days(&t, &p, users, 0, 10);
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_INFO), 0);
	p.object[object] += grown;
	portal_days(&t, &p, users, 10, 3);
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_HIGH), 1);
	assert_true(t.got.alerts >= 1);
	assert_non_null(strstr(t.got.finding[0].text, "an object of the portal of 192.0.2.10 that was"));
	site_end(&t);
}

static void
one_script(void **state)
{
	(void)state;
	script_added(1800, 0, 60, 4);
}

static void
small_and_large(void **state)
{
	(void)state;
	script_added(60, 2, 60, 0);
	script_added(19000, 3, 60, 4);
}

static void
with_few_and_many_users(void **state)
{
	(void)state;
	script_added(900, 1, 30, 4);
	script_added(900, 1, 300, 4);
}

static void
with_the_least_memory(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	site_begin(&t, 2 << 20, 7 * DAY);
	portal_days(&t, &p, 100, 0, 9);
	p.object[4] += 700;
	portal_days(&t, &p, 100, 9, 2);
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_HIGH), 1);
	site_end(&t);
}

static void
silent(struct portal *p, void (*change)(struct portal *p, unsigned day))
{
	struct site_test t;

	site_begin(&t, 8 << 20, 7 * DAY);
	for (unsigned day = 0; day < 16; day++) {
		change(p, day);
		portal_days(&t, p, 80, day, 1);
	}
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_LOW), 0);
	site_end(&t);
}

static void
nothing(struct portal *p, unsigned day)
{
	(void)p;
	(void)day;
}

static void
upgrade(struct portal *p, unsigned day)
{
	if (day == 10)
		for (unsigned i = 0; i < p->objects - 3; i++)
			p->object[i] += 100 + 37 * i;
}

static void
new_cookie(struct portal *p, unsigned day)
{
	if (day == 10)
		for (unsigned i = 0; i < p->objects; i++)
			p->object[i] += 48;
}

static void
news_each_day(struct portal *p, unsigned day)
{
	p->object[0] = 2210 + 24 * (day * 7 % 11);
}

static void
added_object(struct portal *p, unsigned day)
{
	if (day == 10)
		p->object[p->objects++] = 5200;
}

static void
removed_object(struct portal *p, unsigned day)
{
	if (day == 10)
		p->objects--;
}

static void
smaller(struct portal *p, unsigned day)
{
	if (day == 10)
		p->object[3] -= 4000;
}

static void
unchanged_bad(void **state)
{
	struct portal p = portal_plain();

	(void)state;
	silent(&p, nothing);
	p.jitter = 40;
	silent(&p, nothing);
}

static void
upgrade_bad(void **state)
{
	struct portal p = portal_plain();

	(void)state;
	silent(&p, upgrade);
}

static void
cookie_bad(void **state)
{
	struct portal p = portal_plain();

	(void)state;
	silent(&p, new_cookie);
}

static void
news_bad(void **state)
{
	struct portal p = portal_plain();

	(void)state;
	silent(&p, news_each_day);
}

static void
added_or_removed_bad(void **state)
{
	struct portal p = portal_plain();

	(void)state;
	p.objects--;
	silent(&p, added_object);
	p = portal_plain();
	silent(&p, removed_object);
	p = portal_plain();
	silent(&p, smaller);
}

/* Another language is another size of the page beside the old one. */
static void
language_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain(), dutch = portal_plain();

	(void)state;
	dutch.object[0] += 170;
	site_begin(&t, 8 << 20, 7 * DAY);
	portal_days(&t, &p, 60, 0, 10);
	for (unsigned day = 10; day < 14; day++)
		for (unsigned i = 0; i < 80; i++)
			portal_user(&t, i % 3 ? &dutch : &p, portal_client(i), CHROME, day * (double)DAY + i * 100);
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_LOW), 0);
	site_end(&t);
}

/* One network, however busy, replaces nothing. */
static void
one_network_bad(void **state)
{
	struct site_test t;
	struct portal p = portal_plain();

	(void)state;
	site_begin(&t, 8 << 20, 7 * DAY);
	portal_days(&t, &p, 60, 0, 10);
	p.object[2] += 900;
	for (unsigned i = 0; i < 300; i++) {
		char client[32];

		snprintf(client, sizeof(client), "203.0.113.%u", i % 200);
		portal_user(&t, &p, client, CHROME + i, 10 * (double)DAY + i * 100);
	}
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_LOW), 0);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_script),
		cmocka_unit_test(small_and_large),
		cmocka_unit_test(with_few_and_many_users),
		cmocka_unit_test(with_the_least_memory),
		cmocka_unit_test(unchanged_bad),
		cmocka_unit_test(upgrade_bad),
		cmocka_unit_test(cookie_bad),
		cmocka_unit_test(news_bad),
		cmocka_unit_test(added_or_removed_bad),
		cmocka_unit_test(language_bad),
		cmocka_unit_test(one_network_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
