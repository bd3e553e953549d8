/*
 * memory_leak: memory read out of the gateway through its answers: one request, answers of very different sizes, and
 * much of it in all (CVE-2026-3055: redirects that carry kilobytes).
 *
 *		request		answer		in all
 *	leak	few sizes	2x and more	megabytes
 *	visitor	many sizes	many, static	a page
 *	tunnel	many sizes, or a few bytes
 *
 * leak_loop's cousin, whose answers stay within a narrow band.  Watched per source and program, per source, and per
 * program over sources; a source with one program is one and the same with it.
 */
#include "detect/statics.h"

enum {
	REQUEST_MIN = 60, /* no HTTP request is smaller; acknowledgements in tunnels are */
	REQUEST_MAX = 8192,
	ANSWER_MAX = 262144, /* larger answers are downloads: export's */
	SHAPE_STEP = 16,
	ANSWER_STEP = 64,
	IDLE_S = 10800,
	DAY_S = 86400,
	GROUP_FACTOR = 2,
	GROUP_SOURCES = 3,
	LOAD_S = 15,        /* a page with all that it needs is loaded, */
	LOAD_ANSWERS = 100, /* and has no more objects: a new theme is unknown to its first visitors */
	PATHS = 10,         /* a counter in a request makes a few lengths; objects have names of their own */
	ALIKE = 16,         /* requests that differ by no more ask for one thing; a crawler's by their paths */
	CRAWL_FACTOR = 4,   /* and so many times the answers */
	PROBES = 4,         /* so few are weak evidence */
	PROBES_BYTES = 32768,
	SESSIONS = 4
};

/* One source, or one program. */
struct reader {
	struct when first, last;
	uint64_t requests, answers; /* sizes */
	uint64_t lengths;           /* of requests, to the byte */
	uint64_t sources;           /* a set of networks, for programs */
	uint64_t bytes, told;       /* of answers; when it was told last */
	uint64_t late;              /* of them after the first seconds */
	uint64_t program;           /* of a source: its only one; 0: it has several, or is no source */
	uint64_t session[SESSIONS];
	uint32_t count, request_min, request_max, answer_min, answer_max;
	bool browses, probed;
};

struct readers {
	struct memory who;
};

static bool
reader_sound(const void *bytes)
{
	const struct reader *r = bytes;

	return sound_bool(&r->browses) && sound_bool(&r->probed);
}

void *
memory_leak_init(struct detect *d, struct carve *c, size_t bytes)
{
	struct readers *all = carve_take(c, sizeof(*all));

	detect_memory(d, &all->who, c,
		      &(struct memory_plan){
			      .bytes = bytes - sizeof(*all) - 64, .payload = sizeof(struct reader), .version = 4});
	detect_sound(d, reader_sound);
	return all;
}

/* A day of its own for each reader; after a pause it begins anew. */
static struct reader *
reader_use(struct detect *d, const struct view *v, const struct memory_hashed *key, bool *fresh)
{
	struct readers *all = d->state[DETECTOR_memory_leak];
	struct reader *r = memory_use_hashed(&all->who, key, fresh);
	bool stale = when_since(v->s->start, r->last) > IDLE_S * NS_PER_S ||
		     when_since(v->s->start, r->first) > DAY_S * NS_PER_S;

	if (*fresh || stale)
		*r = (struct reader){.first = v->s->start,
				     .last = v->s->start,
				     .program = r->program,
				     .request_min = UINT32_MAX,
				     .answer_min = UINT32_MAX};
	return r;
}

/* Another program comes: what the source did was the first one's doing. */
static void
source_split(struct detect *d, const struct view *v, struct reader *source)
{
	const struct memory_key first = {v->source, source->program, v->s->gateway};
	const struct memory_hashed key = memory_hashed(&d->secret, &first);
	bool fresh;
	struct reader *r = reader_use(d, v, &key, &fresh);

	source->program = 0;
	*r = *source;
}

/* The program at its source, the source, the program anywhere; NULL: none, or counted as the one before. */
enum { READER_CLIENT, READER_SOURCE, READER_PROGRAM, READERS };

static void
readers_find(struct detect *d, const struct view *v, struct reader *who[READERS])
{
	const uint64_t program = v->s->client_key;
	bool fresh;
	struct reader *source = reader_use(d, v, &v->by_source, &fresh);

	who[READER_CLIENT] = who[READER_SOURCE] = who[READER_PROGRAM] = NULL;
	if (fresh)
		source->program = program;
	if (source->program && source->program != program)
		source_split(d, v, source);
	who[source->program ? READER_CLIENT : READER_SOURCE] = source;
	if (program && !source->program)
		who[READER_CLIENT] = reader_use(d, v, &v->by_client, &fresh);
	if (program)
		who[READER_PROGRAM] = reader_use(d, v, &v->by_program, &fresh);
}

static void
session_add(struct reader *r, uint64_t session)
{
	for (unsigned i = 0; i < SESSIONS; i++)
		if (r->session[i] == session || r->session[i] == 0 || i == SESSIONS - 1) {
			r->session[i] = session;
			break;
		}
}

/* Could it be a piece of memory?  What everybody gets is none. */
static bool
is_piece(const struct detect *d, const struct view *v, const struct turn *t)
{
	return t->request >= REQUEST_MIN && t->request <= REQUEST_MAX && t->answer <= ANSWER_MAX &&
	       !static_known(d, v->s->gateway, t->answer);
}

static void
piece_add(struct reader *r, const struct turn *t)
{
	r->count = r->count > UINT32_MAX - t->count ? UINT32_MAX : r->count + t->count;
	r->bytes += (uint64_t)t->answer * t->count;
	if (when_since(t->time, r->first) > LOAD_S * NS_PER_S)
		r->late += (uint64_t)t->answer * t->count;
	r->answers |= size_bit(t->answer, ANSWER_STEP);
	r->request_min = least(r->request_min, t->request);
	r->request_max = most(r->request_max, t->request);
	r->answer_min = least(r->answer_min, t->answer);
	r->answer_max = most(r->answer_max, t->answer);
}

/* What is no piece was still asked for, as visitors do. */
static void
reader_add(const struct detect *d, const struct view *v, struct reader *r, const bool piece[TURNS_MOST])
{
	bool any = false;

	for (unsigned i = 0; i < v->turns; i++) {
		const struct turn *t = &v->turn[i];

		if (when_before(r->last, t->time))
			r->last = t->time;
		r->requests |= size_bit(t->request, SHAPE_STEP);
		r->lengths |= size_bit(t->request, 1);
		if (piece[i])
			piece_add(r, t);
		any |= piece[i];
	}
	if (set_count(r->requests) > d->param[PARAM_memory_leak_shapes] || set_count(r->lengths) > PATHS)
		r->browses = true;
	if (any)
		session_add(r, v->s->id);
}

/* Not one outlier: most answers of their own size, and the largest a multiple of the smallest. */
static bool
varies(const struct reader *r)
{
	unsigned sizes = set_count(r->answers);

	return r->answer_max >= 2 * (uint64_t)r->answer_min && (sizes >= 8 || sizes * 2 > r->count);
}

/* A first load is over in seconds. */
static bool
is_load(const struct detect *d, const struct reader *r)
{
	return r->count < LOAD_ANSWERS && r->late < (uint64_t)d->param[PARAM_memory_leak_answers] / 2;
}

/* Files fetched one after the other: a crawler's walk over pages that no user loads.  Many lengths (PATHS) are proof of
   that, however much is fetched; few that lie apart (ALIKE) are not, and are told when it is much. */
static bool
may_be_crawl(const struct reader *r)
{
	return r->request_max > r->request_min + ALIKE;
}

static bool
is_leak(const struct detect *d, const struct reader *r, unsigned factor)
{
	uint64_t want = (uint64_t)d->param[PARAM_memory_leak_answers] * factor * (may_be_crawl(r) ? CRAWL_FACTOR : 1);

	return !r->browses && !is_load(d, r) && r->bytes >= want && r->bytes >= 2 * r->told && r->count >= 2 * PROBES &&
	       varies(r) && (factor == 1 || set_count(r->sources) >= GROUP_SOURCES);
}

/* Some tries: too few to tell from a page of changing size. */
static bool
is_probe(const struct detect *d, const struct view *v, const struct reader *r)
{
	return !r->browses && !r->probed && r->count >= PROBES && r->bytes >= PROBES_BYTES && varies(r) &&
	       statics_ready(d, v->s->gateway);
}

static void
memory_leak_report(struct detect *d, const struct view *v, const struct reader *r, const struct actor *a, bool probe)
{
	struct finding f;

	finding_begin(&f, v, DETECTOR_memory_leak);
	if (probe) {
		f.severity = SEVERITY_MEDIUM;
		f.weak = f.note = true;
	}
	f.confidence = probe ? 30 : r->bytes >= 4 * (uint64_t)d->param[PARAM_memory_leak_answers] ? 90 : 75;
	f.time = r->last;
	finding_number(&f, "requests", "requests", r->count);
	finding_number(&f, "duration", "s", when_since(r->last, r->first) / NS_PER_S);
	finding_number(&f, "request", "bytes", r->request_max);
	finding_number(&f, "answer_min", "bytes", r->answer_min);
	finding_number(&f, "answer_max", "bytes", r->answer_max);
	finding_number(&f, "answers_total", "bytes", (int64_t)r->bytes);
	finding_number(&f, "request_sizes", "sizes", set_count(r->requests));
	finding_weigh(&f, "answers of very different sizes to equal requests", 40);
	finding_weigh(&f, "their sum", probe ? 5 : 30);
	finding_weigh(&f, "no page loaded, nothing that users get", 20);
	for (unsigned i = 0; i < SESSIONS; i++)
		finding_session(&f, r->session[i]);
	finding_say(
		&f,
		a->group ? "{0} requests of at most {2} by one client program from several sources, the last {a}, "
			   "within {1}: answers from {3} to {4}, {5} in all, none that users get" :
			   "{0} requests of at most {2} from {a} within {1}: answers from {3} to {4}, {5} in all, none "
			   "that users get",
		NULL);
	f.benign = "a program that polls a page of changing size without logging in; a test by a response team";
	incident_report(d, &f, a);
}

/* True when it is told, now or before: wider groupings keep quiet. */
static bool
reader_judge(struct detect *d, const struct view *v, struct reader *r, const struct actor *a, bool quiet)
{
	struct readers *all = d->state[DETECTOR_memory_leak];
	bool group = a->group && addr_same(&a->net, &(struct addr){0});
	struct actor told = group ? *a : (struct actor){.net = a->net};

	if (!r->browses && r->count >= PROBES)
		memory_keep(&all->who, r);
	if (is_leak(d, r, group ? GROUP_FACTOR : 1)) {
		r->told = r->bytes;
		r->probed = true;
		if (!quiet)
			memory_leak_report(d, v, r, &told, false);
	} else if (!group && is_probe(d, v, r)) {
		r->probed = true;
		if (!quiet)
			memory_leak_report(d, v, r, &told, true);
	}
	return r->probed;
}

void
memory_leak_judge(struct detect *d, const struct view *v)
{
	const struct session *s = v->s;
	const struct actor actor[READERS] = {{v->source, s->client_key}, {v->source, 0}, {{{0}}, s->client_key}};
	bool quiet = false, looked = false, piece[TURNS_MOST];
	struct reader *who[READERS];

	if (s->carrier != CARRIER_TCP && s->carrier != CARRIER_STARTTLS)
		return;
	readers_find(d, v, who);
	for (unsigned i = 0; i < READERS; i++) {
		struct reader *r = who[i];

		if (!r || r->browses)
			continue;
		for (unsigned k = 0; k < v->turns && !looked; k++)
			piece[k] = is_piece(d, v, &v->turn[k]);
		looked = true;
		r->sources |= network_bit(v);
		reader_add(d, v, r, piece);
		quiet |= reader_judge(d, v, r, &actor[i], quiet);
	}
}
