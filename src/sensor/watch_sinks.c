/*
 * watch_sinks: events made of records.  Must not decide who wants them: sinks do.
 */
#include "sensor/watch_sinks.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sensor/clock.h"
#include "sensor/post.h"
#include "sensor/sinks_config.h"

bool
watch_sinks(struct watch *w, const struct sinks_wanted *want)
{
	if (want->count == 0)
		return true;
	w->sinks = sinks_new(want->sink, want->count, w->error);
	if (w->sinks && want->network) {
		memcpy(w->gateway_name, want->gateway, sizeof(w->gateway_name));
		w->post = post_open(want, clock_wall(), w->error);
		if (!w->post)
			return false;
		sinks_outbox(w->sinks, post_outbox(w->post), w->gateway_name);
	}
	return w->sinks != NULL;
}

void
watch_post(struct watch *w, int64_t now_ns)
{
	if (w->post)
		post_poll(w->post, now_ns, clock_wall()); /* receivers wait by their time, not by the packets' */
}

size_t
watch_post_fds(const struct watch *w, struct pollfd *to)
{
	return w->post ? post_fds(w->post, to) : 0;
}

unsigned
watch_post_status(const struct watch *w, struct outbox_status *to)
{
	struct outbox *o = w->post ? post_outbox(w->post) : NULL;
	unsigned n = o ? outbox_sinks(o) : 0;

	for (unsigned i = 0; i < n; i++)
		to[i] = outbox_status(o, i);
	return n;
}

bool
watch_post_fails(const struct watch *w)
{
	return (w->post && outbox_is_failing(post_outbox(w->post))) || (w->sinks && sinks_failing(w->sinks));
}

unsigned
watch_post_losses(const struct watch *w, struct outbox_loss *to)
{
	return w->post ? outbox_losses(post_outbox(w->post), to) : 0;
}

void
watch_post_link(struct watch *w, const char *sink, int fd)
{
	if (w->post)
		post_link(w->post, sink, fd);
	else
		close(fd);
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

static void
trouble_begins(struct watch *w, const struct checkup_news *n)
{
	const struct detector_info *d = &TROUBLE_INFO[n->what];
	struct finding f = {.id = n->incident,
			    .incident = n->incident,
			    .time = n->now,
			    .detector = d->id,
			    .severity = d->severity,
			    .confidence = 100,
			    .opens = true};

	memcpy(f.text, n->text, sizeof(f.text));
	watch_sinks_finding(w, &w->eve_context, &f, NULL);
}

static void
trouble_ends(struct watch *w, const struct checkup_news *n)
{
	const struct detector_info *d = &TROUBLE_INFO[n->what];
	const struct incident i = {
		.id = n->incident,
		.opened = n->opened,
		.last = n->now,
		.severity = d->severity,
		.findings = 1,
		.event_count = 1,
		.event = {{.time = n->opened, .finding = n->incident, .detector = d->id, .severity = d->severity}}};

	watch_sinks_closed(w, &i);
}

void
watch_sinks_trouble(void *arg, const struct checkup_news *n)
{
	(n->begins ? trouble_begins : trouble_ends)(arg, n);
}

void
watch_sinks_heartbeat(struct watch *w, const struct heartbeat *h, struct when wall)
{
	if (w->sinks)
		sinks_tell(w->sinks, &(struct event){.kind = EVENT_HEARTBEAT,
						     .time = wall,
						     .counts = watch_counts(w),
						     .capture = &w->capture,
						     .heartbeat = h,
						     .eve = &w->eve_context});
}

/* What they have to say, into w->notice. */
static void
notice(struct watch *w)
{
	if (w->sinks && !*w->notice && !sinks_notice(w->sinks, w->notice) && w->post)
		(void)post_notice(w->post, w->notice);
}

/* A disk is full until somebody makes room; lines until then wait in memory, and are lost and counted when that is full. */
static void
flush_eve(struct watch *w)
{
	if (w->lasts)
		(void)file_recover(&w->eve);
	file_flush(&w->eve);
	if (!w->lasts || w->full == (w->eve.error != 0) || *w->notice)
		return;
	w->full = !w->full;
	if (w->full)
		snprintf(w->notice, sizeof(w->notice),
			 "%.300s: cannot be written: %s; the watch goes on, and it is tried again", w->eve.path,
			 strerror(w->eve.error));
	else
		snprintf(w->notice, sizeof(w->notice), "%.300s: written again; %llu lines were lost so far",
			 w->eve.path, (unsigned long long)(w->eve.lost + w->eve.left_out));
}

void
watch_flush(struct watch *w)
{
	if (w->writes)
		flush_eve(w);
	if (w->sinks)
		sinks_flush(w->sinks);
	notice(w);
}

void
watch_reopen(struct watch *w)
{
	if (w->writes)
		file_reopen(&w->eve);
	if (w->sinks)
		sinks_reopen(w->sinks);
}

bool
watch_sinks_finish(struct watch *w)
{
	struct sinks *s = w->sinks;
	struct post *p = w->post;
	bool sent = post_close(p, w->error);
	char error[WATCH_ERROR_MAX];

	w->sinks = NULL;
	w->post = NULL;
	if (s && !*w->notice)
		(void)sinks_shortened(s, w->notice);
	return sinks_close(s, sent ? w->error : error) && sent;
}
