/*
 * tls_prelude: what is spoken in clear before TLS: named, waited for, and left alone where TLS cannot follow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../common/tls_wire.h"
#include "base/crypt.h"

struct line {
	unsigned side;
	const char *bytes;
	size_t n;
};

#define LINE(side, text)                                                                                               \
	{                                                                                                              \
		side, text, sizeof(text) - 1                                                                           \
	}

struct start {
	const char *name;
	struct line line[5];
};

static const struct start STARTS[] = {
	{"smtp",
	 {LINE(1, "220 mx.example ESMTP\r\n"), LINE(0, "EHLO client.example\r\n"), LINE(1, "250 STARTTLS\r\n"),
	  LINE(0, "STARTTLS\r\n"), LINE(1, "220 go ahead\r\n")}},
	{"ftp", {LINE(1, "220 (vsFTPd 3.0.5)\r\n"), LINE(0, "AUTH TLS\r\n"), LINE(1, "234 Proceed\r\n")}},
	{"imap", {LINE(1, "* OK [CAPABILITY] ready\r\n"), LINE(0, "a STARTTLS\r\n"), LINE(1, "a OK begin\r\n")}},
	{"pop3", {LINE(1, "+OK ready\r\n"), LINE(0, "STLS\r\n"), LINE(1, "+OK\r\n")}},
	{"nntp", {LINE(1, "200 news.example\r\n"), LINE(0, "STARTTLS\r\n"), LINE(1, "382 go\r\n")}},
	{"sieve", {LINE(1, "\"IMPLEMENTATION\" \"Dovecot\"\r\n"), LINE(0, "STARTTLS\r\n"), LINE(1, "OK\r\n")}},
	{"irc", {LINE(0, "STARTTLS\r\n"), LINE(1, ":irc 670 * :go ahead\r\n")}},
	{"xmpp",
	 {LINE(0, "<?xml version='1.0'?><stream:stream>"), LINE(1, "<stream:stream>"), LINE(0, "<starttls/>"),
	  LINE(1, "<proceed/>")}},
	{"ldap",
	 {LINE(0, "\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
		  "1.3.6.1.4.1.1466.20037"),
	  LINE(1, "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")}},
	{"rdp",
	 {LINE(0, "\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x0b\x00\x00\x00"),
	  LINE(1, "\x03\x00\x00\x13\x0e\xd0\x00\x00\x12\x34\x00\x02\x1f\x08\x00\x08\x00\x00\x00")}},
	{"postgresql", {LINE(0, "\x00\x00\x00\x08\x04\xd2\x16\x2f"), LINE(1, "S")}},
	{"mysql",
	 {LINE(1, "\x4a\x00\x00\x00\x0a"
		  "8.0.36\x00......................"),
	  LINE(0, "\x20\x00\x00\x01\x85\xae\xff\x19\x00\x00\x00\x01\xff...................")}},
	{"socks4", {LINE(0, "\x04\x01\x01\xbb\x5d\xb8\xd8\x77\x00"), LINE(1, "\x00\x5a\x99\xb4\x0a\xb4\x9c\xf9")}},
	{"socks5",
	 {LINE(0, "\x05\x02\x00\x01"), LINE(1, "\x05\x00"), LINE(0, "\x05\x01\x00\x01\x5d\xb8\xd8\x77\x01\xbb"),
	  LINE(1, "\x05\x00\x00\x01\x0a\xb4\x9c\xf9\x99\xb6")}},
	{"connect", {LINE(0, "CONNECT www.example:443 HTTP/1.1\r\n\r\n"), LINE(1, "HTTP/1.1 200 OK\r\n\r\n")}},
	{"adb", {LINE(0, "CNXN\x01\x00\x00\x01"), LINE(1, "CNXN\x01\x00\x00\x01"), LINE(0, "STLS"), LINE(1, "STLS")}},
	{"gnutella", {LINE(0, "GNUTELLA CONNECT/0.6\r\n"), LINE(1, "GNUTELLA/0.6 200 OK\r\n")}},
	{NULL, {LINE(0, "some protocol of its own"), LINE(1, "that turns to TLS")}},
};

static struct talk_made k;

static void
lines_feed(struct drive *d, const struct start *s)
{
	d->stream = true;
	for (unsigned i = 0; i < 5 && s->line[i].n; i++)
		drive_feed(d, s->line[i].side, s->line[i].bytes, s->line[i].n);
}

static void
each_is_named(void **state)
{
	struct drive d;
	const struct tls_facts *f;

	(void)state;
	talk_12(&k);
	for (size_t i = 0; i < sizeof(STARTS) / sizeof(STARTS[0]); i++) {
		drive_open(&d, 2);
		lines_feed(&d, &STARTS[i]);
		assert_int_equal(drive_facts(&d)->carrier, CARRIER_NONE);
		assert_int_equal(d.records, 0);
		talk_feed(&d, &k, 0);
		f = drive_facts(&d);
		assert_int_equal(f->carrier, CARRIER_STARTTLS);
		if (STARTS[i].name)
			assert_true(text_is(f->prelude, STARTS[i].name));
		else
			assert_null(f->prelude.p);
		assert_true(f->established && f->client_hello && f->server_hello);
		assert_true(text_is(f->sni, "example.invalid"));
		assert_int_equal(f->bad, 0);
		drive_close(&d);
	}
}

/* The client's half was not captured: the ServerHello tells. */
static void
server_alone(void **state)
{
	struct drive d;
	const struct tls_facts *f;

	(void)state;
	talk_12(&k);
	drive_open(&d, 2);
	d.stream = true;
	drive_feed(&d, 0, "\x04\x01\x01\xbb\x5d\xb8\xd8\x77\x00", 9);
	drive_feed(&d, 1, "\x00\x5a\x99\xb4\x0a\xb4\x9c\xf9", 8);
	drive_feed(&d, 1, k.f[1].w.b, k.f[1].w.n);
	f = drive_facts(&d);
	assert_true(f->server_hello && !f->client_hello);
	assert_int_equal(f->client, 0);
	drive_close(&d);
}

/* Header in front of the ClientHello, in the same segment or cut anywhere. */
static void
proxied(const char *header, size_t n, const char *name, const char *address)
{
	char text[ADDR_TEXT_MAX];

	talk_12(&k);
	for (size_t at = 0; at <= n; at++) {
		static uint8_t b[2048];
		struct drive d;
		const struct tls_facts *f;

		drive_open(&d, 2);
		d.stream = true;
		memcpy(b, header, n);
		memcpy(b + n, k.f[0].w.b, k.f[0].w.n);
		drive_feed(&d, 0, b, at);
		drive_feed(&d, 0, b + at, n - at + k.f[0].w.n);
		drive_feed(&d, 1, k.f[1].w.b, k.f[1].w.n);
		f = drive_facts(&d);
		assert_int_equal(f->carrier, CARRIER_TCP);
		assert_true(f->client_hello && f->server_hello);
		assert_true(text_is(f->prelude, name));
		assert_int_equal(f->proxied, address != NULL);
		if (address) {
			addr_print(&f->proxy_src, text);
			assert_string_equal(text, address);
			assert_int_equal(f->proxy_sport, 35646);
		}
		drive_close(&d);
	}
}

static void
proxy_headers(void **state)
{
	static const char v1[] = "PROXY TCP4 192.0.2.1 198.51.100.1 35646 443\r\n";
	static const char v1_six[] = "PROXY TCP6 2001:db8::7 2001:db8::1 35646 443\r\n";
	static const char v1_none[] = "PROXY UNKNOWN\r\n";
	static const char v2[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0f\xc0\x00\x02\x01\xc6\x33\x64\x01\x8b\x3e\x01\xbb"
				 "\x04\x00\x00";
	static const char v2_local[] = "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";

	(void)state;
	proxied(v1, sizeof(v1) - 1, "proxy1", "192.0.2.1");
	proxied(v1_six, sizeof(v1_six) - 1, "proxy1", "2001:db8::7");
	proxied(v1_none, sizeof(v1_none) - 1, "proxy1", NULL);
	proxied(v2, sizeof(v2) - 1, "proxy2", "192.0.2.1");
	proxied(v2_local, sizeof(v2_local) - 1, "proxy2", NULL);
}

static void
proxy_headers_bad(void **state)
{
	static const char *const bad[] = {"PROXY TCP4 192.0.2.1.9 198.51.100.1 35646 443\r\n",
					  "PROXY TCP4 192.0.2.1 198.51.100.1 99999 443\r\n", "PROXY \r\n",
					  "PROXY TCP4 192.0.2.1\r\n"};

	(void)state;
	talk_12(&k);
	for (unsigned i = 0; i < 4; i++) {
		struct drive d;

		drive_open(&d, 2);
		d.stream = true;
		drive_feed(&d, 0, bad[i], strlen(bad[i]));
		drive_feed(&d, 0, k.f[0].w.b, k.f[0].w.n);
		assert_true(drive_facts(&d)->client_hello);
		assert_false(drive_facts(&d)->proxied);
		drive_close(&d);
	}
}

static void
never_bad(void **state)
{
	static const char *const never[] = {"GET / HTTP/1.1\r\n", "POST /x HTTP/1.1\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
					    "PRI * HTTP/2.0\r\n\r\n"};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct drive d;

		drive_open(&d, 2);
		d.stream = true;
		drive_feed(&d, 0, never[i], strlen(never[i]));
		assert_int_equal(d.handle, TLS_NOT);
		assert_int_equal(drive_facts(&d)->carrier, CARRIER_NONE);
		drive_close(&d);
	}
}

/* A mail in clear that goes on and on is given up. */
static void
endless_bad(void **state)
{
	static const char line[512];
	struct drive d;

	(void)state;
	drive_open(&d, 2);
	d.stream = true;
	drive_feed(&d, 1, "220 mx\r\n", 8);
	for (unsigned i = 0; i < 200; i++)
		drive_feed(&d, 0, line, sizeof(line));
	assert_int_equal(d.handle, TLS_NOT);
	drive_close(&d);
}

/* Remote Desktop over UDP: SYN, then data packets whose first and eighth bytes changed places. */
static void
rdp_udp(void **state)
{
	static uint8_t syn[1232] = {0xff, 0xff, 0xff, 0xff, 0, 0x40, 0x18, 1}, packet[2048];
	static const uint8_t head[] = {0x00, 0x14, 0xc1, 0x01, 0xf4, 0x01, 0x64, 0xe0, 0x64, 0x00, 0x01, 0x00};
	static const uint8_t more[] = {0x02, 0x14, 0xc0, 0x64, 0x00, 0x65, 0x00, 0xe0, 0x00};
	static const uint8_t dummy[] = {0x00, 0x14, 0xc0, 0x64, 0x00, 0x66, 0x00, 0xf0, 0, 0, 0, 0};
	struct drive d;
	const struct tls_facts *f;
	const struct wire *w;

	(void)state;
	talk_12(&k);
	drive_open(&d, 2);
	drive_feed(&d, 0, syn, sizeof(syn));
	syn[0] = 0xa7;
	drive_feed(&d, 1, syn, sizeof(syn));
	w = &k.f[0].w;
	memcpy(packet, head, sizeof(head));
	memcpy(packet + sizeof(head), w->b, w->n);
	drive_feed(&d, 0, packet, sizeof(head) + w->n);
	drive_feed(&d, 0, packet, sizeof(head) + w->n); /* sent again */
	drive_feed(&d, 0, dummy, sizeof(dummy));
	w = &k.f[1].w;
	memcpy(packet + sizeof(head), w->b, 40);
	drive_feed(&d, 1, packet, sizeof(head) + 40);
	memcpy(packet, more, sizeof(more));
	memcpy(packet + sizeof(more), w->b + 40, w->n - 40);
	drive_feed(&d, 1, packet, sizeof(more) + w->n - 40);
	f = drive_facts(&d);
	assert_int_equal(f->carrier, CARRIER_UDP);
	assert_true(f->client_hello && f->server_hello && f->server_cert.present);
	assert_int_equal(d.counts.tls_client_hello, 1);
	assert_int_equal(f->group, 29);
	drive_close(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_named),     cmocka_unit_test(server_alone), cmocka_unit_test(proxy_headers),
		cmocka_unit_test(proxy_headers_bad), cmocka_unit_test(never_bad),    cmocka_unit_test(endless_bad),
		cmocka_unit_test(rdp_udp),
	};

	if (!crypt_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
