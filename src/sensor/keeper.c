/*
 * keeper: see keeper.h.  Must not believe a tap: what it says is checked, and a tap that says nonsense is gone.
 */
#include "sensor/keeper_parts.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { READS = 16, HELD_SHARE = 16, HELD_MOST = 8 << 20 };

/* What does not fit into a channel whose reader was never heard of is a reader that does not read. */
static bool
say(struct keeper *k, struct channel *c, enum tap_says type)
{
	bool fine = !k->message.failed && channel_send(c, (uint8_t)type, k->message.p, k->message.n);

	k->message.n = 0;
	return fine && channel_flush(c);
}

void
keeper_say(struct keeper *k, struct slot *s, enum tap_says type)
{
	if (!say(k, slot_listens(s), type))
		slot_gone(s, "it does not read what it is told");
}

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
	if (make_part(k)) {
		keeper_evidence(k);
		return k;
	}
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
	s->lost = s->over = s->ended = s->has_head = s->guessed = false;
	s->epoch = k->epoch;
	*s->error = '\0';
}

/* All that it said is worked in. */
static void
leave(struct keeper *k, struct slot *s)
{
	channel_free(s->channel);
	s->channel = NULL;
	s->paid += s->recorded + tap_counts_aside(&s->counts.counts) + s->counts.loss.ring;
	s->recorded = 0;
	s->counts.open = 0;
	tap_counts_add(&s->earlier, &s->counts);
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
	keeper_evidence_again(k, s);
	return true;
}

void
slot_gone(struct slot *s, const char *why)
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

	if (s->channel && s->ended) /* it said all */
		leave(k, s);
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

void
keeper_died(struct keeper *k, unsigned i, uint64_t came)
{
	if (i < k->n)
		k->slot[i].owed += came;
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

/* The watch has settled who the gateways are: all taps hear it. */
static void
tell_gateways(struct keeper *k)
{
	const struct watch *w = k->watch;

	for (unsigned i = 0; i < k->n; i++) {
		struct slot *s = &k->slot[i];

		if (!slot_listens(s))
			continue;
		wire_gateways(&k->message, w->gateway, w->gateways);
		keeper_say(k, s, TAP_GATEWAYS);
	}
}

/* Each tap has its own clients; once each has looked for a while they are judged together. */
static void
take_guess(struct keeper *k, struct slot *s, struct cur c)
{
	struct gateway_guess all[KEEPER_TAPS_MAX * GATEWAY_GUESSES], best[GATEWAY_GUESSES] = {{.port = 0}};
	size_t n = 0;

	if (!wire_get_guess(&c, s->guess, &s->guesses)) {
		slot_gone(s, "a guess that is none");
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
	tell_gateways(k);
}

static void
take_note(struct keeper *k, unsigned i, struct cur c)
{
	char words[1025];
	size_t n = cur_copy(&c, words, sizeof(words) - 1);

	words[n] = '\0';
	for (size_t at = 0; at < n; at++)
		if ((unsigned char)words[at] < ' ')
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
	} else if (m->type == TAP_PICKED) {
		keeper_picked(k, s, c);
	} else if (m->type == TAP_LAST && s->over) {
		s->ended = true;
	} else if (m->type == TAP_PROGRESS) {
		if (!wire_get_progress(&c, &p))
			slot_gone(s, "a progress that is none");
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
	if (s->ended)
		return;
	if (is == CHANNEL_ENDED || is == CHANNEL_BROKEN) {
		slot_gone(s, is == CHANNEL_ENDED ? "it stopped before its end" : channel_error(s->channel));
	} else if (is == CHANNEL_MESSAGE) {
		s->type = m.type;
		s->has_head = m.type <= TAP_END && !s->over && wire_get_stamp(&m.bytes, &s->stamp);
		s->stamp.epoch += s->epoch;
		if (!s->has_head)
			slot_gone(s, "a message that nobody understands");
	}
}

/* Its head, where it has one; who was lost and has nothing left to say leaves. */
static void
look_at(struct keeper *k, unsigned i)
{
	struct slot *s = &k->slot[i];

	if (slot_counts(s) && !s->has_head)
		find_head(k, i);
	if (!s->lost || !s->channel || s->has_head)
		return;
	leave(k, s);
	if (slot_counts(s))
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
		if (!slot_counts(s))
			continue;
		waits |= !s->has_head;
		if (s->has_head && (!first || tap_stamp_order(&s->stamp, &first->stamp) < 0))
			first = s;
	}
	return waits ? NULL : first;
}

void
keeper_work(struct keeper *k)
{
	struct slot *s;

	while ((s = first_slot(k)) && !watch_failed(k->watch))
		keeper_turn(k, s);
}

bool
keeper_done(const struct keeper *k)
{
	for (unsigned i = 0; i < k->n; i++)
		if (slot_counts(&k->slot[i]) || k->slot[i].next)
			return false;
	return true;
}
