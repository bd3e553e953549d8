/*
 * Fuzz target: the list of a Certificate message, to texts and digests.
 * Checks that the names in the SAN text add up, and that equal lists give the same handle.
 */
#include <stdlib.h>

#include "base/crypt.h"
#include "tls/print.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SHARE = 1 << 18 };

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
names_add_up(struct text san)
{
	struct cur c = cur_of(san.p, san.len);

	while (cur_left(&c))
		cur_sub(&c, cur_u8(&c));
	if (!cur_done(&c))
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prints *p = prints();
	struct cur list = cur_of(data, size);
	uint32_t a = print_chain(p, list), b = print_chain(p, list);
	struct tls_cert cert;

	if (a != b)
		__builtin_trap();
	if (print_cert_get(p, a, &cert) && cert.san.p)
		names_add_up(cert.san);
	print_drop(p, a);
	print_drop(p, b);
	return 0;
}
