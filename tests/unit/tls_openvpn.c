/*
 * tls_openvpn: control packets built by hand, over UDP and TCP, with and without tls-auth; out of order, sent again,
 * lost, cut at every byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../common/tls_drive.h"
#include "base/crypt.h"

enum { CONTROL = 4, ACKNOWLEDGE = 5, DATA_1 = 6, RESET_CLIENT = 7, RESET_SERVER = 8, DATA_2 = 9 };

/* A TLS 1.2 record with a ClientHello: one suite, SNI example.com. */
static const uint8_t HELLO[] = {22, 3,  1,  0,  71,  1,   0,   0,   67,   3,    3,   1,   2,   3,   4,   5,  6,  7,  8,
				9,  10, 11, 12, 13,  14,  15,  16,  17,   18,   19,  20,  21,  22,  23,  24, 25, 26, 27,
				28, 29, 30, 31, 32,  0,   0,   2,   0xc0, 0x2b, 1,   0,   0,   24,  0,   0,  0,  16, 0,
				14, 0,  0,  11, 'e', 'x', 'a', 'm', 'p',  'l',  'e', '.', 'c', 'o', 'm', 0,  23, 0,  0};

static const uint8_t SERVER[] = {22, 3,  3,  0,  42, 2,  0,  0,  38, 3,  3,  1,  2,    3,    4,  5,
				 6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18,   19,   20, 21,
				 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0,  0xc0, 0x2b, 0};

/* One end of a link. */
struct end {
	unsigned side, hmac; /* hmac 0: no tls-auth */
	uint32_t replay;
	uint8_t session;
};

struct packet {
	uint8_t bytes[512];
	size_t n;
};

static void
put_number(struct packet *p, uint32_t v, unsigned bytes)
{
	while (bytes--)
		p->bytes[p->n++] = (uint8_t)(v >> 8 * bytes);
}

static void
put_filled(struct packet *p, uint8_t with, size_t n)
{
	memset(p->bytes + p->n, with, n);
	p->n += n;
}

static struct packet
control(struct end *e, unsigned opcode, unsigned acks, uint32_t id, const uint8_t *payload, size_t n)
{
	struct packet p = {.n = 0};

	put_number(&p, opcode << 3, 1);
	put_filled(&p, e->session, 8);
	if (e->hmac) {
		put_filled(&p, 0xa5, e->hmac);
		put_number(&p, ++e->replay, 4);
		put_number(&p, 1700000000, 4);
	}
	put_number(&p, acks, 1);
	for (unsigned i = 0; i < acks; i++)
		put_number(&p, i, 4);
	if (acks)
		put_filled(&p, 0x77, 8);
	if (opcode != ACKNOWLEDGE)
		put_number(&p, id, 4);
	if (n)
		memcpy(p.bytes + p.n, payload, n);
	p.n += n;
	return p;
}

static void
feed(struct drive *d, const struct end *e, struct packet p)
{
	uint8_t framed[600] = {(uint8_t)(p.n >> 8), (uint8_t)p.n};

	if (!d->stream) {
		drive_feed(d, e->side, p.bytes, p.n);
		return;
	}
	memcpy(framed + 2, p.bytes, p.n);
	drive_feed(d, e->side, framed, p.n + 2);
}

static void
is_example(struct drive *d)
{
	const struct tls_facts *f = drive_facts(d);

	assert_int_equal(f->carrier, CARRIER_OPENVPN);
	assert_true(f->client_hello);
	assert_int_equal(f->client, 0);
	assert_true(text_is(f->sni, "example.com"));
	assert_int_equal(f->bad, 0);
	assert_int_equal(d->counts.tls_client_hello, 1);
}

static void
link_up(struct drive *d, struct end *client, struct end *server, unsigned hmac)
{
	*client = (struct end){0, hmac, 0, 0x11};
	*server = (struct end){1, hmac, 0, 0x22};
	feed(d, client, control(client, RESET_CLIENT, 0, 0, NULL, 0));
	feed(d, server, control(server, RESET_SERVER, 1, 0, NULL, 0));
	feed(d, client, control(client, ACKNOWLEDGE, 1, 0, NULL, 0));
}

static void
handshake(struct drive *d, unsigned hmac)
{
	struct end client, server;

	link_up(d, &client, &server, hmac);
	feed(d, &client, control(&client, CONTROL, 0, 1, HELLO, 30));
	feed(d, &server, control(&server, ACKNOWLEDGE, 1, 0, NULL, 0));
	feed(d, &client, control(&client, CONTROL, 0, 2, HELLO + 30, sizeof(HELLO) - 30));
	is_example(d);
	feed(d, &server, control(&server, CONTROL, 2, 1, SERVER, sizeof(SERVER)));
	assert_true(drive_facts(d)->server_hello);
	assert_int_equal(drive_facts(d)->cipher, 0xc02b);
}

static void
udp(void **state)
{
	static const unsigned hmacs[] = {0, 16, 20, 28, 32, 48, 64};

	(void)state;
	for (size_t i = 0; i < sizeof(hmacs) / sizeof(hmacs[0]); i++) {
		struct drive d;

		drive_open(&d, 4);
		handshake(&d, hmacs[i]);
		drive_close(&d);
	}
}

static void
data(void **state)
{
	static const uint8_t v1[100] = {DATA_1 << 3}, v2[124] = {DATA_2 << 3};
	struct drive d;
	unsigned before;

	(void)state;
	drive_open(&d, 4);
	handshake(&d, 0);
	before = d.application;
	drive_feed(&d, 0, v2, sizeof(v2));
	assert_int_equal(d.application, before + 1);
	assert_int_equal(d.last.length, 124);
	assert_int_equal(d.last.plain, 100);
	drive_feed(&d, 1, v1, sizeof(v1));
	assert_int_equal(d.application, before + 2);
	drive_close(&d);
}

/* Reliable order is OpenVPN's own: later packets wait, repeated ones count once. */
static void
order(void **state)
{
	struct end client, server;
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	link_up(&d, &client, &server, 20);
	feed(&d, &client, control(&client, CONTROL, 0, 3, HELLO + 40, sizeof(HELLO) - 40));
	feed(&d, &client, control(&client, CONTROL, 0, 2, HELLO + 10, 30));
	feed(&d, &client, control(&client, CONTROL, 0, 2, HELLO + 10, 30));
	feed(&d, &client, control(&client, RESET_CLIENT, 0, 0, NULL, 0));
	assert_false(drive_facts(&d)->client_hello);
	feed(&d, &client, control(&client, CONTROL, 0, 1, HELLO, 10));
	is_example(&d);
	feed(&d, &client, control(&client, CONTROL, 0, 1, HELLO, sizeof(HELLO)));
	is_example(&d);
	drive_close(&d);
}

/* A client that is not answered begins again with a session id of its own. */
static void
begun_again(void **state)
{
	struct end client, server;
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	link_up(&d, &client, &server, 0);
	link_up(&d, &client, &server, 0);
	client.session = 0x33;
	feed(&d, &client, control(&client, RESET_CLIENT, 0, 0, NULL, 0));
	feed(&d, &client, control(&client, CONTROL, 0, 1, HELLO, sizeof(HELLO)));
	is_example(&d);
	drive_close(&d);
}

/* The same bytes in two pieces, cut at every place; then one byte at a time. */
static void
tcp(void **state)
{
	struct end client = {0, 20, 0, 0x11};
	struct packet all = {.n = 0}, p[3];

	(void)state;
	p[0] = control(&client, RESET_CLIENT, 0, 0, NULL, 0);
	p[1] = control(&client, CONTROL, 0, 1, HELLO, 30);
	p[2] = control(&client, CONTROL, 0, 2, HELLO + 30, sizeof(HELLO) - 30);
	for (unsigned i = 0; i < 3; i++) {
		put_number(&all, (uint32_t)p[i].n, 2);
		memcpy(all.bytes + all.n, p[i].bytes, p[i].n);
		all.n += p[i].n;
	}
	for (size_t cut = p[0].n + 2; cut <= all.n; cut++) {
		struct drive d;

		drive_open(&d, 1);
		d.stream = true;
		drive_feed(&d, 0, all.bytes, cut);
		drive_feed(&d, 0, all.bytes + cut, all.n - cut);
		is_example(&d);
		drive_close(&d);
	}
}

static void
tcp_bytes(void **state)
{
	static const uint8_t piece[2 + 200] = {0, 200, DATA_2 << 3};
	struct end client, server;
	struct drive d;
	struct packet p;
	unsigned before;

	(void)state;
	drive_open(&d, 4);
	d.stream = true;
	link_up(&d, &client, &server, 0);
	p = control(&client, CONTROL, 0, 1, HELLO, sizeof(HELLO));
	drive_feed(&d, 0, (const uint8_t[]){0}, 1);
	drive_feed(&d, 0, (const uint8_t[]){(uint8_t)p.n}, 1);
	for (size_t i = 0; i < p.n; i++)
		drive_feed(&d, 0, p.bytes + i, 1);
	is_example(&d);
	before = d.application;
	drive_feed(&d, 0, piece, 50);
	drive_feed(&d, 0, piece + 50, sizeof(piece) - 50);
	drive_feed(&d, 0, piece, sizeof(piece));
	assert_int_equal(d.application, before + 2);
	assert_int_equal(d.last.length, 200);
	drive_close(&d);
}

/* tls-crypt: a packet of the size of tls-auth with SHA-256, in which nothing is plausible.  Nothing is claimed. */
static void
opaque_bad(void **state)
{
	struct end client = {0, 0, 0, 0x11};
	struct packet p = {.n = 0};
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	put_number(&p, RESET_CLIENT << 3, 1);
	put_filled(&p, client.session, 8);
	put_number(&p, 1, 4);
	put_number(&p, 1700000000, 4);
	put_filled(&p, 0xc9, 32 + 5);
	drive_feed(&d, 0, p.bytes, p.n);
	assert_int_equal(drive_facts(&d)->carrier, CARRIER_NONE);
	drive_close(&d);
}

static void
short_bad(void **state)
{
	struct end client = {0, 32, 0, 0x11};
	struct packet reset = control(&client, RESET_CLIENT, 0, 0, NULL, 0);
	struct packet hello = control(&client, CONTROL, 8, 1, HELLO, sizeof(HELLO));

	(void)state;
	for (size_t cut = 0; cut < hello.n; cut++) {
		struct drive d;

		drive_open(&d, 1);
		drive_feed(&d, 0, reset.bytes, reset.n);
		drive_feed(&d, 0, hello.bytes, cut);
		assert_false(drive_facts(&d)->client_hello);
		drive_close(&d);
	}
}

/* More packets ahead of the one that is missing than are kept: the reader goes on behind the hole. */
static void
lost_bad(void **state)
{
	struct end client, server;
	struct drive d;

	(void)state;
	drive_open(&d, 4);
	link_up(&d, &client, &server, 0);
	for (uint32_t id = 2; id < 40; id++)
		feed(&d, &client, control(&client, CONTROL, 0, id, HELLO + 7, 20));
	feed(&d, &server, control(&server, CONTROL, 0, 1, SERVER, sizeof(SERVER)));
	assert_true(drive_facts(&d)->server_hello);
	drive_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp),         cmocka_unit_test(data),      cmocka_unit_test(order),
		cmocka_unit_test(begun_again), cmocka_unit_test(tcp),       cmocka_unit_test(tcp_bytes),
		cmocka_unit_test(opaque_bad),  cmocka_unit_test(short_bad), cmocka_unit_test(lost_bad),
	};

	if (!crypt_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
