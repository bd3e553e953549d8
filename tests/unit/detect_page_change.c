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

enum { BROWSERS = 60, NEWCOMERS = 3, EDITED = 3 };

/* A browser that has been here before asks whether its objects are still good; one that has not loads them all. */
static void
browser(struct site_test *t, const struct portal *p, const char *client, double seconds, bool newcomer, bool has_new)
{
	struct session s = site_session(t, client, CHROME, seconds);

	site_exchange(t, &s, 640, p->object[0], 0);
	for (unsigned i = 1; i < p->objects; i++)
		if (newcomer || (i == EDITED && !has_new))
			site_exchange(t, &s, 420 + 9 * i, p->object[i] + (p->jitter ? site_random(t, p->jitter) : 0),
				      40);
		else if (i % 4 == 0)
			site_exchange(t, &s, 490 + 9 * i, 268, 40);
	site_exchange(t, &s, 900 + site_random(t, 300), 1480, 9000);
	site_judge(t, &s);
	s = site_session(t, client, CHROME, seconds + 30);
	for (unsigned i = 0; i < 20; i++)
		site_exchange(t, &s, 500 + site_random(t, 900), 300 + site_random(t, 40000),
			      300 + site_random(t, 9000));
	site_judge(t, &s);
}

/* `has_new`: they have what there is; on the first day of a change each fetches it once. */
static void
browsers_come(struct site_test *t, const struct portal *p, unsigned day, unsigned newcomers, bool first, bool has_new)
{
	for (unsigned i = 0; i < BROWSERS; i++)
		browser(t, p, portal_client(i), day * (double)DAY + 7 * HOUR + i * 200.0, first, has_new);
	for (unsigned i = 0; i < newcomers; i++)
		browser(t, p, portal_client(200 + day * newcomers + i),
			day * (double)DAY + 12 * HOUR + (double)i * NEWCOMERS * HOUR / newcomers, true, true);
}

static void
browsers_day(struct site_test *t, const struct portal *p, unsigned day, bool first, bool has_new)
{
	struct portal exact = *p;

	exact.jitter = 0;
	browsers_come(t, &exact, day, NEWCOMERS, first, has_new);
}

static void
ten_days(struct site_test *t, const struct portal *p)
{
	site_begin(t, 8 << 20, 7 * DAY);
	for (unsigned day = 0; day < 10; day++)
		browsers_day(t, p, day, day == 0, true);
}

/* Everybody fetches the new one: noted.  Newcomers do not get the old one, but all the others: told. */
static void
newcomers_tell(void **state)
{
	struct portal p = portal_plain();
	struct site_test t;

	(void)state;
	ten_days(&t, &p);
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_INFO), 0);
	p.object[EDITED] += 900;
	browsers_day(&t, &p, 10, false, false);
	browsers_day(&t, &p, 11, false, true);
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_LOW), 2);
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_HIGH), 1);
	site_end(&t);
}

/* Everybody loads everything each day but one object, which stays in browsers.  A new one that may be it is noted; one
   that is smaller than all is not. */
static void
one_that_stays(void **state)
{
	(void)state;
	for (unsigned larger = 0; larger < 2; larger++) {
		struct portal p = portal_plain(), without = p;
		struct site_test t;

		without.objects--;
		for (unsigned i = EDITED; i < without.objects; i++)
			without.object[i] = p.object[i + 1];
		site_begin(&t, 8 << 20, 7 * DAY);
		for (unsigned day = 0; day <= 10; day++) {
			if (day == 10)
				p.object[EDITED] = larger ? p.object[EDITED] + 900 : 150;
			for (unsigned i = 0; i < BROWSERS; i++)
				browser(&t, day % 10 == 0 || i / 3 == day ? &p : &without, portal_client(i),
					day * (double)DAY + 7 * HOUR + i * 200.0, true, true);
		}
		assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_LOW), larger);
		assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_MEDIUM), 0);
		site_end(&t);
	}
}

/* Its size jitters over three steps, none of which has as many newcomers as the objects that stay. */
static void
newcomers_tell_of_one_that_jitters(void **state)
{
	enum { MANY = 14, STEPS = 24 };
	struct portal p = portal_plain();
	struct site_test t;

	(void)state;
	site_begin(&t, 8 << 20, 7 * DAY);
	p.jitter = STEPS;
	for (unsigned day = 0; day < 10; day++)
		browsers_come(&t, &p, day, MANY, day == 0, true);
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_INFO), 0);
	p.object[EDITED] += 900;
	browsers_come(&t, &p, 10, MANY, false, false);
	browsers_come(&t, &p, 11, MANY, false, true);
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_HIGH), 1);
	site_end(&t);
}

/* An object more is only noted, however many newcomers come. */
static void
newcomers_tell_bad(void **state)
{
	struct portal p = portal_plain();
	struct site_test t;

	(void)state;
	p.objects--;
	ten_days(&t, &p);
	p.objects++;
	for (unsigned i = p.objects - 1; i > EDITED; i--)
		p.object[i] = p.object[i - 1];
	p.object[EDITED] = 89000;
	browsers_day(&t, &p, 10, false, false);
	for (unsigned day = 11; day < 15; day++)
		browsers_day(&t, &p, day, false, true);
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_MEDIUM), 0);
	site_end(&t);
}

/* Those who come back fetch the new one over a connection of its own, which is told of before the page's. */
static void
told_before_the_page(void **state)
{
	struct portal p = portal_plain();
	struct site_test t;

	(void)state;
	ten_days(&t, &p);
	p.object[EDITED] += 900;
	for (unsigned i = 0; i < BROWSERS; i++) {
		struct session s = site_session(&t, portal_client(i), CHROME, 10 * (double)DAY + 7 * HOUR + i * 200.0);

		site_exchange(&t, &s, 447, p.object[EDITED], 40);
		site_judge(&t, &s);
		browser(&t, &p, portal_client(i), 10 * (double)DAY + 7 * HOUR + i * 200.0 + 1, false, true);
	}
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_LOW), 1);
	browsers_day(&t, &p, 11, false, true);
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_HIGH), 1);
	site_end(&t);
}

/* An afternoon of newcomers: one object is replaced at noon, or one is added then and another, which few ever load, is
   loaded by nobody in the afternoon. */
static unsigned
at_noon(bool replaced)
{
	enum { DAYS = 10, LATE = 20, FEW = 6, SELDOM = 4 };
	const unsigned each = replaced ? 4 : 24;
	struct portal p = portal_plain(), few = p, more = p;
	struct site_test t;
	unsigned told;

	site_begin(&t, 8 << 20, 7 * DAY);
	few.object[SELDOM] = few.object[1] = few.object[2]; /* three that are one */
	if (replaced) {
		more.object[EDITED] += 900;
	} else {
		more.object[SELDOM] = more.object[2];
		more.object[1] = p.object[SELDOM] + 2000;
	}
	for (unsigned day = 0; day <= DAYS; day++)
		for (unsigned i = 0; i < each / (day == DAYS ? 2 : 1); i++)
			browser(&t, replaced || i % FEW == 0 ? &p : &few, portal_client(day * 41 + i),
				day * (double)DAY + 7 * HOUR + i * 300.0, true, true);
	for (unsigned i = 0; i < LATE; i++)
		browser(&t, &more, portal_client(DAYS * 41 + each + i), DAYS * (double)DAY + 13 * HOUR + i * 300.0,
			true, true);
	told = portal_found(&t, DETECTOR_page_change, SEVERITY_MEDIUM);
	site_end(&t);
	return told;
}

static void
replaced_at_noon(void **state)
{
	(void)state;
	assert_int_equal(at_noon(true), 1);
}

static void
added_at_noon_bad(void **state)
{
	(void)state;
	assert_int_equal(at_noon(false), 0);
}

/* Four more answers, which a few networks get each day. */
static void
answers_day(struct site_test *t, unsigned day, unsigned networks)
{
	for (unsigned i = 0; i < networks; i++) {
		struct session s = site_session(t, portal_client(300 + day * networks + i), CHROME,
						day * (double)DAY + 15 * HOUR + i * 600.0);

		for (uint32_t k = 0; k < 4; k++)
			site_exchange(t, &s, 500 + 9 * k, 120000 + 5000 * k, 40);
		site_judge(t, &s);
	}
}

/* Until the page changes; then nobody gets them any more. */
static void
answers_go_with_it(unsigned networks, unsigned told)
{
	struct portal p = portal_plain();
	struct site_test t;

	site_begin(&t, 8 << 20, 7 * DAY);
	for (unsigned day = 0; day < 10; day++) {
		browsers_day(&t, &p, day, day == 0, true);
		answers_day(&t, day, networks);
	}
	p.object[EDITED] += 900;
	browsers_day(&t, &p, 10, false, false);
	browsers_day(&t, &p, 11, false, true);
	assert_int_equal(portal_found(&t, DETECTOR_page_change, SEVERITY_HIGH), told);
	site_end(&t);
}

/* What was somebody's own and is not fetched again hides nothing. */
static void
own_answers(void **state)
{
	(void)state;
	answers_go_with_it(1, 1);
}

/* What as many fetched as the page went, too: an upgrade. */
static void
own_answers_bad(void **state)
{
	(void)state;
	answers_go_with_it(NEWCOMERS, 0);
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
		cmocka_unit_test(newcomers_tell),
		cmocka_unit_test(one_that_stays),
		cmocka_unit_test(newcomers_tell_of_one_that_jitters),
		cmocka_unit_test(newcomers_tell_bad),
		cmocka_unit_test(told_before_the_page),
		cmocka_unit_test(replaced_at_noon),
		cmocka_unit_test(added_at_noon_bad),
		cmocka_unit_test(own_answers),
		cmocka_unit_test(own_answers_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
