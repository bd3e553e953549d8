/*
 * addr: reading and printing internet addresses.
 * Must not resolve names: a name is not an address, and a sensor that asks DNS gives itself away.
 */
#include "base/addr.h"

/* The first `bits` of eight bytes in the order of the wire. */
static uint64_t
head_mask(unsigned bits)
{
	uint64_t mask = bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : UINT64_MAX << (64 - bits);

#if __BYTE_ORDER__ != __ORDER_BIG_ENDIAN__
	mask = __builtin_bswap64(mask);
#endif
	return mask;
}

struct addr
addr_prefix(const struct addr *a, unsigned bits)
{
	uint64_t half[2];
	struct addr p;

	memcpy(half, a->b, sizeof(half));
	half[0] &= head_mask(bits);
	half[1] &= head_mask(bits < 64 ? 0 : bits - 64);
	memcpy(p.b, half, sizeof(half));
	return p;
}

bool
addr_in(const struct addr *a, const struct addr_net *net)
{
	struct addr p = addr_prefix(a, net->bits);

	return addr_same(&p, &net->addr);
}

#define TEN(d) d "0.", d "1.", d "2.", d "3.", d "4.", d "5.", d "6.", d "7.", d "8.", d "9."
#define HUNDRED(d)                                                                                                     \
	TEN(d "0"), TEN(d "1"), TEN(d "2"), TEN(d "3"), TEN(d "4"), TEN(d "5"), TEN(d "6"), TEN(d "7"), TEN(d "8"),    \
		TEN(d "9")

/* A number and its dot: digits of random addresses would be branches that no processor can foretell. */
static const char OCTET[256][4] = {
	TEN(""),  TEN("1"), TEN("2"),     TEN("3"),  TEN("4"),  TEN("5"),  TEN("6"),  TEN("7"),
	TEN("8"), TEN("9"), HUNDRED("1"), TEN("20"), TEN("21"), TEN("22"), TEN("23"), TEN("24"),
	"250.",   "251.",   "252.",       "253.",    "254.",    "255.",
};

static char *
print_v4(char *p, const uint8_t *b)
{
	for (unsigned i = 0; i < 4; i++) {
		memcpy(p, OCTET[b[i]], 4);
		p += 2 + (b[i] >= 10) + (b[i] >= 100);
	}
	return p - 1;
}

static uint16_t
group(const struct addr *a, unsigned i)
{
	return (uint16_t)(a->b[2 * i] << 8 | a->b[2 * i + 1]);
}

static char *
print_group(char *p, uint16_t v)
{
	bool any = false;

	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned d = v >> shift & 15;

		if (d || any || shift == 0)
			*p++ = "0123456789abcdef"[d];
		any |= d != 0;
	}
	return p;
}

/* The longest run of two or more zero groups (RFC 5952 4.2): its start, and its length or 0. */
static unsigned
zero_run(const struct addr *a, unsigned *len)
{
	unsigned best = 0;

	*len = 0;
	for (unsigned i = 0; i < 8; i++) {
		unsigned n = 0;

		while (i + n < 8 && group(a, i + n) == 0)
			n++;
		if (n > 1 && n > *len) {
			best = i;
			*len = n;
		}
	}
	return best;
}

size_t
addr_print(const struct addr *a, char out[ADDR_TEXT_MAX])
{
	unsigned run_len, run;
	char *p = out;

	if (addr_is_v4(a)) {
		p = print_v4(p, a->b + 12);
		*p = '\0';
		return (size_t)(p - out);
	}
	run = zero_run(a, &run_len);
	for (unsigned i = 0; i < 8; i++) {
		if (run_len && i == run) {
			*p++ = ':';
			*p++ = ':';
			i += run_len - 1;
			continue;
		}
		if (i && p[-1] != ':')
			*p++ = ':';
		p = print_group(p, group(a, i));
	}
	*p = '\0';
	return (size_t)(p - out);
}

/* Reads a decimal 0..max at *text and moves past it. */
static bool
parse_number(const char **text, unsigned max, unsigned *out)
{
	const char *p = *text;
	unsigned v = 0;

	while (*p >= '0' && *p <= '9' && v <= max)
		v = v * 10 + (unsigned)(*p++ - '0');
	if (p == *text || v > max || (p - *text > 1 && **text == '0'))
		return false;
	*text = p;
	*out = v;
	return true;
}

static bool
parse_v4(const char **text, uint8_t b[4])
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned v;

		if ((i && *(*text)++ != '.') || !parse_number(text, 255, &v))
			return false;
		b[i] = (uint8_t)v;
	}
	return true;
}

static bool
parse_group(const char **text, uint16_t *out)
{
	unsigned v = 0, n = 0;

	for (; n < 5; n++) {
		char c = **text;
		unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') :
			     c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) :
			     c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10) :
						    16;

		if (d > 15)
			break;
		v = v << 4 | d;
		++*text;
	}
	*out = (uint16_t)v;
	return n >= 1 && n <= 4;
}

/* Reads up to `*n` groups into b; a trailing IPv4 part counts as two (RFC 4291 2.2). */
static bool
parse_groups(const char **text, uint8_t *b, unsigned *n)
{
	unsigned max = *n;

	for (*n = 0; *n < max;) {
		const char *back = *text;
		uint16_t g;

		if (!parse_group(text, &g))
			return false;
		if (**text == '.' && *n + 2 <= max) {
			*text = back;
			*n += 2;
			return parse_v4(text, b + 2 * (*n - 2));
		}
		b[2 * *n] = (uint8_t)(g >> 8);
		b[2 * *n + 1] = (uint8_t)g;
		++*n;
		if (**text != ':' || (*text)[1] == ':')
			return true;
		++*text;
	}
	return true;
}

static bool
parse_v6(const char **text, struct addr *a)
{
	unsigned head = 8, tail;
	uint8_t rest[16];

	memset(a, 0, sizeof(*a));
	if ((*text)[0] == ':' && (*text)[1] == ':')
		head = 0;
	else if (!parse_groups(text, a->b, &head))
		return false;
	if (head == 8)
		return true;
	if ((*text)[0] != ':' || (*text)[1] != ':')
		return false;
	*text += 2;
	if (**text == '\0' || **text == '/')
		return true;
	tail = 7 - head;
	if (!parse_groups(text, rest, &tail))
		return false;
	memcpy(a->b + 16 - 2 * tail, rest, 2 * tail);
	return true;
}

static bool
parse_either(const char **text, struct addr *a)
{
	uint8_t four[4];

	if (strchr(*text, ':'))
		return parse_v6(text, a);
	if (!parse_v4(text, four))
		return false;
	*a = addr_v4(four);
	return true;
}

bool
addr_parse(struct addr *a, const char *text)
{
	return parse_either(&text, a) && *text == '\0';
}

bool
addr_net_parse(struct addr_net *n, const char *text)
{
	bool v4 = strchr(text, ':') == NULL;
	unsigned bits, max = v4 ? 32 : 128;

	if (!parse_either(&text, &n->addr))
		return false;
	bits = max;
	if (*text == '/') {
		text++;
		if (!parse_number(&text, max, &bits))
			return false;
	}
	n->bits = (uint8_t)(v4 ? bits + 96 : bits);
	n->addr = addr_prefix(&n->addr, n->bits);
	return *text == '\0';
}
