/*
 * pipeline: frame -> packet -> flow -> tls -> session -> detect, on one page.
 *
 *	frames --decode--> packets --hash, prefetch--> flows --chunks--> tls --events--> talk
 *	   \------ most: a glance, and pipeline_glance.c goes all the way at once ------/
 *	                                                 |                |
 *	                                               ended           settled
 *	                                                 +--- record -----+--> sink, detectors
 *
 * Frames come in batches, so that the memory of the next packets' flows is on its way while one is worked on;
 * the order of work, and so of output, is the order of the frames.  Must not allocate, log, or ask a clock.
 */
#include "pipeline_body.h"
#include "pipeline_shares.h"

/* What so few connections need stays in the processor's caches: asking for it costs more than it brings. */
enum { NEAR = 1024 };

static void
new_pool(struct pool *pool, struct carve *c, size_t size, uint32_t count)
{
	pool_init(pool, carve_take(c, size * count), (uint32_t)size, count);
}

/* Frames to records: what is left of the memory. */
static void
new_front(struct pipeline *p, struct carve *c, struct shares *share)
{
	const struct pipeline_config *cfg = &p->cfg;

	shares_fit(share, (size_t)(c->end - c->p), sizeof(struct live) + sizeof(struct waiting));
	p->flows = flows_new(c, &share->flows, &p->counts);
	p->tls = tls_new(c, &share->tls, &p->counts);
	new_pool(&p->lives, c, sizeof(struct live), share->tls.fulls);
	new_pool(&p->waiting, c, sizeof(struct waiting), share->tls.fulls);
	news_init(&p->news, &p->waiting, cfg->update_ns);
	if (cfg->ndpi)
		p->classify = classify_new(&(struct classify_config){cfg->ndpi_calls, 1024}, &p->counts);
}

static void
new_detect(struct pipeline *p, struct carve *c, const struct shares *share)
{
	p->detect_at.p = c->p;
	p->detect = detect_new(c, &share->detect, &p->counts);
	p->detect_at.end = c->p;
}

void
pipeline_forget(struct pipeline *p)
{
	struct carve c = p->detect_at;
	struct shares share;

	shares_begin(&share, &p->cfg);
	memset(c.p, 0, (size_t)(c.end - c.p));
	new_detect(p, &c, &share);
}

struct pipeline *
pipeline_new(void *memory, const struct pipeline_config *cfg, const struct pipeline_sink *to)
{
	struct carve c = {memory, (uint8_t *)memory + cfg->memory};
	struct pipeline *p = carve_take(&c, sizeof(*p));
	struct shares share;

	shares_begin(&share, cfg);
	*p = (struct pipeline){.cfg = *cfg, .to = *to, .phase = PHASE_FRAME, .looks = !cfg->long_way};
	if (cfg->part != PIPELINE_KEEPER) {
		p->decoder = decoder_new(&c, share.fragments, &p->counts);
		decoder_key(p->decoder, &cfg->table);
	}
	places_from(&p->places, &cfg->places);
	p->privacy.key = cfg->privacy;
	p->privacy.sensor = cfg->sensor;
	if (cfg->part != PIPELINE_TAP)
		new_detect(p, &c, &share);
	if (cfg->part != PIPELINE_KEEPER)
		new_front(p, &c, &share);
	return p;
}

void
pipeline_part(struct pipeline_config *cfg, enum pipeline_part part, unsigned taps)
{
	enum { LINES = 4 * 64 };
	size_t detect = shares_detect(cfg->memory), keeper = sizeof(struct pipeline) + detect + LINES;

	cfg->part = part;
	cfg->detect.memory = detect;
	cfg->memory = part == PIPELINE_KEEPER ? keeper : (cfg->memory - keeper) / taps;
	if (part == PIPELINE_KEEPER)
		cfg->privacy = NULL;
}

void
pipeline_close(struct pipeline *p)
{
	if (p->classify)
		classify_free(p->classify);
}

void
pipeline_gateways(struct pipeline *p, const struct gateway_addr *addrs, size_t n)
{
	site_set(&p->site, addrs, n);
}

void
pipeline_capture(struct pipeline *p, uint16_t n)
{
	p->capture = n;
	p->capture_begins = true;
}

/* Room for one more connection with a full TLS state; bounded, because a flood may hold only small ones.  From a large
   table some go together: each touches code and memory that packets do not. */
static void
make_room(struct pipeline *p)
{
	enum { AT_ONCE = 8, LARGE = 1 << 16 };
	const unsigned together = flows_used(p->flows) >= LARGE ? AT_ONCE : 1;

	for (unsigned i = 0; i < AT_ONCE && !(p->roomy = tls_room(p->tls, flows_room(p->flows))); i += together) {
		for (unsigned n = 0; n < together; n++)
			flow_evict_one(p->flows);
		connections_finish_ended(p, p->now);
	}
}

static void
count_pulse(struct pipeline *p, const struct fed *fed, const struct packet *k)
{
	const struct flow *f = fed->flow;
	struct pulse *pulse = &p->pulse[f->gateway];

	pulse->gateway = f->gateway;
	pulse_packet(pulse, f, k, (struct pulse_what){from_gateway(f, fed->side), fed->is_new, fed->plain});
}

__attribute__((noinline)) static void
icmp(struct pipeline *p, const struct packet *k)
{
	uint8_t g = site_gateway(&p->site, &k->dst);

	if (!g)
		g = site_gateway(&p->site, &k->src);
	if (g) {
		p->pulse[g].gateway = g;
		p->pulse[g].icmp++;
	}
}

__attribute__((noinline)) static void
begin(struct pipeline *p, struct flow *f)
{
	uint8_t opener = site_gateway(&p->site, &f->addr[0]), server = site_gateway(&p->site, &f->addr[1]);

	f->capture = p->capture;
	f->gateway = server ? server : opener;
	f->told = (uint8_t)((opener ? GATEWAY_0 : 0) | (server ? GATEWAY_1 : 0));
	if (f->gateway)
		f->flags |= FLOW_GATEWAY;
	else if (p->cfg.scope_gateway && p->site.count)
		f->flags |= FLOW_IGNORED;
}

/* Its connection; NULL: none, or nobody's here. */
static struct flow *
feed(struct pipeline *p, const struct job *job)
{
	const struct packet *k = &job->packet;
	const struct chunk *c;
	struct flow *f;
	struct fed fed;

	p->brings = job->frame;
	time_goes_on(p, k->time);
	if (!p->pulse_pending)
		time_pulse_begin(p, p->now);
	if (k->proto != PROTO_TCP && k->proto != PROTO_UDP) {
		icmp(p, k);
		return NULL;
	}
	if (!p->sure) {
		if (!p->roomy)
			make_room(p);
		p->roomy -= p->roomy != 0;
	}
	fed = flow_feed(p->flows, k, job->hash, job->maybe);
	f = fed.flow;
	if (!f) {
		p->others++;
		return NULL;
	}
	if (fed.is_new)
		begin(p, f);
	if (f->gateway)
		count_pulse(p, &fed, k);
	else
		p->others++;
	if (f->flags & FLOW_IGNORED) {
		p->counts.flow_outside++;
		return NULL;
	}
	while ((c = flow_chunk(p->flows, f)))
		connection_read(p, f, c);
	if (f->gateway && k->payload_len)
		connection_progress(p, f);
	return f;
}

/* What waits for the rest of its packet has no connection yet, but its place in the order. */
static void
tell_held(struct pipeline *p, const struct frame *frame, const struct packet *k)
{
	const struct told_frame t = {.frame = frame, .packet = k};

	p->held = p->counts.fragment_held;
	p->frame(p->to.arg, &t);
}

/* What became known by it was told before. */
__attribute__((noinline)) static void
tell_frame(struct pipeline *p, const struct flow *f, const struct job *j, const struct job *last)
{
	const struct told_frame t = {j->frame,
				     &j->packet,
				     f,
				     j->hash,
				     {j[j < last].hash, j[j + 1 < last ? 2 : 0].hash},
				     f && f->told & TOLD_OPEN};

	if (f && f->gateway)
		p->frame(p->to.arg, &t);
}

/* Index slot (pipeline_frames), flow, what hangs on it, and on that: with a million connections open each step is a
   wait for memory, so all packets of the batch take it together.  Of a steady connection the short way needs one line
   more. */
static void
prefetch(struct pipeline *p, struct job *job, size_t n)
{
	const struct half *half[PIPELINE_BATCH];
	size_t halves = 0;

	for (size_t i = 0; i < n; i++)
		job[i].maybe = flow_prefetch_item(p->flows, job[i].hash);
	for (size_t i = 0; i < n; i++) {
		const struct flow *f = job[i].maybe;

		if (!f)
			continue;
		if (f->above[1])
			__builtin_prefetch(live_at(p, f->above[1]));
		if (f->told & STEADY && job[i].glanced)
			continue;
		job[i].in_vain = job[i].glanced && job[i].glance.len && lacks_live(f);
		half[halves] = tls_prefetch(p->tls, f->above[0]);
		halves += half[halves] != NULL;
	}
	for (size_t i = 0; i < halves; i++)
		tls_prefetch_full(p->tls, half[i]);
}

/* A glance is enough for most frames; what it was not enough for is decoded now. */
static const struct flow *
feed_job(struct pipeline *p, struct job *job, bool glances)
{
	if (job->glanced) {
		if (glances && !job->in_vain && glance_goes_on(p, job))
			return NULL;
		packet_of_glance(job->frame, &job->glance, &job->packet);
	}
	return feed(p, job);
}

static void
feed_all(struct pipeline *p, struct job *job, size_t n)
{
	const bool tells = p->frame != NULL;
	bool glances;

	if (flows_used(p->flows) > NEAR)
		prefetch(p, job, n);
	p->sure = p->roomy > n;
	p->roomy -= p->sure ? (uint32_t)n : 0;
	glances = p->sure && !p->capture_begins;
	for (size_t i = 0; i < n; i++) {
		const struct flow *f = feed_job(p, &job[i], glances);

		if (tells)
			tell_frame(p, f, &job[i], &job[n - 1]);
	}
}

/* What is known of a frame before those in front of it are worked in; false: nothing. */
static inline bool
look(struct pipeline *p, const struct frame *f, struct job *j)
{
	j->frame = f;
	j->maybe = NULL;
	j->in_vain = false;
	j->glanced = p->looks && packet_glance(f, &j->glance);
	if (j->glanced) {
		j->hash = flow_glance_hash(p->flows, &j->glance);
		return true;
	}
	if (!packet_decode(p->decoder, f, &j->packet))
		return false;
	j->hash = flow_hash(p->flows, &j->packet);
	return true;
}

void
pipeline_frames(struct pipeline *p, const struct frame *frames, size_t n)
{
	struct job job[PIPELINE_BATCH], *j = job;
	bool far = flows_used(p->flows) > NEAR;
	uint64_t glanced = 0, bytes = 0;

	for (size_t i = 0; i < n; i++) {
		const struct packet *held = NULL;

		if (look(p, &frames[i], j)) {
			if (far)
				flow_prefetch(p->flows, j->hash);
			if (j->glanced) {
				glanced++;
				bytes += frames[i].wire_len;
				j++;
				continue;
			}
			if (!j++->packet.borrowed)
				continue;
		} else if (p->frame && p->held != p->counts.fragment_held) {
			held = &j->packet;
		} else {
			continue;
		}
		/* a borrowed one must be read before the next is decoded; one that waits has its place in the order */
		feed_all(p, job, (size_t)(j - job));
		j = job;
		if (held)
			tell_held(p, &frames[i], held);
	}
	packet_glanced(p->decoder, glanced, bytes);
	feed_all(p, job, (size_t)(j - job));
}

void
pipeline_tell_frames(struct pipeline *p, told_frame_fn *to)
{
	p->frame = to;
	p->looks = !to && !p->cfg.long_way;
	p->held = p->counts.fragment_held;
}

void
pipeline_tick(struct pipeline *p, struct when now)
{
	if (!when_before(p->now, now) && !time_is_back(p, now))
		return;
	time_advance(p, now);
	flows_pass(p->flows, p->now);
}

bool
pipeline_goes_back(const struct pipeline *p, struct when time)
{
	return time_is_back(p, time);
}

struct pipeline_stamp
pipeline_stamp(const struct pipeline *p)
{
	struct pipeline_stamp s = {
		.epoch = p->epoch, .at = p->at, .phase = p->phase, .frame = p->phase == PHASE_FRAME ? p->brings : NULL};

	if (p->phase == PHASE_FRAME)
		s.at = p->now;
	if (p->telling) {
		s.first = p->telling->first;
		s.tie = flow_tie(p->flows, p->telling);
	}
	return s;
}

void
pipeline_end(struct pipeline *p)
{
	struct detect_sink findings = findings_to(p);

	if (p->flows)
		time_ends(p);
	if (p->detect)
		detect_idle(p->detect, (struct when){INT64_MAX}, &findings);
}

const struct counts *
pipeline_counts(const struct pipeline *p)
{
	return &p->counts;
}

struct addr
pipeline_name(const struct pipeline *p, const struct addr *a)
{
	return privacy_name(&p->privacy, &p->site, a);
}

struct when
pipeline_now(const struct pipeline *p)
{
	return p->now;
}

uint32_t
pipeline_open(const struct pipeline *p)
{
	return p->flows ? flows_used(p->flows) : 0;
}
