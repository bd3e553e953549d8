/*
 * detect_indicator: what a record touches of the lists, how it is weighed, and how often it is told.
 */
#include "detect_site.h"

#include "detect/indicators.h"

enum { ENTRIES = 32 };

/* Lists put together by hand. */
struct table {
	struct indicators i;
	void *index;
	struct indicator entry[2][ENTRIES];
	char bytes[2][1024];
	uint32_t used[2];
};

static void
list_begin(struct table *t, unsigned l, const char *name, uint8_t severity)
{
	t->i.lists = l + 1;
	t->i.list[l] = (struct indicator_list){.name = {name, (uint32_t)strlen(name)},
					       .entry = t->entry[l],
					       .bytes = t->bytes[l],
					       .severity = severity,
					       .confidence = 80};
}

static struct indicator *
list_key(struct table *t, unsigned l, enum indicator_kind kind, const void *key, size_t len)
{
	struct indicator *e = &t->entry[l][t->i.list[l].entries++];

	*e = (struct indicator){.at = t->used[l], .kind = (uint8_t)kind, .len = (uint8_t)len};
	memcpy(t->bytes[l] + t->used[l], key, len);
	t->used[l] += (uint32_t)len;
	return e;
}

static struct indicator *
list_text(struct table *t, unsigned l, enum indicator_kind kind, const char *key)
{
	return list_key(t, l, kind, key, strlen(key));
}

static struct indicator *
list_net(struct table *t, unsigned l, const char *text)
{
	struct addr_net net;
	struct indicator *e;

	assert_true(addr_net_parse(&net, text));
	if (addr_is_v4(&net.addr)) {
		e = list_key(t, l, INDICATOR_NET, net.addr.b + 12, 4);
		e->bits = (uint8_t)(net.bits - 96);
	} else {
		e = list_key(t, l, INDICATOR_NET, net.addr.b, 16);
		e->bits = net.bits;
	}
	return e;
}

static void
list_end(struct table *t)
{
	t->i.key = (struct hash_key){3, 4};
	t->index = malloc(indicators_bytes(&t->i));
	indicators_index(&t->i, t->index);
}

static struct table *
example(void)
{
	struct table *t = calloc(1, sizeof(*t));

	list_begin(t, 0, "feed", SEVERITY_HIGH);
	list_net(t, 0, "203.0.113.7/32");
	list_net(t, 0, "198.51.100.0/24");
	list_net(t, 0, "2001:db8:bad::/48");
	list_net(t, 0, "2001:db8::5/128");
	list_text(t, 0, INDICATOR_NAME, "c2.example");
	list_text(t, 0, INDICATOR_UNDER, "evil.example");
	list_text(t, 0, INDICATOR_JA3, "e7d705a3286e19ea42f587b344ee6865");
	list_text(t, 0, INDICATOR_JA4_AB, "t13d1516h2_8daaf6152771");
	list_text(t, 0, INDICATOR_SHA1, "0123456789abcdef0123456789abcdef01234567");
	list_begin(t, 1, "other", SEVERITY_MEDIUM);
	list_net(t, 1, "203.0.113.0/24");
	list_text(t, 1, INDICATOR_JA4_A, "q13d0310h3");
	list_end(t);
	return t;
}

static void
table_free(struct table *t)
{
	free(t->index);
	free(t);
}

/* The entry that the record touches, or "". */
static const char *
touched(const struct table *t, const struct session *s)
{
	static char room[INDICATOR_TEXT_MAX + 1];
	struct indicator_hit hit;

	if (!indicators_find(&t->i, s, &hit))
		return "";
	room[indicator_text(hit.list, hit.entry, room).len] = '\0';
	return room;
}

static void
addresses(void **state)
{
	static const char *const CASES[][2] = {
		{"203.0.113.7", "203.0.113.7"}, /* of two the graver list */
		{"203.0.113.8", "203.0.113.0/24"},
		{"198.51.100.255", "198.51.100.0/24"},
		{"198.51.101.0", ""},
		{"198.51.99.255", ""},
		{"2001:db8:bad:1::1", "2001:db8:bad::/48"},
		{"2001:db8:bae::1", ""},
		{"2001:db8::5", "2001:db8::5"},
		{"2001:db8::6", ""},
		{"0.0.0.0", ""},
	};
	struct table *t = example();
	struct site_test site = {.next_id = 0};

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct session s = site_session(&site, CASES[i][0], 1, 0);

		assert_string_equal(touched(t, &s), CASES[i][1]);
		/* behind a balancer the client is meant */
		s.actor = s.src;
		s.src = site_addr("10.0.0.1");
		assert_string_equal(touched(t, &s), CASES[i][1]);
		/* called by the gateway */
		s.role = ROLE_OUTBOUND;
		s.dest = s.actor;
		assert_string_equal(touched(t, &s), CASES[i][1]);
	}
	table_free(t);
}

static void
names(void **state)
{
	static const char *const CASES[][2] = {
		{"c2.example", "c2.example"},
		{"C2.Example.", "c2.example"},
		{"x.c2.example", ""},
		{"2.example", ""},
		{"evil.example", ""},
		{"a.evil.example", "*.evil.example"},
		{"a.B.evil.EXAMPLE", "*.evil.example"},
		{"notevil.example", ""},
		{".evil.example", ""},
		{"example", ""},
		{"", ""},
		{".", ""},
	};
	struct table *t = example();
	struct site_test site = {.next_id = 0};
	char long_name[400];

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		struct session s = site_session(&site, "192.0.2.77", 1, 0);

		s.sni = (struct text){CASES[i][0], (uint32_t)strlen(CASES[i][0])};
		assert_string_equal(touched(t, &s), CASES[i][1]);
	}
	memset(long_name, '.', sizeof(long_name));
	for (uint32_t n = 250; n < sizeof(long_name); n++) {
		struct session s = site_session(&site, "192.0.2.77", 1, 0);

		s.sni = (struct text){long_name, n};
		assert_string_equal(touched(t, &s), "");
	}
	table_free(t);
}

static void
fingerprints(void **state)
{
	struct table *t = example();
	struct site_test site = {.next_id = 0};
	struct session s = site_session(&site, "192.0.2.77", 1, 0);

	(void)state;
	s.ja3 = TEXT_LIT("e7d705a3286e19ea42f587b344ee6865");
	assert_string_equal(touched(t, &s), "e7d705a3286e19ea42f587b344ee6865");
	s.ja3 = TEXT_LIT("e7d705a3286e19ea42f587b344ee6866");
	assert_string_equal(touched(t, &s), "");
	s.ja4 = TEXT_LIT("t13d1516h2_8daaf6152771_02713d6af862");
	assert_string_equal(touched(t, &s), "t13d1516h2_8daaf6152771_*");
	s.ja4 = TEXT_LIT("t13d1516h2_8daaf6152772_02713d6af862");
	assert_string_equal(touched(t, &s), "");
	s.ja4 = TEXT_LIT("q13d0310h3_8daaf6152772_02713d6af862");
	assert_string_equal(touched(t, &s), "q13d0310h3_*");
	s.ja4 = (struct text){NULL, 0};
	s.client_cert_sha1 = TEXT_LIT("0123456789abcdef0123456789abcdef01234567");
	assert_string_equal(touched(t, &s), "0123456789abcdef0123456789abcdef01234567");
	table_free(t);
}

static void
time_is_over(void **state)
{
	struct table *t = calloc(1, sizeof(*t));
	struct site_test site = {.next_id = 0};
	struct session s = site_session(&site, "203.0.113.7", 1, 0);

	(void)state;
	list_begin(t, 0, "feed", SEVERITY_HIGH);
	list_net(t, 0, "203.0.113.7/32")->until = (uint32_t)(at(DAY).ns / NS_PER_S);
	list_begin(t, 1, "other", SEVERITY_HIGH);
	list_net(t, 1, "203.0.113.0/24");
	t->i.list[1].until = (uint32_t)(at(2 * DAY).ns / NS_PER_S);
	list_end(t);
	assert_string_equal(touched(t, &s), "203.0.113.7");
	s.time = at(DAY - 1);
	assert_string_equal(touched(t, &s), "203.0.113.7");
	s.time = at(DAY);
	assert_string_equal(touched(t, &s), "203.0.113.0/24");
	s.time = at(2 * DAY);
	assert_string_equal(touched(t, &s), "");
	table_free(t);
}

/* The last finding. */
static const struct finding *
last(const struct site_test *t)
{
	return &t->got.finding[t->got.findings - 1];
}

static void
a_scanner_that_gets_in(void **state)
{
	struct table *t = example();
	struct site_test site;
	struct session s;

	(void)state;
	site_begin(&site, 2 << 20, 7 * DAY);
	detect_indicators(site.d, &t->i);
	s = site_session(&site, "203.0.113.7", 1, 0);
	s.established = false;
	site_judge(&site, &s);
	assert_int_equal(site.got.findings, 1);
	assert_int_equal(site.got.alerts, 0);
	assert_int_equal(last(&site)->severity, SEVERITY_INFO);
	for (unsigned i = 1; i < 10; i++) {
		s = site_session(&site, "203.0.113.7", 1, i * 60);
		s.established = false;
		site_judge(&site, &s);
	}
	assert_int_equal(site.got.findings, 1);
	s = site_session(&site, "203.0.113.7", 1, 600);
	site_judge(&site, &s);
	assert_int_equal(site.got.findings, 2);
	assert_int_equal(site.got.alerts, 1);
	assert_int_equal(last(&site)->severity, SEVERITY_HIGH);
	assert_int_equal(last(&site)->confidence, 80);
	assert_string_equal(last(&site)->text,
			    "client 203.0.113.7 is on list feed (203.0.113.7): 11 sessions in 10 min");
	/* once a day */
	s = site_session(&site, "203.0.113.7", 1, 600 + DAY - 1);
	site_judge(&site, &s);
	assert_int_equal(site.got.findings, 2);
	s = site_session(&site, "203.0.113.7", 1, 600 + DAY);
	site_judge(&site, &s);
	assert_int_equal(site.got.findings, 3);
	/* another list's entry is another matter */
	s = site_session(&site, "203.0.113.9", 1, 600 + DAY);
	site_judge(&site, &s);
	assert_int_equal(site.got.findings, 4);
	assert_int_equal(last(&site)->severity, SEVERITY_MEDIUM);
	/* no lists any more */
	detect_indicators(site.d, NULL);
	s = site_session(&site, "198.51.100.9", 1, 601 + DAY);
	site_judge(&site, &s);
	assert_int_equal(site.got.findings, 4);
	site_end(&site);
	table_free(t);
}

/* What new_egress says of the same call is another matter: only the findings of this detector. */
static const struct finding *
of_indicator(const struct site_test *t)
{
	for (unsigned i = t->got.findings; i-- > 0;)
		if (t->got.finding[i].detector == DETECTOR_indicator)
			return &t->got.finding[i];
	return NULL;
}

static void
the_gateway_calls(void **state)
{
	struct table *t = example();
	struct site_test site;
	struct session s;

	(void)state;
	site_begin(&site, 2 << 20, 7 * DAY);
	detect_indicators(site.d, &t->i);
	s = site_session(&site, "192.0.2.10", 1, 0);
	s.role = ROLE_OUTBOUND;
	s.dest = site_addr("203.0.113.9");
	s.established = false;
	site_judge(&site, &s);
	assert_int_equal(of_indicator(&site)->severity, SEVERITY_CRITICAL);
	assert_string_equal(of_indicator(&site)->text,
			    "gateway 192.0.2.10 called 203.0.113.9 port 443, which is on list other "
			    "(203.0.113.0/24)");
	/* its own program is not a place */
	s = site_session(&site, "192.0.2.10", 1, 1);
	s.role = ROLE_OUTBOUND;
	s.dest = site_addr("192.0.2.200");
	s.ja3 = TEXT_LIT("e7d705a3286e19ea42f587b344ee6865");
	site_judge(&site, &s);
	assert_int_equal(of_indicator(&site)->severity, SEVERITY_HIGH);
	site_end(&site);
	table_free(t);
}

/* A client's connection caught in its middle, the gateway's packet first, is not a call. */
static void
an_answer_is_no_call(void **state)
{
	struct table *t = example();
	struct site_test site = {.next_id = 0};
	struct indicator_hit hit;
	struct session s = site_session(&site, "192.0.2.10", 1, 0);

	(void)state;
	s.role = ROLE_OUTBOUND;
	s.dest = site_addr("203.0.113.7");
	s.dest_port = 50123;
	s.src_port = 443;
	s.client_hello = false;
	s.midstream = true;
	assert_true(indicators_find(&t->i, &s, &hit));
	assert_int_equal(hit.severity, SEVERITY_HIGH);
	assert_false(hit.called);
	s.midstream = false;
	s.proto = PROTO_UDP;
	s.src_port = 4500;
	assert_true(indicators_find(&t->i, &s, &hit));
	assert_int_equal(hit.severity, SEVERITY_HIGH);
	s.dest_port = 53;
	assert_true(indicators_find(&t->i, &s, &hit));
	assert_int_equal(hit.severity, SEVERITY_CRITICAL);
	table_free(t);
}

/* A million entries: every one is found, and others are not. */
static void
a_million(void **state)
{
	enum { MANY = 1 << 20 };
	struct indicators *i = calloc(1, sizeof(*i));
	struct indicator *entry = calloc(MANY, sizeof(*entry));
	uint8_t(*bytes)[4] = calloc(MANY, sizeof(*bytes));
	struct site_test site = {.next_id = 0};
	struct session s = site_session(&site, "10.0.0.0", 1, 0);
	struct indicator_hit hit;
	void *index;

	(void)state;
	for (uint32_t n = 0; n < MANY; n++) {
		uint32_t a = n * 4 + 0x0a000000;

		for (unsigned b = 0; b < 4; b++)
			bytes[n][b] = (uint8_t)(a >> (24 - 8 * b));
		entry[n] = (struct indicator){.at = n * 4, .kind = INDICATOR_NET, .len = 4, .bits = n % 7 ? 32 : 30};
	}
	i->list[0] = (struct indicator_list){.entry = entry, .bytes = (char *)bytes, .entries = MANY};
	i->lists = 1;
	index = malloc(indicators_bytes(i));
	indicators_index(i, index);
	for (uint32_t n = 0; n < MANY; n += 5) {
		memcpy(s.src.b + 12, bytes[n], 4);
		assert_true(indicators_find(i, &s, &hit));
		assert_ptr_equal(hit.entry, &entry[n]);
		s.src.b[15] |= 1;
		assert_int_equal(indicators_find(i, &s, &hit), n % 7 == 0);
	}
	free(index);
	free(entry);
	free(bytes);
	free(i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(names),
		cmocka_unit_test(fingerprints),
		cmocka_unit_test(time_is_over),
		cmocka_unit_test(a_scanner_that_gets_in),
		cmocka_unit_test(the_gateway_calls),
		cmocka_unit_test(an_answer_is_no_call),
		cmocka_unit_test(a_million),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
