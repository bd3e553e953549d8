/*
 * outage, what is reported: when it is sure, when it is over, and when nobody was seen at all.  Must not change what is
 * counted.
 */
#include "detect/outage_count.h"
#include "detect/survivor.h"

void
outage_report_begin(struct detect *d, struct outage *o, uint8_t gateway)
{
	struct finding f;

	finding_begin_gateway(&f, d, DETECTOR_outage, gateway);
	f.confidence = o->asked + o->tried ? 80 : 50;
	finding_number(&f, "silent", "s", outage_length_s(o, o->pulse));
	finding_number(&f, "packets_in_vain", "packets", o->asked);
	finding_number(&f, "connections_in_vain", "connections", o->tried);
	finding_number(&f, "packets_of_others", "packets", o->alive);
	finding_number(&f, "packets_usual", "packets", (int64_t)o->from * o->silent / UNIT);
	if (o->clients)
		finding_number(&f, "clients_in_vain", "clients", o->clients);
	finding_weigh(&f, "asked in vain", least(o->asked + o->tried, 60));
	finding_weigh(&f, "clients that it always served in vain", least(o->known * 20u, 60));
	finding_weigh(&f, "other hosts alive", o->alive ? 20 : 0);
	finding_say(&f,
		    o->clients ? "gateway {a} does not answer for {0}: {2} connections of {5} clients in vain, which "
				 "hardly ever are; {3} packets of other hosts meanwhile" :
				 "gateway {a} does not answer for {0}: {1} packets and {2} connections in vain, where "
				 "{4} packets of it were usual; {3} packets of other hosts meanwhile",
		    NULL);
	f.benign = "a restart or upgrade; a broken link or power behind the mirrored port; a change of addresses";
	finding_expected(d, &f, OUTAGE_FACTS);
	o->long_one = d->now;
	survivor_outage(d, gateway, d->now);
	incident_report(d, &f, &(struct actor){.group = 0});
}

/* Half a minute without an answer is an outage, whatever outlived it; less is one where there was nothing to outlive it
   and clients were turned away: one who sends a file is acknowledged, and answered at its end. */
static bool
is_short(const struct outage *o)
{
	enum { SHORT_S = 30, CONNECTED = 3 };

	return (o->steady_then >= CONNECTED || !(o->clients || o->tried)) && outage_survived(o) &&
	       !outage_another_box(o) && outage_length_s(o, o->back) < SHORT_S;
}

static const char *
words_of(const struct outage *o)
{
	if (outage_another_box(o))
		return "gateway {a} was silent for {0}, and what answers now is another machine: {1} of {2} "
		       "connections "
		       "reset, {3} clients back within a minute, {4} of {5} resumptions accepted";
	if (outage_lost(o))
		return "gateway {a} was silent for {0} and lost its state: {1} of {2} connections reset, {3} clients "
		       "back "
		       "within a minute, {4} of {5} resumptions accepted, where {6} % were usual";
	if (o->clients)
		return "gateway {a} was silent for {0}: {7} clients tried to connect in vain, which hardly ever are; "
		       "{3} came back within a minute";
	return outage_survived(o) ?
		       "gateway {a} was silent for {0}; its {2} connections went on: {3} new handshakes within a "
		       "minute" :
		       "gateway {a} was silent for {0}; {1} of {2} connections reset, {3} clients back within a "
		       "minute";
}

void
outage_report_end(struct detect *d, struct outage *o, uint8_t gateway, bool repeated)
{
	struct finding f;

	if (!is_short(o))
		o->long_one = d->now;
	finding_begin_gateway(&f, d, DETECTOR_outage, gateway);
	f.severity = repeated ? SEVERITY_CRITICAL : is_short(o) ? SEVERITY_LOW : SEVERITY_MEDIUM;
	if (!outage_lost(o) && o->holes)
		f.severity = SEVERITY_INFO; /* it talked meanwhile: the sensor missed it */
	f.confidence = outage_lost(o) ? 90 : 60;
	finding_number(&f, "silent", "s", o->reset_only ? PULSE_S : outage_length_s(o, o->back));
	finding_number(&f, "connections_reset", "connections", o->lost);
	finding_number(&f, "connections_before", "connections", most(o->open_before, o->lost));
	finding_number(&f, "handshakes_after", "handshakes", o->came_back);
	finding_number(&f, "resumptions_accepted", "handshakes", o->after.accepted);
	finding_number(&f, "resumptions_offered", "handshakes", o->after.offered);
	finding_number(&f, "accepted_before", "percent",
		       o->usual.offered ? (int64_t)o->usual.accepted * 100 / o->usual.offered : 0);
	if (o->clients)
		finding_number(&f, "clients_in_vain", "clients", o->clients);
	else
		finding_number(&f, "ttl", "hops", o->ttl);
	finding_weigh(&f, "clients that it always served in vain", least(o->known * 20u, 60));
	finding_weigh(&f, "connections reset", least(o->lost * 5, 40));
	finding_weigh(&f, "resumptions refused", outage_refused(o) ? 30 : 0);
	finding_weigh(&f, "another machine answers", outage_another_box(o) ? 20 : 0);
	finding_say(&f, words_of(o), NULL);
	f.benign = "a restart or upgrade that was planned; a failover test; power";
	finding_expected(d, &f, OUTAGE_FACTS);
	incident_report(d, &f, &(struct actor){.group = 0});
}

void
outage_report_late(struct detect *d, struct outage *o, uint8_t gateway)
{
	struct finding f;

	o->long_one = d->now;
	finding_begin_gateway(&f, d, DETECTOR_outage, gateway);
	f.confidence = 70;
	finding_number(&f, "ago", "s", when_since(d->now, o->doubt) / NS_PER_S);
	finding_number(&f, "connections_reset", "connections", o->lost);
	finding_number(&f, "connections_before", "connections", most(o->open_before, o->lost));
	finding_weigh(&f, "connections reset", least(o->lost * 20, 40));
	finding_say(
		&f,
		"gateway {a} lost its state when it was silent {0} ago: {1} of {2} connections of before were reset "
		"when they spoke again",
		NULL);
	f.benign = "a restart or upgrade that was planned; a failover test; idle connections that it ends by itself";
	finding_expected(d, &f, OUTAGE_FACTS);
	incident_report(d, &f, &(struct actor){.group = 0});
}

void
outage_report_hole(struct detect *d, uint8_t gateway, int64_t hole_s, uint64_t usual)
{
	struct finding f;

	finding_begin_gateway(&f, d, DETECTOR_outage, gateway);
	f.severity = SEVERITY_INFO;
	f.confidence = 90;
	finding_number(&f, "nothing_seen", "s", hole_s);
	finding_number(&f, "packets_usual", "packets", (int64_t)usual);
	finding_say(&f,
		    "the sensor saw nothing of anybody for {0}, where {1} packets were usual: the mirror or its link, "
		    "not gateway {a}",
		    NULL);
	f.benign = "a link that went down; a change of the mirror port; no traffic at all";
	incident_report(d, &f, &(struct actor){.group = 0});
}
