/* visit, login: the choreography of every kind of gateway is learnt from its own traffic, whatever the sizes. */
#include "detect_logins.h"

enum { USERS = 25, DAYS = 8 };

static const uint16_t VERSIONS[] = {0x0303, 0x0304};

/* After ordinary days: nothing was found, and logins are known, where there are any. */
static void
is_learnt(struct logins_test *r)
{
	const struct login *l = login_of(r->t.d, 1);

	if (getenv("SHOW_LOGINS")) {
		printf("kind %d style %d version %x: fresh %u marked %u\n", r->kind, r->style, r->version, l->fresh,
		       l->marked);
		for (unsigned i = 0; i < LOGIN_CLASSES; i++)
			if (l->class[i].on + l->class[i].off)
				printf("  answer %u request %u-%u on %u off %u\n", l->class[i].answer,
				       l->class[i].request_min, l->class[i].request_max, l->class[i].on,
				       l->class[i].off);
		printf("  login %u refused %u granted %u\n", r->theme.login, r->theme.refused, r->theme.granted);
	}
	assert_int_equal(login_state(r->t.d, 1), r->kind == MACHINE ? LOGIN_NONE : LOGIN_LEARNT);
	assert_int_equal(alerts(r), 0);
}

static struct comer
thief(struct logins_test *r, double when)
{
	static char addr[32];
	struct comer c = user(r, 3, when, addr);

	c.addr = "203.0.113.66";
	c.browser = c.client = TOOL;
	c.no_login = true;
	return c;
}

static void
every_kind(void **state)
{
	struct logins_test *r = malloc(sizeof(*r));
	char addr[32];

	(void)state;
	for (enum kind kind = PORTAL; kind < KINDS; kind++)
		for (enum style style = KEEP_ALIVE; style < STYLES; style++)
			for (unsigned i = 0; i < 2; i++) {
				struct comer c;

				logins_begin(r, kind, style, VERSIONS[i], 16 << 20);
				ordinary_days(r, USERS, DAYS);
				is_learnt(r);
				assert_int_equal(found(r, DETECTOR_loginless), 0);
				/* a new user logs in from a new network */
				c = user(r, 150, DAYS * DAY + 8 * HOUR, addr);
				c.cached = false;
				come(r, &c);
				/* one of the old ones wakes up his laptop and needs no login */
				c = user(r, 4, DAYS * DAY + 9 * HOUR, addr);
				c.no_login = true;
				come(r, &c);
				logins_play(r);
				logins_wait(r, DAYS * DAY + 12 * HOUR);
				assert_int_equal(found(r, DETECTOR_loginless), 0);
				c = thief(r, DAYS * DAY + 13 * HOUR);
				come(r, &c);
				logins_play(r);
				logins_wait(r, DAYS * DAY + 16 * HOUR);
				assert_int_equal(found(r, DETECTOR_loginless), kind != MACHINE);
				logins_end(r);
			}
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
