/* loginless: stolen cookies, in several shapes; sleepers, travellers, losses and restarts stay silent. */
#include "detect_logins.h"

enum { USERS = 25, DAYS = 8, NOW = DAYS * DAY + 11 * HOUR };

static struct logins_test *
house(enum kind kind, uint16_t version)
{
	struct logins_test *r = malloc(sizeof(*r));

	logins_begin(r, kind, KEEP_ALIVE, version, 16 << 20);
	ordinary_days(r, USERS, DAYS);
	assert_int_equal(alerts(r), 0);
	return r;
}

static struct comer
thief(struct logins_test *r)
{
	static char addr[32];
	struct comer c = user(r, 3, NOW, addr);

	c.addr = "203.0.113.66";
	c.browser = c.client = TOOL;
	c.no_login = true;
	return c;
}

static void
done(struct logins_test *r, unsigned findings, unsigned told)
{
	logins_play(r);
	logins_wait(r, NOW + 6 * HOUR);
	assert_int_equal(found(r, DETECTOR_loginless), findings);
	assert_int_equal(alerts(r), told);
	logins_end(r);
	free(r);
}

static void
leak(struct logins_test *r, double when)
{
	for (unsigned i = 0; i < 12; i++)
		site_visit(&r->t, "203.0.113.5", TOOL + 9, when + i * 0.5,
			   (uint32_t[]){173, 1700 + site_random(&r->t, 127)});
}

static void
after_a_leak(void **state)
{
	(void)state;
	for (uint16_t version = 0x0303; version <= 0x0304; version++) {
		struct logins_test *r = house(version & 1 ? PORTAL : NATIVE, version);
		struct comer c = thief(r);
		const struct finding *f;

		leak(r, NOW - 40 * MINUTE);
		assert_int_equal(alerts(r), 1);
		come(r, &c);
		logins_play(r);
		f = finding_of(r, DETECTOR_loginless);
		assert_non_null(f);
		assert_int_equal(f->severity, SEVERITY_CRITICAL);
		assert_string_equal(f->chain, "leak_then_cookie");
		assert_true(f->opens && f->weight_count == 3 && f->session_count == 1);
		assert_true(addr_same(&f->actor, &(struct addr[]){site_addr("203.0.113.66")}[0]));
		done(r, 1, 2);
	}
}

/* The file that starts an application weighs what the answer to the assertion does, and people who only look at their
   applications end with it: what logins look like stays known. */
static void
same_size_elsewhere(void **state)
{
	struct logins_test *r = malloc(sizeof(*r));
	struct comer c;
	char addr[32];

	(void)state;
	logins_begin(r, SAML, KEEP_ALIVE, 0x0304, 16 << 20);
	r->theme.launch = r->theme.granted - 20;
	for (unsigned n = 0; n < 150; n++) {
		struct comer guest = user(r, n, 6 * HOUR + n * 60, addr);
		struct browsing b;

		snprintf(addr, sizeof(addr), "100.80.%u.9", n);
		b = (struct browsing){r, &guest, wire_open(r, &guest, guest.browser, guest.at)};
		wire_turn(b.lane, 0.01, 5200 + guest.name * 31, 0.06, r->theme.granted);
		post_login(&b);
	}
	ordinary_days(r, USERS, DAYS);
	assert_int_equal(login_state(r->t.d, 1), LOGIN_LEARNT);
	c = thief(r);
	come(r, &c);
	done(r, 1, 0);
}

/* The victims' own program, days after the leak; a slow tunnel; a browser that loads the page first. */
static void
variants(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct logins_test *r = house(PORTAL, 0x0304);
		struct comer c = thief(r);

		if (i == 0)
			c.browser = BROWSER, c.client = CLIENT;
		if (i == 1)
			c.rate = 1;
		if (i == 2) {
			struct browsing b = {r, &c, wire_open(r, &c, c.browser, c.at - 20)};

			landing(&b);
		}
		if (i == 3)
			c.client = CLIENT;
		come(r, &c);
		done(r, 1, 0);
	}
}

/* A tunnel that begins as pages do, with more exchanges than are kept: it hides no login. */
static void
tunnel_after_pages(void **state)
{
	struct logins_test *r = house(PORTAL, 0x0304);
	struct comer c = thief(r);
	struct wire *w;

	(void)state;
	w = wire_open(r, &c, TOOL, NOW);
	for (unsigned i = 0; i < 40; i++)
		wire_turn(w, 9, 500 + i * 23, 0.02, 1000 + i * i * 97);
	wire_tunnel(w, w->now, NOW + HOUR, 6, 4000);
	done(r, 1, 1); /* with what it was answered, which is a dialogue of its own */
}

static void
roaming_bad(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct logins_test *r = house(NATIVE, i ? 0x0304 : 0x0303);
		char addr[32];
		struct comer c = user(r, 4, NOW - HOUR, addr);

		c.stays = HOUR;
		come(r, &c);
		c.at = NOW + 45 + i * 50;
		c.addr = "203.0.113.66";
		c.no_login = true;
		c.resumes = i == 0;
		if (i == 2) /* another laptop in the same house logged in there yesterday */
			c.at = NOW + 2 * HOUR, c.addr = "100.64.9.77";
		come(r, &c);
		done(r, 0, 0);
	}
}

/* A carrier's pool: the browser leaves by one address, the tunnel by another. */
static void
address_pool_bad(void **state)
{
	struct logins_test *r = house(PORTAL, 0x0304);
	struct comer c = thief(r);

	(void)state;
	c.no_login = false;
	c.stays = 10;
	come(r, &c);
	c.addr = "203.0.113.90";
	c.no_login = true;
	c.stays = HOUR;
	c.at += 60;
	come(r, &c);
	done(r, 0, 0);
}

/* Bytes that were never seen, in the connection or around it. */
static void
losses_bad(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct logins_test *r = house(PORTAL, 0x0304);
		struct pulse p = {.time = at(NOW - 20), .gateway = 1, .bytes_to = 100000, .gap_bytes = 5000};
		struct comer c = thief(r);

		if (i == 0)
			detect_pulse(r->t.d, &p, &r->t.to);
		come(r, &c);
		for (unsigned k = 0; i && k < r->wires; k++)
			r->wire[k].s.gap_bytes_in = 100;
		done(r, 0, 0);
	}
}

/* A sensor that began this morning; a gateway of which little is known. */
static void
first_day_bad(void **state)
{
	struct logins_test *r = malloc(sizeof(*r));
	struct comer c;

	(void)state;
	logins_begin(r, NATIVE, KEEP_ALIVE, 0x0304, 16 << 20);
	ordinary_days(r, USERS, 1);
	c = thief(r);
	c.at = 12 * HOUR;
	come(r, &c);
	done(r, 0, 0);
}

/* A page of forty objects over one connection: the login is the seventeenth exchange. */
static void
hidden_login_bad(void **state)
{
	struct logins_test *r = house(PORTAL, 0x0304);
	struct comer c = thief(r);
	struct wire *w = wire_open(r, &c, TOOL, NOW - 60);

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		wire_turn(w, 0.02, 500 + i, 0.002, 800 + i * 997);
	wire_turn(w, 5, 900, 0.2, r->theme.login);
	come(r, &c);
	done(r, 0, 0);
}

/* Everybody's laptop gets a new client program over night: known networks. */
static void
update_bad(void **state)
{
	struct logins_test *r = house(NATIVE, 0x0304);
	char addr[32];

	(void)state;
	for (unsigned n = 0; n < USERS; n++) {
		struct comer c = user(r, n, NOW + n * 30, addr);

		c.client = 0xc0ffee;
		c.no_login = true;
		come(r, &c);
	}
	done(r, 0, 0);
}

/* A scanner walks over the page for half an hour: much traffic, one answer. */
static void
scanner_bad(void **state)
{
	struct logins_test *r = house(CLIENTLESS, 0x0304);
	struct comer c = thief(r);

	(void)state;
	for (unsigned i = 0; i < 120; i++) {
		struct wire *w = wire_open(r, &c, TOOL, NOW + i * 15);

		wire_turn(w, 0.02, 200 + site_random(&r->t, 60), 0.004, i % 9 ? 420 : r->theme.page);
	}
	done(r, 0, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_a_leak),     cmocka_unit_test(same_size_elsewhere),
		cmocka_unit_test(variants),         cmocka_unit_test(tunnel_after_pages),
		cmocka_unit_test(roaming_bad),      cmocka_unit_test(address_pool_bad),
		cmocka_unit_test(losses_bad),       cmocka_unit_test(first_day_bad),
		cmocka_unit_test(hidden_login_bad), cmocka_unit_test(update_bad),
		cmocka_unit_test(scanner_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
