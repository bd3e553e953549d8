/*
 * keeper: see keeper.h.  Must not believe a tap: what it says is checked, and a tap that says nonsense is gone.
 */
#include "sensor/keeper.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { READS = 16, HELD_SHARE = 16, HELD_MOST = 8 << 20 };

struct slot {
	struct channel *channel; /* NULL: nobody is there */
	struct channel *next;    /* joins when this one's messages are worked in */
	bool lost;               /* nobody waits for it; what it said is still worked in */
	bool ended;              /* TAP_END was worked in */
	bool has_head;
	uint8_t type; /* of the head */
	struct tap_stamp stamp;
	uint32_t epoch;                    /* of its beginning */
	struct tap_counts counts, earlier; /* of those that were here before */
	struct gateway_guess guess[GATEWAY_GUESSES];
	size_t guesses;
	bool guessed;
	char error[KEEPER_ERROR_MAX];
};

struct keeper {
	struct watch *watch;
	struct keeper_tell tell;
	unsigned n;
	size_t held;
	struct tap_part part;
	bool heard[GATEWAYS_MAX + 1]; /* gateways that were ever heard */
	uint32_t epoch;
	struct bytes message;
	struct row row;
	struct slot slot[];
};

/* What each tap is to be, but for who the gateways are. */
static bool
make_part(struct keeper *k)
{
	struct pipeline_config *cfg = &k->part.pipeline;

	if (!watch_pipeline(k->watch, cfg))
		return false;
	pipeline_part(cfg, PIPELINE_TAP, k->n);
	if (cfg->privacy) {
		k->part.privacy = *cfg->privacy;
		cfg->privacy = &k->part.privacy;
	}
	k->held = cfg->memory / HELD_SHARE < HELD_MOST ? cfg->memory / HELD_SHARE : HELD_MOST;
	cfg->memory -= k->held;
	return true;
}

struct keeper *
keeper_new(struct watch *w, const struct keeper_tell *tell)
{
	unsigned n = w->setup.taps;
	struct keeper *k = n <= KEEPER_TAPS_MAX ? calloc(1, sizeof(*k) + n * sizeof(struct slot)) : NULL;

	if (!k)
		return NULL;
	k->watch = w;
	k->tell = *tell;
	k->n = n;
	if (make_part(k))
		return k;
	keeper_free(k);
	return NULL;
}

void
keeper_free(struct keeper *k)
{
	if (!k)
		return;
	for (unsigned i = 0; i < k->n; i++) {
		channel_free(k->slot[i].channel);
		channel_free(k->slot[i].next);
	}
	bytes_free(&k->message);
	free(k);
}

size_t
keeper_held(const struct keeper *k)
{
	return k->held;
}

/* What does not fit into a channel whose reader was never heard of is a reader that does not read. */
static bool
say(struct keeper *k, struct channel *c, enum tap_says type)
{
	bool fine = !k->message.failed && channel_send(c, (uint8_t)type, k->message.p, k->message.n);

	k->message.n = 0;
	return fine && channel_flush(c);
}

static bool
say_setup(struct keeper *k, struct channel *c)
{
	const struct watch *w = k->watch;

	k->part.settled = watch_settled(w);
	k->part.gateways = w->gateways;
	memcpy(k->part.gateway, w->gateway, sizeof(k->part.gateway));
	wire_part(&k->message, &k->part);
	return say(k, c, TAP_SETUP);
}

static void
begin(struct keeper *k, struct slot *s, struct channel *c)
{
	s->channel = c;
	s->next = NULL;
	s->lost = s->ended = s->has_head = s->guessed = false;
	s->epoch = k->epoch;
	*s->error = '\0';
}

static void
add(struct tap_counts *to, const struct tap_counts *c)
{
	counts_add(&to->counts, &c->counts);
	to->kernel_packets += c->kernel_packets;
	to->kernel_drops += c->kernel_drops;
	to->interface_drops += c->interface_drops;
#define LOSS(name, unit, doc) to->loss.name += c->loss.name;
#include "base/loss.def"
#undef LOSS
}

/* All that it said is worked in. */
static void
leave(struct keeper *k, struct slot *s)
{
	channel_free(s->channel);
	s->channel = NULL;
	s->counts.open = 0;
	add(&s->earlier, &s->counts);
	s->counts = (struct tap_counts){.open = 0};
	if (s->next)
		begin(k, s, s->next);
}

bool
keeper_join(struct keeper *k, unsigned i, struct channel *c)
{
	struct slot *s = i < k->n ? &k->slot[i] : NULL;

	if (s && s->channel && s->ended) /* it left in order: its interface was gone */
		leave(k, s);
	if (!s || s->next || (s->channel && !s->lost) || !say_setup(k, c)) {
		channel_free(c);
		return false;
	}
	if (s->channel)
		s->next = c;
	else
		begin(k, s, c);
	return true;
}

static void
gone(struct slot *s, const char *why)
{
	if (!*s->error)
		snprintf(s->error, sizeof(s->error), "%s", why);
	s->has_head = false;
}

void
keeper_lost(struct keeper *k, unsigned i, const char *cause)
{
	struct slot *s = &k->slot[i];
	char words[KEEPER_ERROR_MAX + 64];

	if (!s->channel || s->lost || s->ended)
		return;
	s->lost = true;
	if (*s->error)
		leave(k, s);
	if (!k->watch->setup.ledger)
		return;
	snprintf(words, sizeof(words), "tap %u lost: %.250s", i, cause);
	ledger_happened(k->watch->setup.ledger, words);
}

int
keeper_fd(const struct keeper *k, unsigned i, short *events)
{
	const struct slot *s = &k->slot[i];
	bool done = !s->channel || s->lost || s->ended || *s->error;

	*events = 0;
	if (done)
		return -1;
	*events = (short)((channel_has_room(s->channel) ? POLLIN : 0) | (channel_waiting(s->channel) ? POLLOUT : 0));
	return *events ? channel_fd(s->channel) : -1;
}

const char *
keeper_error(const struct keeper *k, unsigned i)
{
	return k->slot[i].error;
}

enum keeper_tap
keeper_take(struct keeper *k, unsigned i)
{
	struct slot *s = &k->slot[i];
	unsigned reads = 0;

	if (s->ended)
		return KEEPER_ENDED;
	if (!s->channel || *s->error)
		return KEEPER_GONE;
	channel_flush(s->channel);
	while (reads++ < READS && channel_read(s->channel) == CHANNEL_MESSAGE)
		continue;
	return KEEPER_FINE;
}

/* Each tap has its own clients; once each has looked for a while they are judged together. */
static void
take_guess(struct keeper *k, struct slot *s, struct cur c)
{
	struct gateway_guess all[KEEPER_TAPS_MAX * GATEWAY_GUESSES], best[GATEWAY_GUESSES] = {{.port = 0}};
	size_t n = 0;

	if (!wire_get_guess(&c, s->guess, &s->guesses)) {
		gone(s, "a guess that is none");
		return;
	}
	s->guessed = true;
	for (unsigned i = 0; i < k->n; i++) {
		const struct slot *one = &k->slot[i];

		if (one->channel && !one->lost && !one->guessed)
			return;
		for (size_t j = 0; one->channel && j < one->guesses; j++)
			all[n++] = one->guess[j];
	}
	n = gateways_combine(all, n, best, GATEWAY_GUESSES);
	if (!n || watch_settled(k->watch))
		return;
	watch_settle(k->watch, best, n);
	keeper_gateways(k);
}

static void
take_note(struct keeper *k, unsigned i, struct cur c)
{
	char words[1025];
	size_t n = cur_copy(&c, words, sizeof(words) - 1);

	words[n] = '\0';
	for (size_t at = 0; at < n; at++)
		if (words[at] < ' ' && words[at] >= 0)
			words[at] = '?';
	if (k->tell.note)
		k->tell.note(k->tell.arg, i, words);
}

/* Has it nothing to do with the order?  Then its turn is now. */
static bool
take_aside(struct keeper *k, unsigned i, const struct channel_message *m)
{
	struct slot *s = &k->slot[i];
	struct tap_progress p;
	struct cur c = m->bytes;

	if (m->type == TAP_NOTE) {
		take_note(k, i, c);
	} else if (m->type == TAP_GUESS) {
		take_guess(k, s, c);
	} else if (m->type == TAP_PROGRESS) {
		if (!wire_get_progress(&c, &p))
			gone(s, "a progress that is none");
		else if (k->tell.progress)
			k->tell.progress(k->tell.arg, i, &p);
	} else {
		return false;
	}
	return true;
}

/* The next message of the slot that has its place in the order. */
static void
find_head(struct keeper *k, unsigned i)
{
	struct slot *s = &k->slot[i];
	struct channel_message m;
	enum channel_result is;

	while ((is = channel_peek(s->channel, &m)) == CHANNEL_MESSAGE && take_aside(k, i, &m))
		channel_taken(s->channel);
	if (is == CHANNEL_ENDED || is == CHANNEL_BROKEN) {
		gone(s, is == CHANNEL_ENDED ? "it stopped before its end" : channel_error(s->channel));
	} else if (is == CHANNEL_MESSAGE) {
		s->type = m.type;
		s->has_head = m.type <= TAP_END && wire_get_stamp(&m.bytes, &s->stamp);
		s->stamp.epoch += s->epoch;
		if (!s->has_head)
			gone(s, "a message that nobody understands");
	}
}

/* Is it one of those whose turn comes in an order? */
static bool
counts_in(const struct slot *s)
{
	return s->channel && !s->ended && !*s->error;
}

/* Its head, where it has one; who was lost and has nothing left to say leaves. */
static void
look_at(struct keeper *k, unsigned i)
{
	struct slot *s = &k->slot[i];

	if (counts_in(s) && !s->has_head)
		find_head(k, i);
	if (!s->lost || !s->channel || s->has_head)
		return;
	leave(k, s);
	if (counts_in(s))
		find_head(k, i);
}

/* The slot whose turn it is; NULL: somebody has to be waited for, or nobody is left. */
static struct slot *
first_slot(struct keeper *k)
{
	struct slot *first = NULL;
	bool waits = false;

	for (unsigned i = 0; i < k->n; i++) {
		struct slot *s = &k->slot[i];

		look_at(k, i);
		if (!counts_in(s))
			continue;
		waits |= !s->has_head;
		if (s->has_head && (!first || tap_stamp_order(&s->stamp, &first->stamp) < 0))
			first = s;
	}
	return waits ? NULL : first;
}

static bool
is_same(const struct slot *s, const struct slot *first)
{
	return counts_in(s) && s->has_head && s->type == first->type && tap_stamp_order(&s->stamp, &first->stamp) == 0;
}

/* What lies behind the stamp of the head. */
static struct cur
body_of(struct slot *s)
{
	struct channel_message m;
	struct tap_stamp stamp;

	channel_peek(s->channel, &m);
	wire_get_stamp(&m.bytes, &stamp);
	return m.bytes;
}

static void
taken(struct slot *s)
{
	channel_taken(s->channel);
	s->has_head = false;
}

static void
pass_time(struct keeper *k, int64_t at)
{
	if (at != INT64_MAX)
		pipeline_take_time(k->watch->pipeline, beat_second((struct when){at}));
}

static void
take_record(struct keeper *k, struct slot *s)
{
	struct cur c = body_of(s);
	struct tap_record r;

	if (wire_get_record(&c, &r, &k->row) && r.capture <= k->watch->captures) {
		pass_time(k, s->stamp.at);
		pipeline_take_record(k->watch->pipeline, &k->row.session);
		taken(s);
	} else {
		gone(s, "a record that is none");
	}
}

static void
add_pulse(struct pulse *to, const struct pulse *p)
{
#define FIELD(id, name, type, doc) to->name = ADD_##type(to->name, p->name);
#define ADD_TIME(a, b)             (a)
#define ADD_U8(a, b)               (a)
#define ADD_U32(a, b)              ((a) + (b))
#define ADD_U64(a, b)              ((a) + (b))
#include "session/pulse.def"
#undef FIELD
}

/* The windows of all that have one, as one of all gateways that were ever heard. */
static void
take_window(struct keeper *k, const struct slot *first)
{
	const struct tap_stamp stamp = first->stamp;
	struct pulse_window one, all = {.count = 0};
	struct pulse sum[GATEWAYS_MAX + 1] = {{.gateway = 0}};
	struct slot *s = k->slot;
	struct slot like = *first;

	for (; s < k->slot + k->n; s++) {
		struct cur c;

		if (!is_same(s, &like))
			continue;
		c = body_of(s);
		if (!wire_get_window(&c, &one)) {
			gone(s, "a window that is none");
			continue;
		}
		taken(s);
		all.end = one.end;
		all.others += one.others;
		for (uint32_t i = 0; i < one.count; i++) {
			k->heard[one.pulse[i].gateway] = true;
			add_pulse(&sum[one.pulse[i].gateway], &one.pulse[i]);
		}
	}
	for (uint8_t g = 1; g <= GATEWAYS_MAX; g++) {
		if (!k->heard[g])
			continue;
		sum[g].gateway = g;
		sum[g].time = all.end;
		sum[g].others = all.others;
		all.pulse[all.count++] = sum[g];
	}
	pass_time(k, stamp.at);
	if (all.end.ns)
		pipeline_take_window(k->watch->pipeline, &all);
}

static void
sum_counts(struct keeper *k)
{
	struct watch *w = k->watch;
	struct tap_counts sum = {.open = 0};

	for (unsigned i = 0; i < k->n; i++) {
		add(&sum, &k->slot[i].earlier);
		add(&sum, &k->slot[i].counts);
		sum.open += k->slot[i].counts.open;
	}
	w->tapped = sum.counts;
	w->tapped_open = sum.open;
	w->capture.kernel_packets = sum.kernel_packets;
	w->capture.kernel_drops = sum.kernel_drops;
	w->capture.interface_drops = sum.interface_drops;
	w->capture.loss = sum.loss;
}

/* A second is over, or the input. */
static void
take_beat(struct keeper *k, const struct slot *first)
{
	const struct slot like = *first;
	struct when now = {0};

	for (struct slot *s = k->slot; s < k->slot + k->n; s++) {
		struct tap_counts counts;
		struct cur c;

		if (!is_same(s, &like))
			continue;
		c = body_of(s);
		if (!wire_get_counts(&c, &counts)) {
			gone(s, "a beat that is none");
			continue;
		}
		taken(s);
		s->counts = counts;
		s->ended = like.type == TAP_END;
		now = when_before(now, counts.now) ? counts.now : now;
	}
	k->epoch = like.stamp.epoch;
	sum_counts(k);
	pass_time(k, like.stamp.at);
	if (like.type == TAP_END)
		pipeline_passes(k->watch->pipeline, now);
	else if (k->watch->began)
		watch_beat(k->watch, (struct when){like.stamp.at});
}

static void
take_first(struct keeper *k, struct slot *s)
{
	if (!k->watch->began)
		watch_begin(k->watch, (struct when){s->stamp.at});
	taken(s);
}

/* Alike from all taps: the first tells. */
static void
take_capture(struct keeper *k, struct slot *s)
{
	struct cur c = body_of(s);
	uint16_t n = cur_u16le(&c), file = cur_u16le(&c);

	taken(s);
	if (n == k->watch->captures + 1u && k->tell.capture)
		k->tell.capture(k->tell.arg, file);
}

void
keeper_work(struct keeper *k)
{
	struct slot *s;

	while ((s = first_slot(k)) && !watch_failed(k->watch)) {
		switch (s->type) {
		case TAP_FIRST:
			take_first(k, s);
			break;
		case TAP_RECORD:
			take_record(k, s);
			break;
		case TAP_WINDOW:
			take_window(k, s);
			break;
		case TAP_CAPTURE:
			take_capture(k, s);
			break;
		default: /* find_head lets no other through */
			take_beat(k, s);
		}
	}
}

bool
keeper_done(const struct keeper *k)
{
	for (unsigned i = 0; i < k->n; i++)
		if (counts_in(&k->slot[i]) || k->slot[i].next)
			return false;
	return true;
}

void
keeper_gateways(struct keeper *k)
{
	const struct watch *w = k->watch;

	for (unsigned i = 0; i < k->n; i++) {
		struct slot *s = &k->slot[i];
		struct channel *c = s->next ? s->next : s->channel;

		if (!c || (s->lost && !s->next) || s->ended)
			continue;
		wire_gateways(&k->message, w->gateway, w->gateways);
		if (!say(k, c, TAP_GATEWAYS))
			gone(s, "it does not read what it is told");
	}
}
