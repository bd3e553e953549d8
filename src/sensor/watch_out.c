/*
 * watch_out: see watch_out.h.  Must not judge: what goes where is all that is known here.
 */
#include "sensor/watch_out.h"

#include "sensor/watch_evidence.h"
#include "sensor/watch_sinks.h"
#include "sensor/watch_snapshot.h"

/* A connection may outlast the file it began in, and is told under that file's name.  s may be NULL: what a pulse
   shows is no connection's. */
static struct eve_context *
context_of(struct watch *w, const struct session *s)
{
	if (s && s->capture && s->capture != w->context) {
		uint64_t key = w->eve_context.identity_key;

		eve_context_init(&w->eve_context, &w->eve_config, w->capture_name[s->capture - 1], key);
		w->context = s->capture;
	}
	return &w->eve_context;
}

static void
on_session(void *arg, const struct session *s)
{
	struct watch *w = arg;

	if (w->writes) {
		struct out o = file_room(&w->eve);

		eve_session(&o, context_of(w, s), s);
		file_wrote(&w->eve, &o);
	}
	if (w->sinks)
		watch_sinks_session(w, context_of(w, s), s);
	if (w->setup.ledger)
		ledger_session(w->setup.ledger, s);
	if (w->setup.tell.session)
		w->setup.tell.session(w->setup.tell.arg, s);
}

static void
on_pulse(void *arg, const struct pulse *p)
{
	struct watch *w = arg;

	if (w->writes) {
		struct out o = file_room(&w->eve);

		eve_pulse(&o, context_of(w, NULL), p);
		file_wrote(&w->eve, &o);
	}
	if (w->setup.ledger)
		ledger_pulse(w->setup.ledger, p);
	if (w->setup.tell.pulse)
		w->setup.tell.pulse(w->setup.tell.arg, p);
}

static void
on_finding(void *arg, const struct finding *f, const struct session *s)
{
	struct watch *w = arg;

	if (w->writes && (!w->setup.only || w->setup.only == f->detector)) {
		struct out o = file_room(&w->eve);

		eve_finding(&o, context_of(w, s), f, s);
		file_wrote(&w->eve, &o);
	}
	if (w->sinks)
		watch_sinks_finding(w, context_of(w, s), f, s);
	if (w->setup.ledger)
		ledger_finding(w->setup.ledger, f);
	if (w->evidence)
		watch_evidence_finding(w, f);
	if (w->setup.tell.finding)
		w->setup.tell.finding(w->setup.tell.arg, f);
}

static void
on_closed(void *arg, const struct incident *i)
{
	struct watch *w = arg;
	struct out o;

	if (w->evidence)
		evidence_closed(w->evidence, i->id);
	if (w->setup.ledger)
		ledger_closed(w->setup.ledger, i);
	watch_sinks_closed(w, i);
	if (w->setup.tell.closed)
		w->setup.tell.closed(w->setup.tell.arg, i);
	if (!w->writes || w->setup.only)
		return;
	o = file_room(&w->eve);
	eve_incident_closed(&o, &w->eve_context, i);
	file_wrote(&w->eve, &o);
}

static uint64_t
memory_losses(const struct counts *c)
{
	return c->flow_evicted + c->segment_no_memory + c->tls_no_memory + c->talk_no_memory + c->fragment_lost;
}

static const struct counts *
measure(struct watch *w, struct when now)
{
	int64_t up = when_since(now, w->first) / NS_PER_S;
	const struct counts *c = watch_counts(w);

	w->capture.now = now;
	if (w->setup.ledger)
		w->capture.ledger = ledger_head(w->setup.ledger);
	w->capture.uptime_s = up > 0 ? up : 0;
	w->capture.flows_open = pipeline_open(w->pipeline) + w->tapped_open;
	w->capture.loss.upstream = c->gap_bytes;
	w->capture.loss.memory = memory_losses(c);
	w->capture.loss.lines = w->eve.lost + w->eve.left_out;
	return c;
}

void
watch_measure(struct watch *w)
{
	(void)measure(w, pipeline_now(w->pipeline));
}

void
watch_out_stats(struct watch *w, struct when now)
{
	const struct counts *c;
	struct out o;

	if (!w->writes && !w->sinks)
		return;
	c = measure(w, now);
	watch_sinks_stats(w, c);
	if (!w->writes)
		return;
	o = file_room(&w->eve);
	eve_stats(&o, &w->eve_context, c, &w->capture);
	file_wrote(&w->eve, &o);
}

void
watch_out_time(struct watch *w, struct when now)
{
	const struct counts *c = watch_counts(w);
	const struct ledger_seen seen = {.frames = c->frames,
					 .bytes = c->frame_bytes,
					 .lost_ring = w->capture.kernel_drops,
					 .lost_interface = w->capture.interface_drops,
					 .lost_upstream = c->gap_bytes,
					 .lost_memory = memory_losses(c)};

	if (w->setup.ledger)
		ledger_time(w->setup.ledger, now, &seen);
	if (w->setup.ledger && ledger_wants_snapshot(w->setup.ledger))
		watch_snapshot(w);
	if (w->evidence)
		watch_evidence_time(w, now);
}

struct pipeline_sink
watch_out_sink(struct watch *w)
{
	return (struct pipeline_sink){
		.arg = w, .session = on_session, .pulse = on_pulse, .finding = on_finding, .closed = on_closed};
}
