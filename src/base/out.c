/*
 * out: numbers, times, addresses and JSON strings into a bounded buffer.
 * Must not use printf (locale, cost) and must not ask a clock or a time zone: every time is UTC.
 */
#include "base/out.h"

static const char HEX[] = "0123456789abcdef";

#define DAY_NS (86400 * NS_PER_S)

static const char PAIRS[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
			    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
			    "8081828384858687888990919293949596979899";

void
out_text(struct out *o, const char *text)
{
	out_bytes(o, text, strlen(text));
}

/* n digits of v at p.  Straight to their place: a copy of bytes just written would wait for them to leave the core. */
static void
write_digits(char *p, uint64_t v, unsigned n)
{
	for (; n >= 2; v /= 100)
		memcpy(p + (n -= 2), PAIRS + 2 * (v % 100), 2);
	if (n)
		p[0] = (char)('0' + v % 10);
}

enum { THOUSAND = 1000, MILLION = 1000000, MILLIARD = 1000000000 };

/* Most have one to six digits. */
static inline char *
put_small(char *p, uint32_t v)
{
	if (v < THOUSAND)
		return digits_first(p, v);
	return digits_next(digits_first(p, v / THOUSAND), v % THOUSAND);
}

char *
put_long(char *p, uint64_t v)
{
	uint32_t rest;

	if (v < MILLION)
		return put_small(p, (uint32_t)v);
	if (v < MILLIARD)
		return digits_next(put_small(p, (uint32_t)v / THOUSAND), (uint32_t)v % THOUSAND);
	rest = (uint32_t)(v % MILLIARD);
	p = put_long(p, v / MILLIARD);
	p = digits_next(p, rest / MILLION);
	p = digits_next(p, rest / THOUSAND % THOUSAND);
	return digits_next(p, rest % THOUSAND);
}

char *
put_numbers(char *p, const uint32_t *v, unsigned n)
{
	*p++ = '[';
	for (const uint32_t *end = v + n; v < end; v++) {
		p = *v < MILLION ? put_small(p, *v) : put_long(p, *v);
		*p++ = ',';
	}
	p[-1] = ']';
	return p;
}

void
out_u64(struct out *o, uint64_t v)
{
	char text[PUT_U64_MAX];
	size_t n = (size_t)(put_u64(text, v) - text);

	out_bytes(o, text, n);
}

void
out_i64(struct out *o, int64_t v)
{
	if (v < 0)
		out_char(o, '-');
	out_u64(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* High and low halves of eight bytes, zipped: a digit a byte; behind '9' comes 'a'. */
static inline char *
put_hex_eight(char *p, const void *bytes)
{
	typedef signed char bytes16 __attribute__((vector_size(16)));
	typedef uint64_t words2 __attribute__((vector_size(16)));
	const uint64_t digit = UINT64_C(0x0f0f0f0f0f0f0f0f);
	bytes16 high, low, x;
	uint64_t v;

	memcpy(&v, bytes, sizeof(v));
	high = (bytes16)(words2){v >> 4 & digit, 0};
	low = (bytes16)(words2){v & digit, 0};
	x = __builtin_shufflevector(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
	x += '0' + ((x > 9) & ('a' - '0' - 10));
	memcpy(p, &x, sizeof(x));
	return p + PUT_HEX_U64_MAX;
}

void
out_hex(struct out *o, const void *bytes, size_t n)
{
	const uint8_t *b = bytes;

	if ((size_t)(o->end - o->p) < 2 * n) {
		o->full = true;
		return;
	}
	for (; n >= 8; n -= 8, b += 8)
		o->p = put_hex_eight(o->p, b);
	while (n--)
		o->p = put_hex_u8(o->p, *b++);
}

char *
put_hex_u64(char *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return put_hex_eight(p, &v);
}

char *
put_hex_u8(char *p, uint8_t v)
{
	p[0] = HEX[v >> 4];
	p[1] = HEX[v & 15];
	return p + 2;
}

void
out_hex_u64(struct out *o, uint64_t v)
{
	if (o->end - o->p < PUT_HEX_U64_MAX)
		o->full = true;
	else
		o->p = put_hex_u64(o->p, v);
}

void
out_addr(struct out *o, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];
	size_t n;

	if (o->end - o->p >= ADDR_TEXT_MAX) {
		o->p += addr_print(a, o->p);
		return;
	}
	n = addr_print(a, text);
	out_bytes(o, text, n);
}

static void
zero_padded(struct out *o, uint64_t v, unsigned width)
{
	if ((size_t)(o->end - o->p) < width) {
		o->full = true;
		return;
	}
	write_digits(o->p, v, width);
	o->p += width;
}

void
out_fixed(struct out *o, int64_t v, unsigned decimals)
{
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v, scale = 1;

	for (unsigned i = 0; i < decimals; i++)
		scale *= 10;
	if (v < 0)
		out_char(o, '-');
	out_u64(o, u / scale);
	if (decimals) {
		out_char(o, '.');
		zero_padded(o, u % scale, decimals);
	}
}

/* Days since 1970-01-01 to a date of the proleptic Gregorian calendar (Hinnant, "chrono-compatible
   low-level date algorithms"). */
static void
out_date(struct out *o, int64_t days)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
	int64_t year = yoe + era * 400 + (month <= 2);

	zero_padded(o, (uint64_t)(year < 0 ? 0 : year), 4);
	out_char(o, '-');
	zero_padded(o, (uint64_t)month, 2);
	out_char(o, '-');
	zero_padded(o, (uint64_t)day, 2);
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Apart: once a day of the traffic, and no registers for it else. */
__attribute__((noinline)) static void
day_of(struct out_day *known, struct when t)
{
	struct out text = out_of(known->text, strlen("2025-05-01T"));
	int64_t days = floor_div(t.ns, DAY_NS);

	known->begins = (int64_t)((uint64_t)days * DAY_NS);
	out_date(&text, days);
	out_char(&text, 'T');
}

static inline char *
put_pair(char *p, uint32_t v, char behind)
{
	memcpy(p, PAIRS + (size_t)2 * v, 2);
	p[2] = behind;
	return p + 3;
}

/* The first day that there is begins before INT64_MIN and wraps: no time is within it, and each is spelt out. */
static inline bool
is_outside(struct when t, int64_t begins, int64_t length)
{
	return t.ns < begins || (uint64_t)t.ns - (uint64_t)begins >= (uint64_t)length;
}

static void
second_of(struct out_day *known, struct when t)
{
	char *p = known->text + strlen("2025-05-01T");
	uint32_t s;

	if (is_outside(t, known->begins, DAY_NS) || !known->text[0])
		day_of(known, t);
	s = (uint32_t)(((uint64_t)t.ns - (uint64_t)known->begins) / NS_PER_S);
	known->second = (int64_t)((uint64_t)known->begins + (uint64_t)s * NS_PER_S);
	p = put_pair(p, s / 3600, ':');
	p = put_pair(p, s / 60 % 60, ':');
	put_pair(p, s % 60, '.');
}

char *
put_time_near(char *p, struct when t, struct out_day *known)
{
	uint32_t us;

	if (is_outside(t, known->second, NS_PER_S) || !known->text[0])
		second_of(known, t);
	us = (uint32_t)((uint64_t)t.ns - (uint64_t)known->second) / (uint32_t)NS_PER_US;
	p = put_bytes(p, known->text, sizeof(known->text));
	p = digits_next(p, us / THOUSAND);
	p = digits_next(p, us % THOUSAND);
	return PUT_LIT(p, "+0000");
}

void
out_time_s(struct out *o, struct when t)
{
	char text[PUT_TIME_MAX];

	put_time_near(text, t, &(struct out_day){0});
	out_bytes(o, text, strlen("2025-05-01T12:00:00"));
}

void
out_time(struct out *o, struct when t)
{
	out_time_near(o, t, &(struct out_day){0});
}

void
out_time_near(struct out *o, struct when t, struct out_day *known)
{
	if (o->end - o->p < PUT_TIME_MAX)
		o->full = true;
	else
		o->p = put_time_near(o->p, t, known);
}

size_t
out_utf8_len(const uint8_t *p, size_t left)
{
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

	if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
		return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void
json_odd(struct out *o, uint8_t c)
{
	switch (c) {
	case '"':
		OUT_LIT(o, "\\\"");
		break;
	case '\\':
		OUT_LIT(o, "\\\\");
		break;
	case '\n':
		OUT_LIT(o, "\\n");
		break;
	case '\t':
		OUT_LIT(o, "\\t");
		break;
	default:
		if (c >= 0x80) {
			OUT_LIT(o, "\xef\xbf\xbd"); /* U+FFFD, as other tools of this field write it */
			return;
		}
		OUT_LIT(o, "\\u00");
		out_hex(o, &c, 1);
	}
}

/* For each of 16 bytes: nothing set when it is printable ASCII and neither quote nor backslash. */
static inline bool
plain16(const uint8_t *p)
{
	typedef signed char bytes16 __attribute__((vector_size(16)));
	uint64_t half[2];
	bytes16 x;

	memcpy(&x, p, sizeof(x));
	x = (x < 0x20) | (x == 0x7f) | (x == '"') | (x == '\\');
	memcpy(half, &x, sizeof(half));
	return (half[0] | half[1]) == 0;
}

/* The same for 8: the top bit of a byte tells; a borrow from a byte below can only follow a bit that is set. */
static inline bool
plain8(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	return ((x | (x - 0x20 * ones) | (x + ones) | ((x ^ '"' * ones) - ones) | ((x ^ '\\' * ones) - ones)) &
		0x80 * ones) == 0;
}

bool
json_plain(const void *bytes, size_t n)
{
	const uint8_t *p = bytes, *end = p + n;
	uint64_t x = UINT64_C(0x2020202020202020), y;

	if (n >= 16) {
		for (; end - p > 16; p += 16)
			if (!plain16(p))
				return false;
		return plain16(end - 16);
	}
	if (n >= 8) {
		memcpy(&x, p, 8);
		memcpy(&y, end - 8, 8);
		return plain8(x) && plain8(y);
	}
	while (p < end)
		x = x << 8 | *p++;
	return plain8(x);
}

static void
json_escaped(struct out *o, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *plain = p;

	while (p < end) {
		size_t step = 1;

		if (*p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\') {
			p++;
			continue;
		}
		out_bytes(o, plain, (size_t)(p - plain));
		if (*p >= 0x80 && (step = out_utf8_len(p, (size_t)(end - p))) > 0)
			out_bytes(o, p, step);
		else
			json_odd(o, *p);
		p += step ? step : 1;
		plain = p;
	}
	out_bytes(o, plain, (size_t)(p - plain));
}

void
json_string(struct out *o, const void *bytes, size_t n)
{
	json_comma(o);
	if ((size_t)(o->end - o->p) >= n + 2 && json_plain(bytes, n)) {
		*o->p = '"';
		o->p = put_bytes(o->p + 1, bytes, n);
		*o->p++ = '"';
		return;
	}
	out_char(o, '"');
	json_escaped(o, bytes, n);
	out_char(o, '"');
}

void
json_text(struct out *o, const char *text)
{
	json_string(o, text, strlen(text));
}

void
json_u64(struct out *o, uint64_t v)
{
	json_comma(o);
	out_u64(o, v);
}

void
json_i64(struct out *o, int64_t v)
{
	json_comma(o);
	out_i64(o, v);
}

void
json_bool(struct out *o, bool v)
{
	json_comma(o);
	if (v)
		OUT_LIT(o, "true");
	else
		OUT_LIT(o, "false");
}

void
json_hex(struct out *o, const void *bytes, size_t n)
{
	json_comma(o);
	out_char(o, '"');
	out_hex(o, bytes, n);
	out_char(o, '"');
}
