/*
 * addr: an internet address of either version in 16 bytes (IPv4 as ::ffff:a.b.c.d, RFC 4291 2.5.5.2),
 * and a network.  One form everywhere, so that a table key, a comparison and a printed name agree.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ADDR_TEXT_MAX 46 /* longest text form with its NUL */

struct addr {
	uint8_t b[16];
};

/* A network: the first `bits` of 128 count (an IPv4 /24 is 120). */
struct addr_net {
	struct addr addr;
	uint8_t bits;
};

static inline struct addr
addr_v4(const uint8_t four[4])
{
	struct addr a = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};

	memcpy(a.b + 12, four, 4);
	return a;
}

static inline bool
addr_is_v4(const struct addr *a)
{
	static const uint8_t mapped[8] = {0, 0, 0, 0, 0, 0, 0xff, 0xff};
	uint64_t head, middle, v4;

	memcpy(&head, a->b, 8);
	memcpy(&middle, a->b + 4, 8);
	memcpy(&v4, mapped, 8);
	return head == 0 && middle == v4;
}

/* 0: the same. */
static inline uint64_t
addr_differs(const struct addr *a, const struct addr *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a->b, 16);
	memcpy(y, b->b, 16);
	return (x[0] ^ y[0]) | (x[1] ^ y[1]);
}

static inline bool
addr_same(const struct addr *a, const struct addr *b)
{
	return addr_differs(a, b) == 0;
}

/* Below 0, 0, above 0: as their bytes compare. */
static inline int
addr_order(const struct addr *a, const struct addr *b)
{
	uint64_t x[2], y[2];
	unsigned i;

	memcpy(x, a->b, sizeof(x));
	memcpy(y, b->b, sizeof(y));
	i = x[0] == y[0];
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	x[i] = __builtin_bswap64(x[i]);
	y[i] = __builtin_bswap64(y[i]);
#endif
	return (x[i] > y[i]) - (x[i] < y[i]);
}

/* The address with all but its first `bits` (of 128) cleared: a /24 or /48 prefix as a key. */
struct addr addr_prefix(const struct addr *a, unsigned bits);

bool addr_in(const struct addr *a, const struct addr_net *net);

/* Writes the text form (RFC 5952 for IPv6) with its NUL; returns its length. */
size_t addr_print(const struct addr *a, char out[ADDR_TEXT_MAX]);

/* Reads "192.0.2.1", "2001:db8::1", and with a net also "192.0.2.0/24".  False: not an address. */
bool addr_parse(struct addr *a, const char *text);
bool addr_net_parse(struct addr_net *n, const char *text);

#endif
