/*
 * tap: see tap.h.  Must not touch a file, nor ask a clock.
 */
#include "sensor/tap.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "base/crypt.h"
#include "sensor/beat.h"

enum { SEND_FROM = 48 << 10, GUESS_S = 20, WAIT_MS = 1000 };

struct tap {
	struct tap_setup setup;
	struct tap_part part;
	struct pipeline *pipeline;
	struct pick *pick; /* NULL: no frames are kept */
	void *memory;
	struct gateways *finder; /* NULL: settled */
	struct beat beat;
	struct when guess_at;
	bool began, done;
	uint64_t frames;                 /* seen so far */
	uint64_t recorded;               /* of them in records of connections that are over */
	const struct frame *batch;       /* that the pipeline works on now */
	uint64_t number[PIPELINE_BATCH]; /* of its frames; live: 0 */
	struct tap_drops drops;
	struct bytes message;
	char error[TAP_ERROR_MAX];
};

static void
fail(struct tap *t, const char *words)
{
	if (!*t->error)
		snprintf(t->error, sizeof(t->error), "the keeper's channel: %.200s", words);
}

/* Until all is written, however long the keeper's disk takes. */
static void
wait_written(struct tap *t)
{
	struct channel *c = t->setup.channel;
	struct pollfd wait = {.fd = channel_fd(c), .events = POLLOUT};

	while (channel_flush(c) && channel_waiting(c)) {
		(void)poll(&wait, 1, WAIT_MS);
		if (t->setup.waits)
			t->setup.waits(t->setup.arg);
	}
	if (*channel_error(c))
		fail(t, channel_error(c));
}

/* Waits for room where there is none. */
static void
send_message(struct tap *t, enum tap_says type)
{
	struct channel *c = t->setup.channel;
	size_t most = TAP_WIRE.kind[type].most;

	if (!*t->error && (t->message.failed || t->message.n > most))
		fail(t, t->message.failed ? "no memory" : "a message of our own that is too long");
	while (!*t->error && !channel_send(c, (uint8_t)type, t->message.p, t->message.n))
		wait_written(t);
	t->message.n = 0;
	if (!*t->error && channel_waiting(c) >= SEND_FROM && !channel_flush(c))
		fail(t, channel_error(c));
}

/* Of what the pipeline tells now. */
static struct tap_stamp
stamp_of(const struct tap *t)
{
	struct pipeline_stamp s = pipeline_stamp(t->pipeline);
	struct tap_stamp to = {
		.epoch = s.epoch, .at = s.at.ns, .phase = s.phase, .number = (uint64_t)s.first.ns, .tie = s.tie};

	if (s.frame && t->batch && t->setup.of)
		to.number = t->number[s.frame - t->batch];
	return to;
}

static void
on_session(void *arg, const struct session *s)
{
	struct tap *t = arg;
	const struct tap_stamp stamp = stamp_of(t);
	const struct tap_record r = {s->said, s->shown, s->capture};

	wire_stamp(&t->message, &stamp);
	t->recorded += tap_record_frames(s);
	wire_record(&t->message, &r, s);
	send_message(t, TAP_RECORD);
}

static void
on_window(void *arg, const struct pulse_window *w)
{
	struct tap *t = arg;
	const struct tap_stamp stamp = stamp_of(t);

	wire_stamp(&t->message, &stamp);
	wire_window(&t->message, w);
	send_message(t, TAP_WINDOW);
}

/* At a time of our own: behind what was due until then, before the frames that follow. */
static struct tap_stamp
stamp_at(const struct tap *t, struct when at, enum pipeline_phase phase)
{
	return (struct tap_stamp){.epoch = pipeline_stamp(t->pipeline).epoch, .at = at.ns, .phase = (uint8_t)phase};
}

static void
say_counts(struct tap *t, enum tap_says type, struct when at)
{
	const struct tap_stamp stamp = stamp_at(t, at, PHASE_BEAT);
	struct tap_counts c = {.counts = *pipeline_counts(t->pipeline),
			       .open = pipeline_open(t->pipeline),
			       .kernel_packets = t->drops.packets,
			       .kernel_drops = t->drops.ring,
			       .interface_drops = t->drops.interface,
			       .loss = t->drops.loss,
			       .now = pipeline_now(t->pipeline)};

	c.loss.shed = pipeline_shed_bytes(t->pipeline);
	wire_stamp(&t->message, &stamp);
	wire_counts(&t->message, &c);
	send_message(t, type);
}

static void
settle(struct tap *t)
{
	pipeline_gateways(t->pipeline, t->part.gateway, t->part.gateways);
	gateways_free(t->finder);
	t->finder = NULL;
}

static void
on_frame(void *arg, const struct told_frame *f)
{
	struct tap *t = arg;

	pick_frame(t->pick, f);
}

static void
on_picked(void *arg, const struct evidence_picked *p)
{
	struct tap *t = arg;

	wire_picked(&t->message, p);
	send_message(t, TAP_PICKED);
}

static struct addr
named(void *arg, const struct addr *a)
{
	const struct tap *t = arg;

	return pipeline_name(t->pipeline, a);
}

/* False: nobody understands it. */
static bool
hear(struct tap *t, const struct channel_message *m)
{
	struct evidence_wanted w;
	struct cur c = m->bytes;

	if (m->type == TAP_GATEWAYS && wire_get_gateways(&c, t->part.gateway, &t->part.gateways))
		settle(t);
	else if (m->type == TAP_WANTED && t->pick && wire_get_wanted(&c, &w))
		pick_want(t->pick, &w);
	else if (m->type == TAP_UNWANTED && t->pick)
		pick_end(t->pick, cur_u64le(&c));
	else if (m->type == TAP_DONE && t->pick)
		t->done = true;
	else
		return false;
	return true;
}

/* One message, waited for. */
static enum channel_result
wait_message(struct channel *c, struct channel_message *m)
{
	struct pollfd wait = {.fd = channel_fd(c), .events = POLLIN};
	enum channel_result is;

	while ((is = channel_next(c, m)) == CHANNEL_NOTHING)
		if (poll(&wait, 1, -1) < 0 && errno != EINTR)
			return CHANNEL_BROKEN;
	return is;
}

static bool
take_setup(struct tap *t)
{
	struct channel_message m;
	enum channel_result is = wait_message(t->setup.channel, &m);

	if (is == CHANNEL_MESSAGE && m.type == TAP_SETUP && wire_get_part(&m.bytes, &t->part))
		return true;
	fail(t, is == CHANNEL_ENDED  ? "it ended before it began" :
		is == CHANNEL_BROKEN ? channel_error(t->setup.channel) :
				       "what comes first is no setup");
	return false;
}

static bool
make_pipeline(struct tap *t)
{
	static const struct hash_key KEY = {1, 2};
	const struct pipeline_sink to = {.arg = t, .session = on_session, .window = on_window};
	struct pipeline_config cfg = t->part.pipeline;

	cfg.places = t->setup.places;
	t->memory = mmap(NULL, cfg.memory, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t->memory == MAP_FAILED) {
		t->memory = NULL;
		snprintf(t->error, sizeof(t->error), "a tap's share of memory.limit: cannot map %zu bytes: %s",
			 cfg.memory, strerror(errno));
		return false;
	}
	madvise(t->memory, cfg.memory, MADV_NOHUGEPAGE);
	if (!crypt_init() || getrandom(&cfg.table, sizeof(cfg.table), 0) != (ssize_t)sizeof(cfg.table)) {
		snprintf(t->error, sizeof(t->error), "no random numbers from the system, or no crypto library");
		return false;
	}
	t->pipeline = pipeline_new(t->memory, &cfg, &to);
	pipeline_indicators(t->pipeline, t->setup.indicators);
	t->finder = t->part.settled ? NULL : gateways_new(&KEY);
	if (t->part.settled && t->part.gateways)
		settle(t);
	return true;
}

static bool
make_pick(struct tap *t)
{
	const struct pick_config cfg = {.ring = t->part.ring,
					.payload = t->part.payload,
					.sensor = t->part.pipeline.sensor,
					.arg = t,
					.named = t->part.pipeline.privacy ? named : NULL,
					.picked = on_picked};

	if (!cfg.ring)
		return true;
	t->pick = pick_new(&cfg, t->error);
	if (t->pick)
		pipeline_tell_frames(t->pipeline, on_frame);
	return t->pick != NULL;
}

struct tap *
tap_open(const struct tap_setup *setup, char error[TAP_ERROR_MAX])
{
	struct tap *t = calloc(1, sizeof(*t));

	if (!t) {
		snprintf(error, TAP_ERROR_MAX, "no memory");
		channel_free(setup->channel);
		return NULL;
	}
	t->setup = *setup;
	t->beat.begins = true;
	if (take_setup(t) && make_pipeline(t) && make_pick(t))
		return t;
	snprintf(error, TAP_ERROR_MAX, "%s", t->error);
	tap_close(t);
	return NULL;
}

void
tap_close(struct tap *t)
{
	if (!t)
		return;
	if (t->pipeline)
		pipeline_close(t->pipeline);
	pick_free(t->pick);
	if (t->memory)
		munmap(t->memory, t->part.pipeline.memory);
	gateways_free(t->finder);
	channel_free(t->setup.channel);
	bytes_free(&t->message);
	free(t);
}

static void
work(struct tap *t, const struct frame *frames, size_t n)
{
	if (n == 0)
		return;
	t->batch = frames;
	pipeline_frames(t->pipeline, frames, n);
	t->batch = NULL;
}

/* As in a watch: the time of a frame that is not worked in yet, or of none. */
static void
pass(struct tap *t, struct when now)
{
	if (beat_pass(&t->beat, t->pipeline, now))
		say_counts(t, TAP_BEAT, beat_second(t->beat.now));
}

static void
guess(struct tap *t, struct when now)
{
	struct gateway_guess list[GATEWAY_GUESSES] = {{.port = 0}};

	if (when_before(now, t->guess_at))
		return;
	if (t->guess_at.ns) {
		wire_guess(&t->message, list, gateways_guess(t->finder, list, GATEWAY_GUESSES));
		send_message(t, TAP_GUESS);
	}
	t->guess_at = when_add(now, GUESS_S * NS_PER_S);
}

static void
begin(struct tap *t, struct when first)
{
	const struct tap_stamp stamp = {.at = first.ns};

	t->began = true;
	wire_stamp(&t->message, &stamp);
	send_message(t, TAP_FIRST);
}

/* All frames of one second, in order; those of this tap's share as pieces that lie together. */
struct share {
	struct frame own[PIPELINE_BATCH];
	size_t n;
};

static bool
is_own(const struct tap *t, const struct frame *f)
{
	return !t->setup.of || (uint64_t)packet_pair(f) * t->setup.of >> 32 == t->setup.index;
}

static void
work_share(struct tap *t, struct share *s)
{
	work(t, s->own, s->n);
	s->n = 0;
}

static void
see(struct tap *t, struct share *s, const struct frame *f)
{
	uint64_t number = ++t->frames;

	if (beat_is_due(&t->beat, f->time)) {
		work_share(t, s);
		pass(t, f->time);
	}
	if (is_own(t, f)) {
		if (when_before(f->time, t->beat.now)) {
			work_share(t, s);
			beat_catch_up(&t->beat, t->pipeline);
		}
		t->number[s->n] = number;
		s->own[s->n++] = *f;
	}
	beat_see(&t->beat, f->time);
}

void
tap_frames(struct tap *t, const struct frame *frames, size_t n)
{
	struct share s = {.n = 0};

	if (n == 0 || *t->error)
		return;
	if (!t->began)
		begin(t, frames[0].time);
	for (size_t i = 0; t->finder && i < n; i++)
		gateways_look(t->finder, &frames[i]);
	for (size_t i = 0; i < n; i++)
		see(t, &s, &frames[i]);
	work_share(t, &s);
	if (t->finder)
		guess(t, t->beat.now);
}

void
tap_tick(struct tap *t, struct when now)
{
	if (*t->error)
		return;
	if (beat_is_due(&t->beat, now))
		pass(t, now);
	else
		pipeline_tick(t->pipeline, now);
	beat_see(&t->beat, now);
	if (t->finder)
		guess(t, now);
}

void
tap_capture(struct tap *t, uint16_t n, uint16_t file)
{
	struct tap_stamp stamp;
	uint8_t number[4] = {(uint8_t)n, (uint8_t)(n >> 8), (uint8_t)file, (uint8_t)(file >> 8)};

	beat_catch_up(&t->beat, t->pipeline);
	stamp = stamp_at(t, t->beat.now, PHASE_FRAME);
	stamp.number = t->frames;
	stamp.tie = UINT64_MAX;
	wire_stamp(&t->message, &stamp);
	bytes_add(&t->message, number, sizeof(number));
	send_message(t, TAP_CAPTURE);
	t->beat.begins = true;
	pipeline_capture(t->pipeline, n);
}

void
tap_drops(struct tap *t, const struct tap_drops *d)
{
	t->drops = *d;
}

void
tap_shed(struct tap *t, enum shed_level level)
{
	pipeline_shed(t->pipeline, level);
}

void
tap_note(struct tap *t, const char *words)
{
	size_t n = strlen(words), most = TAP_WIRE.kind[TAP_NOTE].most;

	bytes_add(&t->message, words, n < most ? n : most);
	send_message(t, TAP_NOTE);
}

void
tap_progress(struct tap *t, const struct tap_progress *p)
{
	wire_progress(&t->message, p);
	send_message(t, TAP_PROGRESS);
}

void
tap_poll(struct tap *t)
{
	struct channel *c = t->setup.channel;
	enum channel_result is = CHANNEL_NOTHING;
	struct channel_message m;

	if (!*t->error && !channel_flush(c))
		fail(t, channel_error(c));
	while (!*t->error && (is = channel_next(c, &m)) == CHANNEL_MESSAGE)
		if (!hear(t, &m))
			fail(t, "a message that nobody understands");
	if (is == CHANNEL_ENDED || is == CHANNEL_BROKEN)
		fail(t, is == CHANNEL_ENDED ? "it ended" : channel_error(c));
}

/* What the keeper finds in the last records may be evidence, and the frames are here. */
static void
wait_done(struct tap *t)
{
	struct pollfd wait = {.fd = channel_fd(t->setup.channel), .events = POLLIN};

	while (!t->done && !*t->error) {
		(void)poll(&wait, 1, WAIT_MS);
		if (t->setup.waits)
			t->setup.waits(t->setup.arg);
		tap_poll(t);
	}
	send_message(t, TAP_LAST);
}

void
tap_end(struct tap *t)
{
	beat_catch_up(&t->beat, t->pipeline);
	pipeline_end(t->pipeline);
	say_counts(t, TAP_END, (struct when){INT64_MAX});
	if (!*t->error)
		wait_written(t);
	if (t->pick)
		wait_done(t);
	if (!*t->error)
		wait_written(t);
}

bool
tap_failed(const struct tap *t)
{
	return *t->error != '\0';
}

const struct counts *
tap_counts(const struct tap *t)
{
	return pipeline_counts(t->pipeline);
}

uint64_t
tap_told(const struct tap *t)
{
	return t->recorded + tap_counts_aside(pipeline_counts(t->pipeline)) + t->drops.ring;
}
