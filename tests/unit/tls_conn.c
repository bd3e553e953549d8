/*
 * tls_conn: plain sizes by cipher, resumption and its identities, the hidden handshake of TLS 1.3, memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../common/tls_wire.h"
#include "base/crypt.h"
#include "tls/conn.h"

static struct talk_made k;
static struct wire m;

static void
overheads(void **state)
{
	static const struct {
		uint16_t cipher, version;
		uint8_t overhead;
	} want[] = {
		{0xc02f, 0x0303, 24}, /* ECDHE-RSA-AES128-GCM */
		{0xcca8, 0x0303, 16}, /* CHACHA20-POLY1305 */
		{0xc09c, 0x0303, 24}, /* RSA-AES128-CCM */
		{0xc0a0, 0x0303, 16}, /* RSA-AES128-CCM-8 */
		{0x1301, 0x0304, 17},          {0x1303, 0x0304, 17},          {0x1305, 0x0304, 9},
		{0x1302, 0x7f1c, 17},          {0x002f, 0x0303, 16 + 20 + 1}, {0x002f, 0x0301, 20 + 1}, /* AES128-SHA */
		{0x003c, 0x0303, 16 + 32 + 1}, {0xc028, 0x0303, 16 + 48 + 1}, /* SHA256, SHA384 */
		{0x000a, 0x0302, 8 + 20 + 1},  {0x000a, 0x0300, 20 + 1},      /* 3DES */
		{0x0004, 0x0301, 16},          {0x0005, 0x0303, 20},          /* RC4 */
		{0x003b, 0x0303, 32},                                         /* NULL-SHA256 */
		{0xfafa, 0x0303, 17},                                         /* nobody knows */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		assert_int_equal(protect_overhead(want[i].cipher, want[i].version), want[i].overhead);
}

/* ClientHello and the server's answer up to ChangeCipherSpec, with or without a certificate. */
static void
short_talk(struct drive *d, const struct make *client, const struct server *server, bool certificate)
{
	struct wire *w;

	k.n = 0;
	wire_hello(talk_flight(&k, 0), client);
	w = talk_flight(&k, 1);
	m.n = 0;
	wire_server(&m, server);
	if (certificate)
		wire_message(&m, 11, WIRE_CERTIFICATES, sizeof(WIRE_CERTIFICATES));
	wire_record(w, 22, m.b, m.n);
	wire_record(w, 20, "\1", 1);
	wire_sealed(w, 22, 40);
	w = talk_flight(&k, 0);
	wire_record(w, 20, "\1", 1);
	wire_sealed(w, 22, 40);
	drive_open(d, 2);
	talk_feed(d, &k, 0);
}

static void
resumed_by_ticket(void **state)
{
	struct make client = make_12(true);
	struct server server = {.version = 0x0303, .cipher = 0xc02f, .session_id = "0400010203"};
	struct drive d;
	const struct tls_facts *f;
	uint64_t offered;

	(void)state;
	short_talk(&d, &client, &server, false);
	f = drive_facts(&d);
	assert_int_equal(f->resumed, RESUMED_TICKET);
	assert_true(f->ticket_offered && f->established && f->id_offered);
	assert_int_equal(f->id_issued, 0);
	offered = f->id_offered;
	drive_close(&d);
	talk_12(&k); /* issues that ticket */
	drive_open(&d, 2);
	talk_feed(&d, &k, 0);
	f = drive_facts(&d);
	assert_true(f->id_issued == offered);
	assert_int_equal(f->ticket_lifetime, 300);
	assert_int_equal(f->resumed, RESUMED_NO);
	drive_close(&d);
}

static void
resumed_by_session_id(void **state)
{
	struct make client = make_12(false);
	struct server same = {.version = 0x0303, .cipher = 0xc02f, .session_id = "0400010203"};
	struct server other = {.version = 0x0303, .cipher = 0xc02f, .session_id = "0400010204"};
	struct drive d;

	(void)state;
	short_talk(&d, &client, &same, false);
	assert_int_equal(drive_facts(&d)->resumed, RESUMED_SESSION_ID);
	assert_int_equal(drive_facts(&d)->id_issued, 0);
	drive_close(&d);
	short_talk(&d, &client, &other, false);
	assert_int_equal(drive_facts(&d)->resumed, RESUMED_NO);
	drive_close(&d);
	short_talk(&d, &client, &same, true);
	assert_int_equal(drive_facts(&d)->resumed, RESUMED_NO);
	assert_true(drive_facts(&d)->id_issued == drive_facts(&d)->id_offered);
	drive_close(&d);
}

/* A session id in a TLS 1.3 handshake is noise; the PSK is what counts. */
static void
resumed_by_psk(void **state)
{
	struct make client = make_chrome(true);
	struct server server = {.version = 0x0303,
				.cipher = 0x1301,
				.session_id = "0400010203",
				.ext = {{0x002b, "0304"}, {0x0029, "0000"}},
				.ext_n = 2};
	struct drive d;

	(void)state;
	short_talk(&d, &client, &server, false);
	assert_int_equal(drive_facts(&d)->resumed, RESUMED_PSK);
	assert_true(drive_facts(&d)->psk_offered && drive_facts(&d)->id_offered);
	assert_int_equal(drive_facts(&d)->id_issued, 0);
	drive_close(&d);
	client = make_chrome(false);
	server.ext_n = 1;
	short_talk(&d, &client, &server, false);
	assert_int_equal(drive_facts(&d)->resumed, RESUMED_NO);
	assert_int_equal(drive_facts(&d)->id_offered, 0);
	drive_close(&d);
}

/* What is said is known by a number: the same for the same texts, another one with each of them. */
static void
said_and_shown(void **state)
{
	enum { AGAIN, SNI, HELLO, ANSWER, ALPN, NO_CERTIFICATE, CASES };
	uint64_t said[CASES + 1], shown[CASES + 1];

	(void)state;
	for (unsigned i = 0; i <= CASES; i++) {
		struct make client = make_12(false);
		struct server server = {.version = 0x0303,
					.cipher = 0xc02f,
					.session_id = "0400010205",
					.ext = {{0x0010, "0003026832"}, {0xff01, "00"}},
					.ext_n = 2};
		struct drive d;

		if (i == SNI)
			client.ext[0].hex = "001200000f6578616d706c652e696e76616c6965";
		else if (i == HELLO)
			client.ciphers[1] = 0xc014;
		else if (i == ANSWER)
			server.ext[1].type = 0x0017;
		else if (i == ALPN)
			server.ext[0].hex = "0003026833";
		short_talk(&d, &client, &server, i != NO_CERTIFICATE);
		said[i] = drive_facts(&d)->said;
		shown[i] = drive_facts(&d)->shown;
		drive_close(&d);
	}
	assert_true(said[AGAIN] && said[AGAIN] == said[CASES] && said[AGAIN] == said[NO_CERTIFICATE]);
	assert_true(shown[AGAIN] && shown[AGAIN] == shown[CASES] && shown[AGAIN] == shown[SNI]);
	assert_true(shown[NO_CERTIFICATE] == 0);
	for (unsigned i = SNI; i < NO_CERTIFICATE; i++)
		for (unsigned j = 0; j < i; j++)
			assert_true(said[i] != said[j]);
}

struct sealed {
	unsigned side;
	size_t length;
	bool application;
};

/* What follows the two hellos of TLS 1.3: each record, and whether it is application data. */
static void
hidden(const struct sealed *s, size_t n, bool early, uint16_t client_flight, uint16_t server_flight)
{
	struct make client = make_chrome(early);
	struct server server = {.version = 0x0303,
				.cipher = 0x1301,
				.ext = {{0x002b, "0304"}, {0x0029, "0000"}},
				.ext_n = early ? 2 : 1};
	const struct tls_facts *f;
	struct drive d;

	drive_open(&d, 2);
	d.stream = true;
	k.n = 0;
	wire_hello(talk_flight(&k, 0), &client);
	m.n = 0;
	wire_server(&m, &server);
	wire_record(talk_flight(&k, 1), 22, m.b, m.n);
	talk_feed(&d, &k, 0);
	for (size_t i = 0; i < n; i++) {
		m.n = 0;
		wire_sealed(&m, 23, s[i].length);
		drive_feed(&d, s[i].side, m.b, m.n);
		assert_int_equal(d.last.length, s[i].length);
		assert_int_equal(d.last.application, s[i].application);
		assert_int_equal(d.last.plain, s[i].application ? s[i].length - 17 : 0);
	}
	f = drive_facts(&d);
	assert_int_equal(f->client_flight_bytes, client_flight);
	assert_int_equal(f->server_flight_bytes, server_flight);
	assert_true(f->established && f->settled);
	assert_int_equal(d.settled, 1);
	assert_int_equal(f->early_data_accepted, early);
	drive_close(&d);
}

static void
hidden_handshake(void **state)
{
	static const struct sealed plain[] = {{1, 40, 0}, {1, 3000, 0}, {1, 281, 0},  {1, 53, 0},
					      {0, 53, 0}, {0, 417, 1},  {1, 1217, 1}, {1, 19, 0}};
	static const struct sealed one_record[] = {{1, 3500, 0}, {0, 53, 0}, {0, 417, 1}, {1, 1217, 1}};
	static const struct sealed certificate[] = {{1, 3500, 0}, {0, 1500, 0}, {0, 281, 0},
						    {0, 53, 0},   {0, 53, 1},   {1, 1217, 1}};
	static const struct sealed no_certificate[] = {{1, 3500, 0}, {0, 25, 0}, {0, 53, 0}, {0, 200, 1}, {1, 300, 1}};
	static const struct sealed together[] = {{1, 3500, 0}, {0, 1900, 0}, {0, 417, 1}, {1, 1217, 1}};
	static const struct sealed tickets[] = {{1, 3500, 0}, {0, 53, 0},  {1, 250, 0},  {1, 250, 0},
						{0, 417, 1},  {1, 250, 0}, {1, 1217, 1}, {1, 250, 1}};
	static const struct sealed early[] = {{1, 40, 0}, {1, 53, 0}, {0, 600, 1}, {0, 21, 0},
					      {0, 53, 0}, {0, 53, 1}, {1, 3000, 1}};
	static const struct sealed half_rtt[] = {{1, 40, 0}, {1, 3000, 0}, {1, 53, 0},  {1, 2100, 1},
						 {0, 53, 0}, {0, 417, 1},  {1, 1217, 1}};

	(void)state;
#define HIDDEN(list, early_data, client, server)                                                                       \
	hidden(list, sizeof(list) / sizeof(list[0]), early_data, client, server)
	HIDDEN(plain, false, 53, 3374);
	HIDDEN(one_record, false, 53, 3500);
	HIDDEN(certificate, false, 1500 + 281 + 53, 3500);
	HIDDEN(no_certificate, false, 25 + 53, 3500);
	HIDDEN(together, false, 1900, 3500);
	HIDDEN(tickets, false, 53, 3500);
	HIDDEN(early, true, 53, 93);
	HIDDEN(half_rtt, false, 53, 3093);
}

/* A second hello after HelloRetryRequest (a ServerHello with that random, RFC 8446 4.1.3): the first one counts. */
static void
hello_retry(void **state)
{
	static const uint8_t random[] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
					 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
					 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
	struct make client = make_chrome(false), again = make_12(false);
	struct server server = {
		.version = 0x0303, .cipher = 0x1301, .ext = {{0x002b, "0304"}, {0x0033, "0018"}}, .ext_n = 2};
	const struct tls_facts *f;
	struct drive d;

	(void)state;
	drive_open(&d, 2);
	k.n = 0;
	wire_hello(talk_flight(&k, 0), &client);
	m.n = 0;
	wire_server(&m, &server);
	memcpy(m.b + 6, random, 32);
	wire_record(talk_flight(&k, 1), 22, m.b, m.n);
	wire_record(talk_flight(&k, 0), 20, "\1", 1);
	wire_hello(talk_flight(&k, 0), &again);
	m.n = 0;
	server.ext_n = 1;
	wire_server(&m, &server);
	wire_record(talk_flight(&k, 1), 22, m.b, m.n);
	talk_feed(&d, &k, 0);
	f = drive_facts(&d);
	assert_true(f->hello_retry && f->server_hello);
	assert_int_equal(f->group, 24);
	assert_int_equal(f->bad, 0);
	assert_int_equal(d.counts.tls_client_hello, 2);
	assert_true(f->versions_offered.len == 4);
	drive_close(&d);
}

static void
renegotiation(void **state)
{
	struct drive d;

	(void)state;
	talk_12(&k);
	drive_open(&d, 2);
	talk_feed(&d, &k, 0);
	assert_false(drive_facts(&d)->renegotiated);
	m.n = 0;
	wire_sealed(&m, 22, 300);
	drive_feed(&d, 0, m.b, m.n);
	assert_true(drive_facts(&d)->renegotiated);
	assert_false(d.last.application);
	drive_close(&d);
}

static void
times(void **state)
{
	struct drive d;
	const struct tls_facts *f;

	(void)state;
	talk_13(&k);
	drive_open(&d, 2);
	d.now.ns = 5 * NS_PER_S;
	talk_feed(&d, &k, 0);
	f = drive_facts(&d);
	assert_int_equal(f->hello_time.ns, 5 * NS_PER_S);
	assert_int_equal(f->server_us, 1000);
	assert_int_equal(f->handshake_us, 2000);
	drive_close(&d);
}

/* More connections than there is room for: told by tls_full, counted, and all is given back. */
static void
no_room_bad(void **state)
{
	uint32_t handle[4] = {0};
	struct drive d;
	struct tls_event ev;

	(void)state;
	talk_12(&k);
	drive_open(&d, 2);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 4; i++) {
			for (unsigned j = 0; j < k.n; j++) {
				struct tls_piece piece = {.bytes = cur_of(k.f[j].w.b, k.f[j].w.n)};

				piece.side = (uint8_t)k.f[j].side;
				while (tls_next(d.tls, &handle[i], &piece, &ev))
					continue;
			}
			assert_int_equal(tls_full(d.tls), i >= 1);
		}
		for (unsigned i = 0; i < 4; i++) {
			tls_close(d.tls, handle[i]);
			handle[i] = 0;
		}
		assert_false(tls_full(d.tls));
	}
	assert_true(d.counts.tls_no_memory > 0);
	drive_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overheads),
		cmocka_unit_test(resumed_by_ticket),
		cmocka_unit_test(resumed_by_session_id),
		cmocka_unit_test(resumed_by_psk),
		cmocka_unit_test(said_and_shown),
		cmocka_unit_test(hidden_handshake),
		cmocka_unit_test(hello_retry),
		cmocka_unit_test(renegotiation),
		cmocka_unit_test(times),
		cmocka_unit_test(no_room_bad),
	};

	if (!crypt_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
