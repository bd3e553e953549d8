/* familiar: who is known stays known: through floods, updates and months; who is alike over and over never is. */
#include "detect_logins.h"

static struct view
view_of_session(const struct session *s, const struct visit *w)
{
	return (struct view){.s = s, .client = s->src, .visit = (struct visit *)(uintptr_t)w};
}

static bool
known(struct site_test *t, const char *who, uint64_t program, const char *ja4)
{
	struct session s = site_session(t, who, program, 0);
	struct view v = view_of_session(&s, NULL);

	s.ja4 = (struct text){ja4, ja4 ? (uint32_t)strlen(ja4) : 0};
	return familiar_known(t->d, &v, v.visit);
}

static void
days_of(struct site_test *t, const char *who, uint64_t program, const char *ja4, unsigned from, unsigned until)
{
	for (unsigned day = from; day < until; day++) {
		struct session s = site_session(t, who, program, day * DAY);

		s.ja4 = (struct text){ja4, ja4 ? (uint32_t)strlen(ja4) : 0};
		for (unsigned i = 0; i < 8; i++)
			site_exchange(t, &s, 400 + i * 70, 900 + i * 1200, 400);
		site_judge(t, &s);
	}
}

#ifdef __SANITIZE_ADDRESS__
#define FLOOD 1000000u /* the sanitizers take ten times as long for each */
#else
#define FLOOD 10000000u
#endif
enum { CLIENTS = 50000, SAMPLE = 997 };

static void
name_client(char who[32], unsigned i)
{
	snprintf(who, 32, "%u.%u.%u.7", 60 + i / 20000, i / 100 % 200, i % 100);
}

/* Two days of fifty thousand clients, each from its own network. */
static void
a_large_site(struct site_test *t)
{
	char who[32];

	site_begin(t, 16 << 20, 0);
	for (unsigned day = 0; day < 2; day++)
		for (unsigned i = 0; i < CLIENTS; i++) {
			name_client(who, i);
			days_of(t, who, BROWSER, NULL, day, day + 1);
		}
}

static void
all_are_known(struct site_test *t)
{
	char who[32];

	for (unsigned i = 0; i < CLIENTS; i += SAMPLE) {
		name_client(who, i);
		assert_true(known(t, who, BROWSER, NULL));
	}
	assert_false(known(t, "60.0.0.7", TOOL, NULL));
}

/* Ten million, none twice, none of the clients'. */
static struct addr
stranger(unsigned i)
{
	const uint32_t a = i * 2654435761u;

	return addr_v4((uint8_t[]){(uint8_t)(a >> 24 | 128), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a});
}

/* The worst: each of ten million addresses has a day as varied as people's. */
static void
outlives_strangers_bad(void **state)
{
	struct site_test t;
	struct visit w = {.gateway = 1, .requests = UINT64_MAX};
	struct session s;
	struct view v = {.s = &s, .visit = &w, .until = 1};

	(void)state;
	a_large_site(&t);
	s = site_session(&t, "203.0.113.1", TOOL, 0);
	for (unsigned i = 0; i < FLOOD; i++) {
		s.time = w.last = at(2 * DAY + i / 100.0);
		v.client = w.client = stranger(i);
		w.program = 0x9000 + i % 1000;
		familiar_learn(t.d, &v);
	}
	assert_true(memory_full(&t.d->familiars) && t.d->familiars.evicted > FLOOD / 2);
	all_are_known(&t);
	site_end(&t);
}

/* Records of ten million connections within a day, one of fifty with a handshake and a request. */
static void
outlives_a_flood_bad(void **state)
{
	enum { ASKS = 50 };
	struct site_test t;
	struct session s, knock;
	struct when began = at(2 * DAY);

	(void)state;
	a_large_site(&t);
	knock = site_session(&t, "203.0.113.1", TOOL, 2 * DAY);
	knock.established = knock.server_hello = false;
	knock.exchanges = knock.exchange_count = 0;
	for (unsigned i = 0; i < FLOOD; i++) {
		bool asks = i % ASKS == 0;

		s = knock;
		if (asks)
			s = site_session(&t, "203.0.113.1", TOOL, 2 * DAY);
		s.start = s.last = s.time = when_add(began, i * INT64_C(8640000));
		s.id = UINT64_C(1) << 40 | i;
		s.src = stranger(i);
		s.client_key = 0x9000 + i % 1000;
		if (asks)
			site_exchange(&t, &s, 400, 1700, 10);
		detect_session(t.d, &s, &t.to);
	}
	assert_true(t.d->monitors.evicted > FLOOD / ASKS / 2 && t.d->places.evicted > FLOOD / ASKS / 2);
	all_are_known(&t);
	site_end(&t);
}

static const char CHROME_OLD[] = "t13d1516h2_8daaf6152771_02713d6af862",
		  CHROME_NEW[] = "t13d1517h2_8daaf6152771_b6f405a00624",
		  OTHER[] = "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6";

/* The browser is updated: another key, the same list of ciphers. */
static void
updates(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	days_of(&t, "100.64.1.9", BROWSER, CHROME_OLD, 0, 3);
	assert_true(known(&t, "100.64.1.9", BROWSER, CHROME_OLD));
	assert_true(known(&t, "100.64.1.77", BROWSER2, CHROME_NEW));
	assert_false(known(&t, "100.64.1.9", TOOL, OTHER));
	assert_false(known(&t, "100.64.2.9", BROWSER, CHROME_OLD));
	assert_false(known(&t, "100.64.2.9", BROWSER2, CHROME_NEW));
	site_end(&t);
}

static void
ages(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	days_of(&t, "100.64.1.9", BROWSER, NULL, 0, 3);
	days_of(&t, "100.64.2.9", BROWSER, NULL, 150, 151);
	assert_true(known(&t, "100.64.1.9", BROWSER, NULL));
	days_of(&t, "100.64.2.9", BROWSER, NULL, 190, 191);
	assert_false(known(&t, "100.64.1.9", BROWSER, NULL));
	site_end(&t);
}

/* Who asks for the same over and over, and a network that sends a new program each time. */
static void
poisoning_bad(void **state)
{
	struct site_test t;

	(void)state;
	site_begin(&t, 2 << 20, 0);
	for (unsigned day = 0; day < 20; day++)
		for (unsigned i = 0; i < 50; i++)
			site_visit(&t, "203.0.113.77", TOOL, day * DAY + i * 60, (uint32_t[]){173, 1700 + i});
	assert_false(known(&t, "203.0.113.77", TOOL, NULL));
	days_of(&t, "100.64.1.9", BROWSER, NULL, 0, 3);
	for (unsigned i = 0; i < 5000; i++)
		days_of(&t, "203.0.113.77", TOOL + i, NULL, 20 + i % 2, 21 + i % 2);
	assert_true(known(&t, "100.64.1.9", BROWSER, NULL));
	/* a row holds three programs and a network has at most eight */
	assert_true(t.d->familiars.pool.used < 20 + 8);
	site_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(updates),
		cmocka_unit_test(ages),
		cmocka_unit_test(poisoning_bad),
		cmocka_unit_test(outlives_strangers_bad),
		cmocka_unit_test(outlives_a_flood_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
