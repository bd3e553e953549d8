/*
 * when: reading dates as people and standards write them (RFC 3339).  Must not know time zones by name.
 */
#include "base/when.h"

#include "base/cur.h"

static bool
digits(struct cur *c, unsigned n, int64_t *v)
{
	for (*v = 0; n--;) {
		uint8_t d = cur_u8(c);

		if (d < '0' || d > '9')
			return false;
		*v = *v * 10 + (d - '0');
	}
	return true;
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar; years begin in March, so that leap days come last. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = year - (month <= 2), m = (month + 9) % 12;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

static int64_t
month_days(int64_t year, int64_t month)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 ? 28 + leap : 30 + ((month + month / 8) & 1);
}

static bool
date(struct cur *c, int64_t *days)
{
	int64_t year, month, day;

	if (!digits(c, 4, &year) || cur_u8(c) != '-' || !digits(c, 2, &month) || cur_u8(c) != '-' ||
	    !digits(c, 2, &day))
		return false;
	if (year < 1970 || year > 2200 || month < 1 || month > 12 || day < 1 || day > month_days(year, month))
		return false;
	*days = days_of(year, month, day);
	return true;
}

/* ".5" and so on; more digits than nanoseconds are read past. */
static bool
fraction(struct cur *c, int64_t *ns)
{
	int64_t worth = NS_PER_S;
	bool any = false;

	*ns = 0;
	if (!cur_left(c) || *c->p != '.')
		return true;
	for (cur_u8(c); cur_left(c) && *c->p >= '0' && *c->p <= '9'; any = true)
		*ns += (worth /= 10) * (cur_u8(c) - '0');
	return any;
}

static bool
offset(struct cur *c, int64_t *seconds)
{
	uint8_t sign = cur_u8(c);
	int64_t h, m;

	*seconds = 0;
	if (sign == 'Z' || sign == 'z')
		return true;
	if ((sign != '+' && sign != '-') || !digits(c, 2, &h) || cur_u8(c) != ':' || !digits(c, 2, &m))
		return false;
	*seconds = (h * 60 + m) * (sign == '+' ? 60 : -60);
	return h < 24 && m < 60;
}

bool
when_parse(struct when *t, const char *text, size_t n)
{
	struct cur c = cur_of((const uint8_t *)text, n);
	int64_t days, h = 0, m = 0, s = 0, ns = 0, east = 0;
	uint8_t sep;

	if (!date(&c, &days))
		return false;
	if (cur_left(&c)) {
		sep = cur_u8(&c);
		if ((sep != 'T' && sep != 't' && sep != ' ') || !digits(&c, 2, &h) || cur_u8(&c) != ':' ||
		    !digits(&c, 2, &m) || cur_u8(&c) != ':' || !digits(&c, 2, &s) || !fraction(&c, &ns) ||
		    !offset(&c, &east))
			return false;
	}
	*t = (struct when){(days * 86400 + h * 3600 + m * 60 + s - east) * NS_PER_S + ns};
	return cur_done(&c) && h < 24 && m < 60 && s <= 60;
}
