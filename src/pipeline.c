/*
 * pipeline: frame -> packet -> flow -> tls -> session -> detect, on one page.
 *
 *	frames --decode--> packets --hash, prefetch--> flows --chunks--> tls --events--> talk
 *	                                                 |                |
 *	                                               ended           settled
 *	                                                 +--- record -----+--> sink, detectors
 *
 * Frames come in batches, so that the memory of the next packets' flows is on its way while one is worked on;
 * the order of work, and so of output, is the order of the frames.  Must not allocate, log, or ask a clock.
 */
#include "pipeline.h"

#include "flow/classify.h"
#include "pipeline_news.h"
#include "pipeline_places.h"
#include "pipeline_shares.h"

/* struct flow.told: what was emitted; and, here too, which of its sides are a gateway. */
enum told { TOLD_OPEN = 1, GATEWAY_0 = 2, GATEWAY_1 = 4 };

/* Of a talk, what each record touches; the rest is for exchanges and the end. */
enum { TALK_HOT = 128 };
/* What so few connections need stays in the processor's caches: asking for it costs more than it brings. */
enum { NEAR = 1024 };

/* What a connection needs once it has talked or lasted. */
struct live {
	struct news_link news;
	struct flow *flow;
	uint64_t talk[]; /* struct talk */
};

struct pipeline {
	struct pipeline_config cfg;
	struct pipeline_sink to;
	struct decoder *decoder;
	struct flows *flows;
	struct tls *tls;
	struct classify *classify; /* NULL: switched off */
	struct detect *detect;
	struct pool lives;
	struct news news; /* of lives */
	struct when now;
	struct when second; /* the next at which something may be due */
	uint16_t capture;
	bool capture_begins; /* no packet of it was read yet */
	struct when pulse_end;
	bool pulse_pending;
	uint32_t others; /* packets of other hosts since the last pulse */
	uint32_t roomy;  /* so many packets cannot fill a table, whatever they open */
	struct site site;
	struct pipeline_places places;
	struct pulse pulse[GATEWAYS_MAX + 1];
	struct counts counts;
};

struct job {
	struct packet packet;
	uint64_t hash;
};

static size_t
live_bytes(void)
{
	return sizeof(struct live) + (talk_bytes() + 7) / 8 * 8;
}

struct pipeline *
pipeline_new(void *memory, const struct pipeline_config *cfg, const struct pipeline_sink *to)
{
	struct carve c = {memory, (uint8_t *)memory + cfg->memory};
	struct pipeline *p = carve_take(&c, sizeof(*p));
	struct shares share;

	shares_begin(&share, cfg);
	*p = (struct pipeline){.cfg = *cfg, .to = *to};
	p->decoder = decoder_new(&c, share.fragments, &p->counts);
	decoder_key(p->decoder, &cfg->table);
	places_from(&p->places, &cfg->places);
	p->detect = detect_new(&c, &share.detect, &p->counts);
	shares_fit(&share, (size_t)(c.end - c.p), live_bytes());
	p->flows = flows_new(&c, &share.flows, &p->counts);
	p->tls = tls_new(&c, &share.tls, &p->counts);
	pool_init(&p->lives, carve_take(&c, live_bytes() * share.tls.fulls), (uint32_t)live_bytes(), share.tls.fulls);
	news_init(&p->news, &p->lives, cfg->update_ns);
	if (cfg->ndpi)
		p->classify = classify_new(&(struct classify_config){cfg->ndpi_calls, 1024}, &p->counts);
	return p;
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
pipeline_indicators(struct pipeline *p, const struct indicators *i)
{
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
	detect_rules(p->detect, rules);
}

uint64_t
pipeline_suppressed(const struct pipeline *p, uint32_t i)
{
	return detect_suppressed(p->detect, i);
}

void
pipeline_capture(struct pipeline *p, uint16_t n)
{
	p->capture = n;
	p->capture_begins = true;
}

/* How a server has answered: what was agreed, and its certificate where that is to be seen. */
static uint64_t
server_face(const struct session *s)
{
	uint64_t certificate = 0;

	if (s->cert_sha256.p)
		memcpy(&certificate, s->cert_sha256.p, sizeof(certificate));
	return certificate ^ (uint64_t)s->version << 16 ^ s->cipher;
}

static void
second_opinion(struct pipeline *p, struct flow *f, struct session *s, char *name, size_t size)
{
	struct classify_answer a;

	if (!p->classify || f->above[2] == 0)
		return;
	classify_answer(p->classify, f, &f->above[2], &a);
	if (s->server_hello && s->kind == SESSION_CLOSE)
		classify_server(p->classify, f, tls_hello(p->tls, f->above[0]), server_face(s));
	if (!a.answered)
		return;
	s->ndpi.p = classify_protocol(p->classify, a.master, a.app, name, size);
	s->ndpi.len = s->ndpi.p ? (uint32_t)strlen(s->ndpi.p) : 0;
	s->ndpi_risks = a.risks;
	s->ndpi_disagrees = (s->carrier == CARRIER_TCP || s->carrier == CARRIER_NONE) && !s->midstream &&
			    (a.master || a.app) && a.is_tls != (s->carrier == CARRIER_TCP);
	p->counts.ndpi_disagree += s->ndpi_disagrees && s->kind == SESSION_CLOSE;
}

static struct live *
live_of(struct pipeline *p, const struct flow *f)
{
	return f->above[1] ? pool_at(&p->lives, f->above[1]) : NULL;
}

static struct detect_sink
findings_to(const struct pipeline *p)
{
	return (struct detect_sink){p->to.arg, p->to.finding, p->to.closed};
}

static void
tell(struct pipeline *p, struct flow *f, enum session_kind kind, struct when time)
{
	static const struct tls_facts silent;
	struct live *live = live_of(p, f);
	struct session_scratch scratch;
	struct tls_facts facts;
	struct session s;
	char name[64];
	struct detect_sink findings = findings_to(p);
	struct session_source from = {.flow = f,
				      .tls = tls_facts(p->tls, f->above[0], &facts) ? &facts : &silent,
				      .talk = live ? (struct talk *)live->talk : NULL,
				      .sensor = p->cfg.sensor,
				      .identity_key = p->cfg.identity_id,
				      .kind = (uint8_t)kind,
				      .time = time};

	session_build(&s, &scratch, &from);
	site_role(&p->site, &s);
	s.capture = f->capture;
	second_opinion(p, f, &s, name, sizeof(name));
	if (p->cfg.scope_gateway && p->site.count && !s.gateway)
		return;
	if (kind == SESSION_OPEN && s.role == ROLE_INBOUND && s.client_hello) {
		p->pulse[s.gateway].handshakes++;
		p->pulse[s.gateway].resumptions_offered += s.id_offered != 0;
		p->pulse[s.gateway].resumptions_accepted += s.resumed >= RESUMED_SESSION_ID;
	}
	places_fill(&p->places, &s);
	p->counts.record_open += kind == SESSION_OPEN;
	p->counts.record_update += kind == SESSION_UPDATE;
	p->counts.record_close += kind == SESSION_CLOSE;
	p->to.session(p->to.arg, &s);
	if (s.gateway)
		detect_session(p->detect, &s, &findings);
}

static struct live *
live_make(struct pipeline *p, struct flow *f)
{
	struct live *live = live_of(p, f);

	if (live)
		return live;
	if (!(f->above[1] = pool_get(&p->lives))) {
		p->counts.talk_no_memory++;
		return NULL;
	}
	live = pool_at(&p->lives, f->above[1]);
	live->news = (struct news_link){0};
	live->flow = f;
	talk_init((struct talk *)live->talk, tls_client(p->tls, f->above[0]));
	return live;
}

static void
heard(struct pipeline *p, struct flow *f, const struct tls_event *ev)
{
	struct live *live;

	if (ev->kind == TLS_SETTLED) {
		if (f->gateway && !(f->told & TOLD_OPEN)) {
			f->told |= TOLD_OPEN;
			tell(p, f, SESSION_OPEN, ev->time);
		}
	} else if (ev->application && (live = live_make(p, f))) {
		talk_record((struct talk *)live->talk, ev);
	}
}

static void
read_tls(struct pipeline *p, struct flow *f, const struct chunk *c)
{
	struct tls_piece piece = {.bytes = c->bytes,
				  .lost = c->lost,
				  .cut_bytes = c->cut_bytes,
				  .time = c->time,
				  .port = {f->port[0], f->port[1]},
				  .side = c->side,
				  .datagram = c->datagram};
	struct tls_event ev;

	while (tls_next(p->tls, &f->above[0], &piece, &ev))
		heard(p, f, &ev);
}

/* nDPI's turn, until it has had its say: after ours while there was no hello, because of an equal one it need not be
   asked; else before ours, because what we read may be the moment in which its answer is wanted. */
static void
read_both(struct pipeline *p, struct flow *f, const struct chunk *c)
{
	bool known = tls_hello(p->tls, f->above[0]) != 0;
	uint64_t hello;

	if (known)
		classify_feed(p->classify, f, c, &f->above[2]);
	if (f->above[0] != TLS_NOT)
		read_tls(p, f, c);
	if (known || f->above[2] & CLASSIFY_DONE)
		return;
	hello = tls_hello(p->tls, f->above[0]);
	if (hello)
		classify_hello(p->classify, f, c, hello, &f->above[2]);
	else
		classify_feed(p->classify, f, c, &f->above[2]);
}

static void
read_chunk(struct pipeline *p, struct flow *f, const struct chunk *c)
{
	if (f->gateway)
		p->pulse[f->gateway].gap_bytes += c->lost;
	if (p->classify && f->gateway && !(f->above[2] & CLASSIFY_DONE))
		read_both(p, f, c);
	else if (f->above[0] != TLS_NOT)
		read_tls(p, f, c);
}

static void
finish(struct pipeline *p, struct flow *f)
{
	struct chunk c;

	if (!(f->flags & FLOW_IGNORED)) {
		while (flow_chunk(p->flows, f, &c)) /* what waited behind a hole */
			read_chunk(p, f, &c);
		tell(p, f, SESSION_CLOSE, flow_end_time(f));
	}
	tls_close(p->tls, f->above[0]);
	if (f->above[1]) {
		news_forget(&p->news, f->above[1]);
		pool_put(&p->lives, f->above[1]);
	}
	if (p->classify && f->above[2])
		classify_end(p->classify, f->above[2]);
	flow_free(p->flows, f);
}

static void
finish_ended(struct pipeline *p, struct when now)
{
	struct flow *f;

	while ((f = flow_ended(p->flows, now)))
		finish(p, f);
}

/* Room for one more connection with a full TLS state; bounded, because a flood may hold only small ones. */
static void
make_room(struct pipeline *p)
{
	enum { AT_ONCE = 8 };

	for (unsigned i = 0; i < AT_ONCE && !(p->roomy = tls_room(p->tls, flows_room(p->flows))); i++) {
		flow_evict_one(p->flows);
		finish_ended(p, p->now);
	}
}

/* A connection without TLS is open once both sides have spoken.  Whatever lasts has news now and then. */
static void
tell_progress(struct pipeline *p, struct flow *f)
{
	if (!(f->told & TOLD_OPEN) && f->above[0] == TLS_NOT && f->flags & FLOW_ESTABLISHED) {
		f->told |= TOLD_OPEN;
		tell(p, f, SESSION_OPEN, p->now);
	}
	if (f->above[1] || (when_since(p->now, f->first) > news_soon(&p->news) && live_make(p, f)))
		news_add(&p->news, f->above[1], p->now);
}

static void
tell_news(struct pipeline *p, struct when at)
{
	uint32_t h;

	while ((h = news_next(&p->news, at)))
		tell(p, ((struct live *)pool_at(&p->lives, h))->flow, SESSION_UPDATE, at);
}

/* Of every gateway that was ever heard, while anybody is: silence among the talking is news, too. */
static void
pulses_emit(struct pipeline *p)
{
	struct detect_sink findings = findings_to(p);

	for (uint8_t g = 1; g <= GATEWAYS_MAX; g++) {
		struct pulse *pulse = &p->pulse[g];

		if (!pulse->gateway)
			continue;
		pulse->time = p->pulse_end;
		pulse->others = p->others;
		if (p->to.pulse)
			p->to.pulse(p->to.arg, pulse);
		detect_pulse(p->detect, pulse, &findings);
		*pulse = (struct pulse){.gateway = g};
	}
	p->others = 0;
	p->pulse_pending = false;
}

static void
end_connections(struct pipeline *p)
{
	struct flow *f;

	finish_ended(p, p->now);
	while ((f = flow_drain(p->flows)))
		finish(p, f);
	if (p->pulse_pending)
		pulses_emit(p);
}

/* A clock that was set, or a capture file that begins before the one before it ended (rotated files do not, but for
   a packet or two): what went before cannot go on. */
static const int64_t CLOCK_BACK_NS = 60 * NS_PER_S, FILE_BACK_NS = NS_PER_MS;

/* The whole second at or after t. */
static struct when
whole_second(struct when t)
{
	int64_t rest = t.ns % NS_PER_S;

	return t.ns > INT64_MAX - NS_PER_S ? t : when_add(t, rest > 0 ? NS_PER_S - rest : -rest);
}

static struct when
sooner(struct when a, struct when b)
{
	return when_before(a, b) ? a : b;
}

static struct when
next_due(const struct pipeline *p)
{
	struct when due = sooner(flows_due(p->flows), news_due(&p->news));

	return whole_second(
		sooner(sooner(due, detect_due(p->detect)), p->pulse_pending ? p->pulse_end : (struct when){INT64_MAX}));
}

/*
 * Time passes in whole seconds: what is due is done at the second that follows, in one order.  So it does not
 * matter whether a clock ticks (live) or only the next packet tells (a capture).  A pause is jumped over.
 */
static void
pass_seconds(struct pipeline *p, struct when time)
{
	struct detect_sink findings = findings_to(p);

	while (!when_before(time, p->second)) {
		struct when at = p->second, after = when_add(at, NS_PER_S);

		detect_idle(p->detect, at, &findings);
		finish_ended(p, at);
		tell_news(p, at);
		if (p->pulse_pending && !when_before(at, p->pulse_end))
			pulses_emit(p);
		p->second = next_due(p);
		if (when_before(p->second, after))
			p->second = after;
	}
	p->second = sooner(p->second, when_add(whole_second(time), time.ns % NS_PER_S == 0 ? NS_PER_S : 0));
}

/* What comes after the packet's time begins. */
static void
advance(struct pipeline *p, struct when time)
{
	bool back = when_since(p->now, time) > (p->capture_begins ? FILE_BACK_NS : CLOCK_BACK_NS);

	p->capture_begins = false;
	if (back)
		end_connections(p);
	if (back || p->second.ns == 0)
		p->second = whole_second(time);
	if (back || when_before(p->now, time))
		p->now = time;
	if (!when_before(time, p->second))
		pass_seconds(p, time);
}

/* The ten seconds of a packet; their end is due once there is one. */
static void
pulse_begin(struct pipeline *p, struct when time)
{
	int64_t step = PULSE_S * NS_PER_S;

	p->pulse_pending = true;
	p->pulse_end = when_add((struct when){time.ns / step * step}, step);
}

static void
count_pulse(struct pipeline *p, const struct flow *f, const struct packet *k, bool is_new)
{
	struct pulse *pulse = &p->pulse[f->gateway];
	uint8_t from = addr_same(&k->src, &f->addr[0]) ? GATEWAY_0 : GATEWAY_1;

	pulse->gateway = f->gateway;
	pulse_packet(pulse, f, k, (struct pulse_what){(f->told & from) != 0, is_new});
}

static void
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

static void
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

static void
feed(struct pipeline *p, const struct job *job)
{
	const struct packet *k = &job->packet;
	struct flow *f;
	struct chunk c;
	bool is_new;

	advance(p, k->time);
	if (!p->pulse_pending)
		pulse_begin(p, p->now);
	if (k->proto == PROTO_ICMP || k->proto == PROTO_ICMP6) {
		icmp(p, k);
		return;
	}
	if (!p->roomy)
		make_room(p);
	p->roomy -= p->roomy != 0;
	f = flow_feed(p->flows, k, job->hash, &is_new);
	if (f && is_new)
		begin(p, f);
	if (f && f->gateway)
		count_pulse(p, f, k, is_new);
	else
		p->others++;
	if (f && f->flags & FLOW_IGNORED)
		p->counts.flow_outside++;
	else if (f) {
		while (flow_chunk(p->flows, f, &c))
			read_chunk(p, f, &c);
		if (f->gateway && k->payload_len)
			tell_progress(p, f);
	}
}

/* Index slot (pipeline_frames), flow, what hangs on it, and on that: with a million connections open each step is a
   wait for memory, so all packets of the batch take it together. */
static void
prefetch(struct pipeline *p, const struct job *job, size_t n)
{
	const struct flow *flow[PIPELINE_BATCH];
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		const struct flow *f = flow_prefetch_item(p->flows, job[i].hash);

		if (f)
			flow[known++] = f;
	}
	for (size_t i = 0; i < known; i++) {
		tls_prefetch(p->tls, flow[i]->above[0]);
		if (flow[i]->above[1])
			pool_prefetch(&p->lives, flow[i]->above[1], 0, TALK_HOT);
	}
	for (size_t i = 0; i < known; i++)
		tls_prefetch_full(p->tls, flow[i]->above[0]);
}

static void
feed_all(struct pipeline *p, const struct job *job, size_t n)
{
	if (flows_used(p->flows) > NEAR)
		prefetch(p, job, n);
	for (size_t i = 0; i < n; i++)
		feed(p, &job[i]);
}

/* A packet put together from fragments lives in the decoder and must be read before the next is decoded. */
static bool
borrowed(const struct packet *k, const struct frame *f)
{
	return k->payload.p < f->bytes.p || k->payload.end > f->bytes.end;
}

void
pipeline_frames(struct pipeline *p, const struct frame *frames, size_t n)
{
	struct job job[PIPELINE_BATCH];
	bool far = flows_used(p->flows) > NEAR;
	size_t ready = 0;

	for (size_t i = 0; i < n; i++) {
		struct job *j = &job[ready];

		if (!packet_decode(p->decoder, &frames[i], &j->packet))
			continue;
		j->hash = flow_hash(p->flows, &j->packet);
		if (far)
			flow_prefetch(p->flows, j->hash);
		ready++;
		if (ready == PIPELINE_BATCH || borrowed(&j->packet, &frames[i])) {
			feed_all(p, job, ready);
			ready = 0;
		}
	}
	feed_all(p, job, ready);
}

void
pipeline_tick(struct pipeline *p, struct when now)
{
	if (when_before(p->now, now))
		advance(p, now);
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

void
pipeline_end(struct pipeline *p)
{
	struct detect_sink findings = findings_to(p);

	end_connections(p);
	detect_idle(p->detect, (struct when){INT64_MAX}, &findings);
}

const struct counts *
pipeline_counts(const struct pipeline *p)
{
	return &p->counts;
}

struct when
pipeline_now(const struct pipeline *p)
{
	return p->now;
}

uint32_t
pipeline_open(const struct pipeline *p)
{
	return flows_used(p->flows);
}
