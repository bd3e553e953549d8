/*
 * Fuzz target: one hello message (the first byte chooses which kind), read, fingerprinted, forgotten.
 * Checks that the same bytes give the same handle while it is held, that views lie within the message, and that
 * texts lie within the entry they are said to be in.
 */
#include <stdlib.h>

#include "base/crypt.h"
#include "tls/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SHARE = 1 << 18, CLIENT, DTLS, QUIC, SSLV2, SERVER, RETRY, KINDS };

static struct prints *
prints(void)
{
	static struct prints *made;
	struct hash_key key = {5, 6};
	size_t n = prints_bytes(SHARE);
	struct carve c;

	if (!made && crypt_init()) {
		c.p = aligned_alloc(64, (n + 63) / 64 * 64);
		c.end = c.p + n;
		made = prints_new(&c, SHARE, &key);
	}
	return made;
}

static void
within(struct cur view, struct cur message)
{
	if (view.p && (view.p < message.p || view.end > message.end || view.p > view.end))
		__builtin_trap();
}

/* Reads every byte, so that a text beyond its memory is seen. */
static uint32_t
sum(struct text t)
{
	uint32_t s = 0;

	for (uint32_t i = 0; i < t.len; i++)
		s += (uint8_t)t.p[i];
	return s;
}

static void
client(struct prints *p, const struct hello *h, enum tls_carrier carrier)
{
	uint32_t a = print_client(p, h, carrier), b = print_client(p, h, carrier);
	struct print_client c;

	if (a != b)
		__builtin_trap();
	print_client_get(p, a, &c);
	if (a && sum(c.ja3) + sum(c.ja3_string) + sum(c.ja4) + sum(c.ja4_r) + sum(c.key_text) + sum(c.alpns) +
				 sum(c.versions_offered) ==
			 0)
		__builtin_trap();
	print_drop(p, b);
	print_drop(p, a);
}

static void
server(struct prints *p, const struct hello_server *h)
{
	uint32_t a = print_server(p, h);
	struct print_server s;
	char buf[24];

	if (a != print_server(p, h))
		__builtin_trap();
	print_server_get(p, a, &s);
	if (a && sum(s.ja3s) + sum(s.ja3s_string) + sum(tls_version_name(hello_agreed(h), buf)) == 0)
		__builtin_trap();
	print_drop(p, a);
	print_drop(p, a);
}

static void
read_client(struct prints *p, struct cur c, unsigned kind)
{
	struct hello h;

	if (kind == SSLV2 ? !hello_read_sslv2(c, &h) : !hello_read(c, kind == DTLS, &h))
		return;
	for (unsigned i = 0; i < 4; i++)
		within((const struct cur[]){h.sni, h.alpns, h.extensions, h.psk_identity}[i], c);
	client(p, &h, kind == DTLS ? CARRIER_DTLS : kind == QUIC ? CARRIER_QUIC : CARRIER_TCP);
	if (h.sni.p)
		print_drop(p, print_text(p, h.sni.p, cur_left(&h.sni)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur c = cur_of(data, size);
	unsigned kind = CLIENT + cur_u8(&c) % (KINDS - CLIENT);
	struct hello_server h;

	if (kind < SERVER)
		read_client(prints(), c, kind);
	else if (kind == SERVER ? hello_read_server(c, &h) : hello_read_retry(c, &h))
		server(prints(), &h);
	return 0;
}
