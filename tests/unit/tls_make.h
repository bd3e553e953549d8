/*
 * tls_make: hellos for tests, put together from a recipe; extension bodies are hex text.
 */
#ifndef TESTS_TLS_MAKE_H
#define TESTS_TLS_MAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MAKE_MAX = 16384, MAKE_LIST = 64 };

struct make_ext {
	uint16_t type;
	const char *hex;
};

struct make {
	uint16_t version;
	bool dtls;
	uint16_t ciphers[MAKE_LIST];
	struct make_ext ext[MAKE_LIST];
	size_t ciphers_n, ext_n;
};

struct made {
	uint8_t b[MAKE_MAX];
	size_t n;
};

static inline void
made_u8(struct made *m, unsigned v)
{
	m->b[m->n++] = (uint8_t)v;
}

static inline void
made_u16(struct made *m, unsigned v)
{
	made_u8(m, v >> 8);
	made_u8(m, v & 0xff);
}

static inline unsigned
made_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static inline void
made_hex(struct made *m, const char *hex)
{
	for (; hex[0] && hex[1]; hex += 2)
		made_u8(m, made_digit(hex[0]) << 4 | made_digit(hex[1]));
}

/* Writes at `at` how many bytes have followed the two there. */
static inline void
made_length(struct made *m, size_t at)
{
	size_t n = m->n - at - 2;

	m->b[at] = (uint8_t)(n >> 8);
	m->b[at + 1] = (uint8_t)n;
}

static inline void
made_extensions(struct made *m, const struct make_ext *ext, size_t n)
{
	size_t block = m->n;

	made_u16(m, 0);
	for (size_t i = 0; i < n; i++) {
		size_t at;

		made_u16(m, ext[i].type);
		at = m->n;
		made_u16(m, 0);
		made_hex(m, ext[i].hex);
		made_length(m, at);
	}
	made_length(m, block);
}

/* A ClientHello's body: random of 0x52, session id of four bytes, in DTLS an empty cookie. */
static inline void
made_hello(struct made *m, const struct make *how)
{
	m->n = 0;
	made_u16(m, how->version);
	memset(m->b + m->n, 0x52, 32);
	m->n += 32;
	made_hex(m, "0400010203");
	if (how->dtls)
		made_u8(m, 0);
	made_u16(m, (unsigned)how->ciphers_n * 2);
	for (size_t i = 0; i < how->ciphers_n; i++)
		made_u16(m, how->ciphers[i]);
	made_hex(m, "0100");
	if (how->ext_n)
		made_extensions(m, how->ext, how->ext_n);
}

/* Chrome 114 as FoxIO's description of JA4 has it, with GREASE, and as it resumes: with PSK and early data. */
static inline struct make
make_chrome(bool resumes)
{
	struct make how = {
		.version = 0x0303,
		.ciphers = {0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
			    0xc014, 0x009c, 0x009d, 0x002f, 0x0035},
		.ciphers_n = 16,
		.ext = {{0x4a4a, ""},
			{0x001b, "020002"},
			{0x0000, "001200000f6578616d706c652e696e76616c6964"},
			{0x0033,
			 "00291a1a000100001d0020000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"},
			{0x0010, "000c02683208687474702f312e31"},
			{0x4469, "0003026832"},
			{0x0017, ""},
			{0x002d, "0101"},
			{0x000d, "001004030804040105030805050108060601"},
			{0x0005, "0100000000"},
			{0x0023, ""},
			{0x0012, ""},
			{0x002b, "062a2a03040303"},
			{0xff01, "00"},
			{0x000b, "0100"},
			{0x000a, "00083a3a001d00170018"},
			{0x6a6a, "00"},
			{0x0015, "0000000000"}},
		.ext_n = 18};

	if (resumes) {
		how.ext[how.ext_n - 1] = (struct make_ext){0x002a, ""};
		how.ext[how.ext_n++] = (struct make_ext){0x0029, "000a0004deadbeef0000000100020100"};
	}
	return how;
}

#endif
