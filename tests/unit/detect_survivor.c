/* survivor: what outlives a patch; new tunnels, dead ones that still send, and logins since then stay silent. */
#include "detect_logins.h"

#include "detect/survivor.h"

enum { USERS = 20, DAYS = 8, NOW = DAYS * DAY + 10 * HOUR };

static struct detect_rules rules;

/* The operator says so, or an outage. */
static void
cut(struct logins_test *r, int by, double when)
{
	rules.fact[0] = (struct rule_fact){.kind = (uint8_t)by, .at = at(when)};
	rules.facts = by >= 0;
	if (by < 0)
		survivor_outage(r->t.d, 1, at(when));
	detect_rules(r->t.d, &rules);
}

static struct logins_test *
house(void)
{
	struct logins_test *r = malloc(sizeof(*r));

	logins_begin(r, PORTAL, KEEP_ALIVE, 0x0304, 16 << 20);
	ordinary_days(r, USERS, DAYS);
	assert_int_equal(alerts(r), 0);
	return r;
}

static void
done(struct logins_test *r, unsigned findings)
{
	logins_play(r);
	logins_wait(r, NOW + 9 * HOUR);
	assert_int_equal(found(r, DETECTOR_survivor), findings);
	logins_end(r);
	free(r);
}

static void
older_tunnels(void **state)
{
	(void)state;
	for (int by = -1; by <= FACT_SESSIONS_KILLED; by++) {
		struct logins_test *r = house();
		char addr[32];

		for (unsigned n = 0; n < 5; n++) {
			struct comer c = user(r, n, NOW - HOUR, addr);

			c.stays = 4 * HOUR;
			come(r, &c);
		}
		cut(r, by, NOW);
		logins_play(r);
		assert_int_equal(finding_of(r, DETECTOR_survivor)->severity, by < 0 ? SEVERITY_LOW : SEVERITY_MEDIUM);
		assert_int_equal(alerts(r), by < 0 ? 0 : 1); /* one of the gateway, however many outlive it */
		done(r, by < 0 ? 3 : 5);
	}
}

/* After an outage alone it is noted; behind one from which the gateway came back with another identity it counts. */
static void
older_than_another_identity(void **state)
{
	(void)state;
	for (unsigned changed = 0; changed < 2; changed++) {
		struct logins_test *r = house();
		const struct finding *f;
		char addr[32];
		struct comer c = user(r, 3, NOW - HOUR, addr);

		c.stays = 3 * HOUR;
		come(r, &c);
		cut(r, -1, NOW);
		if (changed) {
			struct finding other;

			finding_begin_gateway(&other, r->t.d, DETECTOR_server_identity, 1);
			other.severity = SEVERITY_INFO;
			other.time = at(NOW + 120);
			finding_say(&other, "another certificate", NULL);
			r->t.d->to = &r->t.to;
			incident_report(r->t.d, &other, &(struct actor){.group = 0});
		}
		logins_play(r);
		f = finding_of(r, DETECTOR_survivor);
		assert_int_equal(f->severity, changed ? SEVERITY_MEDIUM : SEVERITY_LOW);
		assert_int_equal(alerts(r), changed);
		assert_true(!changed || strstr(f->text, "after the gateway's identity changed, "));
		done(r, 1);
	}
}

/* A large upload in it does not make it something else. */
static void
older_tunnel_that_uploads(void **state)
{
	static const struct {
		double from, fulls;
	} CASES[] = {{NOW - 600, 400}, {NOW - HOUR, 2.9}}; /* late and much, or from the beginning on */

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		struct logins_test *r = house();
		char addr[32];
		struct comer c = user(r, 3, NOW - HOUR, addr);

		c.stays = 2 * HOUR;
		c.rate = 1.5;
		come(r, &c);
		for (unsigned i = 0; i < r->wires; i++)
			if (r->wire[i].tunnel > 0) {
				r->wire[i].full = CASES[k].from;
				r->wire[i].fulls = CASES[k].fulls;
			}
		cut(r, FACT_PATCHED, NOW);
		done(r, 1);
	}
}

/* A cookie from before; the owner's own network makes no difference. */
static void
older_cookie(void **state)
{
	struct logins_test *r = house();
	char addr[32];
	struct comer c = user(r, 4, NOW + 2 * HOUR, addr);

	(void)state;
	cut(r, FACT_SESSIONS_KILLED, NOW);
	survivor_outage(r->t.d, 1, at(NOW + 60));
	c.no_login = true;
	come(r, &c);
	logins_play(r);
	logins_wait(r, NOW + 5 * HOUR);
	assert_non_null(strstr(finding_of(r, DETECTOR_survivor)->text, "all sessions were ended"));
	done(r, 1);
}

static void
look_alikes_bad(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct logins_test *r = house();
		char addr[32];
		struct comer c = user(r, 4, NOW - HOUR, addr);

		c.stays = 6 * HOUR;
		if (i == 0) /* begins after it, with a login */
			c.at = NOW + HOUR;
		if (i == 1) /* ended with it; the client sent into the silence for a while */
			c.stays = HOUR + 120;
		if (i == 4) /* over DTLS, for a stranger who logs in */
			c.addr = "203.0.113.9", c.at = NOW + HOUR;
		come(r, &c);
		if (i != 2) /* nobody said anything */
			cut(r, FACT_PATCHED, NOW - (i == 3 ? 8 * DAY : 0));
		done(r, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(older_tunnels),
		cmocka_unit_test(older_tunnel_that_uploads),
		cmocka_unit_test(older_than_another_identity),
		cmocka_unit_test(older_cookie),
		cmocka_unit_test(look_alikes_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
