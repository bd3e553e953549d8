/* stolen_login: a complete login from elsewhere, with other tools, at night; travellers and new laptops stay silent. */
#include "detect_logins.h"

enum { USERS = 25, DAYS = 8, MORNING = DAYS * DAY + 9 * HOUR, NIGHT = DAYS * DAY + 26 * HOUR };

static struct logins_test *
house(enum kind kind, uint16_t version)
{
	struct logins_test *r = malloc(sizeof(*r));

	logins_begin(r, kind, KEEP_ALIVE, version, 16 << 20);
	ordinary_days(r, USERS, DAYS);
	assert_int_equal(found(r, DETECTOR_stolen_login), 0);
	return r;
}

static void
done(struct logins_test *r, unsigned findings)
{
	logins_play(r);
	logins_wait(r, NIGHT + 6 * HOUR);
	assert_int_equal(found(r, DETECTOR_stolen_login), findings);
	logins_end(r);
	free(r);
}

/* Password and seed of the one-time codes are known, the server is rented. */
static struct comer
intruder(struct logins_test *r, double when)
{
	static char addr[32];
	struct comer c = user(r, 3, when, addr);

	c.addr = "203.0.113.66";
	c.browser = c.client = TOOL;
	c.channel = 0;
	c.hold = 0;
	c.rtt_us = 160000;
	c.cached = false;
	return c;
}

static void
at_night(void **state)
{
	static const enum kind kinds[] = {PORTAL, NATIVE, SAML};

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		for (uint16_t version = 0x0303; version <= 0x0304; version++) {
			struct logins_test *r = house(kinds[i], version);
			struct comer c = intruder(r, NIGHT);
			const struct finding *f;

			come(r, &c);
			logins_play(r);
			f = finding_of(r, DETECTOR_stolen_login);
			assert_non_null(f);
			assert_int_equal(f->severity, SEVERITY_MEDIUM);
			assert_true(f->weak && !f->opens && f->weight_count >= 3);
			assert_int_equal(found(r, DETECTOR_loginless), 0);
			done(r, 1);
		}
}

/* A program without a cache loads all of the page in one connection: the login comes behind the exchanges of which more
   than sizes is kept. */
static void
behind_many_objects(void **state)
{
	struct logins_test *r = house(PORTAL, 0x0304);
	struct comer c = intruder(r, NIGHT);

	(void)state;
	c.before = 16;
	come(r, &c);
	logins_play(r);
	assert_non_null(finding_of(r, DETECTOR_stolen_login));
	assert_null(strstr(finding_of(r, DETECTOR_stolen_login)->text, "login of"));
	assert_int_equal(found(r, DETECTOR_loginless), 0);
	done(r, 1);
}

/* With hands on the network at once, or after pushes, it is no list to review any more. */
static void
with_hands_on(void **state)
{
	struct logins_test *r = house(NATIVE, 0x0304);
	struct comer c = intruder(r, NIGHT);

	(void)state;
	c.channel = 0;
	for (unsigned n = 0; n < 50; n++) { /* how tunnels over TLS begin here */
		char addr[32];
		struct comer other = user(r, n % USERS, MORNING + n * 60, addr);

		other.channel = 0;
		come(r, &other);
	}
	c.rate = 300;
	c.stays = 900;
	come(r, &c);
	logins_play(r);
	assert_true(found(r, DETECTOR_hands_on) && found(r, DETECTOR_stolen_login));
	assert_int_equal(alerts(r), 1);
	assert_int_equal(finding_of(r, DETECTOR_stolen_login)->severity, SEVERITY_HIGH);
	done(r, 1);
}

/* Hundreds of networks guess with one program for an hour. */
static void
guesses(struct logins_test *r, double from, uint64_t program)
{
	logins_play(r);
	for (unsigned i = 0; i < 600; i++) {
		char source[32];
		struct session s;

		snprintf(source, sizeof(source), "198.18.%u.9", i % 200);
		s = site_session(&r->t, source, program, from + i * 6);
		site_exchange(&r->t, &s, 685 + i * 7 % 31, 1400, 0);
		s.kind = SESSION_CLOSE;
		site_judge(&r->t, &s);
	}
	assert_true(found(r, DETECTOR_spray) > 0);
}

/* What would be a traveller is the spray's catch: its own program from anywhere, or anyone's from one of its
   networks. */
static void
after_guesses(void **state)
{
	static const struct {
		const char *from, *words;
		bool tool;
	} CASES[] = {{"203.0.113.66", "after guesses of the same client program", true},
		     {"198.18.77.9", "after guesses from the same network", false},
		     {"203.0.113.66", NULL, false}};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct logins_test *r = house(NATIVE, 0x0303);
		char addr[32];
		struct comer c = user(r, 4, MORNING + 10 * HOUR, addr);
		unsigned before;

		guesses(r, MORNING, TOOL);
		before = alerts(r);
		c.addr = CASES[i].from;
		c.rtt_us = 160000;
		if (CASES[i].tool)
			c.browser = c.client = TOOL, c.channel = 0;
		come(r, &c);
		logins_play(r);
		logins_wait(r, NIGHT);
		assert_int_equal(alerts(r) - before, CASES[i].words != NULL);
		if (CASES[i].words) {
			const struct finding *f = finding_of(r, DETECTOR_stolen_login);

			assert_int_equal(f->severity, SEVERITY_CRITICAL);
			assert_non_null(strstr(f->text, CASES[i].words));
		}
		logins_end(r);
		free(r);
	}
}

/* Who tried to read memory comes in by a login when that incident is long closed; or another network does. */
static void
after_a_leak(void **state)
{
	static const char *const LEAKERS[] = {"203.0.113.66", "203.0.114.66"};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct logins_test *r = house(NATIVE, 0x0303);
		struct comer c = intruder(r, NIGHT);
		const struct finding *f;
		unsigned before;

		site_loop(&r->t, &(struct site_loop){LEAKERS[i], TOOL, NIGHT - 9 * HOUR, 0.5, 12, 0, 173, site_leaked});
		assert_true(found(r, DETECTOR_leak_loop) > 0);
		before = alerts(r);
		come(r, &c);
		logins_play(r);
		logins_wait(r, NIGHT + 6 * HOUR);
		f = finding_of(r, DETECTOR_stolen_login);
		assert_int_equal(alerts(r) - before, i == 0);
		assert_int_equal(f->opens, i == 0);
		assert_int_equal(f->severity, i == 0 ? SEVERITY_CRITICAL : SEVERITY_MEDIUM);
		assert_true(i || strstr(f->text, "after an attempt of the same network to read memory, 9 h before"));
		logins_end(r);
		free(r);
	}
}

/* Half an hour before midnight until half past: one visit, not two days. */
static void
over_midnight(void **state)
{
	struct logins_test *r = house(NATIVE, 0x0303);
	struct comer c = intruder(r, DAYS * DAY + 24 * HOUR - 240);

	(void)state;
	come(r, &c);
	done(r, 1);
}

static void
travellers_bad(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct logins_test *r = house(PORTAL, 0x0304);
		char addr[32];
		struct comer c = user(r, 4 + i, MORNING, addr);

		if (i < 2)
			c.addr = "203.0.113.66"; /* a hotel abroad */
		if (i == 0)
			c.rtt_us = 160000;
		if (i == 1)
			c.at = MORNING + 9 * HOUR;
		if (i == 2) /* a new laptop at home, at night */
			c.browser = c.client = TOOL, c.at = NIGHT, c.rtt_us = 160000;
		if (i == 3) /* a late evening */
			c.at = NIGHT;
		come(r, &c);
		done(r, 0);
	}
}

/* The third day of a contractor is like any other's. */
static void
contractor_bad(void **state)
{
	struct logins_test *r = house(NATIVE, 0x0304);

	(void)state;
	for (unsigned day = 0; day < 3; day++) {
		struct comer c = intruder(r, NIGHT + day * DAY);

		come(r, &c);
		logins_play(r);
		logins_wait(r, NIGHT + day * DAY + 6 * HOUR);
	}
	assert_in_range(found(r, DETECTOR_stolen_login), 1, 2);
	assert_int_equal(alerts(r), 0);
	logins_end(r);
	free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behind_many_objects), cmocka_unit_test(at_night),
		cmocka_unit_test(with_hands_on),       cmocka_unit_test(after_guesses),
		cmocka_unit_test(after_a_leak),        cmocka_unit_test(over_midnight),
		cmocka_unit_test(travellers_bad),      cmocka_unit_test(contractor_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
