/* tunnel_exfil: more than ever, by nobody known or at odd hours; backups of the known and large days stay silent. */
#include "detect_logins.h"

enum { USERS = 25, DAYS = 9, NOW = DAYS * DAY + 8 * HOUR };

static struct logins_test *
house(uint16_t version)
{
	struct logins_test *r = malloc(sizeof(*r));

	logins_begin(r, NATIVE, KEEP_ALIVE, version, 16 << 20);
	ordinary_days(r, USERS, DAYS);
	assert_int_equal(alerts(r) + found(r, DETECTOR_tunnel_exfil), 0);
	return r;
}

static void
done(struct logins_test *r, unsigned findings)
{
	logins_play(r);
	assert_int_equal(found(r, DETECTOR_tunnel_exfil), findings);
	logins_end(r);
	free(r);
}

static struct comer
taker(struct logins_test *r)
{
	static char addr[32];
	struct comer c = user(r, 3, NOW, addr);

	c.addr = "203.0.113.66";
	c.client = TOOL;
	c.stays = HOUR;
	c.down = 900000;
	return c;
}

/* One tunnel for hours, over TLS or DTLS; or many short ones, each of them ordinary. */
static void
takes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct logins_test *r = house(i % 2 ? 0x0304 : 0x0303);
		struct comer c = taker(r);

		if (i >= 2)
			c.channel = 0;
		if (i == 3)
			for (c.stays = 400; c.at < NOW + 2 * HOUR; c.at += 450)
				come(r, &c);
		else
			come(r, &c);
		logins_play(r);
		assert_string_equal(finding_of(r, DETECTOR_tunnel_exfil)->number[0].name, "bytes");
		assert_true(finding_of(r, DETECTOR_tunnel_exfil)->weak);
		done(r, 1);
	}
}

/* A known client, in the evening, when it never worked. */
static void
known_at_odd_hours(void **state)
{
	struct logins_test *r = house(0x0304);
	char addr[32];
	struct comer c = user(r, 5, DAYS * DAY + 20 * HOUR, addr);

	(void)state;
	c.stays = 2 * HOUR;
	c.down = 1500000;
	come(r, &c);
	done(r, 1);
}

static void
look_alikes_bad(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct logins_test *r = house(0x0304);
		char addr[32];
		struct comer c = i < 2 ? taker(r) : user(r, 5, NOW, addr);

		if (i == 0) /* a stranger who moves what others move */
			c.down = 6000;
		if (i == 1) /* below what is anybody's theft */
			c.down = 15000;
		if (i == 2) /* a large day of someone known */
			c.down = 2000000;
		if (i == 3) /* a video call as long as the day */
			c.stays = 7 * HOUR, c.down = 200000;
		come(r, &c);
		done(r, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes),
		cmocka_unit_test(known_at_odd_hours),
		cmocka_unit_test(look_alikes_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
