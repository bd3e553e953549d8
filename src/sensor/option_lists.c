/*
 * option_lists: values of options that are made of parts: lists, detectors, days and hours.  Pure.
 */
#include "detect/detect.h"
#include "sensor/options.h"

const char *
option_item(const char **list, char *item, size_t room)
{
	const char *p = *list + strspn(*list, " \t");
	size_t len = strcspn(p, ","), kept = len;

	*list = p + len + (p[len] == ',');
	while (kept && (p[kept - 1] == ' ' || p[kept - 1] == '\t'))
		kept--;
	if (kept == 0 || kept >= room)
		return NULL;
	memcpy(item, p, kept);
	item[kept] = '\0';
	return item;
}

static uint64_t
detector_bit(const char *name)
{
	const struct detector_info *d = detector_by_name(name);

	return d ? UINT64_C(1) << (d->id & 63) : 0;
}

bool
option_detectors(const char *text, uint64_t *bits, char wrong[64])
{
	*bits = 0;
	wrong[0] = '\0';
	if (strcmp(text, "any") == 0)
		return true;
	do {
		uint64_t bit = option_item(&text, wrong, 64) ? detector_bit(wrong) : 0;

		if (!bit)
			return false;
		*bits |= bit;
	} while (*text || text[-1] == ',');
	return true;
}

const char *
option_detector_meant(const char *text)
{
	uint64_t bits;
	char wrong[64];

	if (option_detectors(text, &bits, wrong) || !*wrong || strcmp(wrong, "any") == 0 || detector_by_name(wrong))
		return NULL;
	return detector_nearest(wrong)->name;
}

static const char DAYS[7][4] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static bool
take_day(const char **p, unsigned *day)
{
	for (*day = 0; *day < 7; ++*day)
		if (strncmp(*p, DAYS[*day], 3) == 0) {
			*p += 3;
			return true;
		}
	return false;
}

/* "sat", "mon-fri", "tue,thu", "daily" */
static bool
take_days(const char **p, uint8_t *days)
{
	unsigned from, to;

	*days = 0;
	if (strncmp(*p, "daily", 5) == 0) {
		*p += 5;
		*days = 0x7f;
		return true;
	}
	for (;;) {
		if (!take_day(p, &from))
			return false;
		to = from;
		if (**p == '-') {
			++*p;
			if (!take_day(p, &to))
				return false;
		}
		for (unsigned d = from;; d = (d + 1) % 7) {
			*days = (uint8_t)(*days | 1u << d);
			if (d == to)
				break;
		}
		if (**p != ',')
			return true;
		*p += 1 + strspn(*p + 1, " ");
	}
}

static bool
take_two(const char **p, int32_t *v)
{
	if ((*p)[0] < '0' || (*p)[0] > '9' || (*p)[1] < '0' || (*p)[1] > '9')
		return false;
	*v = ((*p)[0] - '0') * 10 + ((*p)[1] - '0');
	*p += 2;
	return true;
}

/* "22:00" in seconds; 24:00 is the end of the day. */
static bool
take_clock(const char **p, int32_t *s)
{
	int32_t h, m;

	if (!take_two(p, &h) || *(*p)++ != ':' || !take_two(p, &m) || m > 59)
		return false;
	*s = h * 3600 + m * 60;
	return *s <= 86400;
}

bool
option_week(const char *text, struct option_week *w)
{
	int32_t end;

	if (!take_days(&text, &w->days) || *text != ' ')
		return false;
	text += strspn(text, " ");
	if (!take_clock(&text, &w->begin_s) || *text++ != '-' || !take_clock(&text, &end) || *text != '\0' ||
	    w->begin_s == 86400)
		return false;
	w->length_s = end > w->begin_s ? end - w->begin_s : end + 86400 - w->begin_s;
	return true;
}
