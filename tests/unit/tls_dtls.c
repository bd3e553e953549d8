/*
 * tls_dtls: records and fragments built by hand: out of order, overlapping, sent again, lost, relayed by TURN.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../common/tls_drive.h"
#include "base/crypt.h"

enum { CHANGE_CIPHER = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION = 23 };
enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, VERIFY_REQUEST = 3, CERTIFICATE = 11, CERT_REQUEST = 13, HELLO_DONE = 14 };

/* Version, random, no session id, cookie, one suite, no compression, SNI example.com. */
static const uint8_t HELLO[] = {0xfe, 0xfd, 1,  2,  3,  4,   5,    6,    7,   8,   9,   10,  11,  12,  13,  14,
				15,   16,   17, 18, 19, 20,  21,   22,   23,  24,  25,  26,  27,  28,  29,  30,
				31,   32,   0,  0,  0,  2,   0xc0, 0x2b, 1,   0,   0,   20,  0,   0,   0,   16,
				0,    14,   0,  0,  11, 'e', 'x',  'a',  'm', 'p', 'l', 'e', '.', 'c', 'o', 'm'};

static const uint8_t SERVER[] = {0xfe, 0xfd, 1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,   16,   17,
				 18,   19,   20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0,  0xc0, 0x2b, 0};

/* The same with supported_versions: DTLS 1.3. */
static const uint8_t SERVER_13[] = {0xfe, 0xfd, 1,  2,    3,    4,  5,  6,  7,  8,  9,  10, 11,   12,  13, 14,
				    15,   16,   17, 18,   19,   20, 21, 22, 23, 24, 25, 26, 27,   28,  29, 30,
				    31,   32,   0,  0x13, 0x01, 0,  0,  6,  0,  43, 0,  2,  0xfe, 0xfc};

static const uint8_t VERIFY[] = {0xfe, 0xff, 4, 1, 2, 3, 4};

/* A datagram that is being put together. */
struct datagram {
	uint8_t bytes[2048];
	size_t n;
};

static void
put(struct datagram *g, const void *bytes, size_t n)
{
	memcpy(g->bytes + g->n, bytes, n);
	g->n += n;
}

static void
put_number(struct datagram *g, uint32_t v, unsigned bytes)
{
	while (bytes--)
		g->bytes[g->n++] = (uint8_t)(v >> 8 * bytes);
}

static void
record(struct datagram *g, uint8_t type, uint16_t version, uint16_t epoch, size_t n)
{
	put_number(g, type, 1);
	put_number(g, version, 2);
	put_number(g, epoch, 2);
	put_number(g, 0, 2);
	put_number(g, 7, 4);
	put_number(g, (uint32_t)n, 2);
}

struct message {
	const uint8_t *body;
	uint32_t length;
	uint16_t seq;
	uint8_t type;
};

static void
fragment(struct datagram *g, const struct message *m, uint32_t from, uint32_t n)
{
	put_number(g, m->type, 1);
	put_number(g, m->length, 3);
	put_number(g, m->seq, 2);
	put_number(g, from, 3);
	put_number(g, n, 3);
	if (n)
		put(g, m->body + from, n);
}

static void
feed_fragment(struct drive *d, unsigned side, const struct message *m, uint32_t from, uint32_t n)
{
	struct datagram g = {.n = 0};

	record(&g, HANDSHAKE, 0xfefd, 0, 12 + n);
	fragment(&g, m, from, n);
	drive_feed(d, side, g.bytes, g.n);
}

static void
feed_record(struct drive *d, unsigned side, uint8_t type, uint16_t epoch, size_t n)
{
	struct datagram g = {.n = 0};
	uint8_t body[512] = {1, 0};

	record(&g, type, 0xfefd, epoch, n);
	put(&g, body, n);
	drive_feed(d, side, g.bytes, g.n);
}

static const struct message CH = {HELLO, sizeof(HELLO), 0, CLIENT_HELLO};
static const struct message SH = {SERVER, sizeof(SERVER), 0, SERVER_HELLO};
static const struct message SH_13 = {SERVER_13, sizeof(SERVER_13), 0, SERVER_HELLO};

static void
is_example(struct drive *d)
{
	const struct tls_facts *f = drive_facts(d);

	assert_int_equal(f->carrier, CARRIER_DTLS);
	assert_true(f->client_hello);
	assert_true(text_is(f->sni, "example.com"));
	assert_int_equal(f->ja4.p[0], 'd');
	assert_int_equal(f->bad, 0);
}

/* Hello, HelloVerifyRequest, hello with cookie, answer, encryption. */
static void
whole(void **state)
{
	struct message again = CH, server = SH, verify = {VERIFY, sizeof(VERIFY), 0, VERIFY_REQUEST};
	struct drive d;
	const struct tls_facts *f;

	(void)state;
	again.seq = server.seq = 1;
	drive_open(&d, 4);
	feed_fragment(&d, 0, &CH, 0, CH.length);
	feed_fragment(&d, 1, &verify, 0, verify.length);
	feed_fragment(&d, 0, &again, 0, again.length);
	feed_fragment(&d, 1, &server, 0, server.length);
	for (unsigned side = 0; side < 2; side++) {
		feed_record(&d, side, CHANGE_CIPHER, 0, 1);
		feed_record(&d, side, HANDSHAKE, 1, 40);
	}
	is_example(&d);
	f = drive_facts(&d);
	assert_int_equal(f->version, 0xfefd);
	assert_int_equal(f->cipher, 0xc02b);
	assert_true(f->established);
	assert_int_equal(d.counts.tls_client_hello, 2);
	assert_int_equal(d.counts.tls_server_hello, 1);
	feed_record(&d, 0, APPLICATION, 1, 8 + 100 + 16);
	assert_int_equal(d.application, 1);
	assert_int_equal(d.plain, 100);
	assert_int_equal(d.settled, 1);
	drive_close(&d);
}

/* A server that counts its ServerHello from 0 again after HelloVerifyRequest, and a client that repeats its 0. */
static void
verify_counts_anew(void **state)
{
	struct message verify = {VERIFY, sizeof(VERIFY), 0, VERIFY_REQUEST};
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	feed_fragment(&d, 0, &CH, 0, CH.length);
	feed_fragment(&d, 1, &verify, 0, verify.length);
	feed_fragment(&d, 0, &CH, 0, CH.length);
	feed_fragment(&d, 1, &SH, 0, SH.length);
	is_example(&d);
	assert_true(drive_facts(&d)->server_hello);
	drive_close(&d);
}

static void
fragments(void **state)
{
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	feed_fragment(&d, 0, &CH, 40, CH.length - 40);
	feed_fragment(&d, 0, &CH, 20, 30);
	feed_fragment(&d, 0, &CH, 20, 30);
	assert_false(drive_facts(&d)->client_hello);
	feed_fragment(&d, 0, &CH, 0, 25);
	is_example(&d);
	feed_fragment(&d, 0, &CH, 0, 25);
	feed_fragment(&d, 0, &CH, 0, CH.length);
	assert_int_equal(d.counts.tls_client_hello, 1);
	drive_close(&d);
}

/* Messages before the one that is next wait for it; several in one record, several records in one datagram. */
static void
order(void **state)
{
	static const uint8_t empty[3] = {0};
	struct message cert = {empty, 3, 1, CERTIFICATE}, done = {empty, 0, 2, HELLO_DONE};
	struct datagram g = {.n = 0};
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	feed_fragment(&d, 0, &CH, 0, CH.length);
	record(&g, HANDSHAKE, 0xfefd, 0, 12 + 12 + 3);
	fragment(&g, &done, 0, 0);
	fragment(&g, &cert, 0, 3);
	record(&g, HANDSHAKE, 0xfefd, 0, 12 + SH.length);
	fragment(&g, &SH, 0, SH.length);
	drive_feed(&d, 1, g.bytes, g.n);
	is_example(&d);
	assert_int_equal(drive_facts(&d)->version, 0xfefd);
	feed_fragment(&d, 1, &cert, 0, 3);
	feed_fragment(&d, 1, &SH, 0, SH.length);
	assert_int_equal(d.counts.tls_server_hello, 1);
	drive_close(&d);
}

/* What waits behind a message that was lost is given when the side turns to encryption. */
static void
lost(void **state)
{
	static const uint8_t body[30] = {0};
	struct message cert = {body, 30, 1, CERTIFICATE}, request = {body, 8, 2, CERT_REQUEST};
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	feed_fragment(&d, 0, &CH, 0, CH.length);
	feed_fragment(&d, 1, &SH, 0, SH.length);
	feed_fragment(&d, 1, &cert, 0, 10);
	feed_fragment(&d, 1, &request, 4, 4);
	feed_fragment(&d, 1, &request, 0, 4);
	assert_false(drive_facts(&d)->client_cert_requested);
	feed_record(&d, 1, CHANGE_CIPHER, 0, 1);
	assert_true(drive_facts(&d)->client_cert_requested);
	drive_close(&d);
}

static void
version_13(void **state)
{
	static const uint8_t unified[1 + 2 + 2 + 60 + 1 + 1 + 30] = {0x2e, 0, 9, 0, 60, [65] = 0x23, 9};
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	feed_fragment(&d, 0, &CH, 0, CH.length);
	feed_fragment(&d, 1, &SH_13, 0, SH_13.length);
	assert_int_equal(drive_facts(&d)->version, 0xfefc);
	drive_feed(&d, 1, unified, sizeof(unified));
	assert_int_equal(d.records, 2);
	assert_int_equal(d.last.type, APPLICATION);
	assert_int_equal(d.last.length, 30);
	drive_close(&d);
}

/* OpenSSL before 0.9.8f, and Cisco's AnyConnect after it. */
static void
version_old(void **state)
{
	uint8_t body[sizeof(HELLO)];
	struct message old = {body, sizeof(body), 0, CLIENT_HELLO};
	struct datagram g = {.n = 0};
	struct drive d;

	(void)state;
	memcpy(body, HELLO, sizeof(body));
	body[0] = 1;
	body[1] = 0;
	record(&g, HANDSHAKE, 0x0100, 0, 12 + sizeof(body));
	fragment(&g, &old, 0, sizeof(body));
	drive_open(&d, 4);
	drive_feed(&d, 0, g.bytes, g.n);
	is_example(&d);
	assert_int_equal(drive_facts(&d)->record_version, 0x0100);
	drive_close(&d);
}

static void
alert(void **state)
{
	struct drive d;
	const struct tls_facts *f;

	(void)state;
	drive_open(&d, 4);
	feed_fragment(&d, 0, &CH, 0, CH.length);
	feed_record(&d, 1, ALERT, 0, 2);
	f = drive_facts(&d);
	assert_int_equal(f->alerts, 1);
	assert_int_equal(f->alert[0][0], 1);
	assert_int_equal(f->alert[0][1], 1);
	drive_close(&d);
}

/* WebRTC: a hundred connectivity checks and some media first; then DTLS relayed in both of TURN's wrappings. */
static void
relayed(void **state)
{
	static const uint8_t check[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, media[40] = {0x80, 96};
	struct datagram inner = {.n = 0}, g = {.n = 0};
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	for (int i = 0; i < 100; i++) {
		drive_feed(&d, i & 1, check, sizeof(check));
		drive_feed(&d, i & 1, media, sizeof(media));
	}
	record(&inner, HANDSHAKE, 0xfefd, 0, 12 + CH.length);
	fragment(&inner, &CH, 0, CH.length);
	put_number(&g, 0x4001, 2);
	put_number(&g, (uint32_t)inner.n, 2);
	put(&g, inner.bytes, inner.n);
	drive_feed(&d, 0, g.bytes, g.n);
	is_example(&d);

	inner.n = g.n = 0;
	record(&inner, HANDSHAKE, 0xfefd, 0, 12 + SH.length);
	fragment(&inner, &SH, 0, SH.length);
	put_number(&g, 0x0017, 2);
	put_number(&g, (uint32_t)(8 + 4 + inner.n), 2);
	put(&g, check + 4, 16);
	put_number(&g, 0x00080001, 4);
	put_number(&g, 0, 4);
	put_number(&g, 0x0013, 2);
	put_number(&g, (uint32_t)inner.n, 2);
	put(&g, inner.bytes, inner.n);
	drive_feed(&d, 1, g.bytes, g.n);
	assert_true(drive_facts(&d)->server_hello);
	drive_feed(&d, 1, media, sizeof(media));
	drive_close(&d);
}

static void
short_bad(void **state)
{
	struct datagram g = {.n = 0};

	(void)state;
	record(&g, HANDSHAKE, 0xfefd, 0, 12 + CH.length);
	fragment(&g, &CH, 0, CH.length);
	for (size_t cut = 0; cut < g.n; cut++) {
		struct drive d;

		drive_open(&d, 1);
		drive_feed(&d, 0, g.bytes, cut);
		assert_false(drive_facts(&d)->client_hello);
		drive_close(&d);
	}
}

/* Fragments that contradict their message, and a hundred messages of which only the second half ever comes. */
static void
fragments_bad(void **state)
{
	uint8_t body[64] = {0};
	struct message m = {body, 20, 0, CLIENT_HELLO};
	struct datagram g = {.n = 0};
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	feed_fragment(&d, 0, &CH, 0, 10);
	feed_fragment(&d, 0, &m, 10, 30);
	feed_fragment(&d, 0, &m, 10, 10);
	feed_fragment(&d, 0, &CH, 10, CH.length - 10);
	assert_true(drive_facts(&d)->client_hello);
	for (unsigned i = 0; i < 100; i++) {
		m = (struct message){body, 0x00ffffff, (uint16_t)i, CERTIFICATE};
		record(&g, HANDSHAKE, 0xfefd, 0, 12 + 8);
		fragment(&g, &m, 8, 8);
		drive_feed(&d, 1, g.bytes, g.n);
		g.n = 0;
		m.length = 64;
		feed_fragment(&d, 1, &m, 32, 32);
	}
	assert_false(drive_facts(&d)->server_hello);
	drive_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),         cmocka_unit_test(verify_counts_anew),
		cmocka_unit_test(fragments),     cmocka_unit_test(order),
		cmocka_unit_test(lost),          cmocka_unit_test(version_13),
		cmocka_unit_test(version_old),   cmocka_unit_test(alert),
		cmocka_unit_test(relayed),       cmocka_unit_test(short_bad),
		cmocka_unit_test(fragments_bad),
	};

	if (!crypt_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
