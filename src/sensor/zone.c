/*
 * zone: RFC 8536 files and the rule in their last line (POSIX TZ) to a table of offsets.
 *
 *	header, block (32 bit), header, block (64 bit), "\nCET-1CEST,M3.5.0,M10.5.0/3\n"
 *	block: times of changes, a type for each, types (offset, daylight, name), names, leap seconds, ...
 *
 * Must not ask the C library, whose zone is the process's, nor the environment.
 */
#include "sensor/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/kept.h"

static const char FOLDER[] = "/usr/share/zoneinfo/";
static const int64_t FROM_S = INT64_C(946684800); /* 2000-01-01 */

enum { FILE_MAX = 1 << 16, DAY_S = 86400, HOUR_S = 3600, FROM_YEAR = 2000, TYPES_MAX = 256 };

bool
zone_name_ok(const char *name)
{
	static const char PART[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-";

	for (;;) {
		size_t n = strspn(name, PART);

		if (n == 0)
			return false;
		name += n;
		if (*name == '\0')
			return true;
		if (*name++ != '/')
			return false;
	}
}

struct counts_of_block {
	uint32_t utc, std, leap, times, types, chars;
};

static bool
take_header(struct cur *c, struct counts_of_block *n, uint8_t *version)
{
	if (!cur_starts(c, "TZif", 4))
		return false;
	cur_skip(c, 4);
	*version = cur_u8(c);
	cur_skip(c, 15);
	n->utc = cur_u32(c);
	n->std = cur_u32(c);
	n->leap = cur_u32(c);
	n->times = cur_u32(c);
	n->types = cur_u32(c);
	n->chars = cur_u32(c);
	return !c->bad;
}

static void
add_change(struct rule_zone *z, int64_t from_s, int32_t offset_s)
{
	struct rule_change *last = &z->change[z->changes - 1];

	if (from_s <= FROM_S)
		*last = (struct rule_change){{INT64_MIN}, offset_s};
	else if (z->changes < ZONE_CHANGES && from_s <= INT64_MAX / NS_PER_S && offset_s != last->offset_s)
		z->change[z->changes++] = (struct rule_change){{from_s * NS_PER_S}, offset_s};
}

/* The block's changes; until the first one its first type is in force. */
static bool
take_block(struct rule_zone *z, struct cur *c, const struct counts_of_block *n, unsigned time_bytes)
{
	struct cur times = cur_sub(c, (size_t)n->times * time_bytes), index = cur_sub(c, n->times);
	struct cur types = cur_sub(c, (size_t)n->types * 6);
	int32_t offset[TYPES_MAX];
	int64_t before = INT64_MIN;

	cur_skip(c, (size_t)n->chars + (size_t)n->leap * (time_bytes + 4) + n->std + n->utc);
	if (c->bad || n->leap || n->types == 0 || n->types > TYPES_MAX)
		return false;
	for (uint32_t i = 0; i < n->types; i++) {
		offset[i] = (int32_t)cur_u32(&types);
		cur_skip(&types, 2);
		if (offset[i] < -DAY_S || offset[i] > DAY_S)
			return false;
	}
	z->changes = 1;
	z->change[0] = (struct rule_change){{INT64_MIN}, offset[0]};
	for (uint32_t i = 0; i < n->times; i++) {
		int64_t at = time_bytes == 8 ? (int64_t)cur_u64(&times) : (int32_t)cur_u32(&times);
		uint8_t type = cur_u8(&index);

		if (type >= n->types || at < before)
			return false;
		before = at;
		add_change(z, at, offset[type]);
	}
	return true;
}

static bool
take_number(struct cur *c, int32_t most, int32_t *v)
{
	bool any = false;

	for (*v = 0; cur_left(c) && cur_peek(c, 0) >= '0' && cur_peek(c, 0) <= '9'; any = true) {
		*v = *v * 10 + (cur_u8(c) - '0');
		if (*v > most)
			return false;
	}
	return any;
}

static bool
take_char(struct cur *c, char want)
{
	if (!cur_left(c) || cur_peek(c, 0) != (uint8_t)want)
		return false;
	return cur_skip(c, 1);
}

/* "CET", "<+0330>" */
static bool
take_name(struct cur *c)
{
	bool quoted = take_char(c, '<');
	unsigned n = 0;

	for (; cur_left(c); n++) {
		uint8_t b = cur_peek(c, 0);
		bool letter = (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z');

		if (!letter && !(quoted && ((b >= '0' && b <= '9') || b == '+' || b == '-')))
			break;
		cur_skip(c, 1);
	}
	return n && (!quoted || take_char(c, '>'));
}

/* "2", "-1", "+10:30": up to a week, as version 3 allows for the time of a change. */
static bool
take_clock(struct cur *c, int32_t *s)
{
	bool minus = take_char(c, '-');
	int32_t h, m = 0, sec = 0;

	if (!minus)
		take_char(c, '+');
	if (!take_number(c, 167, &h) || (take_char(c, ':') && !take_number(c, 59, &m)) ||
	    (take_char(c, ':') && !take_number(c, 59, &sec)))
		return false;
	*s = (h * HOUR_S + m * 60 + sec) * (minus ? -1 : 1);
	return true;
}

/* Of a zone's clock: POSIX counts to the west. */
static bool
take_offset(struct cur *c, int32_t *s)
{
	bool fine = take_clock(c, s) && *s >= -DAY_S && *s <= DAY_S;

	*s = -*s;
	return fine;
}

/* "M3.5.0/3": the fifth, that is last, Sunday of March at 03:00; without a time at 02:00. */
struct change_rule {
	int32_t month, week, day, clock_s;
};

static bool
take_rule(struct cur *c, struct change_rule *r)
{
	r->clock_s = 2 * HOUR_S;
	if (!take_char(c, ',') || !take_char(c, 'M') || !take_number(c, 12, &r->month) || !take_char(c, '.') ||
	    !take_number(c, 5, &r->week) || !take_char(c, '.') || !take_number(c, 6, &r->day) || r->month == 0 ||
	    r->week == 0)
		return false;
	return !take_char(c, '/') || take_clock(c, &r->clock_s);
}

/* Seconds since 1970, by the clock on the wall. */
static int64_t
wall_of(const struct change_rule *r, int64_t year)
{
	enum { EPOCH_IS_THURSDAY = 4 };
	int64_t first = when_days_of(year, r->month, 1);
	int64_t next = r->month == 12 ? when_days_of(year + 1, 1, 1) : when_days_of(year, r->month + 1, 1);
	int64_t day = first + (r->day - (first + EPOCH_IS_THURSDAY) % 7 + 7) % 7 + (r->week - 1) * INT64_C(7);

	return (day < next ? day : day - 7) * DAY_S + r->clock_s;
}

/* Two changes a year from the file's last one on, until the table is full. */
static void
add_years(struct rule_zone *z, const struct change_rule rule[2], const int32_t offset_s[2])
{
	for (int64_t year = FROM_YEAR; z->changes < ZONE_CHANGES && year < FROM_YEAR + ZONE_CHANGES; year++) {
		const int64_t at[2] = {wall_of(&rule[0], year) - offset_s[0], wall_of(&rule[1], year) - offset_s[1]};
		unsigned early = at[1] < at[0]; /* in the south winter is in the middle */

		for (unsigned i = 0; i < 2; i++) {
			unsigned which = i ^ early;

			if (at[which] * NS_PER_S > z->change[z->changes - 1].from.ns)
				add_change(z, at[which], offset_s[!which]);
		}
	}
}

/* "CET-1CEST,M3.5.0,M10.5.0/3", or "EST5", or nothing. */
static bool
take_footer(struct rule_zone *z, struct cur *c)
{
	struct change_rule rule[2];
	int32_t offset_s[2];

	if (!take_char(c, '\n'))
		return false;
	if (take_char(c, '\n'))
		return true;
	if (!take_name(c) || !take_offset(c, &offset_s[0]))
		return false;
	if (take_char(c, '\n'))
		return true; /* what is in force since the last change */
	offset_s[1] = offset_s[0] + HOUR_S;
	if (!take_name(c) || (cur_peek(c, 0) != ',' && !take_offset(c, &offset_s[1])))
		return false;
	if (!take_rule(c, &rule[0]) || !take_rule(c, &rule[1]) || !take_char(c, '\n'))
		return false;
	add_years(z, rule, offset_s);
	return true;
}

bool
zone_parse(struct rule_zone *to, struct cur c)
{
	struct counts_of_block n;
	uint8_t version;

	if (!take_header(&c, &n, &version) || !take_block(to, &c, &n, 4))
		return false;
	if (version < '2')
		return cur_done(&c);
	return take_header(&c, &n, &version) && take_block(to, &c, &n, 8) && take_footer(to, &c) && cur_done(&c);
}

bool
zone_read(struct rule_zone *to, const char *name, char *words, size_t size)
{
	char path[sizeof(FOLDER) + sizeof(to->name)];
	size_t len;
	void *bytes;
	bool fine;

	snprintf(path, sizeof(path), "%s%s", FOLDER, name);
	bytes = kept_read(path, FILE_MAX, &len);
	if (!bytes && errno == ENOENT) {
		snprintf(words, size, "is no zone in %s (package tzdata); an offset such as +02:00 needs none", FOLDER);
		return false;
	}
	fine = bytes && zone_parse(to, cur_of(bytes, len));
	snprintf(to->name, sizeof(to->name), "%s", name);
	if (!fine)
		snprintf(words, size, "cannot be read from %s%s", FOLDER, bytes ? ": no zone file as in RFC 8536" : "");
	free(bytes);
	return fine;
}
