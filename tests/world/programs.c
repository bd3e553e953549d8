/*
 * programs: ClientHellos of real programs, taken out of our own recordings and sent again with another random, name,
 * session id, ticket and key shares; Chromium's in another order each time.
 * What makes a fingerprint stays as recorded; a build other than 0 lacks one cipher suite, as other versions do.
 */
#include "world.h"

#include <stdio.h>

#include "packet/savefile.h"

enum { SHUFFLE = 1, HELLO_MAX = 4096, EXTENSIONS_MAX = 64, CAPTURE_MAX = 1 << 17 };
enum { EXT_NAME = 0, EXT_PADDING = 21, EXT_TICKET = 35, EXT_PSK = 41, EXT_VERSIONS = 43, EXT_SHARES = 51 };

struct extension {
	uint16_t type, len;
	const uint8_t *body;
};

struct recorded {
	uint8_t message[HELLO_MAX];
	size_t len; /* collected of the first flight */
	bool dtls, v13, named;
	uint16_t version, ciphers_len;
	uint8_t session_len;
	const uint8_t *ciphers;
	struct extension ext[EXTENSIONS_MAX];
	unsigned exts;
};

static const struct source {
	const char *file;
	uint8_t nth, flags;
} SOURCE[PROGRAMS] = {
#define PROGRAM(id, file, nth, flags) {file, nth, flags},
#include "programs.def"
#undef PROGRAM
};
static struct recorded RECORDED[PROGRAMS];

/* Go names its versions even when 1.2 is the highest. */
static bool
offers_13(const struct extension *e)
{
	for (unsigned i = 1; e->type == EXT_VERSIONS && i + 1 < e->len; i += 2)
		if (e->body[i] == 3 && e->body[i + 1] == 4)
			return true;
	return false;
}

static bool
extensions_read(struct recorded *r, struct cur c)
{
	while (cur_left(&c) && r->exts < EXTENSIONS_MAX) {
		struct extension *e = &r->ext[r->exts++];

		e->type = cur_u16(&c);
		e->len = cur_u16(&c);
		e->body = cur_take(&c, e->len);
		r->v13 |= e->body && offers_13(e);
		r->named |= e->type == EXT_NAME;
	}
	return !c.bad;
}

/* The message behind its header of 4 or 12 bytes. */
static bool
hello_take_apart(struct recorded *r)
{
	struct cur c = cur_of(r->message, r->len), exts;

	r->version = cur_u16(&c);
	cur_skip(&c, 32);
	r->session_len = cur_u8(&c);
	cur_skip(&c, r->session_len);
	if (r->dtls)
		cur_skip(&c, cur_u8(&c));
	r->ciphers_len = cur_u16(&c);
	r->ciphers = cur_take(&c, r->ciphers_len);
	cur_skip(&c, cur_u8(&c));
	exts = cur_sub(&c, cur_u16(&c));
	return !c.bad && extensions_read(r, exts);
}

/* One capture's search for its nth hello. */
struct search {
	struct recorded *r;
	unsigned left;
	uint16_t port; /* of the client whose hello is being collected */
	size_t want;
};

static bool
search_collect(struct search *s, struct cur c)
{
	size_t n = cur_left(&c) < s->want - s->r->len ? cur_left(&c) : s->want - s->r->len;

	if (s->want > HELLO_MAX)
		return false;
	s->r->len += cur_copy(&c, s->r->message + s->r->len, n);
	return s->r->len == s->want;
}

/* True: the hello is complete. */
static bool
search_packet(struct search *s, const struct packet *k)
{
	struct cur c = k->payload;
	bool dtls = k->proto == PROTO_UDP;
	size_t head = dtls ? 13 : 5;

	if (s->port)
		return k->sport == s->port && search_collect(s, c);
	if (cur_left(&c) < head + 6 || cur_u8(&c) != 22)
		return false;
	cur_skip(&c, head - 1);
	if (cur_u8(&c) != 1)
		return false;
	if (s->left) {
		s->left--;
		return false;
	}
	s->want = cur_u24(&c);
	if (dtls)
		cur_skip(&c, 8);
	s->r->dtls = dtls;
	s->port = k->sport;
	return search_collect(s, c);
}

static bool
recorded_load(struct recorded *r, const char *path, unsigned nth)
{
	static uint8_t data[CAPTURE_MAX], fragments[1 << 20];
	static struct counts counts;
	struct carve carve = {fragments, fragments + sizeof(fragments)};
	struct decoder *d = decoder_new(&carve, 1 << 16, &counts);
	struct search search = {.r = r, .left = nth};
	struct savefile file = {0};
	FILE *f = fopen(path, "rb");
	struct cur bytes;
	struct frame frame;
	struct packet k;
	const char *why;
	enum savefile_verdict v;

	if (!f)
		return false;
	bytes = cur_of(data, fread(data, 1, sizeof(data), f));
	fclose(f);
	while ((v = savefile_next(&file, &bytes, &frame, &why)) == SAVEFILE_FRAME || v == SAVEFILE_OTHER)
		if (v == SAVEFILE_FRAME && packet_decode(d, &frame, &k) && search_packet(&search, &k))
			return hello_take_apart(r);
	return false;
}

bool
programs_load(const char *folder)
{
	char path[512];

	for (unsigned i = 0; i < PROGRAMS; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, SOURCE[i].file);
		if (!recorded_load(&RECORDED[i], path, SOURCE[i].nth)) {
			fprintf(stderr, "world: no ClientHello number %u in %s\n", SOURCE[i].nth, path);
			return false;
		}
	}
	return true;
}

bool
program_is_13(struct program p)
{
	return RECORDED[p.id].v13;
}

bool
program_takes_tickets(struct program p)
{
	const struct recorded *r = &RECORDED[p.id];

	for (unsigned i = 0; i < r->exts; i++)
		if (r->ext[i].type == EXT_TICKET)
			return true;
	return false;
}

bool
program_is_dtls(struct program p)
{
	return RECORDED[p.id].dtls;
}

/* Build 1 lacks the suite in place 3, build 2 that in place 4 ...; not the first ones, which everybody has. */
static bool
lacks(const struct recorded *r, struct program p, unsigned place)
{
	unsigned suites = r->ciphers_len / 2u;

	return p.build && suites > 8 && place == 3 + (p.build - 1u) % (suites - 5);
}

bool
program_offers(struct program p, uint16_t cipher)
{
	const struct recorded *r = &RECORDED[p.id];

	for (unsigned i = 0; i < r->ciphers_len / 2u; i++)
		if ((r->ciphers[2 * i] << 8 | r->ciphers[2 * i + 1]) == cipher && !lacks(r, p, i))
			return true;
	return false;
}

uint16_t
program_first_cipher(struct program p)
{
	const struct recorded *r = &RECORDED[p.id];

	return (uint16_t)(r->ciphers[0] << 8 | r->ciphers[1]);
}

/* A writer that knows no end: the caller has room for HELLO_MAX and some. */
struct pen {
	uint8_t *p;
	struct rng noise, grease;
};

static void
put(struct pen *w, uint64_t v, unsigned n)
{
	while (n-- > 0)
		*w->p++ = (uint8_t)(v >> 8 * n);
}

static void
put_noise(struct pen *w, size_t n)
{
	for (; n >= 8; n -= 8) {
		uint64_t v = rng_next(&w->noise);

		memcpy(w->p, &v, 8);
		w->p += 8;
	}
	while (n-- > 0)
		*w->p++ = (uint8_t)rng_next(&w->noise);
}

static void
put_copy(struct pen *w, const void *bytes, size_t n)
{
	memcpy(w->p, bytes, n);
	w->p += n;
}

static bool
is_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

static uint16_t
grease(struct pen *w, uint16_t v)
{
	return is_grease(v) ? (uint16_t)(0x0a0a + 0x1010 * below(&w->grease, 16)) : v;
}

static void
put_ciphers(struct pen *w, const struct recorded *r, struct program p)
{
	uint8_t *at = w->p;

	put(w, 0, 2);
	for (unsigned i = 0; i < r->ciphers_len / 2u; i++)
		if (!lacks(r, p, i))
			put(w, grease(w, (uint16_t)(r->ciphers[2 * i] << 8 | r->ciphers[2 * i + 1])), 2);
	at[0] = (uint8_t)((w->p - at - 2) >> 8);
	at[1] = (uint8_t)(w->p - at - 2);
}

static void
put_name(struct pen *w, const char *sni)
{
	size_t n = strlen(sni);

	put(w, EXT_NAME, 2);
	put(w, n + 5, 2);
	put(w, n + 3, 2);
	put(w, 0, 1);
	put(w, n, 2);
	put_copy(w, sni, n);
}

/* Groups stay, keys are new: each share is group, length, key. */
static void
put_shares(struct pen *w, const struct extension *e)
{
	struct cur c = cur_of(e->body, e->len);

	put(w, e->type, 2);
	put(w, e->len, 2);
	put(w, cur_u16(&c), 2);
	while (cur_left(&c) >= 4) {
		uint16_t group = cur_u16(&c), len = cur_u16(&c);

		put(w, grease(w, group), 2);
		put(w, len, 2);
		if (len < 8)
			put_copy(w, c.p, len);
		else
			put_noise(w, len);
		cur_skip(&c, len);
	}
}

static void
put_psk(struct pen *w, const struct hello_wants *want)
{
	put(w, EXT_PSK, 2);
	put(w, want->ticket_len + 8u + 35u, 2);
	put(w, want->ticket_len + 6u, 2);
	put(w, want->ticket_len, 2);
	put_copy(w, want->ticket, want->ticket_len);
	put_noise(w, 4); /* obfuscated age */
	put(w, 33, 2);
	put(w, 32, 1);
	put_noise(w, 32); /* binder */
}

static void
put_extension(struct pen *w, const struct extension *e, const struct hello_wants *want)
{
	if (e->type == EXT_NAME) {
		if (want->sni)
			put_name(w, want->sni);
	} else if (e->type == EXT_SHARES) {
		put_shares(w, e);
	} else if (e->type == EXT_TICKET && want->ticket_kind == RESUMED_TICKET) {
		put(w, EXT_TICKET, 2);
		put(w, want->ticket_len, 2);
		put_copy(w, want->ticket, want->ticket_len);
	} else if (e->type != EXT_PSK && e->type != EXT_PADDING) {
		put(w, grease(w, e->type), 2);
		put(w, e->len, 2);
		put_copy(w, e->body, e->len);
	}
}

/* The order of extensions: as recorded, or drawn anew for all but GREASE at either end (RFC 8701). */
static void
order_draw(const struct recorded *r, bool shuffles, struct rng *rng, uint8_t *order)
{
	unsigned first = 0, last = r->exts;

	for (unsigned i = 0; i < r->exts; i++)
		order[i] = (uint8_t)i;
	if (!shuffles)
		return;
	while (first < last && is_grease(r->ext[first].type))
		first++;
	while (last > first && is_grease(r->ext[last - 1].type))
		last--;
	for (unsigned i = last - 1; i > first; i--) {
		unsigned k = first + below(rng, i - first + 1);
		uint8_t swap = order[i];

		order[i] = order[k];
		order[k] = swap;
	}
}

static void
put_session(struct pen *w, const struct recorded *r, const struct hello_wants *want)
{
	if (want->ticket_kind == RESUMED_SESSION_ID) {
		put(w, want->ticket_len, 1);
		put_copy(w, want->ticket, want->ticket_len);
	} else if (r->v13 || want->ticket_kind == RESUMED_TICKET) { /* RFC 8446 D.4, RFC 5077 3.4 */
		put(w, 32, 1);
		put_noise(w, 32);
	} else {
		put(w, 0, 1);
	}
}

size_t
program_hello(struct program p, const struct hello_wants *want, uint8_t *out)
{
	const struct recorded *r = &RECORDED[p.id];
	struct pen w = {out, rng_of(want->seed, 1), rng_of(want->seed, 2)};
	struct rng shuffle = rng_of(want->seed, 3);
	uint8_t order[EXTENSIONS_MAX], *at;

	put(&w, r->version, 2);
	put_noise(&w, 32);
	put_session(&w, r, want);
	if (r->dtls) {
		put(&w, want->cookie_len, 1);
		put_copy(&w, want->cookie ? want->cookie : out, want->cookie_len);
	}
	put_ciphers(&w, r, p);
	put(&w, 0x0100, 2);
	at = w.p;
	put(&w, 0, 2);
	order_draw(r, SOURCE[p.id].flags & SHUFFLE, &shuffle, order);
	for (unsigned i = 0; i < r->exts; i++)
		put_extension(&w, &r->ext[order[i]], want);
	if (want->ticket_kind == RESUMED_PSK)
		put_psk(&w, want);
	at[0] = (uint8_t)((w.p - at - 2) >> 8);
	at[1] = (uint8_t)(w.p - at - 2);
	return (size_t)(w.p - out);
}
