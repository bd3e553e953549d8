/*
 * loginless: a tunnel, or use behind the login, by a client that never showed the login itself (a stolen cookie).
 *
 *	login		learnt here, in nearly every visit that begins afresh
 *	this visit	went on without, from a network without history, its first connection resumed nothing
 *
 * A stolen cookie carries no TLS ticket: it comes with a full handshake.  Must not judge what only was not seen:
 * losses, the first day of a sensor, a login between exchanges known by their sizes only.  Who sleeps comes back
 * from a known network; who roams resumes, or a tunnel of the same program fell silent just before.
 */
#include "detect/familiar.h"
#include "detect/login.h"

void *
loginless_init(struct detect *d, struct carve *c, size_t bytes)
{
	(void)d;
	(void)c;
	(void)bytes;
	return NULL;
}

/* The sensor has seen enough, of this visit and of this gateway, to miss something. */
static bool
would_have_seen(const struct detect *d, const struct visit *w)
{
	int64_t known = when_since(w->first, d->gate[w->gateway].first);

	return !w->degraded && !seen_poorly(d, w->gateway, d->now) && !visit_hides_login(w) &&
	       known >= d->param[PARAM_loginless_grace] * NS_PER_S && login_state(d, w->gateway) == LOGIN_LEARNT;
}

static bool
may_go_without(const struct detect *d, const struct visit *w, const struct acquaintance *a)
{
	int64_t lifetime = d->param[PARAM_loginless_lifetime], apart = d->param[PARAM_loginless_roaming];

	return w->returned || w->login.ns || a->network || a->passes || visit_login_near(d, w, w->last, lifetime) ||
	       (a->program && visit_moved(d, w, apart));
}

static void
report(struct detect *d, const struct visit *w, const struct acquaintance *a)
{
	const struct login *l = login_of(d, w->gateway);
	bool tunnel = w->phases & PHASE_TUNNEL, few = !(w->phases & PHASE_ASSETS);
	const struct actor actor = actor_of_stay(w);
	struct finding f;

	finding_begin_stay(&f, d, DETECTOR_loginless, w);
	if (f.learning)
		f.severity = SEVERITY_INFO;
	finding_weigh(&f, tunnel ? "a tunnel without a login" : "use without a login", tunnel ? 35 : 25);
	if (!a->program)
		finding_weigh(&f, "a program that nobody else uses here", 20);
	if (few)
		finding_weigh(&f, "no login page was loaded", 10);
	f.confidence = (uint8_t)((tunnel ? 35 : 25) + (a->program ? 0 : 20) + (few ? 10 : 0));
	finding_number(&f, "exchanges", "exchanges", w->exchanges);
	finding_number(&f, "logins_percent", "%", l->marked * INT64_C(100) / l->fresh);
	finding_number(&f, "visits", "visits", l->fresh);
	finding_number(&f, "known_for", "s", when_since(w->first, d->gate[w->gateway].first) / NS_PER_S);
	finding_number(&f, "bytes_received", "bytes", (int64_t)w->bytes_down);
	finding_say(&f,
		    tunnel ? "{a} began a tunnel and did not log in, which {1} % of {2} visits show; nobody came from "
			     "its network in {3}" :
			     "{a} went on without a login, which {1} % of {2} visits show; nobody came from its "
			     "network in {3}",
		    NULL);
	f.benign = "a user who roams with a session of hours ago; a new way to log in; a login from another address";
	incident_report(d, &f, &actor);
}

void
loginless_stay(struct detect *d, struct visit *w)
{
	struct acquaintance a;

	if (w->part || !would_have_seen(d, w))
		return;
	a = familiar_with(d, w);
	if (!may_go_without(d, w, &a))
		report(d, w, &a);
}
