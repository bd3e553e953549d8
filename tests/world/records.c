/*
 * records: a world as the record door sees it: sessions opened, updated and closed, and pulses.
 *
 * Everything about TLS is said by the product's own tls, talk and session layers, which get the bytes of handshakes and
 * of all else the record headers; only packets and reassembly are left out.  When a record is due follows the
 * pipeline's rule, which unit test world_renderings holds against pipeline_frames.
 */
#include "records.h"

#include <stdlib.h>

#include "pipeline_news.h"

enum { TLS_CONNECTIONS = 1 << 17, TLS_BUFFERS = 8 << 20, TLS_TEXTS = 32 << 20 };

/* A connection that has talked or lasted. */
struct live {
	struct news_link news;
	struct conn *conn;
};

struct records {
	void *memory;
	struct tls *tls;
	struct site site;
	struct counts counts;
	struct pool lives;
	struct news news;
	struct pulse pulse[2]; /* these ten seconds, and the next: a flight may reach into them */
	int64_t pulse_end, second;
};

const struct hash_key WORLD_IDENTITY = {UINT64_C(0x776f726c64), UINT64_C(0x6964)};

static void
site_of(struct site *site, const struct world *w)
{
	struct gateway_addr addrs[GATEWAY_TOLD];

	gateway_told(w, addrs);
	site_set(site, addrs, GATEWAY_TOLD);
}

void
records_begin(struct world *w, int64_t update_ns)
{
	struct tls_config cfg = {.halves = TLS_CONNECTIONS,
				 .fulls = TLS_CONNECTIONS,
				 .buffer_bytes = TLS_BUFFERS,
				 .intern_bytes = TLS_TEXTS,
				 .identity = WORLD_IDENTITY,
				 .table = {1, 2}};
	struct records *r = calloc(1, sizeof(*r));
	size_t lives = TLS_CONNECTIONS * sizeof(struct live), bytes = tls_bytes(&cfg) + lives + 4096;
	struct carve c;

	r->memory = malloc(bytes);
	c = (struct carve){r->memory, (uint8_t *)r->memory + bytes};
	pool_init(&r->lives, carve_take(&c, lives), sizeof(struct live), TLS_CONNECTIONS);
	r->tls = tls_new(&c, &cfg, &r->counts);
	news_init(&r->news, &r->lives, update_ns);
	r->pulse_end = WORLD_BEGIN + SECOND(PULSE_S);
	r->second = WORLD_BEGIN;
	site_of(&r->site, w);
	w->records = r;
}

static void
tell(struct world *w, struct conn *c, enum session_kind kind, int64_t at)
{
	static const struct tls_facts silent;
	struct records *r = w->records;
	struct session_scratch scratch;
	struct tls_facts facts;
	struct session s;
	struct session_source from = {.flow = &c->flow,
				      .tls = tls_facts(r->tls, c->tls, &facts) ? &facts : &silent,
				      .talk = c->talked ? &c->talk : NULL,
				      .sensor = 1,
				      .identity_key = 1,
				      .kind = (uint8_t)kind,
				      .time = {at}};

	session_build(&s, &scratch, &from);
	site_role(&r->site, &s);
	if (kind == SESSION_OPEN && s.role == ROLE_INBOUND && s.client_hello) {
		struct pulse *pulse = &r->pulse[at >= r->pulse_end];

		pulse->handshakes++;
		pulse->resumptions_offered += s.id_offered != 0;
		pulse->resumptions_accepted += s.resumed >= RESUMED_SESSION_ID;
	}
	if (w->to.session)
		w->to.session(w->to.arg, &s);
}

static bool
live_make(struct records *r, struct conn *c)
{
	if (!c->live && (c->live = pool_get(&r->lives)))
		*(struct live *)pool_at(&r->lives, c->live) = (struct live){.conn = c};
	return c->live != 0;
}

static void
talk_begin_once(struct records *r, struct conn *c)
{
	if (!c->talked)
		talk_init(&c->talk, tls_client(r->tls, c->tls));
	c->talked = true;
}

static void
heard(struct world *w, struct conn *c, const struct tls_event *ev)
{
	if (ev->kind == TLS_SETTLED) {
		if (!c->told_open) {
			c->told_open = true;
			tell(w, c, SESSION_OPEN, ev->time.ns);
		}
	} else if (ev->application && live_make(w->records, c)) {
		talk_begin_once(w->records, c);
		talk_record(&c->talk, ev);
	}
}

static void
feed(struct world *w, struct conn *c, struct tls_piece *piece)
{
	struct tls_event ev;

	if (c->tls == TLS_NOT)
		return;
	piece->port[0] = c->d.port;
	piece->port[1] = c->d.to_port;
	piece->datagram = c->d.proto == PROTO_UDP;
	while (tls_next(w->records->tls, &c->tls, piece, &ev))
		heard(w, c, &ev);
}

/* Of an encrypted record the header says everything that can be known. */
static void
feed_marks(struct world *w, struct conn *c, const struct shot *k)
{
	bool udp = c->d.proto == PROTO_UDP;
	uint32_t head = udp ? 13 : 5;
	uint8_t header[13] = {0};

	for (uint32_t i = k->first_mark; i < k->f->marks && k->f->mark[i].at + head <= k->from + k->len; i++) {
		const struct mark *m = &k->f->mark[i];
		struct tls_piece piece = {
			.bytes = cur_of(header, head), .cut_bytes = m->body, .time = {k->at}, .side = k->side};

		header[0] = m->type;
		header[1] = udp ? 0xfe : 3;
		header[2] = udp ? 0xfd : 3;
		header[4] = 1; /* DTLS: epoch */
		header[head - 2] = (uint8_t)(m->body >> 8);
		header[head - 1] = (uint8_t)m->body;
		feed(w, c, &piece);
	}
}

static void
count(struct world *w, struct conn *c, const struct shot *k)
{
	struct records *r = w->records;
	struct pulse *pulse = &r->pulse[k->at >= r->pulse_end];
	const struct packet packet = {.proto = c->d.proto, .tcp_flags = k->flags, .payload_len = k->len};
	uint32_t packets = c->flow.side[0].packets + c->flow.side[1].packets;
	const struct pulse_what what = {.from_gateway = (c->flow.told >> k->side & 1) != 0, .is_new = packets == 1};

	if (!c->flow.gateway) {
		pulse->others++;
		return;
	}
	pulse->gateway = c->flow.gateway;
	pulse_packet(pulse, &c->flow, &packet, what);
}

/* As the pipeline does: a connection without TLS is open once both have spoken, and whoever lasts has news. */
static void
progress(struct world *w, struct conn *c, int64_t at)
{
	struct records *r = w->records;

	if (!c->told_open && c->tls == TLS_NOT && c->flow.flags & FLOW_ESTABLISHED) {
		c->told_open = true;
		tell(w, c, SESSION_OPEN, at);
	}
	if (c->live || at - c->flow.first.ns > news_soon(&r->news)) {
		if (live_make(r, c)) {
			talk_begin_once(r, c);
			news_add(&r->news, c->live, (struct when){at});
			if (c->talk.repeats) {
				c->talk.repeats = false;
				tell(w, c, SESSION_UPDATE, at);
			}
		}
	}
}

/* A hole of whole records: the stream goes on behind it. */
static void
missed(struct world *w, struct conn *c, const struct shot *k)
{
	struct records *r = w->records;
	struct tls_piece piece = {.lost = c->unseen[k->side], .time = {k->at}, .side = k->side};

	c->flow.note[k->side].gap_bytes += c->unseen[k->side];
	r->pulse[k->at >= r->pulse_end].gap_bytes += c->unseen[k->side];
	if (c->d.proto == PROTO_TCP)
		feed(w, c, &piece);
}

static void
records_packet(struct world *w, struct conn *c, const struct shot *k)
{
	struct records *r = w->records;

	if (c->flow.side[0].packets + c->flow.side[1].packets == 1) {
		uint8_t server = site_gateway(&r->site, &c->flow.addr[1]),
			opener = site_gateway(&r->site, &c->flow.addr[0]);

		c->flow.gateway = server ? server : opener;
		c->flow.told = (uint8_t)((opener != 0) | (server != 0) << 1); /* which sides are a gateway */
	}
	count(w, c, k);
	if (k->len && c->unseen[k->side] && !k->again)
		missed(w, c, k);
	if (k->f && k->f->bytes) {
		struct tls_piece piece = {
			.bytes = cur_of(k->f->bytes + k->from, k->len), .time = {k->at}, .side = k->side};

		feed(w, c, &piece);
	} else if (k->f && !k->again) {
		feed_marks(w, c, k);
	}
	if (c->flow.gateway && k->len)
		progress(w, c, k->at);
}

static void
records_forget(struct world *w, struct conn *c, int64_t at)
{
	struct flow *f = &c->flow;

	if (f->end == FLOW_OPEN)
		f->end = FLOW_TIMEOUT;
	tell(w, c, SESSION_CLOSE, f->end == FLOW_TIMEOUT ? at : f->last.ns);
	tls_close(w->records->tls, c->tls);
	c->tls = 0;
	if (c->live) {
		news_forget(&w->records->news, c->live);
		pool_put(&w->records->lives, c->live);
	}
	c->live = 0;
	c->talked = c->told_open = false;
}

/* Of a gateway that was ever heard, while anybody is. */
static void
pulse_emit(struct world *w)
{
	struct records *r = w->records;
	struct pulse *p = &r->pulse[0];
	uint8_t gateway = p->gateway;

	if (gateway && (p->packets_to || p->packets_from || p->others)) {
		p->time.ns = r->pulse_end;
		if (w->to.pulse)
			w->to.pulse(w->to.arg, p);
	}
	r->pulse[0] = r->pulse[1];
	r->pulse[1] = (struct pulse){0};
	r->pulse[0].gateway = gateway;
	r->pulse_end += SECOND(PULSE_S);
}

static int64_t
whole_second(int64_t t)
{
	return t > INT64_MAX - SECOND(1) ? t : (t + SECOND(1) - 1) / SECOND(1) * SECOND(1);
}

/* What is due is done at the whole second that follows, as in the pipeline. */
static void
records_pass(struct world *w, int64_t at)
{
	struct records *r = w->records;
	uint32_t h;

	while (at >= r->second) {
		int64_t due, second = r->second;

		while ((h = news_next(&r->news, (struct when){second})))
			tell(w, ((struct live *)pool_at(&r->lives, h))->conn, SESSION_UPDATE, second);
		while (second >= r->pulse_end)
			pulse_emit(w);
		due = news_due(&r->news).ns;
		due = whole_second(due < r->pulse_end ? due : r->pulse_end);
		r->second = due > second ? due : second + SECOND(1);
	}
	/* what has news from now on may be due before the end of these ten seconds */
	if (r->second > whole_second(at + 1))
		r->second = whole_second(at + 1);
}

static void
records_end(struct world *w)
{
	for (struct conn *c = w->open; c; c = c->next)
		if (c->flow.proto) {
			if (c->flow.end == FLOW_OPEN)
				c->flow.end = FLOW_INPUT_END;
			tell(w, c, SESSION_CLOSE, c->flow.last.ns);
			c->flow = (struct flow){0};
		}
	pulse_emit(w);
	if (w->to.over)
		w->to.over(w->to.arg);
	free(w->records->memory);
	free(w->records);
	w->records = NULL;
}

const struct render RENDER_RECORDS = {records_packet, records_forget, records_pass, records_end};
