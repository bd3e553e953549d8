/*
 * reply: see reply.h.  Must not allocate, nor know what a value means.
 */
#include "sink/reply.h"

#include "base/out.h"

struct walk {
	struct cur c;
	struct out path;
	unsigned depth, arrays, index;
	reply_fn *tell;
	void *arg;
	char room[REPLY_PATH_MAX];
};

static uint8_t
next(struct walk *w)
{
	while (cur_left(&w->c) && memchr(" \t\r\n", cur_peek(&w->c, 0), 4))
		cur_skip(&w->c, 1);
	return cur_peek(&w->c, 0);
}

static bool
takes(struct walk *w, char c)
{
	if (next(w) != (uint8_t)c || cur_left(&w->c) == 0)
		return false;
	return cur_skip(&w->c, 1);
}

/* Between the quotes. */
static bool
take_string(struct walk *w, struct text *t)
{
	const uint8_t *from;

	if (!takes(w, '"'))
		return false;
	from = w->c.p;
	while (cur_left(&w->c) && cur_peek(&w->c, 0) != '"')
		cur_skip(&w->c, cur_peek(&w->c, 0) == '\\' ? 2 : 1);
	*t = (struct text){(const char *)from, (uint32_t)(w->c.p - from)};
	return cur_skip(&w->c, 1);
}

static bool
take_word(struct walk *w, struct text *t)
{
	const uint8_t *from = w->c.p;

	while (cur_left(&w->c) && !memchr(",]}: \t\r\n\"", cur_peek(&w->c, 0), 9))
		cur_skip(&w->c, 1);
	*t = (struct text){(const char *)from, (uint32_t)(w->c.p - from)};
	return t->len > 0;
}

static bool take_value(struct walk *w);

static bool
take_member(struct walk *w)
{
	struct text key;
	char *before = w->path.p;
	bool fine;

	if (!take_string(w, &key) || !takes(w, ':'))
		return false;
	if (out_len(&w->path))
		out_char(&w->path, '.');
	out_bytes(&w->path, key.p, key.len);
	fine = take_value(w);
	w->path.p = before;
	return fine;
}

static bool
take_object(struct walk *w)
{
	if (takes(w, '}'))
		return true;
	do
		if (!take_member(w))
			return false;
	while (takes(w, ','));
	return takes(w, '}');
}

static bool
take_array(struct walk *w)
{
	char *before = w->path.p;

	if (takes(w, ']'))
		return true;
	OUT_LIT(&w->path, "[]");
	if (w->arrays++ == 0)
		w->index = 0;
	do {
		if (!take_value(w))
			return false;
		w->index += w->arrays == 1;
	} while (takes(w, ','));
	w->arrays--;
	w->path.p = before;
	return takes(w, ']');
}

static bool
take_scalar(struct walk *w)
{
	struct reply_value v = {.path = w->room, .index = w->index, .string = next(w) == '"'};

	if (!(v.string ? take_string(w, &v.text) : take_word(w, &v.text)))
		return false;
	*w->path.p = '\0';
	w->tell(w->arg, &v);
	return true;
}

static bool
take_value(struct walk *w)
{
	bool fine;

	if (w->depth == REPLY_DEPTH_MAX)
		return false;
	w->depth++;
	fine = takes(w, '{') ? take_object(w) : takes(w, '[') ? take_array(w) : take_scalar(w);
	w->depth--;
	return fine;
}

bool
reply_walk(struct text json, reply_fn *tell, void *arg)
{
	struct walk w = {.c = cur_of(json.p, json.len), .tell = tell, .arg = arg};

	w.path = out_of(w.room, sizeof(w.room) - 1);
	return take_value(&w) && next(&w) == 0 && cur_done(&w.c);
}

struct wanted {
	struct reply_value *v;
	bool found;
};

static void
find(void *arg, const struct reply_value *v)
{
	struct wanted *w = arg;

	if (!reply_is(v, w->v->path))
		return;
	w->v->string = v->string;
	w->v->text = v->text;
	w->found = true;
}

bool
reply_find(struct text json, struct reply_value *v)
{
	struct wanted w = {.v = v};

	return reply_walk(json, find, &w) && w.found;
}

bool
reply_is(const struct reply_value *v, const char *path)
{
	return strcmp(v->path, path) == 0;
}

uint64_t
reply_number(const struct reply_value *v)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < v->text.len; i++) {
		char c = v->text.p[i];

		if (c < '0' || c > '9' || v->string)
			return 0;
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(c - '0'), &n))
			return UINT64_MAX;
	}
	return n;
}
