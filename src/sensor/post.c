/*
 * post: see post.h.  Must not know how a kind sends.
 */
#include "sensor/post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sensor/channel.h"
#include "sensor/courier_message.h"
#include "sensor/delivery.h"

/* Messages that a courier has at most; how long a few lines wait for more; tries of who sends directly; how long the end
   may take. */
enum { FLYING_MAX = 4, TRIES = 4, END_MS = 3000 };
#define LINGER_NS NS_PER_S

enum link_state { LINK_UNTRIED, LINK_WELL, LINK_UNWELL };

struct post_sink {
	struct sink_config cfg;
	unsigned number;           /* of the outbox */
	struct channel *courier;   /* NULL: it is not there */
	unsigned flying;           /* messages not yet acknowledged to their end */
	uint64_t last[FLYING_MAX]; /* the last id of each, oldest first */
	bool hurry;                /* there is an alert among what waits */
	int64_t next_at;
	struct delivery *direct; /* NULL: a courier does it */
	bool given_up;           /* until the end */
	enum link_state state;
	bool told; /* of its state */
	char words[SENDER_WORDS];
};

struct post {
	struct outbox *outbox;
	bool direct;
	int64_t now_ns;
	unsigned sinks;
	struct post_sink sink[SINKS_MAX];
	struct sender_event *e; /* COURIER_LINES_MAX */
	struct bytes out;
};

/* "" words: well. */
static void
link_says(struct post *p, struct post_sink *s, const char *words)
{
	enum link_state now = *words ? LINK_UNWELL : LINK_WELL;

	if (now != s->state)
		s->told = now == LINK_WELL && s->state == LINK_UNTRIED;
	if (now == s->state && now == LINK_WELL)
		return;
	s->state = now;
	snprintf(s->words, sizeof(s->words), "%s", words);
	outbox_says(p->outbox, s->number, words);
}

static void
wait_ns(int64_t ns)
{
	const struct timespec t = {ns / NS_PER_S, ns % NS_PER_S};

	nanosleep(&t, NULL);
}

/* The same lines until they are acknowledged or refused, with `tries` for each step that fails.  False: given up. */
static bool
send_lines(struct post *p, struct post_sink *s, size_t n, unsigned tries)
{
	struct sender_result r = {.outcome = SENDER_DONE};

	for (size_t done = 0; done < n && tries;) {
		delivery_send(s->direct, p->e + done, n - done, &r);
		if (r.acknowledged)
			outbox_acknowledge(p->outbox, s->number, p->e[done + r.acknowledged - 1].id, r.acknowledged);
		done += r.acknowledged;
		if (r.outcome == SENDER_REFUSED) {
			outbox_refuse(p->outbox, s->number, p->e[done].id, p->e[done].time, r.words);
			done++;
		}
		link_says(p, s, r.outcome == SENDER_AGAIN ? r.words : "");
		if (r.outcome == SENDER_AGAIN && --tries)
			wait_ns(delivery_wait_ns(s->direct));
	}
	return r.outcome != SENDER_AGAIN;
}

/* A message's worth.  False: nothing is left, or it is given up. */
static bool
send_next(struct post *p, struct post_sink *s, unsigned tries)
{
	size_t n = outbox_take(p->outbox, s->number, p->e, s->cfg.sender.batch, COURIER_SOFT);

	if (n == 0)
		return false;
	if (send_lines(p, s, n, tries))
		return true;
	outbox_again(p->outbox, s->number);
	s->given_up = true;
	return false;
}

static void
send_all(struct post *p, struct post_sink *s, unsigned tries)
{
	while (send_next(p, s, tries))
		;
}

/* What waits in memory, of sinks that are not given up.  The last message is left to become a whole one. */
static void
drain(void *arg)
{
	struct post *p = arg;

	for (unsigned i = 0; i < p->sinks; i++) {
		struct post_sink *s = &p->sink[i];

		while (!s->given_up && send_next(p, s, TRIES) &&
		       outbox_waiting(p->outbox, s->number) >= s->cfg.sender.batch)
			;
	}
}

static struct outbox_config
outbox_wanted(struct post *p, const struct sinks_wanted *want, struct when wall)
{
	struct outbox_config c = {.path = *want->outbox ? want->outbox : NULL,
				  .size = (uint64_t)want->size,
				  .age_ns = want->age_ns,
				  .sinks = p->sinks,
				  .drain = p->direct ? drain : NULL,
				  .arg = p,
				  .now = wall};

	for (unsigned i = 0; i < p->sinks; i++) {
		c.sink[i].name = p->sink[i].cfg.name;
		c.sink[i].events = p->sink[i].cfg.events;
	}
	return c;
}

static void
free_all(struct post *p)
{
	for (unsigned i = 0; i < p->sinks; i++) {
		channel_free(p->sink[i].courier);
		delivery_free(p->sink[i].direct);
	}
	bytes_free(&p->out);
	free(p->e);
	free(p);
}

static bool
add_sinks(struct post *p, const struct sinks_wanted *want)
{
	for (unsigned i = 0; i < want->count; i++) {
		struct post_sink *s = &p->sink[p->sinks];

		if (!SINK_KIND[want->sink[i].kind].sender)
			continue;
		s->cfg = want->sink[i];
		s->number = p->sinks++;
		if (p->direct && !(s->direct = delivery_new(&s->cfg)))
			return false;
	}
	return true;
}

/* That of a ledger is made by who opens it, which is later. */
static void
make_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[OPTION_TEXT_MAX];

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 0, path);
	if (*folder)
		(void)mkdir(folder, 0750); /* whether it is there is told by opening the file */
}

struct post *
post_open(const struct sinks_wanted *want, struct when wall, char error[OUTBOX_ERROR_MAX])
{
	struct post *p = calloc(1, sizeof(*p));
	struct outbox_config cfg;

	if (p) {
		p->direct = !*want->outbox;
		p->e = calloc(COURIER_LINES_MAX, sizeof(*p->e));
	}
	make_folder(want->outbox);
	if (!p || !p->e || !add_sinks(p, want)) {
		snprintf(error, OUTBOX_ERROR_MAX, "no memory for network sinks");
		if (p)
			free_all(p);
		return NULL;
	}
	cfg = outbox_wanted(p, want, wall);
	p->outbox = outbox_open(&cfg, error);
	if (p->outbox)
		return p;
	free_all(p);
	return NULL;
}

struct outbox *
post_outbox(struct post *p)
{
	return p->outbox;
}

static void
part(struct post *p, struct post_sink *s)
{
	channel_free(s->courier);
	s->courier = NULL;
	s->flying = 0;
	outbox_again(p->outbox, s->number);
}

void
post_link(struct post *p, const char *sink, int fd)
{
	for (unsigned i = 0; i < p->sinks; i++) {
		struct post_sink *s = &p->sink[i];

		if (strcmp(s->cfg.name, sink) != 0 || p->direct)
			continue;
		part(p, s);
		s->courier = channel_new(fd, &COURIER_KINDS, COURIER_HARD);
		s->hurry = true;
		if (s->courier)
			return;
	}
	close(fd);
}

size_t
post_fds(const struct post *p, struct pollfd to[SINKS_MAX])
{
	size_t n = 0;

	for (unsigned i = 0; i < p->sinks; i++)
		if (p->sink[i].courier)
			to[n++] = (struct pollfd){.fd = channel_fd(p->sink[i].courier),
						  .events = channel_waiting(p->sink[i].courier) ? POLLIN | POLLOUT :
												  POLLIN};
	return n;
}

/* Messages whose last line is acknowledged have landed. */
static void
land(struct post_sink *s, uint64_t id)
{
	while (s->flying && s->last[0] <= id) {
		memmove(&s->last[0], &s->last[1], (FLYING_MAX - 1) * sizeof(s->last[0]));
		s->flying--;
	}
}

/* False: it is none of a courier's messages. */
static bool
hear(struct post *p, struct post_sink *s, const struct channel_message *m)
{
	struct courier_word w;

	if (m->type == COURIER_LINES || !courier_get_word(m->bytes, &w))
		return false;
	if (m->type == COURIER_TAKEN)
		outbox_acknowledge(p->outbox, s->number, w.id, w.count);
	else if (m->type == COURIER_REFUSED)
		outbox_refuse(p->outbox, s->number, w.id, w.time, w.words);
	if (m->type != COURIER_UNWELL)
		land(s, w.id);
	if (m->type != COURIER_REFUSED)
		link_says(p, s, w.words);
	return true;
}

static void
hear_all(struct post *p, struct post_sink *s)
{
	struct channel_message m;
	enum channel_result is = CHANNEL_ENDED;

	while (s->courier && (is = channel_next(s->courier, &m)) == CHANNEL_MESSAGE)
		if (!hear(p, s, &m))
			break;
	if (s->courier && is != CHANNEL_NOTHING)
		part(p, s);
}

/* A few lines wait a second for more, but not an alert: receivers like large batches, people like soon. */
static bool
is_due(const struct post *p, const struct post_sink *s)
{
	return s->courier && s->flying < FLYING_MAX && channel_waiting(s->courier) == 0 &&
	       (s->hurry || p->now_ns >= s->next_at ||
		outbox_waiting(p->outbox, s->number) >= (s->flying + 1) * (uint64_t)s->cfg.sender.batch);
}

/* One message.  False: there was nothing to send. */
static bool
hand_out(struct post *p, struct post_sink *s)
{
	size_t n = outbox_take(p->outbox, s->number, p->e, s->cfg.sender.batch, COURIER_SOFT);

	s->next_at = p->now_ns + LINGER_NS;
	if (n == 0)
		return false;
	p->out.n = 0;
	courier_put_lines(&p->out, p->e, n);
	if (p->out.failed || !channel_send(s->courier, COURIER_LINES, p->out.p, p->out.n)) {
		part(p, s);
		return false;
	}
	s->last[s->flying++] = p->e[n - 1].id;
	return channel_flush(s->courier);
}

static void
serve(struct post *p, struct post_sink *s)
{
	hear_all(p, s);
	if (s->courier && !channel_flush(s->courier))
		part(p, s);
	while (is_due(p, s))
		if (!hand_out(p, s)) {
			s->hurry = false;
			break;
		}
}

static void
send_directly(struct post *p, struct post_sink *s)
{
	if (outbox_waiting(p->outbox, s->number) >= s->cfg.sender.batch && !s->given_up)
		send_all(p, s, TRIES);
}

void
post_poll(struct post *p, int64_t now_ns, struct when wall)
{
	bool hurry = outbox_is_urgent(p->outbox);

	p->now_ns = now_ns;
	outbox_poll(p->outbox, now_ns, wall);
	for (unsigned i = 0; i < p->sinks; i++) {
		struct post_sink *s = &p->sink[i];

		s->hurry |= hurry;
		if (p->direct)
			send_directly(p, s);
		else
			serve(p, s);
	}
}

bool
post_notice(struct post *p, char words[OUTBOX_ERROR_MAX])
{
	for (unsigned i = 0; i < p->sinks; i++) {
		struct post_sink *s = &p->sink[i];

		if (s->state == LINK_UNTRIED || s->told)
			continue;
		s->told = true;
		if (s->state == LINK_WELL)
			snprintf(words, OUTBOX_ERROR_MAX, "sink %.63s: is well again", s->cfg.name);
		else
			snprintf(words, OUTBOX_ERROR_MAX, "sink %.63s: %.400s%s", s->cfg.name, s->words,
				 p->direct ? "" : "; events wait in the outbox");
		return true;
	}
	return outbox_notice(p->outbox, words);
}

static bool
is_busy(const struct post *p)
{
	for (unsigned i = 0; i < p->sinks; i++) {
		const struct post_sink *s = &p->sink[i];

		if (s->courier && s->state != LINK_UNWELL && outbox_waiting(p->outbox, s->number))
			return true;
	}
	return false;
}

/* Couriers that are well may end what they have. */
static void
wait_for_couriers(struct post *p)
{
	struct pollfd fd[SINKS_MAX];

	for (int64_t left = END_MS; left > 0 && is_busy(p); left -= 10) {
		for (unsigned i = 0; i < p->sinks; i++) {
			p->sink[i].hurry = true;
			serve(p, &p->sink[i]);
		}
		(void)poll(fd, (nfds_t)post_fds(p, fd), 10);
	}
}

bool
post_close(struct post *p, char error[OUTBOX_ERROR_MAX])
{
	bool fine;

	if (!p)
		return true;
	for (unsigned i = 0; p->direct && i < p->sinks; i++)
		send_all(p, &p->sink[i], p->sink[i].given_up ? 1 : TRIES);
	wait_for_couriers(p);
	fine = outbox_close(p->outbox, error);
	free_all(p);
	return fine;
}
