/*
 * dialog: the exchanges of strangers, added up.  Must not judge.
 */
#include "detect/dialog.h"

enum {
	DIALOG_IDLE_S = 43200, /* who comes back after half a day begins anew */
	PAUSE_MS = 1500,       /* no program waits so long for nothing, no person types faster */
	PAUSE_MAX_S = 900,
	MEDIUM_MIN = 512,
	MEDIUM_MAX = 204800,
	KEEP_FROM = 4,
	READY_S = 86400,
	LONG = 16, /* exchanges */
	SHAPE_STEP = 16
};

void
dialogs_init(struct detect *d, struct dialogs *all, struct carve *c, size_t bytes)
{
	*all = (struct dialogs){0};
	detect_memory(d, &all->who, c,
		      &(struct memory_plan){.bytes = bytes, .payload = sizeof(struct dialog), .version = 1});
}

static struct dialog *
dialog_use(struct dialogs *all, const struct view *v)
{
	bool fresh;
	struct dialog *w = memory_use_hashed(&all->who, &v->by_client, &fresh);

	if (fresh || when_since(v->s->start, w->last) > DIALOG_IDLE_S * NS_PER_S)
		*w = (struct dialog){
			.first = v->s->start, .last = v->s->start, .request_min = UINT32_MAX, .answer_min = UINT32_MAX};
	return w;
}

/* True when no answer of this size came before: 4 bytes are one size. */
static bool
answer_add(struct dialog *w, uint32_t bytes)
{
	uint32_t h = (uint32_t)((uint64_t)(bytes / 4) * UINT64_C(0x9e3779b97f4a7c15) >> 56);
	uint64_t bit = UINT64_C(1) << (h & 63), *set = &w->answers[h >> 6 & (DIALOG_SET - 1)];
	bool is_new = !(*set & bit);

	*set |= bit;
	return is_new;
}

static void
dialog_add(const struct detect *d, struct dialog *w, const struct view *v, const struct turn *t)
{
	int64_t since_ms = when_since(t->time, w->last) / NS_PER_MS - t->server_us / 1000;

	if (w->exchanges++ > 0) {
		bool pause = since_ms >= PAUSE_MS && since_ms <= PAUSE_MAX_S * INT64_C(1000);

		w->pauses += pause;
		w->bursts += !pause;
	}
	if (when_before(w->last, t->time))
		w->last = t->time;
	w->distinct += answer_add(w, t->answer);
	w->statics += static_known(d, v->s->gateway, t->answer);
	w->medium += t->answer >= MEDIUM_MIN && t->answer <= MEDIUM_MAX;
	w->requests |= size_bit(t->request, SHAPE_STEP);
	w->bytes_down += t->answer;
	w->request_min = least(w->request_min, t->request);
	w->request_max = most(w->request_max, t->request);
	w->answer_min = least(w->answer_min, t->answer);
	w->answer_max = most(w->answer_max, t->answer);
}

static void
session_add(struct dialog *w, uint64_t session)
{
	for (unsigned i = 0; i < DIALOG_SESSIONS; i++)
		if (w->session[i] == session || w->session[i] == 0 || i == DIALOG_SESSIONS - 1) {
			w->session[i] = session;
			break;
		}
}

static bool
is_stranger(const struct detect *d, const struct view *v)
{
	const struct session *s = v->s;

	return s->role == ROLE_INBOUND && !v->hidden && (s->carrier == CARRIER_TCP || s->carrier == CARRIER_STARTTLS) &&
	       v->from < v->until && !v->familiar && !v->monitor && !(v->visit && v->visit->phases & PHASE_TUNNEL) &&
	       !is_admin(d, s->gateway, &v->client);
}

struct dialog *
dialog_of(struct detect *d, const struct view *v)
{
	struct dialogs *all = d->state[DETECTOR_webshell];

	if (!is_stranger(d, v))
		return NULL;
	if (all->latest && all->session == v->s->id && all->until == v->until)
		return all->latest;
	all->latest = dialog_use(all, v);
	all->session = v->s->id;
	all->until = v->until;
	for (const struct turn *t = v->turn, *end = t + v->turns; t < end && t->index < EXCHANGES_KEPT; t++)
		if (t->request && t->answer)
			dialog_add(d, all->latest, v, t);
	session_add(all->latest, v->s->id);
	if (all->latest->exchanges >= KEEP_FROM)
		memory_keep(&all->who, all->latest);
	return all->latest;
}

bool
dialog_is_foreign(const struct dialog *w)
{
	return w->statics * 8 <= w->exchanges && w->distinct * 10 >= w->exchanges * 7;
}

struct dialog *
dialog_judged(struct detect *d, const struct view *v)
{
	bool ready = v->known_ns >= READY_S * NS_PER_S && !v->degraded && statics_ready(d, v->s->gateway);

	return ready ? dialog_of(d, v) : NULL;
}

void
dialog_finding(struct finding *f, const struct view *v, enum detector_id id, const struct dialog *w)
{
	finding_begin(f, v, id);
	if (v->learning)
		f->severity = SEVERITY_INFO;
	f->confidence = w->exchanges >= LONG ? 48 : 40;
	f->time = w->last;
	finding_weigh(f, "answers all of different sizes", w->distinct * 20 / w->exchanges);
	finding_weigh(f, "none that users get", 20 - least(w->statics * 20 / w->exchanges, 20));
	for (unsigned i = 0; i < DIALOG_SESSIONS; i++)
		finding_session(f, w->session[i]);
}
