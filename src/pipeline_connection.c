/*
 * pipeline_connection: one connection: what is read of its bytes, what is told of it, how it ends.
 * Must not decide when: packets and time do.
 */
#include "pipeline_body.h"

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
	return f->above[1] ? live_at(p, f->above[1]) : NULL;
}

/* The long way goes on where the short way stopped. */
static void
settle(struct pipeline *p, struct flow *f)
{
	if (!(f->told & STEADY))
		return;
	f->told &= (uint8_t)~STEADY;
	tls_steady_end(p->tls, f->above[0], &live_at(p, f->above[1])->steady);
}

void
connection_tell(struct pipeline *p, struct flow *f, enum session_kind kind, struct when time)
{
	static const struct tls_facts silent;
	struct live *live = live_of(p, f);
	struct session_scratch scratch;
	struct tls_facts facts;
	struct session s;
	char name[64];
	struct detect_sink findings = findings_to(p);
	struct session_source from;

	settle(p, f);
	from = (struct session_source){.flow = f,
				       .tls = tls_facts(p->tls, f->above[0], &facts) ? &facts : &silent,
				       .talk = live ? &live->talk : NULL,
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
	if (p->privacy.key)
		privacy_hide(&p->privacy, &p->site, &s);
	p->counts.record_open += kind == SESSION_OPEN;
	p->counts.record_update += kind == SESSION_UPDATE;
	p->counts.record_close += kind == SESSION_CLOSE;
	p->telling = f;
	p->to.session(p->to.arg, &s);
	if (p->detect && s.gateway)
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
	live = live_at(p, f->above[1]);
	*waiting_at(p, f->above[1]) = (struct waiting){.flow = f};
	talk_init(&live->talk, tls_client(p->tls, f->above[0]));
	return live;
}

static void
heard(struct pipeline *p, struct flow *f, const struct tls_event *ev)
{
	struct live *live;

	if (ev->kind == TLS_SETTLED) {
		if (f->gateway && !(f->told & TOLD_OPEN)) {
			f->told |= TOLD_OPEN;
			connection_tell(p, f, SESSION_OPEN, ev->time);
		}
	} else if (ev->application && (live = live_make(p, f))) {
		talk_record(&live->talk, ev);
		if (live->talk.repeats)
			f->told &= (uint8_t)~FRESH;
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

	while (tls_next(p->tls, &f->above[0], &piece, &ev)) {
		heard(p, f, &ev);
		if (ev.last)
			break;
	}
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

void
connection_read(struct pipeline *p, struct flow *f, const struct chunk *c)
{
	settle(p, f);
	if (c->lost && f->gateway)
		p->pulse[f->gateway].gap_bytes += c->lost;
	if (p->shed | (f->told & SHED) && shed_takes(p, f, c))
		return;
	if (p->classify && p->shed < SHED_NDPI && f->gateway && !(f->above[2] & CLASSIFY_DONE))
		read_both(p, f, c);
	else if (f->above[0] != TLS_NOT)
		read_tls(p, f, c);
}

void
connection_lose(struct pipeline *p, struct flow *f, struct when time)
{
	settle(p, f);
	for (uint8_t side = 0; side < 2; side++)
		read_tls(p, f, &(struct chunk){.lost = UINT32_MAX, .side = side, .time = time});
}

void
connection_finish(struct pipeline *p, struct flow *f)
{
	const struct chunk *c;

	if (!(f->flags & FLOW_IGNORED)) {
		while ((c = flow_chunk(p->flows, f))) /* what waited behind a hole */
			connection_read(p, f, c);
		connection_tell(p, f, SESSION_CLOSE, flow_end_time(f));
	}
	tls_close(p->tls, f->above[0]);
	if (f->above[1]) {
		if (p->phase != PHASE_DRAINED) /* then nobody waits any more */
			news_forget(&p->news, f->above[1]);
		pool_put(&p->lives, f->above[1]);
	}
	if (p->classify && f->above[2])
		classify_end(p->classify, f->above[2]);
	flow_free(p->flows, f);
}

/* They end long after they were last looked at, one after the other: what the next ones need is sent for, a step of it
   each time. */
static void
prefetch_followers(const struct pipeline *p, const struct flow *f)
{
	enum { TALK = offsetof(struct live, talk.kept) + 64 };
	const struct flow *next = flow_follower(p->flows, f), *second = next ? flow_follower(p->flows, next) : NULL,
			  *third = second ? flow_follower(p->flows, second) : NULL;
	const struct half *half = next ? tls_prefetch(p->tls, next->above[0]) : NULL;

	if (half)
		tls_prefetch_all(p->tls, half);
	if (next && next->above[1])
		pool_prefetch(&p->lives, next->above[1], 0, TALK);
	if (second)
		tls_prefetch(p->tls, second->above[0]);
	if (third)
		flow_prefetch_whole(third);
}

void
connections_finish_ended(struct pipeline *p, struct when now)
{
	struct flow *f;

	while ((f = flow_ended(p->flows, now))) {
		prefetch_followers(p, f);
		connection_finish(p, f);
	}
}

void
connections_finish_all(struct pipeline *p)
{
	struct flow *f;

	while ((f = flow_drain(p->flows))) {
		prefetch_followers(p, f);
		connection_finish(p, f);
	}
}

/* What repeats itself is told at once: a loop may be over before news are due. */
void
connection_news(struct pipeline *p, struct flow *f)
{
	struct talk *k = &live_at(p, f->above[1])->talk;

	f->told |= FRESH;
	news_add(&p->news, f->above[1], p->now);
	if (!k->repeats)
		return;
	k->repeats = false;
	connection_tell(p, f, SESSION_UPDATE, p->now);
}

/* A connection without TLS is open once both sides have spoken.  Whatever lasts has news now and then. */
void
connection_progress(struct pipeline *p, struct flow *f)
{
	if (!(f->told & TOLD_OPEN) && f->above[0] == TLS_NOT && f->flags & FLOW_ESTABLISHED) {
		f->told |= TOLD_OPEN;
		connection_tell(p, f, SESSION_OPEN, p->now);
	}
	if (f->above[1] || (when_since(p->now, f->first) > news_soon(&p->news) && live_make(p, f)))
		connection_goes_on(p, f);
}
