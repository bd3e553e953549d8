/*
 * ledger_peers: who talked with the gateway: one row each, whatever the flood; the same after a crash; kept when the day
 * is sealed.
 */
#include "ledger_help.h"

#include "base/crypt.h"
#include "ledger/day.h"
#include "ledger/peers.h"

static struct session
session_of(const char *peer, bool established, int64_t at_s)
{
	struct session s = {.kind = SESSION_CLOSE,
			    .gateway = 1,
			    .role = ROLE_INBOUND,
			    .established = established,
			    .carrier = CARRIER_TCP,
			    .bytes_out = 100,
			    .bytes_in = 900,
			    .ja4 = TEXT_LIT("t13d1516h2_8daaf6152771_02713d6af862"),
			    .client_key = 7};

	assert_true(addr_parse(&s.src, peer));
	s.time = s.start = s.last = (struct when){DAY(0) + SECOND(at_s)};
	return s;
}

static const struct peer *
find(const struct peers *p, const char *text, uint8_t role)
{
	char is[PEER_TEXT_MAX];

	for (uint32_t i = 0; i < peers_count(p); i++) {
		peer_print(peers_at(p, i), is);
		if (strcmp(is, text) == 0 && peers_at(p, i)->role == role)
			return peers_at(p, i);
	}
	return NULL;
}

static const struct hash_key KEY = {1, 2};

static void
rows(void **state)
{
	struct peers *p = peers_new(&KEY);
	struct session s;
	const struct peer *one;

	(void)state;
	for (int64_t i = 0; i < 3; i++) {
		s = session_of("198.51.100.7", i > 0, 10 * i);
		peers_session(p, &s);
	}
	s = session_of("198.51.100.7", true, 5);
	s.ja4 = TEXT_LIT("t12d1516h2_8daaf6152771_02713d6af862");
	s.client_key = 8;
	peers_session(p, &s);
	s.kind = SESSION_UPDATE;
	peers_session(p, &s);
	s = session_of("192.0.2.10", true, 7);
	s.role = ROLE_OUTBOUND;
	assert_true(addr_parse(&s.dest, "2001:db8::5"));
	s.established = false;
	peers_session(p, &s);
	one = find(p, "198.51.100.7", ROLE_INBOUND);
	assert_non_null(one);
	assert_int_equal(one->sessions, 3);
	assert_int_equal(one->established, 3);
	assert_int_equal(one->to_gateway, 300);
	assert_int_equal(one->from_gateway, 2700);
	assert_int_equal(one->first.ns, DAY(0) + SECOND(5));
	assert_int_equal(one->last.ns, DAY(0) + SECOND(20));
	assert_int_equal(peer_programs(one), 2);
	assert_string_equal(one->ja4, "t13d1516h2_8daaf6152771_02713d6af862");
	/* before it was known */
	one = find(p, "198.51.100.0/24", ROLE_INBOUND);
	assert_non_null(one);
	assert_int_equal(one->sessions, 1);
	/* whom the gateway calls is told, whether it answers or not */
	one = find(p, "2001:db8::5", ROLE_OUTBOUND);
	assert_non_null(one);
	assert_int_equal(one->from_gateway, 100);
	peers_free(p);
}

/* 10 million sources that never finish a handshake, of every network; then people, as if nothing was. */
static void
flood(void **state)
{
	struct peers *p = peers_new(&KEY);
	struct session s = session_of("203.0.113.1", false, 1);
	const struct peer *rest;
	uint64_t sum = 0, sent = 0;

	(void)state;
	for (uint32_t i = 0; i < 10000000; i += 7, sent++) {
		uint32_t a = i * 2654435761u;

		memcpy(s.src.b + 12, &a, 4);
		peers_session(p, &s);
	}
	assert_true(peers_count(p) <= PEERS_NETS);
	for (uint32_t i = 0; i < PEERS_MAX; i++, sent++) {
		uint32_t a = i << 8;

		s.established = true;
		memcpy(s.src.b + 12, &a, 4);
		peers_session(p, &s);
	}
	assert_int_equal(peers_count(p), PEERS_MAX - 3 * (GATEWAYS_MAX + 1) + 1);
	rest = find(p, "others", ROLE_INBOUND);
	assert_non_null(rest);
	assert_true(rest->established > 0 && rest->sessions > rest->established);
	for (uint32_t i = 0; i < peers_count(p); i++)
		sum += peers_at(p, i)->sessions;
	assert_int_equal(sum, sent);
	peers_free(p);
}

static int64_t
number(const char *date, const char *sql)
{
	char file[32];
	struct database *d;
	struct statement *s;
	int64_t n;

	snprintf(file, sizeof(file), "%s.summary", date);
	d = open_file(file, false);
	s = statement_of(d, sql);
	assert_true(statement_next(s));
	n = column_i64(s, 0);
	assert_true(statement_end(s));
	database_close(d);
	return n;
}

/* Sealed, with a stop in the middle: every session is in a row, and verify holds the table. */
static void
kept(void **state)
{
	struct ledger *l;

	(void)state;
	for (int64_t part = 0; part < 3; part++) {
		l = open_ledger(60, part == 2);
		for (int64_t i = 0; i < 4000; i++) {
			char who[32];
			struct session s;

			snprintf(who, sizeof(who), "198.51.%d.%d", (int)(i % 50), (int)(i % 5));
			s = session_of(who, i % 3 != 0, part * 20000 + i);
			s.id = (uint64_t)i;
			ledger_session(l, &s);
			ledger_time(l, s.time, &(struct ledger_seen){.frames = 1});
		}
		close_ledger(l);
	}
	verify_now(NULL);
	assert_string_equal(said, "");
	assert_int_equal(number("2024-10-04", "SELECT sum(sessions) FROM peer"), 12000);
	assert_int_equal(number("2024-10-04", "SELECT count(*) FROM peer WHERE peer NOT LIKE '%/%'"), 50);
	assert_int_equal(number("2024-10-04", "SELECT count(DISTINCT peer) = count(*) FROM peer"), 1);
	assert_int_equal(number("2024-10-04", "SELECT count(*) FROM peer WHERE ja4 LIKE 't13d%' AND programs = 1"),
			 number("2024-10-04", "SELECT count(*) FROM peer"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(flood),
		cmocka_unit_test_setup_teardown(kept, make_folder, remove_folder),
	};

	return crypt_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
