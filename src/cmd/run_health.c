/*
 * run_health: each second the keeper looks how things are, and tells the desk and the sinks.  Must not wait for them.
 */
#include "cmd/run_desk.h"
#include "cmd/run_fan.h"
#include "sensor/watch_sinks.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#define STEP_NS (2 * NS_PER_S)

static void
on_session(void *arg, const struct session *s)
{
	struct run_health *h = arg;

	health_session(&h->log, s);
}

static void
on_finding(void *arg, const struct finding *f)
{
	struct run_health *h = arg;

	health_finding(&h->log, f);
}

static void
on_closed(void *arg, const struct incident *i)
{
	struct run_health *h = arg;

	health_closed(&h->log, i->id);
}

void
run_health_hear(struct run_health *h, struct common *c)
{
	c->hears.arg = h;
	c->hears.session = on_session;
	c->hears.finding = on_finding;
	c->hears.closed = on_closed;
	h->health.started = (uint64_t)time(NULL);
}

void
run_health_link(struct run_health *h, int fd)
{
	channel_free(h->desk);
	h->desk = channel_new(fd, &DESK_KINDS, 2 * sizeof(struct health));
}

void
run_health_close(struct run_health *h)
{
	channel_free(h->desk);
	h->desk = NULL;
}

static void
sinks(struct health *h, const struct watch *w)
{
	struct outbox_status of[SINKS_MAX];

	h->sinks = watch_post_status(w, of);
	for (unsigned i = 0; i < h->sinks; i++) {
		struct health_sink *s = &h->sink[i];

		*s = (struct health_sink){
			.told = of[i].told,
			.sent = of[i].sent,
			.lost = of[i].lost,
			.waiting = of[i].waiting,
			.position = of[i].position,
			.oldest = (uint64_t)(of[i].oldest.ns / NS_PER_S),
			.well = *of[i].error == '\0',
			.failed = (uint64_t)(of[i].error_time.ns / NS_PER_S),
		};
		snprintf(s->name, sizeof(s->name), "%s", of[i].sink);
		snprintf(s->error, sizeof(s->error), "%.*s", HEALTH_WORDS - 1, of[i].error);
	}
}

static void
given_up(struct health *h, const struct watch *w)
{
	struct outbox_loss all[OUTBOX_LOSSES];
	unsigned n = watch_post_losses(w, all), from = n > HEALTH_LOSSES ? n - HEALTH_LOSSES : 0;

	h->given_up = n - from;
	for (unsigned i = from; i < n; i++) {
		struct health_loss *to = &h->loss_of_sinks[i - from];

		*to = (struct health_loss){.lines = all[i].count,
					   .first_id = all[i].first_id,
					   .last_id = all[i].last_id,
					   .first = all[i].first,
					   .last = all[i].last};
		snprintf(to->sink, sizeof(to->sink), "%s", all[i].sink);
		snprintf(to->cause, sizeof(to->cause), "%s", OUTBOX_CAUSE[all[i].cause]);
	}
}

static void
ledger_numbers(struct run_health *h, const struct ledger *ledger)
{
	const struct ledger_head head = ledger ? ledger_head(ledger) : (struct ledger_head){0};

	if (head.commit != h->commit)
		h->health.ledger_time = (uint64_t)time(NULL);
	h->commit = head.commit;
	h->health.ledger_commit = (uint64_t)head.commit;
	snprintf(h->health.ledger_head, sizeof(h->health.ledger_head), "%s", head.hash);
}

/* Each tap has its part of the buffer, and of what comes. */
static uint64_t
bridged_ms(const struct running *r, const struct counts *now, const struct counts *was, uint64_t seconds)
{
	uint64_t taps = run_whole(r) ? 1 : run_taps(r), share = taps * (seconds ? seconds : 1);
	size_t buffer = (size_t)config_number(&r->common->config, OPT_capture_buffer);

	return capture_bridges_ms(buffer / taps, (now->frames - was->frames) / share,
				  (now->frame_bytes - was->frame_bytes) / share);
}

static void
numbers(struct health *h, const struct running *r)
{
	struct watch *w = &r->common->watch;
	const struct counts was = h->counts;
	const uint64_t told = h->told;
	struct rusage use = {0};

	watch_measure(w);
	getrusage(RUSAGE_SELF, &use);
	snprintf(h->sensor, sizeof(h->sensor), "%.*s", HEALTH_NAME - 1, w->sensor);
	snprintf(h->iface, sizeof(h->iface), "%.*s", HEALTH_NAME - 1, r->iface);
	snprintf(h->version, sizeof(h->version), "%s", PROGRAM_VERSION);
	h->told = (uint64_t)time(NULL);
	h->packet = (uint64_t)(w->capture.now.ns / NS_PER_S);
	h->kernel_packets = w->capture.kernel_packets;
	h->connections = w->capture.flows_open;
	h->memory_limit = w->capture.memory;
	h->resident = (uint64_t)use.ru_maxrss << 10;
	h->counts = *watch_counts(w);
	h->buffer_ms = bridged_ms(r, &h->counts, &was, h->told - told);
	h->loss = w->capture.loss;
	h->reloads = r->common->reloaded.times;
	h->reload_fine = r->common->reloaded.fine;
	snprintf(h->reload, sizeof(h->reload), "%.*s", HEALTH_WORDS - 1, r->common->reloaded.words);
}

/* Whoever sets it moves it against the clock that nobody sets. */
static void
clock_numbers(struct run_health *h, struct when wall)
{
	const int64_t lead = wall.ns - clock_now_ns(), moved = lead - h->clock_lead;

	h->health.clock_unset = !clock_is_kept_right();
	h->health.clock_steps += h->clock_lead && (moved >= STEP_NS || moved <= -STEP_NS);
	h->clock_lead = lead;
}

static void
measure(struct run_health *h, const struct running *r, const struct ledger *ledger, struct when wall)
{
	struct watch *w = &r->common->watch;

	numbers(&h->health, r);
	ledger_numbers(h, ledger);
	clock_numbers(h, wall);
	sinks(&h->health, w);
	given_up(&h->health, w);
	health_lists(&h->health, &h->log);
	h->health.outbox_fails = watch_post_fails(w);
	checkup_look(&h->checkup, &h->health, clock_now_ns() / NS_PER_S, wall, watch_sinks_trouble, w);
	h->beat.troubles = checkup_lasting(&h->checkup, &h->beat.trouble);
	h->health.troubles = h->beat.troubles;
}

static void
beat(struct run_health *h, const struct running *r, struct when wall)
{
	const int64_t every = config_number(&r->common->config, OPT_sensor_heartbeat), now = clock_now_ns();

	if (now < h->beat_at)
		return;
	h->beat_at = now + every;
	h->beat.number++;
	h->beat.every_s = (uint64_t)(every / NS_PER_S);
	h->beat.waiting = 0;
	for (uint32_t i = 0; i < h->health.sinks; i++)
		h->beat.waiting += h->health.sink[i].waiting;
	watch_sinks_heartbeat(&r->common->watch, &h->beat, wall);
}

void
run_health_died(struct run_health *h)
{
	h->health.deaths++;
}

void
run_health_tell(struct run_health *h, const struct running *r, const struct ledger *ledger)
{
	const struct when wall = clock_wall();

	measure(h, r, ledger, wall);
	beat(h, r, wall);
	if (!h->desk)
		return;
	if (channel_waiting(h->desk) == 0) /* else it is slow, and has the last one still to read */
		(void)channel_send(h->desk, DESK_HEALTH, &h->health, sizeof(h->health));
	if (!channel_flush(h->desk))
		run_health_close(h);
}
