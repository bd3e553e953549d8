/*
 * when: a point in time from its text (RFC 3339, or a date alone).  Must not guess: what is not a date is none.
 */
#include "base/when.h"

/* `n` digits, all of them. */
static bool
digits(const char **p, const char *end, unsigned n, int64_t *v)
{
	*v = 0;
	if (end - *p < (int64_t)n)
		return false;
	for (unsigned i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*v = *v * 10 + (**p - '0');
	}
	return true;
}

static bool
sign(const char **p, const char *end, char c)
{
	if (*p == end || **p != c)
		return false;
	(*p)++;
	return true;
}

/* Hinnant, "chrono-compatible low-level date algorithms". */
int64_t
when_days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = year - (month <= 2), era = y / 400, yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool
parse_date(const char **p, const char *end, int64_t *days)
{
	static const uint8_t LENGTH[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t y, m, d;

	if (!digits(p, end, 4, &y) || !sign(p, end, '-') || !digits(p, end, 2, &m) || !sign(p, end, '-') ||
	    !digits(p, end, 2, &d) || y < 1700 || y > 2200 || m < 1 || m > 12 || d < 1 || d > LENGTH[m - 1])
		return false;
	*days = when_days_of(y, m, d);
	/* the 29th of February of a common year is the 1st of March */
	return m != 2 || d < 29 || when_days_of(y, 3, 1) != *days;
}

/* "12:30", "12:30:05", "12:30:05.123456"; a leap second counts as the one before it. */
static bool
parse_clock(const char **p, const char *end, int64_t *ns)
{
	int64_t h, m, s = 0, digit, unit = NS_PER_S;

	if (!digits(p, end, 2, &h) || !sign(p, end, ':') || !digits(p, end, 2, &m) || h > 23 || m > 59)
		return false;
	if (sign(p, end, ':') && (!digits(p, end, 2, &s) || s > 60))
		return false;
	*ns = (h * 3600 + m * 60 + (s < 60 ? s : 59)) * NS_PER_S;
	if (!sign(p, end, '.'))
		return true;
	if (*p == end || **p < '0' || **p > '9')
		return false;
	while (digits(p, end, 1, &digit)) {
		unit /= 10;
		*ns += digit * unit;
	}
	return true;
}

bool
when_parse_offset(const char *p, size_t n, int64_t *seconds)
{
	const char *end = p + n;
	bool west = n && *p == '-';
	int64_t h, m;

	*seconds = 0;
	if (n == 1 && (*p == 'Z' || *p == 'z'))
		return true;
	if (!west && !(n && *p == '+'))
		return false;
	p++;
	if (!digits(&p, end, 2, &h))
		return false;
	sign(&p, end, ':'); /* EVE writes +0000 */
	if (!digits(&p, end, 2, &m) || h > 14 || m > 59 || p != end)
		return false;
	*seconds = (h * 3600 + m * 60) * (west ? -1 : 1);
	return true;
}

bool
when_parse(struct when *t, const char *p, size_t n)
{
	const char *end = p + n;
	int64_t days, ns = 0, offset = 0;

	if (!parse_date(&p, end, &days))
		return false;
	if (p != end) {
		if (!sign(&p, end, 'T') && !sign(&p, end, 't') && !sign(&p, end, ' '))
			return false;
		if (!parse_clock(&p, end, &ns))
			return false;
		if (p != end && !when_parse_offset(p, (size_t)(end - p), &offset))
			return false;
	}
	*t = (struct when){(days * 86400 - offset) * NS_PER_S + ns};
	return true;
}
