/*
 * pipeline_judge: the detectors' side: what they are told beside the traffic, records that come back, what they learnt.
 */
#include "pipeline_body.h"

void
pipeline_indicators(struct pipeline *p, const struct indicators *i)
{
	p->privacy.indicators = i;
	if (p->detect)
		detect_indicators(p->detect, i);
}

void
pipeline_places(struct pipeline *p, const struct place_lookup *from)
{
	places_from(&p->places, from);
}

void
pipeline_rules(struct pipeline *p, const struct detect_rules *rules)
{
	if (p->detect)
		detect_rules(p->detect, rules);
}

uint64_t
pipeline_suppressed(const struct pipeline *p, uint32_t i)
{
	return detect_suppressed(p->detect, i);
}

void
pipeline_record(struct pipeline *p, const struct session *s)
{
	struct detect_sink findings = findings_to(p);

	if (when_before(p->now, s->time))
		p->now = s->time;
	detect_idle(p->detect, p->now, &findings);
	if (s->gateway)
		detect_session(p->detect, s, &findings);
}

void
pipeline_pulse(struct pipeline *p, const struct pulse *pulse)
{
	struct detect_sink findings = findings_to(p);

	if (when_before(p->now, pulse->time))
		p->now = pulse->time;
	detect_idle(p->detect, p->now, &findings);
	detect_pulse(p->detect, pulse, &findings);
}

void
pipeline_passes(struct pipeline *p, struct when until)
{
	struct detect_sink findings = findings_to(p);

	if (when_before(p->now, until))
		p->now = until;
	detect_idle(p->detect, p->now, &findings);
}

void
pipeline_take_record(struct pipeline *p, struct session *s)
{
	struct detect_sink findings = findings_to(p);

	places_fill(&p->places, s);
	p->to.session(p->to.arg, s);
	if (s->gateway)
		detect_session(p->detect, s, &findings);
}

void
pipeline_take_window(struct pipeline *p, const struct pulse_window *w)
{
	time_tell_window(p, w);
}

void
pipeline_take_time(struct pipeline *p, struct when until)
{
	struct detect_sink findings = findings_to(p);
	struct when due;

	while (!when_before(until, due = time_whole_second(detect_due(p->detect))))
		detect_idle(p->detect, due, &findings);
	p->now = until;
}

void
pipeline_params(struct pipeline *p, const struct detect_config *cfg)
{
	detect_params(p->detect, cfg);
}

uint64_t
pipeline_layout(const struct pipeline *p)
{
	return detect_layout(p->detect);
}

size_t
pipeline_saved_size(const struct pipeline *p)
{
	return detect_saved_size(p->detect);
}

void
pipeline_save(const struct pipeline *p, struct out *o)
{
	detect_save(p->detect, o);
}

enum snapshot_verdict
pipeline_load(struct pipeline *p, struct cur bytes, struct snapshot_report *report)
{
	return detect_load(p->detect, bytes, report);
}
