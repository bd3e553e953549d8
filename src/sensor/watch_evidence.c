/*
 * watch_evidence: which frames and findings of a watch are evidence, and of whom.
 */
#include "sensor/watch_evidence.h"

#include <stdio.h>

#include "sensor/evidence_ring.h"

static bool
is_gateway(const struct watch *w, const struct addr *a)
{
	for (size_t i = 0; i < w->gateways; i++)
		if (addr_same(&w->gateway[i].addr, a))
			return true;
	return false;
}

/* Whose other connections are evidence, too: the actor, or whom the gateway called; never all of a gateway's. */
static const struct addr *
peer_of(const struct watch *w, const struct finding *f)
{
	if (!is_gateway(w, &f->actor))
		return &f->actor;
	return is_gateway(w, &f->target) ? NULL : &f->target;
}

static struct addr
named(void *arg, const struct addr *a)
{
	const struct watch *w = arg;

	return pipeline_name(w->pipeline, a);
}

static void
on_frame(void *arg, const struct told_frame *t)
{
	struct watch *w = arg;

	pick_frame(w->pick, t);
}

static void
on_picked(void *arg, const struct evidence_picked *p)
{
	struct watch *w = arg;

	evidence_frame(w->evidence, p);
}

static void
want(void *arg, const struct evidence_wanted *wanted)
{
	struct watch *w = arg;

	pick_want(w->pick, wanted);
}

static void
want_no_more(void *arg, uint64_t incident)
{
	struct watch *w = arg;

	pick_end(w->pick, incident);
}

void
watch_evidence_finding(struct watch *w, const struct finding *f)
{
	evidence_finding(w->evidence, f, peer_of(w, f), pipeline_now(w->pipeline));
}

void
watch_evidence_time(struct watch *w, struct when now)
{
	const char *why = evidence_error(w->evidence);

	evidence_time(w->evidence, now);
	if (w->evidence_failed == (*why != '\0') || *w->notice)
		return;
	w->evidence_failed = *why != '\0';
	if (*why)
		snprintf(w->notice, sizeof(w->notice), "%s; frames of incidents are lost until it can be written", why);
	else
		snprintf(w->notice, sizeof(w->notice),
			 "%.300s: evidence is written again; %llu frames were lost so far",
			 evidence_folder(w->evidence), (unsigned long long)evidence_facts(w->evidence).missed);
}

bool
watch_evidence_fine(struct watch *w)
{
	const char *why = w->evidence ? evidence_error(w->evidence) : "";

	if (*why)
		snprintf(w->error, sizeof(w->error), "%s; the evidence that was written before is kept", why);
	return !*why;
}

/* The frames are here, not at taps. */
static bool
pick_here(struct watch *w)
{
	const struct config *c = w->setup.config;
	const struct pick_config cfg = {
		.ring = (uint64_t)config_number(c, OPT_evidence_ring),
		.payload = config_number(c, OPT_evidence_payload) != 0,
		.sensor = hash_keep(&IDENTITY_PUBLIC, w->sensor, strlen(w->sensor)),
		.arg = w,
		.named = w->setup.privacy ? named : NULL,
		.picked = on_picked,
	};

	w->pick = pick_new(&cfg, w->error);
	if (!w->pick)
		return false;
	evidence_from(w->evidence, &(struct evidence_source){w, want, want_no_more});
	pipeline_tell_frames(w->pipeline, on_frame);
	return true;
}

bool
watch_evidence(struct watch *w, const char *folder, const struct evidence_readers *readers)
{
	const struct config *c = w->setup.config;
	const struct evidence_config cfg = {
		.folder = folder,
		.application = "gatewitness",
		.incident = (uint64_t)config_number(c, OPT_evidence_incident),
		.quota = (uint64_t)config_number(c, OPT_evidence_quota),
		.payload = config_number(c, OPT_evidence_payload) != 0,
		.live = w->setup.iface != NULL,
		.ledger = w->setup.ledger,
		.readers = *readers,
	};

	if (config_number(c, OPT_evidence_ring) < RING_MIN) {
		snprintf(w->error, sizeof(w->error), "evidence.ring: is less than 1MiB; 0 switches it off");
		return false;
	}
	w->evidence = evidence_open(&cfg, w->error);
	return w->evidence && (w->setup.taps || pick_here(w));
}
