/*
 * login: learns each gateway's logins by their sizes.  Must not judge.
 *
 *	in the order of time		pause	larger	slow
 *	page, objects			 -	first	 -
 *	credentials			 x	 x	 x	<- the first with two of three begins a login
 *	second factor			 x		 x
 *	pages behind it			(x)	(x)	(x)	what a stolen cookie shows as well, so they are no marker
 */
#include "detect/login.h"

enum {
	FORM_MIN = 40,     /* what a user name and a password add to a request, at least */
	PAUSE_MS = 1000,   /* nobody types a password faster */
	SLOW_MS = 20,      /* a directory or RADIUS server was asked: this and three times the quickest answer */
	HOLD_MS = 1500,    /* no portal computes that long; people and second factors do */
	ASSERTION = 4096,  /* a request of this size early in a visit brings a SAML response */
	BAND = 16,         /* answers that differ by no more, and by a 64th, are one class */
	MARKER_VISITS = 4, /* that a class began the login of */
	MARKER_PARTS = 8,  /* and at least one of so many fresh visits */
	JUDGED_FROM = 6,   /* the first fresh visits only teach */
	KNOWN_FROM = 12,
	MARKED_PERCENT = 65,
	HALVED_AT = 1024, /* counts are halved, so that a new theme is learnt in weeks */
};

struct logins {
	struct login at[GATEWAYS_MAX + 1];
};

size_t
login_bytes(void)
{
	return sizeof(struct logins) + 128;
}

void *
login_init(struct detect *d, struct carve *c)
{
	return detect_array(d, c, sizeof(struct logins), 1);
}

const struct login *
login_of(const struct detect *d, uint8_t gateway)
{
	const struct logins *l = d->logins;

	return &l->at[gateway];
}

static bool
same_class(const struct login_class *c, uint32_t answer)
{
	uint32_t apart = c->answer > answer ? c->answer - answer : answer - c->answer;

	return c->on + c->off && apart <= BAND + c->answer / 64;
}

static bool
is_marker(const struct login *l, const struct login_class *c)
{
	return c->on >= MARKER_VISITS && (uint32_t)c->on * MARKER_PARTS >= l->fresh && c->off * 2u <= c->on;
}

/* A marker's request, allowing for longer names and other programs' headers. */
static bool
asked_so(const struct login_class *c, uint32_t request)
{
	return request >= c->request_min - c->request_min / 8 && request <= c->request_max + c->request_max / 8;
}

enum login_state
login_state(const struct detect *d, uint8_t gateway)
{
	const struct login *l = login_of(d, gateway);

	if (l->fresh < KNOWN_FROM)
		return LOGIN_UNKNOWN;
	return l->marked * 100 >= l->fresh * MARKED_PERCENT ? LOGIN_LEARNT : LOGIN_NONE;
}

/* Which of the first steps people or an authentication server had a part in: a bit each, up to the `most`th. */
static uint32_t
candidates(const struct visit *w, unsigned most_of_them)
{
	uint32_t largest = 0, quickest = UINT32_MAX, set = 0;

	for (unsigned i = 0; i < w->steps; i++)
		quickest = least(quickest, w->step[i].server_ms);
	for (unsigned i = 0; i < w->steps; i++) {
		const struct step *s = &w->step[i];
		struct when begun = when_add(s->time, -(s->server_ms * NS_PER_MS));
		unsigned signs = s->server_ms >= HOLD_MS || s->request >= ASSERTION ? 2 : 0;

		if (i > 0) {
			signs += when_since(begun, w->step[i - 1].time) >= PAUSE_MS * NS_PER_MS;
			signs += s->request >= largest + FORM_MIN;
			signs += s->server_ms >= SLOW_MS + 3 * quickest;
		}
		if (signs >= 2) {
			set |= 1u << i;
			if (--most_of_them == 0)
				break;
		}
		largest = most(largest, s->request);
	}
	return set;
}

static const struct login_class *
marker_for(const struct login *l, const struct step *s)
{
	for (unsigned i = 0; i < LOGIN_CLASSES; i++)
		if (same_class(&l->class[i], s -> answer) && is_marker(l, &l->class[i]) &&
		    asked_so(&l->class[i], s -> request))
			return &l->class[i];
	return NULL;
}

int
login_step(const struct detect *d, const struct visit *w)
{
	const struct login *l = login_of(d, w->gateway);
	bool learnt = login_state(d, w->gateway) == LOGIN_LEARNT;
	uint32_t set = learnt ? 0 : candidates(w, 1);

	for (unsigned i = 0; i < w->steps; i++)
		if (learnt ? marker_for(l, &w->step[i]) != NULL : (set >> i & 1) != 0)
			return (int)i;
	return -1;
}

/* The class of an answer; a new one takes a free place or that of the rarest. */
static struct login_class *
class_use(struct login *l, const struct step *s)
{
	struct login_class *c = &l->class[0];

	for (unsigned i = 0; i < LOGIN_CLASSES; i++) {
		if (same_class(&l->class[i], s -> answer))
			return &l->class[i];
		if (l->class[i].on + l->class[i].off < c->on + c->off)
			c = &l->class[i];
	}
	*c = (struct login_class){s->answer, s->request, s->request, 0, 0};
	return c;
}

/* What began no login leaves the range of its requests alone: another page's answer may be of the same size. */
static void
class_count(struct login_class *c, const struct step *s, bool on)
{
	if (!on) {
		c->off++;
		return;
	}
	c->request_min = c->on ? least(c->request_min, s->request) : s->request;
	c->request_max = c->on ? most(c->request_max, s->request) : s->request;
	c->on++;
}

static void
halve(uint16_t *count, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		count[i] /= 2;
}

static void
login_age(struct login *l)
{
	if (l->fresh < HALVED_AT)
		return;
	l->fresh /= 2;
	l->marked /= 2;
	halve(l->hold, LOGIN_SCALE);
	halve(l->soon, LOGIN_SCALE);
	for (unsigned i = 0; i < LOGIN_CLASSES; i++) {
		l->class[i].on /= 2;
		l->class[i].off /= 2;
	}
}

unsigned
login_hold_bin(uint32_t server_ms)
{
	unsigned bin = 0;

	for (uint32_t s = server_ms / 1000; s && bin < LOGIN_SCALE - 1; s /= 2)
		bin++;
	return bin;
}

static unsigned
soon_bin(const struct visit *w, struct when login)
{
	int64_t s = when_since(w->used, login) / NS_PER_S;
	unsigned bin = 0;

	for (; s >= 2 && bin < LOGIN_SCALE - 1; s /= 4)
		bin++;
	return bin;
}

/* Refused, then the same again, and in: a typing error. */
static bool
was_refused(const struct login *l, const struct visit *w, uint32_t set, unsigned first)
{
	const struct step *s = &w->step[first];

	if (marker_for(l, s))
		return false;
	for (unsigned i = first + 1; i < w->steps; i++)
		if (set >> i & 1 && marker_for(l, &w->step[i]))
			return w->step[i].request + FORM_MIN > s->request && w->step[i].request < s->request + FORM_MIN;
	return false;
}

static int
first_of(const struct visit *w, uint32_t set)
{
	for (unsigned i = 0; i < w->steps; i++)
		if (set >> i & 1)
			return (int)i;
	return -1;
}

static void
login_count(struct login *l, const struct visit *w, int first)
{
	bool marked = false;

	for (unsigned i = 0; i < w->steps && !marked; i++)
		marked = marker_for(l, &w->step[i]) != NULL;
	login_age(l);
	l->fresh++;
	l->marked += marked || l->fresh <= JUDGED_FROM;
	if (first >= 0) {
		l->hold[login_hold_bin(w->step[first].server_ms)]++;
		l->soon[soon_bin(w, w->step[first].time)]++;
	}
}

void
login_learn_on(struct detect *d, const struct visit *w)
{
	struct logins *all = d->logins;
	struct login *l = &all->at[w->gateway];
	uint32_t set = candidates(w, VISIT_STEPS);
	int first = first_of(w, set);

	if (first >= 0)
		class_count(class_use(l, &w->step[first]), &w->step[first], !was_refused(l, w, set, (unsigned)first));
	if (first >= 0 || !visit_hides_login(w))
		login_count(l, w, first);
}

/* Is the request of a size with which credentials come here? */
static bool
asks_to_log_in(const struct detect *d, uint8_t gateway, uint32_t request)
{
	const struct login *l = login_of(d, gateway);

	for (unsigned i = 0; i < LOGIN_CLASSES; i++)
		if (is_marker(l, &l->class[i]) && asked_so(&l->class[i], request))
			return true;
	return false;
}

/* The last thing like credentials in a visit that did not go on was refused, or given up. */
void
login_learn_off(struct detect *d, const struct visit *w)
{
	struct logins *all = d->logins;
	struct login *l = &all->at[w->gateway];
	uint32_t set = candidates(w, VISIT_STEPS);

	for (unsigned i = w->steps; i-- > 0;)
		if ((set >> i & 1) || asks_to_log_in(d, w->gateway, w->step[i].request)) {
			struct login_class *c = class_use(l, &w->step[i]);

			if (c->off < UINT16_MAX && (!c->on || asked_so(c, w->step[i].request)))
				class_count(c, &w->step[i], false);
			return;
		}
}
