/*
 * channel: see channel.h.  Must not know what a message says, and must not wait but in channel_drain.
 */
#include "sensor/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_MIN = 1 << 16 };

/* Bytes [from, to) of p count. */
struct buffer {
	uint8_t *p;
	size_t from, to, size;
};

struct channel {
	int fd;
	bool ended;
	const struct channel_kinds *kinds;
	struct buffer in, out;
	char error[CHANNEL_ERROR_MAX];
};

static const struct channel_kind *
kind_of(const struct channel_kinds *kinds, uint8_t type)
{
	return type < kinds->n && kinds->kind[type].name ? &kinds->kind[type] : NULL;
}

enum channel_result
channel_parse(const struct channel_kinds *kinds, struct cur *bytes, struct channel_message *m,
	      char error[CHANNEL_ERROR_MAX])
{
	struct cur c = *bytes;
	uint32_t head = cur_u32le(&c), n = head >> 8;
	const struct channel_kind *k = kind_of(kinds, (uint8_t)head);

	if (c.bad)
		return CHANNEL_NOTHING;
	if (!k) {
		snprintf(error, CHANNEL_ERROR_MAX, "a message of type %u, which is none", head & 0xff);
		return CHANNEL_BROKEN;
	}
	if (n < k->least || n > k->most) {
		snprintf(error, CHANNEL_ERROR_MAX, "%s of %u bytes: at least %u, at most %u", k->name, n, k->least,
			 k->most);
		return CHANNEL_BROKEN;
	}
	m->type = (uint8_t)head;
	m->bytes = cur_sub(&c, n);
	if (c.bad)
		return CHANNEL_NOTHING;
	*bytes = c;
	return CHANNEL_MESSAGE;
}

static size_t
longest(const struct channel_kinds *kinds)
{
	size_t most = 0;

	for (unsigned i = 0; i < kinds->n; i++)
		if (kinds->kind[i].most > most)
			most = kinds->kind[i].most;
	return most + CHANNEL_HEAD;
}

static bool
buffer_init(struct buffer *b, size_t size, size_t least)
{
	b->size = size < least ? least : size;
	b->p = malloc(b->size);
	return b->p != NULL;
}

struct channel *
channel_new(int fd, const struct channel_kinds *kinds, size_t held)
{
	struct channel *c = calloc(1, sizeof(*c));
	int flags = fcntl(fd, F_GETFL);

	if (c && kinds->n <= CHANNEL_TYPES_MAX && flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	    buffer_init(&c->in, held < READ_MIN ? READ_MIN : held, longest(kinds)) &&
	    buffer_init(&c->out, held, longest(kinds))) {
		c->fd = fd;
		c->kinds = kinds;
		return c;
	}
	if (c) {
		free(c->in.p);
		free(c->out.p);
	}
	free(c);
	return NULL;
}

void
channel_free(struct channel *c)
{
	if (!c)
		return;
	close(c->fd);
	free(c->in.p);
	free(c->out.p);
	free(c);
}

int
channel_fd(const struct channel *c)
{
	return c->fd;
}

const char *
channel_error(const struct channel *c)
{
	return c->error;
}

/* What counts goes to the front. */
static void
close_up(struct buffer *b)
{
	if (b->from && b->to > b->from)
		memmove(b->p, b->p + b->from, b->to - b->from);
	b->to -= b->from;
	b->from = 0;
}

/* For a message of so many bytes behind its head; NULL: broken, or there is none. */
static uint8_t *
room(struct channel *c, size_t most)
{
	struct buffer *b = &c->out;

	if (*c->error)
		return NULL;
	if (b->size - b->to < most + CHANNEL_HEAD)
		close_up(b);
	return b->size - b->to < most + CHANNEL_HEAD ? NULL : b->p + b->to + CHANNEL_HEAD;
}

static void
put(struct channel *c, uint8_t type, size_t n)
{
	const struct channel_kind *k = kind_of(c->kinds, type);
	struct buffer *b = &c->out;

	if (!k || n < k->least || n > k->most || b->size - b->to < n + CHANNEL_HEAD)
		abort();
	b->p[b->to] = type;
	for (unsigned i = 0; i < 3; i++)
		b->p[b->to + 1 + i] = (uint8_t)(n >> 8 * i);
	b->to += n + CHANNEL_HEAD;
}

bool
channel_send(struct channel *c, uint8_t type, const void *bytes, size_t n)
{
	uint8_t *to = room(c, n);

	if (!to)
		return false;
	if (n)
		memcpy(to, bytes, n);
	put(c, type, n);
	return true;
}

size_t
channel_waiting(const struct channel *c)
{
	return c->out.to - c->out.from;
}

static bool
would_wait(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

bool
channel_flush(struct channel *c)
{
	struct buffer *b = &c->out;

	while (!*c->error && b->from < b->to) {
		ssize_t n = write(c->fd, b->p + b->from, b->to - b->from);

		if (n < 0 && would_wait(errno))
			return true;
		if (n < 0)
			snprintf(c->error, sizeof(c->error), "cannot be written: %s", strerror(errno));
		else
			b->from += (size_t)n;
	}
	if (b->from == b->to)
		b->from = b->to = 0;
	return !*c->error;
}

bool
channel_drain(struct channel *c)
{
	struct pollfd wait = {.fd = c->fd, .events = POLLOUT};

	while (channel_flush(c) && channel_waiting(c))
		if (poll(&wait, 1, -1) < 0 && errno != EINTR)
			snprintf(c->error, sizeof(c->error), "cannot be waited for: %s", strerror(errno));
	return !*c->error;
}

/* What counts is moved when that makes at least as much room as it costs, or a message cannot become whole without. */
static void
make_room(struct channel *c)
{
	struct buffer *b = &c->in;
	size_t behind = b->size - b->to;

	if (b->from == b->to || (behind < READ_MIN && b->from >= b->to - b->from) || behind == 0)
		close_up(b);
}

bool
channel_has_room(const struct channel *c)
{
	return !*c->error && !c->ended && (c->in.from > 0 || c->in.to < c->in.size);
}

/* One read(2); it changes nothing when nothing is there. */
static enum channel_result
fill(struct channel *c)
{
	struct buffer *b = &c->in;
	ssize_t n;

	make_room(c);
	if (b->to == b->size)
		return CHANNEL_NOTHING;
	n = read(c->fd, b->p + b->to, b->size - b->to);
	if (n > 0) {
		b->to += (size_t)n;
		return CHANNEL_MESSAGE;
	}
	if (n < 0 && would_wait(errno))
		return CHANNEL_NOTHING;
	if (n < 0 && errno != ECONNRESET) { /* which is a peer that died with our bytes unread */
		snprintf(c->error, sizeof(c->error), "cannot be read: %s", strerror(errno));
		return CHANNEL_BROKEN;
	}
	c->ended = true;
	return CHANNEL_ENDED;
}

enum channel_result
channel_read(struct channel *c)
{
	if (*c->error)
		return CHANNEL_BROKEN;
	return c->ended ? CHANNEL_ENDED : fill(c);
}

/* The end within a message is no end. */
static enum channel_result
nothing_more(struct channel *c)
{
	if (c->in.from == c->in.to)
		return CHANNEL_ENDED;
	snprintf(c->error, sizeof(c->error), "it ended within a message");
	return CHANNEL_BROKEN;
}

static enum channel_result
look(struct channel *c, struct channel_message *m, size_t *bytes)
{
	struct cur from = cur_of(c->in.p + c->in.from, c->in.to - c->in.from);
	enum channel_result is = *c->error ? CHANNEL_BROKEN : channel_parse(c->kinds, &from, m, c->error);

	*bytes = c->in.to - c->in.from - cur_left(&from);
	return is == CHANNEL_NOTHING && c->ended ? nothing_more(c) : is;
}

enum channel_result
channel_peek(struct channel *c, struct channel_message *m)
{
	size_t bytes;

	return look(c, m, &bytes);
}

void
channel_taken(struct channel *c)
{
	struct channel_message m;
	size_t bytes;

	if (look(c, &m, &bytes) == CHANNEL_MESSAGE)
		c->in.from += bytes;
}

enum channel_result
channel_next(struct channel *c, struct channel_message *m)
{
	size_t bytes;
	enum channel_result is = look(c, m, &bytes);

	if (is == CHANNEL_NOTHING && channel_read(c) != CHANNEL_NOTHING)
		is = look(c, m, &bytes);
	if (is == CHANNEL_MESSAGE)
		c->in.from += bytes;
	return is;
}
