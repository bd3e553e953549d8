/*
 * x509_text: names and key types of a certificate as text: object identifiers to words, ASN.1 strings to UTF-8.
 * Must not fail: what has no word is written as the dotted number, what is no text as hex digits.
 */
#include "tls/der.h"
#include "tls/x509.h"

struct word {
	const char *oid; /* content octets */
	uint8_t len;
	const char *word;
};

#define OID(bytes, word)                                                                                               \
	{                                                                                                              \
		"" bytes, sizeof(bytes) - 1, word                                                                      \
	}

static const struct word ATTRIBUTES[] = {
	OID("\x55\x04\x03", "CN"),
	OID("\x55\x04\x04", "SN"),
	OID("\x55\x04\x05", "serialNumber"),
	OID("\x55\x04\x06", "C"),
	OID("\x55\x04\x07", "L"),
	OID("\x55\x04\x08", "ST"),
	OID("\x55\x04\x09", "street"),
	OID("\x55\x04\x0a", "O"),
	OID("\x55\x04\x0b", "OU"),
	OID("\x55\x04\x0c", "title"),
	OID("\x55\x04\x0d", "description"),
	OID("\x55\x04\x0f", "businessCategory"),
	OID("\x55\x04\x11", "postalCode"),
	OID("\x55\x04\x29", "name"),
	OID("\x55\x04\x2a", "GN"),
	OID("\x55\x04\x2b", "initials"),
	OID("\x55\x04\x2e", "dnQualifier"),
	OID("\x55\x04\x61", "organizationIdentifier"),
	OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", "emailAddress"),
	OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02", "unstructuredName"),
	OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", "UID"),
	OID("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", "DC"),
	OID("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x01", "jurisdictionL"),
	OID("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x02", "jurisdictionST"),
	OID("\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03", "jurisdictionC"),
};

static const struct word CURVES[] = {
	OID("\x2a\x86\x48\xce\x3d\x03\x01\x07", "P-256"),
	OID("\x2b\x81\x04\x00\x22", "P-384"),
	OID("\x2b\x81\x04\x00\x23", "P-521"),
	OID("\x2b\x81\x04\x00\x21", "P-224"),
	OID("\x2a\x86\x48\xce\x3d\x03\x01\x01", "P-192"),
	OID("\x2b\x81\x04\x00\x0a", "secp256k1"),
	OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x07", "brainpoolP256r1"),
	OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0b", "brainpoolP384r1"),
	OID("\x2b\x24\x03\x03\x02\x08\x01\x01\x0d", "brainpoolP512r1"),
	OID("\x2a\x81\x1c\xcf\x55\x01\x82\x2d", "sm2"),
};

static const struct word KEYS[] = {
	OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", "rsa"),
	OID("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", "rsa-pss"),
	OID("\x2a\x86\x48\xce\x3d\x02\x01", "ec"),
	OID("\x2a\x86\x48\xce\x38\x04\x01", "dsa"),
	OID("\x2b\x65\x70", "ed25519"),
	OID("\x2b\x65\x71", "ed448"),
	OID("\x60\x86\x48\x01\x65\x03\x04\x03\x11", "ml-dsa-44"),
	OID("\x60\x86\x48\x01\x65\x03\x04\x03\x12", "ml-dsa-65"),
	OID("\x60\x86\x48\x01\x65\x03\x04\x03\x13", "ml-dsa-87"),
};

#undef OID
#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

static const char *
word_of(const struct word *table, size_t n, struct cur oid)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].len == cur_left(&oid) && cur_starts(&oid, table[i].oid, table[i].len))
			return table[i].word;
	return NULL;
}

/* X.690 8.19: base 128, the first number holds two. */
static void
put_dotted(struct out *o, struct cur oid)
{
	uint64_t v = 0;
	bool first = true;

	while (cur_left(&oid)) {
		uint8_t b = cur_u8(&oid);

		v = v << 7 | (b & 0x7f);
		if (b & 0x80)
			continue;
		if (first) {
			uint64_t root = v < 80 ? v / 40 : 2;

			out_u64(o, root);
			v -= root * 40;
		}
		first = false;
		out_char(o, '.');
		out_u64(o, v);
		v = 0;
	}
}

static void
put_word(struct out *o, const char *word, struct cur oid)
{
	if (word)
		out_text(o, word);
	else
		put_dotted(o, oid);
}

static void
put_utf8(struct out *o, uint32_t c)
{
	if (c < 0x80) {
		out_char(o, (char)c);
		return;
	}
	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		c = 0xfffd;
	if (c < 0x800) {
		out_char(o, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		out_char(o, (char)(0xe0 | c >> 12));
		out_char(o, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		out_char(o, (char)(0xf0 | c >> 18));
		out_char(o, (char)(0x80 | (c >> 12 & 0x3f)));
		out_char(o, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	out_char(o, (char)(0x80 | (c & 0x3f)));
}

/* BMPString is meant to be UCS-2, but issuers put surrogate pairs into it. */
static void
put_bmp(struct out *o, struct cur text)
{
	while (cur_left(&text) >= 2) {
		uint32_t c = cur_u16(&text);

		if (c >> 10 == 0x36 && cur_left(&text) >= 2 && cur_peek(&text, 0) >> 2 == 0x37)
			c = 0x10000 + ((c & 0x3ff) << 10 | (cur_u16(&text) & 0x3ff));
		put_utf8(o, c);
	}
}

static void
put_latin1(struct out *o, struct cur text)
{
	while (cur_left(&text))
		put_utf8(o, cur_u8(&text));
}

static void
put_ucs4(struct out *o, struct cur text)
{
	while (cur_left(&text) >= 4)
		put_utf8(o, cur_u32(&text));
}

/* T61String holds Latin-1 in practice (Gutmann, "X.509 Style Guide"). */
static void
put_string(struct out *o, uint8_t tag, struct cur text)
{
	enum { UTF8 = 12, NUMERIC = 18, PRINTABLE = 19, T61 = 20, IA5 = 22, VISIBLE = 26, UNIVERSAL = 28, BMP = 30 };

	switch (tag) {
	case UTF8:
	case NUMERIC:
	case PRINTABLE:
	case IA5:
	case VISIBLE:
		out_bytes(o, text.p, cur_left(&text));
		break;
	case T61:
		put_latin1(o, text);
		break;
	case BMP:
		put_bmp(o, text);
		break;
	case UNIVERSAL:
		put_ucs4(o, text);
		break;
	default:
		out_char(o, '#');
		out_hex(o, text.p, cur_left(&text));
	}
}

static void
put_attribute(struct out *o, struct cur attribute)
{
	struct cur oid = der_take(&attribute, DER_OID), value;
	uint8_t tag;

	value = der_any(&attribute, &tag);
	if (value.bad)
		return;
	put_word(o, word_of(ATTRIBUTES, COUNT_OF(ATTRIBUTES), oid), oid);
	out_char(o, '=');
	put_string(o, tag, value);
}

void
x509_put_name(struct out *o, struct cur name)
{
	for (bool first = true; cur_left(&name); first = false) {
		struct cur set = der_take(&name, DER_SET);

		for (bool alone = true; cur_left(&set); alone = false) {
			if (!alone)
				OUT_LIT(o, " + ");
			else if (!first)
				OUT_LIT(o, ", ");
			put_attribute(o, der_take(&set, DER_SEQUENCE));
		}
	}
}

/* Size of an INTEGER in bits. */
static uint64_t
bits_of(struct cur integer)
{
	uint8_t top = 0;
	unsigned bits = 0;

	while (cur_left(&integer) && (top = cur_u8(&integer)) == 0)
		;
	for (; top; top >>= 1)
		bits++;
	return bits ? bits + 8 * (uint64_t)cur_left(&integer) : 0;
}

static void
put_bits(struct out *o, struct cur sequence)
{
	struct cur numbers = der_take(&sequence, DER_SEQUENCE), first = der_take(&numbers, DER_INTEGER);

	if (first.bad)
		return;
	out_char(o, ' ');
	out_u64(o, bits_of(first));
}

static void
put_curve(struct out *o, struct cur parameters)
{
	struct cur oid = der_maybe(&parameters, DER_OID);

	out_char(o, ' ');
	if (oid.p)
		put_word(o, word_of(CURVES, COUNT_OF(CURVES), oid), oid);
	else
		OUT_LIT(o, "explicit");
}

/* RSA's size is in the key, DSA's and the curve in the parameters (RFC 3279 2.3). */
void
x509_put_key(struct out *o, struct cur key)
{
	struct cur algorithm = der_take(&key, DER_SEQUENCE), oid = der_take(&algorithm, DER_OID);
	struct cur bits = der_take(&key, DER_BITS);
	const char *word = word_of(KEYS, COUNT_OF(KEYS), oid);

	put_word(o, word, oid);
	if (!word)
		return;
	cur_skip(&bits, 1);
	if (memcmp(word, "rsa", 3) == 0)
		put_bits(o, bits);
	else if (strcmp(word, "dsa") == 0)
		put_bits(o, algorithm);
	else if (strcmp(word, "ec") == 0)
		put_curve(o, algorithm);
}
