/*
 * x509: reading a certificate (RFC 5280 4.1) and writing its texts the way Suricata does.
 * Must not verify anything: a certificate on the wire is a statement, and its digest is what is compared.
 */
#include "tls/x509.h"

#include "base/addr.h"
#include "tls/der.h"

/* Two digits, 100 and more when they are none. */
static unsigned
two_digits(struct cur *c)
{
	unsigned a = (unsigned)cur_u8(c) - '0', b = (unsigned)cur_u8(c) - '0';

	return a < 10 && b < 10 ? a * 10 + b : 100;
}

/* Days since 1970 of a Gregorian date (Hinnant, "chrono-compatible low-level date algorithms"). */
static int64_t
days_of(unsigned year, unsigned month, unsigned day)
{
	int64_t y = (int64_t)year - (month <= 2), era = y / 400, of_era = y - era * 400;
	int64_t shifted = (month + 9) % 12, of_year = (153 * shifted + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Seconds east of UTC: RFC 5280 wants Z, older certificates have +hhmm. */
static bool
read_zone(struct cur *c, int64_t *east)
{
	uint8_t sign = cur_u8(c);
	unsigned hours, minutes;

	*east = 0;
	if (sign == 'Z')
		return true;
	hours = two_digits(c);
	minutes = two_digits(c);
	*east = ((int64_t)hours * 60 + minutes) * (sign == '-' ? -60 : 60);
	return (sign == '+' || sign == '-') && hours < 24 && minutes < 60;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* A time beyond what 64 bits of nanoseconds hold (the year 2262; RFC 5280 knows 9999 as "never") stands at the end. */
static bool
read_time(struct cur c, unsigned year, struct when *t)
{
	unsigned month = two_digits(&c), day = two_digits(&c), hour = two_digits(&c), minute = two_digits(&c);
	unsigned second = is_digit(cur_peek(&c, 0)) ? two_digits(&c) : 0;
	int64_t east, s;

	if (cur_peek(&c, 0) == '.')
		for (cur_skip(&c, 1); is_digit(cur_peek(&c, 0));)
			cur_skip(&c, 1);
	if (!read_zone(&c, &east) || !cur_done(&c) || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 ||
	    minute > 59 || second > 60)
		return false;
	s = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - east;
	if (__builtin_mul_overflow(s, NS_PER_S, &t->ns))
		t->ns = s < 0 ? INT64_MIN : INT64_MAX;
	return true;
}

/* RFC 5280 4.1.2.5: two-digit years are 1950 to 2049. */
static bool
take_time(struct cur *c, struct when *t)
{
	uint8_t tag;
	struct cur text = der_any(c, &tag);
	unsigned century = tag == DER_GENERALIZED_TIME ? two_digits(&text) : 0, year = two_digits(&text);

	if (tag == DER_UTC_TIME)
		century = year < 50 ? 20 : 19;
	return (tag == DER_UTC_TIME || tag == DER_GENERALIZED_TIME) && century < 100 && year < 100 &&
	       read_time(text, century * 100 + year, t);
}

/* What is wrong in an extension takes the extension, not the certificate. */
static struct cur
find_san(struct cur extensions)
{
	static const uint8_t subject_alt_name[] = {0x55, 0x1d, 0x11};
	struct cur list = der_take(&extensions, DER_SEQUENCE);

	while (cur_left(&list)) {
		struct cur one = der_take(&list, DER_SEQUENCE), oid = der_take(&one, DER_OID), octets, names;

		der_maybe(&one, DER_BOOLEAN);
		octets = der_take(&one, DER_OCTETS);
		if (cur_left(&oid) != sizeof(subject_alt_name) || !cur_starts(&oid, subject_alt_name, cur_left(&oid)))
			continue;
		names = der_take(&octets, DER_SEQUENCE);
		if (names.bad)
			names = (struct cur){0};
		return names;
	}
	return (struct cur){0};
}

bool
x509_read(struct cur der, struct x509 *x)
{
	struct cur certificate = der_take(&der, DER_SEQUENCE), tbs = der_take(&certificate, DER_SEQUENCE), validity,
		   extensions;
	bool timed;

	*x = (struct x509){0};
	der_maybe(&tbs, DER_CONTEXT | 0); /* version */
	x->serial = der_take(&tbs, DER_INTEGER);
	der_take(&tbs, DER_SEQUENCE); /* signature algorithm */
	x->issuer = der_take(&tbs, DER_SEQUENCE);
	validity = der_take(&tbs, DER_SEQUENCE);
	timed = take_time(&validity, &x->not_before) && take_time(&validity, &x->not_after);
	x->subject = der_take(&tbs, DER_SEQUENCE);
	x->key = der_take(&tbs, DER_SEQUENCE);
	if (tbs.bad || !timed)
		return false;
	der_maybe(&tbs, 0x81); /* the two unique ids of version 2 */
	der_maybe(&tbs, 0x82);
	extensions = der_maybe(&tbs, DER_CONTEXT | 3);
	if (extensions.p && !extensions.bad)
		x->san = find_san(extensions);
	return true;
}

void
x509_put_serial(struct out *o, struct cur serial)
{
	static const char hex[] = "0123456789ABCDEF";

	for (bool first = true; cur_left(&serial); first = false) {
		uint8_t b = cur_u8(&serial);

		if (!first)
			out_char(o, ':');
		out_char(o, hex[b >> 4]);
		out_char(o, hex[b & 15]);
	}
}

static void
put_short(struct out *o, const void *text, size_t n)
{
	if (n == 0 || n > UINT8_MAX || (size_t)(o->end - o->p) < n + 1)
		return;
	out_char(o, (char)n);
	out_bytes(o, text, n);
}

static void
put_san_address(struct out *o, struct cur octets)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;
	uint8_t b[16];
	size_t n = cur_copy(&octets, b, sizeof(b));

	if (cur_left(&octets) || (n != 4 && n != 16))
		return;
	if (n == 4)
		a = addr_v4(b);
	else
		memcpy(a.b, b, sizeof(a.b));
	put_short(o, text, addr_print(&a, text));
}

/* RFC 5280 4.2.1.6: of nine kinds of names two name a server. */
void
x509_put_san(struct out *o, struct cur san)
{
	enum { DNS_NAME = 0x82, IP_ADDRESS = 0x87 };

	while (cur_left(&san)) {
		uint8_t tag;
		struct cur name = der_any(&san, &tag);

		if (name.bad)
			return;
		if (tag == DNS_NAME)
			put_short(o, name.p, cur_left(&name));
		else if (tag == IP_ADDRESS)
			put_san_address(o, name);
	}
}
