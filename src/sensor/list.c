/*
 * list: from a file to entries, all or nothing.  Must not take half a list, and must not know a format.
 */
#include "sensor/list_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SHOWN = 80 };

/* What is told of a value: no control bytes, not without end. */
static void
show(char to[SHOWN + 4], struct text t)
{
	uint32_t n = t.len < SHOWN ? t.len : SHOWN;

	for (uint32_t i = 0; i < n; i++)
		to[i] = t.p[i] >= 0x20 && t.p[i] < 0x7f ? t.p[i] : '?';
	memcpy(to + n, t.len > SHOWN ? "..." : "", t.len > SHOWN ? 4 : 1);
}

void
list_bad(struct list *l, const struct list_where *where, struct text value, const char *why)
{
	char shown[SHOWN + 4], at[160] = "";

	if (!l->error)
		l->error = calloc(LIST_ERRORS, sizeof(*l->error));
	if (l->bad++ >= LIST_ERRORS || !l->error)
		return;
	if (where && where->path)
		snprintf(at, sizeof(at), " %.150s:", where->path);
	else if (where && where->line)
		snprintf(at, sizeof(at), "%u:", where->line);
	show(shown, value.p ? value : TEXT_LIT(""));
	snprintf(l->error[l->bad - 1], LIST_ERROR_MAX, "%.150s:%s %s%s%s%.200s", l->file, at, value.p ? "\"" : "",
		 value.p ? shown : "", value.p ? "\" " : "", why);
}

static void
bad_file(struct list *l, const char *why)
{
	list_bad(l, NULL, (struct text){NULL, 0}, why);
}

/* Room for `need` items of `size` bytes; doubles.  NULL: no memory, the array stays. */
static void *
grow(void *array, uint32_t *room, uint32_t need, size_t size)
{
	uint32_t want = *room ? *room : 64;
	void *more = array;

	while (want < need)
		want *= 2;
	if (want != *room)
		more = realloc(array, want * size);
	if (more)
		*room = want;
	return more;
}

static bool
make_room(struct list *l, uint32_t len)
{
	uint32_t lines = l->entries_room;
	char *bytes = grow(l->bytes, &l->bytes_room, l->bytes_used + len, 1);
	uint32_t *line = grow(l->line, &lines, l->entries + 1, sizeof(*line));
	struct indicator *entry;

	l->bytes = bytes ? bytes : l->bytes;
	l->line = line ? line : l->line;
	entry = line ? grow(l->entry, &l->entries_room, l->entries + 1, sizeof(*entry)) : NULL;
	l->entry = entry ? entry : l->entry;
	return bytes && entry;
}

uint32_t
list_until(struct when t)
{
	int64_t s = t.ns / NS_PER_S;

	return s < 1 ? 1 : s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

void
list_add(struct list *l, struct text value, enum list_kind kind, uint32_t until, const struct list_where *where)
{
	struct list_value v;
	const char *why = list_value(l, value, kind, &v);

	if (!why && l->entries == LIST_ENTRIES_MAX)
		why = "is one entry too many: a list holds 2 million";
	if (!why && !make_room(l, v.len))
		why = "finds no memory";
	if (why) {
		list_bad(l, where, value, why);
		return;
	}
	memcpy(l->bytes + l->bytes_used, v.key, v.len);
	l->line[l->entries] = where->line;
	l->entry[l->entries++] = (struct indicator){l->bytes_used, until, v.kind, v.len, v.bits};
	l->bytes_used += v.len;
}

/* An index over this list alone, to find what stands in it twice. */
struct twice {
	struct indicators i;
	struct indicator_list list;
	struct map map;
};

static uint32_t
earlier(const struct twice *t, const struct indicator *e, uint64_t hash)
{
	for (struct map_at at = map_first(&t->map, hash); map_found(&at); map_next(&t->map, &at))
		if (indicator_same(&t->list, &t->list.entry[at.handle - 1], e))
			return at.handle;
	return 0;
}

/* A line that stands there twice is somebody's mistake; STIX and MISP say things twice by design. */
static void
tell_twice(struct list *l, uint32_t number, uint32_t before)
{
	const struct list_where where = {l->line[number], NULL};
	const struct indicator_list about = {.bytes = l->bytes};
	char room[INDICATOR_TEXT_MAX], why[80];

	snprintf(why, sizeof(why), "stands in line %u already; take one out", l->line[before]);
	list_bad(l, &where, indicator_text(&about, &l->entry[number], room), why);
}

/* Entries once each: the later date of two counts. */
static void
drop_twice(struct list *l)
{
	struct twice *t = calloc(1, sizeof(*t));
	void *memory = malloc(map_bytes(l->entries));
	uint32_t kept = 0;

	if (!t || !memory) {
		bad_file(l, "no memory");
		l->entries = 0;
	} else {
		map_init(&t->map, memory, l->entries);
	}
	for (uint32_t n = 0; n < l->entries; n++) {
		struct indicator e = l->entry[n];
		uint64_t hash;
		uint32_t before;

		t->list = (struct indicator_list){.entry = l->entry, .bytes = l->bytes};
		hash = indicator_hash(&t->i, &t->list, &e);
		before = earlier(t, &e, hash);
		if (before && l->line[n]) {
			tell_twice(l, n, before - 1);
		} else if (before) {
			struct indicator *b = &l->entry[before - 1];

			b->until = b->until && e.until ? (b->until > e.until ? b->until : e.until) : 0;
		} else {
			l->entry[kept] = e;
			l->line[kept] = l->line[n];
			map_add(&t->map, hash, ++kept);
		}
	}
	l->entries = kept;
	free(memory);
	free(t);
}

static const char *
not_text(struct text t)
{
	if (t.len >= 2 && memcmp(t.p, "\x1f\x8b", 2) == 0)
		return "compressed with gzip; unpack it first";
	if (t.len >= 2 && memcmp(t.p, "PK", 2) == 0)
		return "a zip archive; unpack it first";
	if (t.len && memchr(t.p, '\0', t.len))
		return "not a text: it has zero bytes; a list is plain text, CSV, STIX or MISP JSON in UTF-8";
	return NULL;
}

bool
list_parse(struct list *l, const char *text, size_t n)
{
	struct text t = {text, (uint32_t)n};
	const char *why = n > LIST_FILE_MAX ? "larger than 256 MiB; split it" : not_text(t);
	uint32_t i = 0;

	if (!why) {
		if (t.len >= 3 && memcmp(t.p, "\xef\xbb\xbf", 3) == 0)
			t = (struct text){t.p + 3, t.len - 3};
		while (i < t.len && strchr(" \t\r\n", t.p[i]))
			i++;
		if (i < t.len && (t.p[i] == '{' || t.p[i] == '['))
			list_json(l, t);
		else
			list_lines(l, t);
	}
	if (why)
		bad_file(l, why);
	if (!l->bad && l->entries)
		drop_twice(l);
	if (!l->bad && !l->entries)
		bad_file(l, l->skipped ? "nothing in it that a session could be compared with: no address, name, JA3, "
					 "JA4 or certificate" :
					 "empty: it has no entry; take the list out of the configuration");
	return l->bad == 0;
}

/* The whole file; *n bytes.  NULL: told. */
static char *
read_whole(struct list *l, size_t *n)
{
	size_t room = 1 << 16, used = 0;
	char *text = malloc(room), *more;
	int fd = open(l->file, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : 0;

	while (text && fd >= 0 && used <= LIST_FILE_MAX && (got = read(fd, text + used, room - used)) > 0) {
		used += (size_t)got;
		if (used == room) {
			more = realloc(text, room *= 2);
			if (!more)
				free(text);
			text = more;
		}
	}
	if (!text || got < 0) {
		bad_file(l, text ? strerror(errno) : "no memory");
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		close(fd);
	*n = used;
	return text;
}

bool
list_read(struct list *l)
{
	size_t n;
	char *text = read_whole(l, &n);

	if (text)
		list_parse(l, text, n);
	free(text);
	return l->bad == 0;
}

void
list_free(struct list *l)
{
	free(l->entry);
	free(l->line);
	free(l->bytes);
	free(l->error);
	l->entry = NULL;
	l->line = NULL;
	l->bytes = NULL;
	l->error = NULL;
}
