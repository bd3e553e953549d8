/* hands_on: scans in the first minutes of a stranger's tunnel; voice of the known, slow hands and few tunnels do
   not. */
#include "detect_logins.h"

enum { USERS = 25, DAYS = 8, NOW = DAYS * DAY + 8 * HOUR };

static struct logins_test *
house(uint64_t channel, unsigned users)
{
	struct logins_test *r = malloc(sizeof(*r));
	char addr[32];

	logins_begin(r, NATIVE, KEEP_ALIVE, 0x0304, 16 << 20);
	for (unsigned day = 0; day < DAYS; day++)
		for (unsigned n = 0; n < users; n++) {
			struct comer c = user(r, n, day * DAY + 7 * HOUR + n * 400, addr);

			c.channel = channel;
			c.stays = 1000;
			come(r, &c);
			logins_play(r);
		}
	assert_int_equal(alerts(r), 0);
	return r;
}

static struct comer
stranger(double rate)
{
	return (struct comer){
		.addr = "203.0.113.66", .client = TOOL, .at = NOW, .stays = 500, .name = 20, .rate = rate};
}

static void
done(struct logins_test *r, unsigned findings)
{
	logins_play(r);
	assert_int_equal(found(r, DETECTOR_hands_on), findings);
	logins_end(r);
	free(r);
}

static void
looks_around(void **state)
{
	static const double rates[] = {60, 200, 1500};

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct logins_test *r = house(i % 2 ? CHANNEL : 0, USERS);
		struct comer c = stranger(rates[i / 2]);

		c.channel = i % 2 ? CHANNEL : 0;
		come(r, &c);
		logins_play(r);
		assert_int_equal(alerts(r), 0);
		done(r, 1);
	}
}

static void
look_alikes_bad(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct logins_test *r = house(0, i == 3 ? 3 : USERS);
		char addr[32];
		struct comer c = stranger(200);

		if (i == 0) /* voice, of someone known */
			c = user(r, 4, NOW, addr), c.rate = 200, c.channel = 0;
		if (i == 1) /* somebody who types */
			c.rate = 6;
		if (i == 2) /* a new laptop in a known house */
			c = user(r, 4, NOW, addr), c.rate = 200, c.client = TOOL, c.channel = 0;
		come(r, &c); /* i == 3: a site with few tunnels */
		for (unsigned k = 0; i == 4 && k < r->wires; k++)
			r->wire[k].small_up = 1300; /* an upload over DTLS */
		for (unsigned k = 0; i == 4 && k < r->wires; k++)
			r->wire[k].s.proto = PROTO_UDP, r->wire[k].s.carrier = CARRIER_DTLS;
		done(r, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_around),
		cmocka_unit_test(look_alikes_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
