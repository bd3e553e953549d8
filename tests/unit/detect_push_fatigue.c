/* push_fatigue: a phone that rings again and again; missed pushes, slow directories and pages that poll stay silent. */
#include "detect_logins.h"

enum { NOW = 2 * DAY + 22 * HOUR };

static void
push(struct logins_test *r, struct wire **w, const struct comer *c, double think, double hold)
{
	if (r->style == ONE_EACH)
		*w = wire_open(r, c, c->browser, (*w)->now + think);
	wire_turn(*w, think, 900 + c->name, 0.2, r->theme.login);
	wire_turn(*w, 0.3, 760, hold, 640);
}

static struct comer
caller(void)
{
	return (struct comer){.addr = "203.0.113.66", .browser = TOOL, .client = TOOL, .name = 22, .at = NOW};
}

static void
begin(struct logins_test *r, enum style style)
{
	logins_begin(r, PORTAL, style, 0x0304, 2 << 20);
	r->t.d->learn_ns = 0;
}

static void
done(struct logins_test *r, unsigned findings)
{
	logins_play(r);
	logins_wait(r, NOW + 3 * HOUR);
	assert_int_equal(found(r, DETECTOR_push_fatigue), findings);
	logins_end(r);
}

static void
again_and_again(void **state)
{
	struct logins_test *r = malloc(sizeof(*r));

	(void)state;
	for (enum style style = KEEP_ALIVE; style <= ONE_EACH; style++)
		for (unsigned i = 0; i < 3; i++) {
			struct comer c = caller();
			struct wire *w;

			begin(r, style);
			w = wire_open(r, &c, TOOL, NOW);
			wire_turn(w, 0.01, 420, 0.002, r->theme.page);
			for (unsigned n = 0; n < 5; n++) /* fast, at people's pace, slowly */
				push(r, &w, &c, i == 0 ? 0.5 : i == 1 ? 20 : 120, 18 + n * 9);
			logins_play(r);
			assert_int_equal(alerts(r), 0);
			assert_int_equal(finding_of(r, DETECTOR_push_fatigue)->severity, SEVERITY_MEDIUM);
			done(r, 1);
		}
	free(r);
}

static void
and_then_in(void **state)
{
	struct logins_test *r = malloc(sizeof(*r));
	struct comer c = caller();
	struct wire *w;

	(void)state;
	begin(r, KEEP_ALIVE);
	w = wire_open(r, &c, TOOL, NOW);
	wire_turn(w, 0.01, 420, 0.002, r->theme.page);
	for (unsigned n = 0; n < 6; n++)
		push(r, &w, &c, 9, 25 + n);
	wire_turn(w, 0.2, 800, 0.05, r->theme.store);
	c.stays = HOUR;
	tunnel(r, &c, TOOL, w->now + 2);
	logins_play(r);
	logins_wait(r, NOW + 3 * HOUR);
	assert_int_equal(found(r, DETECTOR_push_fatigue), 2);
	assert_int_equal(alerts(r), 1);
	assert_int_equal(r->t.got.finding[1].severity, SEVERITY_HIGH);
	assert_string_equal(r->t.got.finding[1].chain, "pushed_then_in");
	logins_end(r);
	free(r);
}

static void
look_alikes_bad(void **state)
{
	struct logins_test *r = malloc(sizeof(*r));

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct comer c = caller();
		struct wire *w;

		begin(r, KEEP_ALIVE);
		w = wire_open(r, &c, TOOL, NOW);
		wire_turn(w, 0.01, 420, 0.002, r->theme.page);
		for (unsigned n = 0; n < 12; n++) {
			if (i == 0 && n < 3) /* the phone was upstairs */
				push(r, &w, &c, 8, 40);
			if (i == 1) /* a page that polls, and waits for news */
				wire_turn(w, 0.05, 700, 30, 300);
			if (i == 2) /* a slow directory */
				wire_turn(w, 6, 900, 5, 900);
			if (i == 3) /* over days */
				push(r, &w, &c, 7000, 40);
			if (i == 4) /* a phone at hand */
				push(r, &w, &c, 20, 6);
		}
		done(r, 0);
	}
	free(r);
}

/* Where many wait so, it is the portal. */
static void
habit_bad(void **state)
{
	struct logins_test *r = malloc(sizeof(*r));
	char addr[32];

	(void)state;
	begin(r, KEEP_ALIVE);
	r->t.d->learn_ns = 2 * DAY * NS_PER_S;
	for (unsigned n = 0; n < 30; n++) {
		struct comer c = user(r, n, n * HOUR, addr);
		struct wire *w = wire_open(r, &c, c.browser, n * HOUR);

		for (unsigned i = 0; i < 5; i++)
			push(r, &w, &c, 9, 20 + i);
		tunnel(r, &c, c.client, w->now + 2);
		logins_play(r);
	}
	logins_wait(r, NOW - HOUR);
	assert_int_equal(alerts(r), 0);
	r->t.got.findings = 0;
	{
		struct comer c = caller();
		struct wire *w = wire_open(r, &c, TOOL, NOW);

		for (unsigned i = 0; i < 5; i++)
			push(r, &w, &c, 9, 20 + i);
	}
	done(r, 0);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(again_and_again),
		cmocka_unit_test(and_then_in),
		cmocka_unit_test(look_alikes_bad),
		cmocka_unit_test(habit_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
