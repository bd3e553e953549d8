/*
 * watch_sinks: events made of records.  Must not decide who wants them: sinks do.
 */
#include "sensor/watch_sinks.h"

#include <stdio.h>

#include "sensor/sinks_config.h"

bool
watch_sinks(struct watch *w, const struct sinks_wanted *want)
{
	if (want->count == 0)
		return true;
	w->sinks = sinks_new(want->sink, want->count, w->error);
	return w->sinks != NULL;
}

void
watch_sinks_session(struct watch *w, struct eve_context *x, const struct session *s)
{
	if (w->sinks && s->kind == SESSION_CLOSE)
		sinks_tell(w->sinks, &(struct event){.kind = EVENT_SESSION, .time = s->time, .session = s, .eve = x});
}

/* With the chain's head as it is now: whoever alters the board's records later has to alter what went out, too. */
void
watch_sinks_finding(struct watch *w, struct eve_context *x, const struct finding *f, const struct session *s)
{
	if (!w->sinks || !eve_alerts(f))
		return;
	if (w->setup.ledger)
		w->capture.ledger = ledger_head(w->setup.ledger);
	sinks_tell(w->sinks, &(struct event){.kind = EVENT_ALERT,
					     .time = f->time,
					     .finding = f,
					     .session = s,
					     .capture = &w->capture,
					     .eve = x});
}

void
watch_sinks_closed(struct watch *w, const struct incident *i)
{
	if (w->sinks)
		sinks_tell(w->sinks,
			   &(struct event){
				   .kind = EVENT_INCIDENT, .time = i->last, .incident = i, .eve = &w->eve_context});
}

void
watch_sinks_stats(struct watch *w, const struct counts *c)
{
	if (w->sinks)
		sinks_tell(w->sinks, &(struct event){.kind = EVENT_STATS,
						     .time = w->capture.now,
						     .counts = c,
						     .capture = &w->capture,
						     .eve = &w->eve_context});
}

void
watch_flush(struct watch *w)
{
	if (w->writes)
		file_flush(&w->eve);
	if (w->sinks)
		sinks_flush(w->sinks);
	watch_sinks_notice(w);
}

void
watch_reopen(struct watch *w)
{
	if (w->writes)
		file_reopen(&w->eve);
	if (w->sinks)
		sinks_reopen(w->sinks);
}

void
watch_sinks_notice(struct watch *w)
{
	if (w->sinks && !*w->notice)
		(void)sinks_notice(w->sinks, w->notice);
}

bool
watch_sinks_finish(struct watch *w)
{
	struct sinks *s = w->sinks;

	w->sinks = NULL;
	if (s && !*w->notice)
		(void)sinks_shortened(s, w->notice);
	return sinks_close(s, w->error);
}
