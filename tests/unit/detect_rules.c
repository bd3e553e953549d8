/* rules: what the operator told: suppressed, expected, hidden and shared, and the twins of which none is true. */
#include "detect_site.h"

#include "detect/profile.h"

static const uint64_t CLIENT = 0xc001;
static struct detect_rules rules;

static void
begin(struct site_test *t, int64_t learn_s)
{
	site_begin(t, DETECT_MEMORY_MIN, learn_s);
	memset(&rules, 0, sizeof(rules));
	detect_rules(t->d, &rules);
}

static struct session
call(struct site_test *t, const char *where, double seconds)
{
	struct session s = site_session(t, "192.0.2.10", 0x9a7e, seconds);

	s.role = ROLE_OUTBOUND;
	s.dest = site_addr(where);
	s.dest_port = 8443;
	s.sni = TEXT_LIT("backup.example.org");
	return s;
}

static void
calls(struct site_test *t, const char *where, double seconds)
{
	struct session s = call(t, where, seconds);

	site_judge(t, &s);
}

static void
suppress(const char *name, const char *where, struct when expires)
{
	struct rule_suppress *r = &rules.suppress[rules.suppressions++];
	char error[WHERE_ERROR_MAX];

	*r = (struct rule_suppress){.expires = expires};
	snprintf(r->name, sizeof(r->name), "%s", name);
	if (!where_compile(&r->where, where, &WHERE_FINDING, error))
		fail_msg("%s", error);
}

static void
is_suppressed(void **state)
{
	struct site_test t;

	(void)state;
	begin(&t, 0);
	suppress("other", "sni = nothing", at(100 * DAY));
	suppress("backup", "detector = new_egress and target in 203.0.113.0/24 and sni ~ backup. and severity >= high",
		 at(100 * DAY));
	calls(&t, "203.0.113.7", 0);
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.alerts, 0);
	assert_string_equal(t.got.finding[0].suppressed, "backup");
	assert_int_equal(t.got.finding[0].severity, SEVERITY_HIGH);
	assert_int_equal(t.got.finding[0].incident, 0);
	assert_int_equal(t.counts.finding_suppressed, 1);
	assert_int_equal(t.counts.incident, 0);
	assert_int_equal(detect_suppressed(t.d, 0), 0);
	assert_int_equal(detect_suppressed(t.d, 1), 1);
	/* another network: not meant */
	calls(&t, "198.51.100.7", 10);
	assert_int_equal(t.got.alerts, 1);
	assert_null(t.got.finding[1].suppressed);
	site_end(&t);
}

static void
by_detector(void **state)
{
	struct site_test t;

	(void)state;
	begin(&t, 0);
	suppress("all", "", at(DAY));
	rules.suppress[0].detectors = UINT64_C(1) << DETECTOR_leak_loop;
	calls(&t, "203.0.113.7", 0);
	assert_int_equal(t.got.alerts, 1);
	rules.suppress[0].detectors |= UINT64_C(1) << DETECTOR_new_egress;
	calls(&t, "203.0.113.8", 10);
	assert_int_equal(t.got.alerts, 1);
	assert_string_equal(t.got.finding[1].suppressed, "all");
	site_end(&t);
}

static void
expires_by_packet_time(void **state)
{
	struct site_test t;

	(void)state;
	begin(&t, 0);
	suppress("backup", "detector = new_egress", at(HOUR));
	calls(&t, "203.0.113.7", HOUR - 1);
	assert_non_null(t.got.finding[0].suppressed);
	calls(&t, "203.0.113.8", HOUR);
	assert_null(t.got.finding[1].suppressed);
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

/* A suppressed finding is no first part of a chain. */
static void
begins_no_chain(void **state)
{
	struct site_test t;
	struct session s;

	(void)state;
	for (unsigned suppressed = 0; suppressed < 2; suppressed++) {
		begin(&t, 0);
		if (suppressed)
			suppress("scanner", "detector = oversized_request", at(DAY));
		s = site_session(&t, "203.0.113.5", CLIENT, 0);
		site_exchange(&t, &s, 24900, 30500, 0);
		site_judge(&t, &s);
		calls(&t, "203.0.113.7", 60);
		assert_int_equal(t.got.findings, 2);
		assert_int_equal(t.got.finding[1].severity, suppressed ? SEVERITY_HIGH : SEVERITY_CRITICAL);
		site_end(&t);
	}
}

static void
counts_outlast_a_reload(void **state)
{
	static struct detect_rules next;
	struct site_test t;

	(void)state;
	begin(&t, 0);
	suppress("a", "detector = new_egress", at(DAY));
	calls(&t, "203.0.113.7", 0);
	memset(&next, 0, sizeof(next));
	next.suppressions = 2;
	next.suppress[1] = rules.suppress[0];
	snprintf(next.suppress[0].name, sizeof(next.suppress[0].name), "b");
	detect_rules(t.d, &next);
	assert_int_equal(detect_suppressed(t.d, 0), 0);
	assert_int_equal(detect_suppressed(t.d, 1), 1);
	detect_rules(t.d, NULL);
	calls(&t, "203.0.113.8", 10);
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

static void
see(struct site_test *t, const char *digest, const char *issuer, double seconds)
{
	struct session s = site_session(t, "100.64.1.9", CLIENT, seconds);

	s.version = 0x0303;
	s.cert_sha256 = (struct text){digest, (uint32_t)strlen(digest)};
	s.cert_issuer = (struct text){issuer, (uint32_t)strlen(issuer)};
	s.cert_subject = TEXT_LIT("CN=vpn.example.org");
	site_judge(t, &s);
}

static void
learn_certificate(struct site_test *t)
{
	for (unsigned day = 0; day < 8; day++)
		see(t, "aaaa", "CN=CA 1", day * DAY);
	assert_int_equal(t->got.findings, 0);
}

static void
fact(const char *name, enum fact_kind kind, struct when when)
{
	struct rule_fact *f = &rules.fact[rules.facts++];

	*f = (struct rule_fact){.kind = (uint8_t)kind, .at = when};
	snprintf(f->name, sizeof(f->name), "%s", name);
}

/* The new certificate and the old one in turns, announced; then one that nobody announced. */
static void
renewal_is_expected(void **state)
{
	struct site_test t;

	(void)state;
	begin(&t, 7 * DAY);
	fact("new-ca", FACT_CERTIFICATE_RENEWED, at(8 * DAY + 6 * HOUR));
	learn_certificate(&t);
	see(&t, "cccc", "CN=CA 2", 8 * DAY);
	see(&t, "aaaa", "CN=CA 1", 8 * DAY + HOUR);
	assert_int_equal(t.got.alerts, 0);
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	assert_string_equal(t.got.finding[0].expected, "new-ca");
	assert_non_null(strstr(t.got.finding[0].text, "(expected: new-ca)"));
	see(&t, "eeee", "CN=Elsewhere", 12 * DAY);
	assert_int_equal(t.got.alerts, 1);
	assert_null(t.got.finding[1].expected);
	site_end(&t);
}

static void
other_facts_announce_nothing(void **state)
{
	struct site_test t;

	(void)state;
	begin(&t, 7 * DAY);
	fact("patched", FACT_PATCHED, at(8 * DAY));
	fact("renewed-elsewhere", FACT_CERTIFICATE_RENEWED, at(8 * DAY));
	rules.fact[1].gateway = 2;
	fact("long-ago", FACT_FAILOVER, at(6 * DAY));
	learn_certificate(&t);
	see(&t, "cccc", "CN=CA 2", 8 * DAY);
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

static void
maintenance_is_expected(void **state)
{
	struct site_test t;

	(void)state;
	begin(&t, 7 * DAY);
	rules.maintenances = 1;
	rules.maintenance[0] = (struct rule_maintenance){
		.name = "move", .gateway = 1, .from = at(8 * DAY), .until = at(8 * DAY + HOUR)};
	learn_certificate(&t);
	see(&t, "cccc", "CN=CA 2", 8 * DAY);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	assert_string_equal(t.got.finding[0].expected, "move");
	see(&t, "dddd", "CN=CA 3", 8 * DAY + HOUR);
	assert_int_equal(t.got.alerts, 1);
	site_end(&t);
}

/* 2025-06-01, the day of at(0), is a Sunday. */
static void
weekly_windows(void **state)
{
	struct site_test t;
	struct rule_maintenance *m = &rules.maintenance[0];

	(void)state;
	begin(&t, 0);
	rules.maintenances = 1;
	/* Saturdays 22:00 for four hours, two hours east of UTC: 20:00 to 00:00 UTC */
	*m = (struct rule_maintenance){
		.from = {INT64_MIN}, .days = 1 << 6, .begin_s = 22 * HOUR, .length_s = 4 * HOUR, .offset_s = 2 * HOUR};
	assert_null(in_maintenance(t.d, 1, at(6 * DAY + 20 * HOUR - 1)));
	assert_ptr_equal(in_maintenance(t.d, 1, at(6 * DAY + 20 * HOUR)), m);
	assert_ptr_equal(in_maintenance(t.d, 1, at(6 * DAY + 23 * HOUR)), m);
	assert_null(in_maintenance(t.d, 1, at(7 * DAY)));
	assert_null(in_maintenance(t.d, 1, at(5 * DAY + 21 * HOUR)));
	m->offset_s = 0; /* over midnight: until Sunday 02:00 */
	assert_ptr_equal(in_maintenance(t.d, 1, at(7 * DAY + 2 * HOUR - 1)), m);
	assert_null(in_maintenance(t.d, 1, at(7 * DAY + 2 * HOUR)));
	assert_ptr_equal(in_maintenance(t.d, 1, (struct when){(-5 * DAY + 22 * HOUR) * NS_PER_S - 1}), NULL);
	/* the last Saturday before 1970-01-01, a Thursday */
	assert_ptr_equal(in_maintenance(t.d, 1, (struct when){(-5 * DAY + 23 * HOUR) * NS_PER_S}), m);
	m->until = at(7 * DAY);
	assert_null(in_maintenance(t.d, 1, at(7 * DAY + HOUR)));
	m->gateway = 2;
	assert_null(in_maintenance(t.d, 1, at(6 * DAY + 23 * HOUR)));
	assert_ptr_equal(in_maintenance(t.d, 2, at(6 * DAY + 23 * HOUR)), m);
	site_end(&t);
}

/* Nightly from one to three by the clock on the wall, which goes on by an hour after ten days and back after twenty. */
static void
summer_time(void **state)
{
	struct site_test t;
	struct rule_maintenance *m = &rules.maintenance[0];

	(void)state;
	begin(&t, 0);
	rules.maintenances = rules.zones = 1;
	rules.zone[0] = (struct rule_zone){
		.changes = 3, .change = {{{INT64_MIN}, HOUR}, {at(10 * DAY), 2 * HOUR}, {at(20 * DAY), HOUR}}};
	*m = (struct rule_maintenance){.from = {INT64_MIN},
				       .days = 0x7f,
				       .begin_s = HOUR,
				       .length_s = 2 * HOUR,
				       .offset_s = 9 * HOUR,
				       .zone = 1};
	for (int day = 1; day < 30; day++) {
		int64_t begins = day * (int64_t)DAY - (day > 10 && day <= 20 ? HOUR : 0);

		assert_null(in_maintenance(t.d, 1, at((double)begins - 1)));
		assert_ptr_equal(in_maintenance(t.d, 1, at((double)begins)), m);
		assert_ptr_equal(in_maintenance(t.d, 1, at((double)begins + HOUR - 1)), m);
	}
	assert_null(in_maintenance(t.d, 1, at(15 * DAY + HOUR)));
	site_end(&t);
}

static void
facts_by_time(void **state)
{
	struct site_test t;
	struct addr admin = site_addr("10.1.2.3"), other = site_addr("10.2.2.3");

	(void)state;
	begin(&t, 0);
	fact("first", FACT_PATCHED, at(DAY));
	fact("second", FACT_PATCHED, at(3 * DAY));
	rules.nets = 1;
	assert_true(addr_net_parse(&rules.net[0].net, "10.1.0.0/16"));
	rules.net[0].kind = NET_ADMIN;
	rules.net[0].from = at(2 * DAY);
	calls(&t, "203.0.113.7", 0);
	assert_null(fact_at(t.d, 1, FACT_PATCHED));
	calls(&t, "203.0.113.7", 2 * DAY - 1);
	assert_string_equal(fact_at(t.d, 1, FACT_PATCHED)->name, "first");
	assert_null(fact_at(t.d, 1, FACT_UPGRADE));
	assert_false(is_admin(t.d, 1, &admin));
	calls(&t, "203.0.113.7", 4 * DAY);
	assert_string_equal(fact_at(t.d, 1, FACT_PATCHED)->name, "second");
	assert_true(is_admin(t.d, 1, &admin));
	assert_false(is_admin(t.d, 1, &other));
	assert_non_null(fact_near(t.d, 1, FACT_PATCHED, at(4 * DAY)));
	assert_null(fact_near(t.d, 1, FACT_PATCHED, at(4 * DAY + 1)));
	site_end(&t);
}

static void
net(enum net_kind kind, const char *text)
{
	struct rule_net *n = &rules.net[rules.nets++];

	*n = (struct rule_net){.kind = (uint8_t)kind, .from = {INT64_MIN}};
	assert_true(addr_net_parse(&n->net, text));
}

/* The same request from a client, from a balancer that tells the client, and from one that does not. */
static void
hidden_clients(void **state)
{
	static const char *const src[] = {"203.0.113.5", "192.0.2.200", "192.0.2.200"};
	struct site_test t;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct session s;

		begin(&t, 0);
		net(NET_BEHIND, "192.0.2.128/25");
		s = site_session(&t, src[i], CLIENT, 0);
		if (i == 1)
			s.actor = site_addr("203.0.113.5");
		site_exchange(&t, &s, 24900, 30500, 0);
		site_judge(&t, &s);
		assert_int_equal(t.got.alerts, i < 2);
		site_end(&t);
	}
}

/* One message a loop of a known leak, behind the balancer and not. */
static void
hidden_loop(void **state)
{
	struct site_test t;

	(void)state;
	for (unsigned hidden = 0; hidden < 2; hidden++) {
		begin(&t, 0);
		net(NET_BEHIND, hidden ? "203.0.113.0/24" : "198.51.100.0/24");
		for (unsigned i = 0; i < 20; i++)
			site_visit(&t, "203.0.113.5", CLIENT, i, (const uint32_t[]){173, 1800 + i * 5});
		assert_int_equal(t.got.alerts > 0, !hidden);
		site_end(&t);
	}
}

/* Users' calls from a shared address: none is judged, one day is one line with its numbers. */
static void
shared_address(void **state)
{
	struct site_test t;
	char where[32];

	(void)state;
	begin(&t, 0);
	net(NET_NAT, "192.0.2.10");
	for (unsigned i = 0; i < 200; i++) {
		snprintf(where, sizeof(where), "203.0.113.%u", i % 100);
		calls(&t, where, i * 60);
	}
	assert_int_equal(t.got.findings, 0);
	calls(&t, "203.0.113.1", DAY);
	assert_int_equal(t.got.findings, 1);
	assert_int_equal(t.got.alerts, 0);
	assert_int_equal(t.got.finding[0].severity, SEVERITY_INFO);
	assert_int_equal(t.got.finding[0].number[0].value, 200);
	assert_in_range(t.got.finding[0].number[1].value, 90, 110);
	assert_non_null(strstr(t.got.finding[0].text, "200 calls to about"));
	site_end(&t);
}

/* Every value has its source, and what is not known has none. */
static void
profiles(void **state)
{
	(void)state;
	assert_int_equal(PROFILES[MAKE_netscaler].value[PROFILE_tls_session].value, 120);
	for (unsigned i = 0; i < PROFILE_MAKES; i++)
		for (unsigned k = 0; k < PROFILE_KEYS; k++)
			assert_int_equal(PROFILES[i].value[k].value != 0, PROFILES[i].value[k].source != NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_suppressed),
		cmocka_unit_test(by_detector),
		cmocka_unit_test(expires_by_packet_time),
		cmocka_unit_test(begins_no_chain),
		cmocka_unit_test(counts_outlast_a_reload),
		cmocka_unit_test(renewal_is_expected),
		cmocka_unit_test(other_facts_announce_nothing),
		cmocka_unit_test(maintenance_is_expected),
		cmocka_unit_test(weekly_windows),
		cmocka_unit_test(summer_time),
		cmocka_unit_test(facts_by_time),
		cmocka_unit_test(hidden_clients),
		cmocka_unit_test(hidden_loop),
		cmocka_unit_test(shared_address),
		cmocka_unit_test(profiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
