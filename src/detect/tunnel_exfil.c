/*
 * tunnel_exfil: more through one client's tunnels than the site's clients move, and than this one ever did.
 *
 * Bytes are summed over all tunnels of a client (network and program) in eight hours of the day, so that neither many
 * short tunnels nor one of days hide them; compared with what the site's clients move in such hours.
 * Must not alert alone: file synchronisation, updates and video calls go through tunnels, too.
 */
#include "detect/bits.h"
#include "detect/familiar.h"

enum {
	SPANS = 3,   /* of eight hours, UTC */
	CLASSES = 6, /* spans of working days, of weekends */
	BINS = 96,   /* of 0.3 bits */
	BIN_TENTHS = 3,
	WINDOWS_FROM = 60, /* in a class; else all classes together */
	USUAL_WINDOWS = 5, /* a client's hours are known after so many */
	HALVED_AT = 30000,
};
enum way { UP, DOWN, WAYS };
static const char *const WAY_NAMES[WAYS] = {"sent", "received"};

struct mover {
	uint64_t sum[WAYS], most[WAYS];
	struct when told;
	uint32_t window, windows; /* day * SPANS + span */
	uint32_t classes;         /* in which it moved anything: bits */
};

struct site_moves {
	uint16_t count[CLASSES][WAYS][BINS];
};

struct exfil {
	struct memory movers;
	struct site_moves *site; /* by gateway */
};

void *
exfil_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct exfil *e = carve_take(c, sizeof(*e));
	size_t site = (GATEWAYS_MAX + 1) * sizeof(*e->site);

	e->site = detect_array(d, c, site, 1);
	bytes -= sizeof(*e) + site + 192;
	detect_memory(d, &e->movers, c, &(struct memory_plan){.bytes = bytes, .payload = sizeof(struct mover)});
	return e;
}

static uint32_t
window_of(struct when t)
{
	return (uint32_t)((uint64_t)t.ns / (86400 / SPANS * NS_PER_S));
}

static unsigned
class_of(uint32_t window)
{
	uint32_t weekday = (window / SPANS + 4) % 7; /* 1970-01-01 was a Thursday; 0: Sunday */

	return window % SPANS + (weekday == 0 || weekday == 6 ? SPANS : 0);
}

static unsigned
bin_of(uint64_t bytes)
{
	uint64_t kib = bytes >> 10;

	return least(bits_log(kib > UINT32_MAX ? UINT32_MAX : (uint32_t)kib + !kib) / BIN_TENTHS, BINS - 1);
}

static void
site_add(struct site_moves *m, unsigned class, enum way way, uint64_t bytes)
{
	uint16_t *count = m->count[class][way];

	if (bytes == 0)
		return;
	if (++count[bin_of(bytes)] >= HALVED_AT)
		for (unsigned i = 0; i < BINS; i++)
			count[i] /= 2;
}

/* The bin above which are 0.1 % of the windows; BINS: too few are known. */
static unsigned
site_top(const struct site_moves *m, unsigned class, enum way way)
{
	uint32_t count[BINS] = {0}, total = 0, above = 0;
	unsigned top = BINS;

	for (unsigned c = 0; c < CLASSES; c++)
		for (unsigned i = 0; i < BINS; i++)
			count[i] += c == class ? m->count[c][way][i] : 0;
	for (unsigned i = 0; i < BINS; i++)
		total += count[i];
	if (total < WINDOWS_FROM)
		for (unsigned i = 0; i < BINS; i++)
			for (unsigned c = 0; c < CLASSES; c++)
				if (c != class) {
					count[i] += m->count[c][way][i];
					total += m->count[c][way][i];
				}
	if (total < WINDOWS_FROM)
		return BINS;
	while (top > 0 && above * 1000 <= total)
		above += count[--top];
	return top;
}

static struct mover *
mover_use(struct detect *d, const struct view *v)
{
	struct exfil *e = d->state[DETECTOR_tunnel_exfil];
	const struct visit *w = v->visit;
	const struct memory_key key = {detect_net(&w->client, 24, 48), w->program, w->gateway};
	uint32_t window = window_of(v->s->time);
	bool fresh;
	struct mover *m = memory_use(&e->movers, &key, &fresh);

	if (fresh)
		m->window = window;
	if (m->window == window)
		return m;
	for (enum way way = UP; way < WAYS; way++) {
		if (!v->suspect && !v->degraded)
			site_add(&e->site[w->gateway], class_of(m->window), way, m->sum[way]);
		if (m->most[way] < m->sum[way])
			m->most[way] = m->sum[way];
		m->sum[way] = 0;
	}
	m->classes |= 1u << class_of(m->window);
	m->window = window;
	if (++m->windows >= 2)
		memory_keep(&e->movers, m);
	return m;
}

static void
report(struct detect *d, const struct view *v, struct mover *m, enum way way)
{
	const struct actor actor = actor_of(v);
	struct finding f;

	finding_begin(&f, v, DETECTOR_tunnel_exfil);
	if (v->learning)
		f.severity = SEVERITY_INFO;
	f.confidence = m->windows ? 40 : 45;
	finding_number(&f, "bytes", "bytes", (int64_t)m->sum[way]);
	finding_number(&f, "most_before", "bytes", (int64_t)m->most[way]);
	finding_number(&f, "windows", "windows", m->windows);
	finding_number(&f, "factor", "times", d->param[PARAM_tunnel_exfil_factor]);
	finding_session(&f, v->s->id);
	finding_say(&f,
		    m->windows ?
			    "{a} {x} {0} through tunnels in eight hours; its most was {1}, and 99.9 % of the site's "
			    "clients moved less" :
			    "{a}, new here, {x} {0} through tunnels in eight hours; 99.9 % of the site's clients "
			    "moved less",
		    (const struct text[2]){{WAY_NAMES[way], (uint32_t)(way == UP ? 4 : 8)}, {NULL, 0}});
	f.benign = "file synchronisation, updates, video calls, a backup through the tunnel";
	m->told = v->s->time;
	incident_report(d, &f, &actor);
}

/* A network without history, or hours in which this client never worked. */
static bool
is_novel(const struct detect *d, const struct visit *w, const struct mover *m)
{
	bool hours = m->windows >= USUAL_WINDOWS && !(m->classes >> class_of(m->window) & 1);

	return hours || !familiar_with(d, w).network;
}

static void
exfil_weigh(struct detect *d, const struct view *v, struct mover *m, enum way way)
{
	const struct exfil *e = d->state[DETECTOR_tunnel_exfil];
	uint64_t floor = (uint64_t)d->param[PARAM_tunnel_exfil_bytes];

	if (m->sum[way] < floor || m->sum[way] < m->most[way] * (uint64_t)d->param[PARAM_tunnel_exfil_factor])
		return;
	if (bin_of(m->sum[way]) > site_top(&e->site[v->s->gateway], class_of(m->window), way) &&
	    is_novel(d, v->visit, m))
		report(d, v, m, way);
}

void
exfil_judge(struct detect *d, const struct view *v)
{
	struct mover *m;

	if (!v->visit || v->more_in > v->s->bytes_in || v->more_out > v->s->bytes_out)
		return;
	m = mover_use(d, v);
	m->sum[UP] += v->more_out;
	m->sum[DOWN] += v->more_in;
	for (enum way way = UP; way < WAYS; way++)
		if (!m->told.ns || window_of(m->told) != m->window)
			exfil_weigh(d, v, m, way);
}
