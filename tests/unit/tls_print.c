/*
 * tls_print: equal things under one handle, what is dropped when room is needed, and that used things stay.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypt.h"
#include "tls/intern.h"
#include "tls/print.h"
#include "tls_make.h"

struct fixture {
	struct prints *prints;
	void *memory;
};

static struct fixture *
begin(size_t share)
{
	static struct fixture f;
	struct hash_key key = {1, 2};
	size_t n = prints_bytes(share);
	struct carve c;

	f = (struct fixture){.memory = aligned_alloc(64, (n + 63) / 64 * 64)};
	c = (struct carve){f.memory, (uint8_t *)f.memory + n};
	f.prints = prints_new(&c, share, &key);
	return &f;
}

static void
end(struct fixture *f)
{
	free(f->memory);
}

static void
is_text(struct text t, const char *want)
{
	assert_int_equal(t.len, strlen(want));
	assert_memory_equal(t.p, want, t.len);
}

static uint32_t
client(struct fixture *f, const struct make *how, enum tls_carrier carrier)
{
	struct made m;
	struct hello h;

	made_hello(&m, how);
	assert_true(hello_read(cur_of(m.b, m.n), how->dtls, &h));
	return print_client(f->prints, &h, carrier);
}

static void
client_once(void **state)
{
	struct fixture *f = begin(1 << 20);
	struct make how = make_chrome(false);
	uint32_t a = client(f, &how, CARRIER_TCP), b;
	struct print_client p;

	(void)state;
	how.ciphers[0] = 0xeaea; /* another GREASE, another name: the same program */
	how.ext[2].hex = "0006000003616263";
	how.ext[0].type = 0x8a8a;
	b = client(f, &how, CARRIER_TCP);
	assert_int_not_equal(a, 0);
	assert_int_equal(a, b);
	assert_int_equal(print_uses(f->prints).computed, 1);
	assert_int_equal(print_uses(f->prints).reused, 1);
	assert_int_not_equal(client(f, &how, CARRIER_QUIC), a);
	print_client_get(f->prints, a, &p);
	is_text(p.ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	assert_int_equal(p.version, 0x0303);
	assert_true(p.grease);
	is_text(p.alpns, "\x02h2\x08http/1.1");
	is_text(p.versions_offered, "\x03\x04\x03\x03");
	assert_int_equal(p.ja3.len, 32);
	assert_memory_equal(p.ja3_string.p, "771,4865-4866-", 14);
	assert_memory_equal(p.ja4_r.p, "t13d1516h2_002f,", 16);
	end(f);
}

/* The client key has to be the same on every sensor, today and next year: a changed value breaks old records. */
static void
keys_are_fixed(void **state)
{
	struct fixture *f = begin(1 << 20);
	struct make how = make_chrome(false), again = make_chrome(true), empty = {.version = 0x0303};
	struct print_client a, b, c;

	(void)state;
	print_client_get(f->prints, client(f, &how, CARRIER_TCP), &a);
	print_client_get(f->prints, client(f, &again, CARRIER_TCP), &b);
	print_client_get(f->prints, client(f, &empty, CARRIER_TCP), &c);
	assert_int_equal(a.key, b.key);
	assert_int_equal(a.key, UINT64_C(0xbd1453a61ef6c0fe));
	assert_false(c.grease);
	assert_null(c.alpns.p);
	is_text(c.versions_offered, "\x03\x03");
	end(f);
}

static void
none(void **state)
{
	struct fixture *f = begin(1 << 20);
	struct print_client c;
	struct print_server s;
	struct tls_cert cert;

	(void)state;
	print_client_get(f->prints, 0, &c);
	print_server_get(f->prints, 0, &s);
	assert_null(c.ja3.p);
	assert_null(s.ja3s.p);
	assert_null(print_text_get(f->prints, 0).p);
	assert_false(print_cert_get(f->prints, 0, &cert));
	print_drop(f->prints, 0);
	assert_int_equal(print_chain(f->prints, cur_of("\0\0\x05"
						       "ab",
						       5)),
			 0);
	assert_int_equal(print_chain(f->prints, cur_of("", 0)), 0);
	end(f);
}

static void
sslv2(void **state)
{
	struct fixture *f = begin(1 << 20);
	struct made m = {.n = 0};
	struct hello h;
	struct print_client p;

	(void)state;
	made_hex(&m, "030100060000001000000401008000000000000000000000000000000000");
	assert_true(hello_read_sslv2(cur_of(m.b, m.n), &h));
	print_client_get(f->prints, print_client(f->prints, &h, CARRIER_TCP), &p);
	assert_null(p.ja3.p);
	is_text(p.ja4, "t10i000000_000000000000_000000000000");
	m.b[0] = 0;
	m.b[1] = 2;
	assert_true(hello_read_sslv2(cur_of(m.b, m.n), &h));
	print_client_get(f->prints, print_client(f->prints, &h, CARRIER_TCP), &p);
	assert_null(p.ja4.p);
	end(f);
}

static void
server(void **state)
{
	struct fixture *f = begin(1 << 20);
	struct made m = {.n = 0};
	struct hello_server h;
	struct print_server full, resumed;
	uint32_t a;

	(void)state;
	made_hex(&m, "0303c962a48cac6114d391e8632c6cdced9c2075d7ebb83b45a89373e8713a553fe600130200000c002b00020304"
		     "002900020000");
	assert_true(hello_read_server(cur_of(m.b, m.n), &h));
	a = print_server(f->prints, &h);
	assert_int_equal(a, print_server(f->prints, &h));
	print_server_get(f->prints, a, &resumed);
	is_text(resumed.ja3s_string, "771,4866,43-41");
	h.extensions.end -= 6;
	print_server_get(f->prints, print_server(f->prints, &h), &full);
	is_text(full.ja3s_string, "771,4866,43");
	assert_int_equal(full.key, resumed.key);
	h.cipher++;
	print_server_get(f->prints, print_server(f->prints, &h), &full);
	assert_int_not_equal(full.key, resumed.key);
	end(f);
}

static uint32_t
numbered(struct fixture *f, unsigned i, size_t len)
{
	char text[4096];

	memset(text, (int)('a' + i % 26), sizeof(text));
	memcpy(text, &i, sizeof(i));
	return print_text(f->prints, text, len);
}

/* Used entries outlive any flood of others; unused ones give way, oldest first. */
static void
flood(void **state)
{
	struct fixture *f = begin(1 << 18);
	uint32_t kept[64], old;

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		kept[i] = numbered(f, i, 100);
	old = numbered(f, 1000, 20);
	print_drop(f->prints, old);
	assert_int_equal(numbered(f, 1000, 20), old); /* still there, though nobody used it */
	print_drop(f->prints, old);
	for (unsigned i = 0; i < 200000; i++) {
		uint32_t h = numbered(f, 10000 + i, 20 + i % 5 * 700);

		assert_int_not_equal(h, 0);
		print_drop(f->prints, h);
	}
	for (unsigned i = 0; i < 64; i++) {
		struct text t = print_text_get(f->prints, kept[i]);

		assert_int_equal(t.len, 100);
		assert_memory_equal(t.p, &i, sizeof(i));
		assert_int_equal(numbered(f, i, 100), kept[i]);
	}
	end(f);
}

/* Everything in use: no more room, said and not fatal; after one drop there is again. */
static void
full_bad(void **state)
{
	struct fixture *f = begin(1 << 18);
	static uint32_t h[100000];
	unsigned n = 0;

	(void)state;
	while (n < 100000 && (h[n] = numbered(f, n, 60)) != 0)
		n++;
	assert_true(n > 1000 && n < 100000);
	assert_int_equal(numbered(f, n, 60), 0);
	assert_int_equal(numbered(f, n, 3000), 0);
	print_drop(f->prints, h[7]);
	assert_int_not_equal(numbered(f, n, 60), 0);
	assert_int_equal(numbered(f, n + 1, 60), 0);
	/* All of them unused: the pages take another size. */
	for (unsigned i = 0; i < n; i++)
		if (i != 7)
			print_drop(f->prints, h[i]);
	for (unsigned i = 0; i < 20; i++)
		assert_int_not_equal(numbered(f, i, 4000), 0);
	assert_int_equal(print_text(f->prints, f->memory, INTERN_MAX + 1), 0);
	end(f);
}

/* Random use of a small share; what a handle says must be what was put there.  Numbers of a fixed seed. */
static void
churn(void **state)
{
	enum { HELD = 300 };
	struct fixture *f = begin(1 << 17);
	uint32_t handle[HELD] = {0}, x = 12345;
	unsigned id[HELD] = {0};

	(void)state;
	for (unsigned i = 0; i < 300000; i++) {
		unsigned at;

		x = x * 1664525 + 1013904223;
		at = (x >> 8) % HELD;
		if (handle[at]) {
			assert_memory_equal(print_text_get(f->prints, handle[at]).p, &id[at], sizeof(unsigned));
			print_drop(f->prints, handle[at]);
		}
		id[at] = (x >> 16) % 2000;
		handle[at] = numbered(f, id[at], 4 + id[at] % 13 * (id[at] % 17));
	}
	end(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(client_once), cmocka_unit_test(keys_are_fixed), cmocka_unit_test(none),
		cmocka_unit_test(sslv2),       cmocka_unit_test(server),         cmocka_unit_test(flood),
		cmocka_unit_test(full_bad),    cmocka_unit_test(churn),
	};

	return crypt_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
