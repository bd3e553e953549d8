/*
 * map: rows of a format's table written as JSON.  Must not touch a descriptor or a clock.
 *
 * A path is written in steps: what the row before it has in common stays open, the rest is closed.
 *
 *	source.ip		{"source":{"ip":V
 *	source.port		,"port":V
 *	tags[]			},"tags":[V
 *	a[].b			],"a":[{"b":V
 */
#include "sink/map.h"

static void
say(struct value *v, const char *text)
{
	v->type = VALUE_TEXT;
	v->text = (struct text){text, (uint32_t)strlen(text)};
}

static void
number(struct value *v, uint32_t n)
{
	v->type = VALUE_NUMBER;
	v->number = n;
}

void
map_get(struct value *v, const struct map_row *m, const struct subject *of)
{
	switch ((enum map_source)m->source) {
	case MAP_FROM:
		attribute_get(v, of, m->attribute);
		break;
	case MAP_SAY:
		say(v, m->say);
		break;
	case MAP_NUM:
		number(v, m->number);
		break;
	case MAP_SAY_IF:
		attribute_get(v, of, m->attribute);
		if (v->type != VALUE_NONE)
			say(v, m->say);
		break;
	case MAP_NUM_IF:
		attribute_get(v, of, m->attribute);
		if (v->type != VALUE_NONE)
			number(v, m->number);
		break;
	}
}

struct text
map_bounded(struct text t, char room[MAP_TEXT_MAX + 4], unsigned *cut)
{
	uint32_t n = MAP_TEXT_MAX - 3;

	if (t.len <= MAP_TEXT_MAX)
		return t;
	while (n > MAP_TEXT_MAX - 7 && ((uint8_t)t.p[n] & 0xc0) == 0x80) /* not inside a character */
		n--;
	memcpy(room, t.p, n);
	memcpy(room + n, "...", 3);
	(*cut)++;
	return (struct text){room, n + 3};
}

struct nest {
	struct out *o;
	enum map_time times;
	unsigned *cut;
	const char *open; /* path of the row before; "": none yet */
};

/* Length of the step that begins here, with its "[]". */
static size_t
step_len(const char *path)
{
	return strcspn(path, ".");
}

static bool
is_array(const char *step, size_t n)
{
	return n > 2 && step[n - 1] == ']';
}

/* How much of both paths is the same, in whole steps that are not the last of either. */
static size_t
common(const char *a, const char *b)
{
	size_t same = 0;

	for (;;) {
		size_t n = step_len(a + same);

		if (a[same + n] == '\0' || strncmp(a + same, b + same, n + 1) != 0)
			return same;
		same += n + 1;
	}
}

/* Closes the steps of a path, all but the last, from the innermost on; an array's last step is one, too. */
static void
close_steps(struct out *o, const char *path)
{
	size_t n = step_len(path);

	if (path[n] == '\0') {
		if (is_array(path, n))
			out_char(o, ']');
		return;
	}
	close_steps(o, path + n + 1);
	out_char(o, '}');
	if (is_array(path, n))
		out_char(o, ']');
}

static void
open_steps(struct out *o, const char *path)
{
	size_t n;

	for (;; path += n + 1) {
		bool array;

		n = step_len(path);
		array = is_array(path, n);
		json_comma(o);
		out_char(o, '"');
		out_bytes(o, path, array ? n - 2 : n);
		OUT_LIT(o, "\":");
		if (array)
			out_char(o, '[');
		if (path[n] == '\0')
			return;
		out_char(o, '{');
	}
}

/* 2025-05-01T12:00:00.000000Z: RFC 3339, which out_time's +0000 is not. */
static void
put_iso(struct out *o, struct when t)
{
	char buffer[48];
	struct out b = out_of(buffer, sizeof(buffer));

	out_time(&b, t);
	OUT_LIT(o, "\"");
	out_bytes(o, buffer, out_len(&b) - 5);
	OUT_LIT(o, "Z\"");
}

static void
put_time(struct nest *j, struct when t)
{
	json_comma(j->o);
	if (j->times == MAP_MS || j->times == MAP_FLAT_US)
		out_i64(j->o, t.ns / (j->times == MAP_MS ? NS_PER_MS : NS_PER_US));
	else if (j->times == MAP_SECONDS)
		out_fixed(j->o, t.ns / NS_PER_US, 6);
	else
		put_iso(j->o, t);
}

static void
put_string(struct nest *j, struct text t)
{
	char room[MAP_TEXT_MAX + 4];

	t = map_bounded(t, room, j->cut);
	json_string(j->o, t.p, t.len);
}

/* Its members; the brackets are the path's. */
static void
put_members(struct nest *j, struct text list)
{
	struct cur c = cur_of(list.p, list.len);

	for (unsigned i = 0; cur_left(&c); i++) {
		struct cur item = cur_sub(&c, cur_u8(&c));

		if (i == MAP_LIST_MAX) {
			(*j->cut)++;
			return;
		}
		put_string(j, (struct text){(const char *)item.p, (uint32_t)cur_left(&item)});
	}
}

static void
put_value(struct nest *j, const struct value *v)
{
	switch ((enum value_type)v->type) {
	case VALUE_TEXT:
		put_string(j, v->text);
		break;
	case VALUE_LIST:
		put_members(j, v->text);
		break;
	case VALUE_NUMBER:
		json_u64(j->o, v->number);
		break;
	case VALUE_BOOL:
		json_bool(j->o, v->number != 0);
		break;
	case VALUE_TIME:
		put_time(j, v->time);
		break;
	case VALUE_DURATION: /* ECS counts ns, OCSF ms, Zeek seconds */
		json_comma(j->o);
		if (j->times == MAP_SECONDS)
			out_fixed(j->o, (int64_t)(v->number / NS_PER_US), 6);
		else
			out_u64(j->o, j->times == MAP_MS ? v->number / NS_PER_MS : v->number);
		break;
	case VALUE_NONE:
		break;
	}
}

static void
put_nested(struct nest *j, const struct map_row *m, const struct value *v)
{
	size_t same;

	if (strcmp(j->open, m->name) != 0) { /* else another member of the same array */
		same = *j->open ? common(j->open, m->name) : 0;
		if (*j->open)
			close_steps(j->o, j->open + same);
		open_steps(j->o, m->name + same);
		j->open = m->name;
	}
	put_value(j, v);
}

/* The row's key, the comma before it, and of a list the bracket behind it.  Most are copied whatever their length. */
static char *
put_key(char *p, const struct map_row *m, bool array)
{
	const size_t n = m->len + (size_t)3; /* "": */

	if (p[-1] != '{')
		*p++ = ',';
	if (array)
		return PUT_LIT(put_bytes(p, m->key, n - 4), "\":[");
	if (n > MAP_KEY_ROOM)
		return put_bytes(p, m->key, n);
	memcpy(p, m->key, MAP_KEY_ROOM);
	return p + n;
}

/* Zeek's names have dots and no depth, those of a table's columns neither.  A sensor that streams its sessions writes one
   line for each with these: most values are numbers and go straight to their place. */
static void
put_flat(struct nest *j, const struct map_row *m, const struct value *v)
{
	const bool array = is_array(m->name, m->len);
	char *p = j->o->p;

	if (j->o->end - p < (ptrdiff_t)m->len + MAP_KEY_ROOM + PUT_U64_MAX) {
		j->o->full = true;
		return;
	}
	j->o->p = p = put_key(p, m, array);
	if (v->type == VALUE_NUMBER)
		j->o->p = put_u64(p, v->number);
	else if (v->type == VALUE_TEXT)
		put_string(j, v->text);
	else
		put_value(j, v);
	if (array)
		out_char(j->o, ']');
}

static bool
is_flat(enum map_time times)
{
	return times == MAP_SECONDS || times == MAP_FLAT_US;
}

void
map_json(struct out *o, const struct map_table *table, const struct event *e, enum map_time times, unsigned *cut)
{
	void (*put)(struct nest *, const struct map_row *, const struct value *) =
		is_flat(times) ? put_flat : put_nested;
	const struct subject of = subject_of(e);
	const enum event_kind kind = e->kind;
	struct nest j = {o, times, cut, ""};
	char *begun = o->p;
	struct value v;

	out_char(o, '{');
	for (const struct map_row *m = table->row, *end = m + table->count; m < end; m++) {
		if (!(m->events & kind))
			continue;
		map_get(&v, m, &of);
		if (v.type != VALUE_NONE)
			put(&j, m, &v);
	}
	if (*j.open)
		close_steps(o, j.open);
	OUT_LIT(o, "}\n");
	if (o->full)
		o->p = begun;
}
