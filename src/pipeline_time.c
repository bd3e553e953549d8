/*
 * pipeline_time: what is due when packet time passes: ends, news, pulses, idle incidents, in one order.
 * Must not ask a clock.
 */
#include "pipeline_body.h"

static bool
news_goes_after(void *arg, uint32_t a, uint32_t b)
{
	const struct pipeline *p = arg;

	return flow_goes_after(p->flows, waiting_at(p, a)->flow, waiting_at(p, b)->flow);
}

static void
tell_news(struct pipeline *p, struct when at)
{
	p->phase = PHASE_NEWS;
	for (uint32_t h = news_take(&p->news, at, p, news_goes_after); h; h = news_after(&p->news, h)) {
		struct flow *f = waiting_at(p, h)->flow;

		f->told &= (uint8_t)~FRESH;
		connection_tell(p, f, SESSION_UPDATE, at);
	}
}

void
time_tell_window(struct pipeline *p, const struct pulse_window *w)
{
	struct detect_sink findings = findings_to(p);

	p->phase = PHASE_PULSE;
	p->telling = NULL;
	if (p->to.window)
		p->to.window(p->to.arg, w);
	for (uint32_t i = 0; p->detect && i < w->count; i++) {
		if (p->to.pulse)
			p->to.pulse(p->to.arg, &w->pulse[i]);
		detect_pulse(p->detect, &w->pulse[i], &findings);
	}
}

/* Of every gateway that was ever heard, while anybody is: silence among the talking is news, too. */
static void
pulses_emit(struct pipeline *p)
{
	struct pulse_window w = {.end = p->pulse_end, .others = p->others};

	for (uint8_t g = 1; g <= GATEWAYS_MAX; g++) {
		struct pulse *pulse = &p->pulse[g];

		if (!pulse->gateway)
			continue;
		pulse->time = p->pulse_end;
		pulse->others = p->others;
		w.pulse[w.count++] = *pulse;
		*pulse = (struct pulse){.gateway = g};
	}
	p->others = 0;
	p->pulse_pending = false;
	time_tell_window(p, &w);
}

void
time_ends(struct pipeline *p)
{
	p->at = (struct when){INT64_MAX};
	p->phase = PHASE_ENDED;
	connections_finish_ended(p, p->now);
	p->phase = PHASE_DRAINED;
	connections_finish_all(p);
	if (p->pulse_pending)
		pulses_emit(p);
	p->phase = PHASE_FRAME;
}

/* A clock that was set, or a capture file that begins before the one before it ended (rotated files do not, but for
   a packet or two): what went before cannot go on. */
static const int64_t CLOCK_BACK_NS = 60 * NS_PER_S, FILE_BACK_NS = NS_PER_MS;

bool
time_is_back(const struct pipeline *p, struct when time)
{
	return when_since(p->now, time) > (p->capture_begins ? FILE_BACK_NS : CLOCK_BACK_NS);
}

struct when
time_whole_second(struct when t)
{
	int64_t rest = t.ns % NS_PER_S;

	return t.ns > INT64_MAX - NS_PER_S ? t : when_add(t, rest > 0 ? NS_PER_S - rest : -rest);
}

static struct when
sooner(struct when a, struct when b)
{
	return when_before(a, b) ? a : b;
}

static struct when
next_due(const struct pipeline *p)
{
	struct when due = sooner(flows_due(p->flows), news_due(&p->news));

	if (p->detect)
		due = sooner(due, detect_due(p->detect));
	return time_whole_second(sooner(due, p->pulse_pending ? p->pulse_end : (struct when){INT64_MAX}));
}

/*
 * Time passes in whole seconds: what is due is done at the second that follows, in one order.  So it does not
 * matter whether a clock ticks (live) or only the next packet tells (a capture).  A pause is jumped over.
 */
static void
pass_seconds(struct pipeline *p, struct when time)
{
	struct detect_sink findings = findings_to(p);

	while (!when_before(time, p->second)) {
		struct when at = p->second, after = when_add(at, NS_PER_S);

		if (p->detect)
			detect_idle(p->detect, at, &findings);
		p->at = at;
		p->phase = PHASE_ENDED;
		connections_finish_ended(p, at);
		tell_news(p, at);
		if (p->pulse_pending && !when_before(at, p->pulse_end))
			pulses_emit(p);
		p->second = next_due(p);
		if (when_before(p->second, after))
			p->second = after;
	}
	p->phase = PHASE_FRAME;
	p->second = sooner(p->second, when_add(time_whole_second(time), time.ns % NS_PER_S == 0 ? NS_PER_S : 0));
}

/* What comes after the packet's time begins. */
void
time_advance(struct pipeline *p, struct when time)
{
	bool back = time_is_back(p, time);

	p->capture_begins = false;
	if (back) {
		time_ends(p);
		p->epoch++;
	}
	if (back || p->second.ns == 0)
		p->second = time_whole_second(time);
	if (back || when_before(p->now, time))
		p->now = time;
	if (!when_before(time, p->second))
		pass_seconds(p, time);
}

/* The ten seconds of a packet; their end is due once there is one. */
void
time_pulse_begin(struct pipeline *p, struct when time)
{
	int64_t step = PULSE_S * NS_PER_S;

	p->pulse_pending = true;
	p->pulse_end = when_add((struct when){time.ns / step * step}, step);
}
