/*
 * pipeline_privacy: who of a record is a client, and what is written in their place.
 * Must not leave a clear address behind for want of room: what does not fit is left out.
 */
#include "pipeline_privacy.h"

#include "base/cur.h"

static const struct addr *
pseudonym(struct pipeline_privacy *p, const struct addr *a)
{
	struct privacy_kept *k;
	uint64_t w[2];

	memcpy(w, a->b, sizeof(w));
	k = &p->kept[((w[0] ^ w[1]) * UINT64_C(0x9e3779b97f4a7c15)) >> 54];
	_Static_assert(PRIVACY_KEPT == 1024, "10 bits of the product");
	if (!k->known || !addr_same(&k->addr, a)) {
		k->known = true;
		k->addr = *a;
		k->pseudonym = pseudonym_of(p->key, a);
	}
	return &k->pseudonym;
}

/* Copying a text: what is spelt like an address is told apart from the rest by its letters. */
struct spelling {
	struct pipeline_privacy *p;
	const struct site *site;
	struct out o;
	bool changed;
};

static bool
is_spelt(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' || c == ':';
}

static bool
put_addr(struct spelling *sp, struct text word)
{
	char text[ADDR_TEXT_MAX];
	struct addr a;

	if (!word.len || word.len >= sizeof(text))
		return false;
	memcpy(text, word.p, word.len);
	text[word.len] = '\0';
	if (!addr_parse(&a, text) || site_gateway(sp->site, &a))
		return false;
	out_addr(&sp->o, pseudonym(sp->p, &a));
	sp->changed = true;
	return true;
}

/* One run of such letters: an address, perhaps with a port; dots and colons at its end belong to the sentence. */
static void
put_run(struct spelling *sp, struct text run)
{
	const char *colon = memchr(run.p, ':', run.len);
	uint32_t n = run.len, head = colon ? (uint32_t)(colon - run.p) : n;

	while (n && (run.p[n - 1] == '.' || (run.p[n - 1] == ':' && !(n > 1 && run.p[n - 2] == ':'))))
		n--;
	if (!put_addr(sp, (struct text){run.p, n})) {
		n = put_addr(sp, (struct text){run.p, head}) ? head : 0;
	}
	out_bytes(&sp->o, run.p + n, run.len - n);
}

static void
put_spelt(struct spelling *sp, struct text t)
{
	for (uint32_t i = 0; i < t.len;) {
		uint32_t from = i;

		while (i < t.len && is_spelt(t.p[i]))
			i++;
		if (i > from)
			put_run(sp, (struct text){t.p + from, i - from});
		else
			out_char(&sp->o, t.p[i++]);
	}
}

/* Texts, each after a length byte. */
static void
put_list(struct spelling *sp, struct text t)
{
	struct cur c = cur_of(t.p, t.len);

	while (cur_left(&c)) {
		struct cur one = cur_sub(&c, cur_u8(&c));
		char *length = sp->o.p;
		size_t n;

		out_char(&sp->o, 0);
		put_spelt(sp, (struct text){(const char *)one.p, (uint32_t)cur_left(&one)});
		n = (size_t)(sp->o.p - length) - 1;
		if (sp->o.full || n > UINT8_MAX)
			sp->o.full = true;
		else
			*length = (char)n;
	}
}

/* True: it is another text now. */
static bool
hide_text(struct pipeline_privacy *p, const struct site *site, struct text *t, bool list)
{
	struct spelling sp = {p, site, out_of(p->text + p->used, sizeof(p->text) - p->used), false};
	const char *start = sp.o.p;

	if (!t->p || !t->len)
		return false;
	if (list)
		put_list(&sp, *t);
	else
		put_spelt(&sp, *t);
	if (!sp.changed)
		return false;
	*t = sp.o.full ? (struct text){NULL, 0} : (struct text){start, (uint32_t)(sp.o.p - start)};
	p->used += t->len;
	return true;
}

/* What is kept ready of equal hellos and certificates is known by said and shown: these are no longer equal. */
static void
hide_texts(struct pipeline_privacy *p, const struct site *site, struct session *s)
{
	bool changed = false;

	p->used = 0;
	if (s->pseudonyms & HIDDEN_SRC) {
		changed |= hide_text(p, site, &s->sni, false);
		changed |= hide_text(p, site, &s->client_cert_subject, false);
		changed |= hide_text(p, site, &s->client_cert_issuer, false);
		changed |= hide_text(p, site, &s->client_cert_san, true);
	}
	if (s->pseudonyms & HIDDEN_DEST) {
		changed |= hide_text(p, site, &s->cert_subject, false);
		changed |= hide_text(p, site, &s->cert_issuer, false);
		changed |= hide_text(p, site, &s->cert_san, true);
	}
	if (changed)
		s->said = s->shown = 0;
}

static void
hide(struct pipeline_privacy *p, const struct site *site, struct session *s, struct addr *a, uint8_t bit)
{
	static const struct addr none;

	if (addr_same(a, &none) || site_gateway(site, a))
		return;
	*a = *pseudonym(p, a);
	s->pseudonyms |= bit;
}

void
privacy_hide(struct pipeline_privacy *p, const struct site *site, struct session *s)
{
	const struct indicator_list *on =
		p->indicators && s->role == ROLE_INBOUND ? indicators_listed(p->indicators, s) : NULL;
	bool called = site_called(s);

	if (on)
		s->src_list = on->name;
	hide(p, site, s, &s->src, HIDDEN_SRC);
	hide(p, site, s, &s->actor, HIDDEN_ACTOR);
	if (!called)
		hide(p, site, s, &s->dest, HIDDEN_DEST);
	if (!s->pseudonyms)
		return;
	s->privacy_key = p->key->id;
	s->id = session_id(s, p->sensor);
	hide_texts(p, site, s);
}

struct addr
privacy_name(const struct pipeline_privacy *p, const struct site *site, const struct addr *a)
{
	return p->key && !site_gateway(site, a) ? pseudonym_of(p->key, a) : *a;
}
