/*
 * names: numbers of the protocol as the words that IANA and other tools use for them.
 * Must not be asked for a decision: a name is for people, comparisons use the number.
 */
#include "base/out.h"
#include "tls/tls.h"

struct name {
	uint16_t code;
	const char *name;
};

static const struct name CIPHERS[] = {
#define CIPHER(code, name) {code, name},
#include "tls/cipher.def"
#undef CIPHER
};

/* IANA "TLS Supported Groups", and what browsers tried before ML-KEM had a number. */
static const struct name GROUPS[] = {
	{0x0001, "sect163k1"},
	{0x0002, "sect163r1"},
	{0x0003, "sect163r2"},
	{0x0004, "sect193r1"},
	{0x0005, "sect193r2"},
	{0x0006, "sect233k1"},
	{0x0007, "sect233r1"},
	{0x0008, "sect239k1"},
	{0x0009, "sect283k1"},
	{0x000a, "sect283r1"},
	{0x000b, "sect409k1"},
	{0x000c, "sect409r1"},
	{0x000d, "sect571k1"},
	{0x000e, "sect571r1"},
	{0x000f, "secp160k1"},
	{0x0010, "secp160r1"},
	{0x0011, "secp160r2"},
	{0x0012, "secp192k1"},
	{0x0013, "secp192r1"},
	{0x0014, "secp224k1"},
	{0x0015, "secp224r1"},
	{0x0016, "secp256k1"},
	{0x0017, "secp256r1"},
	{0x0018, "secp384r1"},
	{0x0019, "secp521r1"},
	{0x001a, "brainpoolP256r1"},
	{0x001b, "brainpoolP384r1"},
	{0x001c, "brainpoolP512r1"},
	{0x001d, "x25519"},
	{0x001e, "x448"},
	{0x001f, "brainpoolP256r1tls13"},
	{0x0020, "brainpoolP384r1tls13"},
	{0x0021, "brainpoolP512r1tls13"},
	{0x0022, "GC256A"},
	{0x0023, "GC256B"},
	{0x0024, "GC256C"},
	{0x0025, "GC256D"},
	{0x0026, "GC512A"},
	{0x0027, "GC512B"},
	{0x0028, "GC512C"},
	{0x0029, "curveSM2"},
	{0x0100, "ffdhe2048"},
	{0x0101, "ffdhe3072"},
	{0x0102, "ffdhe4096"},
	{0x0103, "ffdhe6144"},
	{0x0104, "ffdhe8192"},
	{0x0200, "MLKEM512"},
	{0x0201, "MLKEM768"},
	{0x0202, "MLKEM1024"},
	{0x11eb, "SecP256r1MLKEM768"},
	{0x11ec, "X25519MLKEM768"},
	{0x11ed, "SecP384r1MLKEM1024"},
	{0x11ee, "curveSM2MLKEM768"},
	{0x4138, "CECPQ2"},
	{0x6399, "X25519Kyber768Draft00"},
	{0x639a, "SecP256r1Kyber768Draft00"},
	{0xfe30, "X25519Kyber512Draft00"},
	{0xfe31, "X25519Kyber768Draft00Old"},
	{0xff01, "arbitrary_explicit_prime_curves"},
	{0xff02, "arbitrary_explicit_char2_curves"},
};

/* The usual ones first. */
static const struct {
	uint16_t code;
	struct text name;
} VERSIONS[] = {
	{0x0303, TEXT_INIT("TLS 1.2")},  {0x0304, TEXT_INIT("TLS 1.3")},
	{0xfefd, TEXT_INIT("DTLS 1.2")}, {0x0301, TEXT_INIT("TLS 1.0")},
	{0x0302, TEXT_INIT("TLS 1.1")},  {0xfefc, TEXT_INIT("DTLS 1.3")},
	{0xfeff, TEXT_INIT("DTLS 1.0")}, {0x0002, TEXT_INIT("SSLv2")},
	{0x0101, TEXT_INIT("TLCP 1.1")}, {0x0100, TEXT_INIT("DTLS 1.0 (OpenSSL pre 0.9.8f)")},
	{0x0300, TEXT_INIT("SSLv3")},
};

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

static const char *
name_of(const struct name *table, size_t n, uint16_t code)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t at = low + (high - low) / 2;

		if (table[at].code == code)
			return table[at].name;
		if (table[at].code < code)
			low = at + 1;
		else
			high = at;
	}
	return NULL;
}

const char *
tls_cipher_name(uint16_t suite)
{
	return name_of(CIPHERS, COUNT_OF(CIPHERS), suite);
}

const char *
tls_group_name(uint16_t group)
{
	return name_of(GROUPS, COUNT_OF(GROUPS), group);
}

static void
put_hex(struct out *o, uint16_t v)
{
	const uint8_t two[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	OUT_LIT(o, "0x");
	out_hex(o, two, sizeof(two));
}

/* 0x7fNN: draft NN of TLS 1.3; 0xfbNN: Facebook's Fizz with that draft. */
struct text
tls_version_name(uint16_t version, char buf[24])
{
	struct out o = out_of(buf, 24);

	for (size_t i = 0; i < COUNT_OF(VERSIONS); i++)
		if (VERSIONS[i].code == version)
			return VERSIONS[i].name;
	switch (version >> 8) {
	case 0x7f:
		OUT_LIT(&o, "TLS 1.3 draft-");
		out_u64(&o, version & 0xff);
		break;
	case 0xfb:
		OUT_LIT(&o, "TLS 1.3 (Fizz draft-");
		out_u64(&o, version & 0xff);
		out_char(&o, ')');
		break;
	default:
		put_hex(&o, version);
	}
	return (struct text){buf, (uint32_t)out_len(&o)};
}

/* Equal but for blanks and the case of letters: TLS1.2 is "TLS 1.2". */
static bool
same_name(const char *a, const char *b, size_t n)
{
	const char *end = b + n;

	for (;;) {
		a += *a == ' ';
		b += b < end && *b == ' ';
		if (b == end)
			return *a == '\0';
		if (*a == '\0' || (*a | 0x20) != (*b | 0x20))
			return false;
		a++;
		b++;
	}
}

static bool
code_of(const struct name *table, size_t rows, struct text name, uint16_t *code)
{
	for (size_t i = 0; i < rows; i++)
		if (same_name(table[i].name, name.p, name.len)) {
			*code = table[i].code;
			return true;
		}
	return false;
}

bool
tls_cipher_code(struct text name, uint16_t *suite)
{
	return code_of(CIPHERS, COUNT_OF(CIPHERS), name, suite);
}

bool
tls_group_code(struct text name, uint16_t *group)
{
	return code_of(GROUPS, COUNT_OF(GROUPS), name, group);
}

/* The drafts have names that count. */
static bool
draft_code(struct text name, uint16_t *version)
{
	static const uint16_t FAMILIES[] = {0x7f00, 0xfb00};
	char buf[24];

	for (unsigned i = 0; i < 2 * 256; i++) {
		uint16_t code = (uint16_t)(FAMILIES[i / 256] | (i & 255));
		struct text t = tls_version_name(code, buf);

		if (t.len == name.len && memcmp(t.p, name.p, t.len) == 0) {
			*version = code;
			return true;
		}
	}
	return false;
}

bool
tls_version_code(struct text name, uint16_t *version)
{
	for (size_t i = 0; i < COUNT_OF(VERSIONS); i++)
		if (same_name(VERSIONS[i].name.p, name.p, name.len)) {
			*version = VERSIONS[i].code;
			return true;
		}
	return draft_code(name, version);
}
