/*
 * courier_message: see courier_message.h.  Must not trust the other side: couriers talk to the network.
 */
#include "sensor/courier_message.h"

static const struct channel_kind KINDS[COURIER_MESSAGES] = {
	[COURIER_LINES] = {"lines", 1, COURIER_HARD},
	[COURIER_TAKEN] = {"taken", 4, SENDER_WORDS + 32},
	[COURIER_REFUSED] = {"refused", 4, SENDER_WORDS + 32},
	[COURIER_UNWELL] = {"unwell", 4, SENDER_WORDS + 32},
};
const struct channel_kinds COURIER_KINDS = {KINDS, COURIER_MESSAGES};

static void
put_text(struct bytes *to, const char *text, size_t n)
{
	bytes_varint(to, n);
	bytes_add(to, text, n);
}

void
courier_put_lines(struct bytes *to, const struct sender_event *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bytes_varint(to, e[i].id);
		bytes_varint(to, zigzag((uint64_t)e[i].time.ns));
		bytes_u8(to, (uint8_t)e[i].kind);
		bytes_u8(to, e[i].severity);
		put_text(to, e[i].gateway, strlen(e[i].gateway) + 1);
		put_text(to, e[i].line, e[i].n);
	}
}

void
courier_put_word(struct bytes *to, const struct courier_word *w)
{
	bytes_varint(to, w->id);
	bytes_varint(to, w->count);
	bytes_varint(to, zigzag((uint64_t)w->time.ns));
	put_text(to, w->words, strnlen(w->words, SENDER_WORDS - 1));
}

/* With a zero at its end, and no other. */
static const char *
get_name(struct cur *c)
{
	struct cur name = cur_sub(c, (size_t)cur_varint(c));
	size_t n = cur_left(&name);
	const uint8_t *p = n ? cur_take(&name, n) : NULL;

	if (p && memchr(p, '\0', n) == p + n - 1)
		return (const char *)p;
	c->bad = true;
	return "";
}

static bool
get_line(struct cur *c, struct sender_event *e)
{
	struct cur line;

	*e = (struct sender_event){.id = cur_varint(c)};
	e->time.ns = (int64_t)unzigzag(cur_varint(c));
	e->kind = (enum event_kind)cur_u8(c);
	e->severity = cur_u8(c);
	e->gateway = get_name(c);
	line = cur_sub(c, (size_t)cur_varint(c));
	e->n = cur_left(&line);
	e->line = (const char *)line.p;
	return !c->bad;
}

size_t
courier_get_lines(struct cur message, struct sender_event *e, size_t max)
{
	size_t n = 0;

	while (cur_left(&message))
		if (n == max || !get_line(&message, &e[n++]))
			return 0;
	return n;
}

/* One line of printable characters, whoever wrote them. */
bool
courier_get_word(struct cur message, struct courier_word *w)
{
	struct cur words;

	*w = (struct courier_word){.id = cur_varint(&message), .count = cur_varint(&message)};
	w->time.ns = (int64_t)unzigzag(cur_varint(&message));
	words = cur_sub(&message, (size_t)cur_varint(&message));
	for (size_t i = 0; cur_left(&words) && i + 1 < SENDER_WORDS; i++) {
		uint8_t c = cur_u8(&words);

		w->words[i] = c < ' ' || c == 0x7f ? '.' : (char)c;
	}
	return cur_done(&message) && cur_done(&words);
}
