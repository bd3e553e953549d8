/*
 * print: what is computed once for each distinct hello or certificate chain, and looked up from then on.
 *
 *	hello -> shape -> intern_find ---- there: done
 *	                      \--- new: JA3, JA4, JA4_r, client key -> intern_add
 *
 * Bodies of entries are structs followed by their texts; keys of entries are what they were computed from.  Must not
 * keep anything of a single visit.
 */
#include "tls/print.h"

#include "base/crypt.h"
#include "tls/chain.h"
#include "tls/intern.h"
#include "tls/shape.h"

enum { KIND_TEXT, KIND_CLIENT, KIND_SERVER, KIND_CHAIN };

/* Texts of one entry while it is made: JA3's string is at most 4 bytes for one of a shape, JA4_r 5 for 2. */
enum { JA3_MAX = SHAPE_MAX * 4, RAW_MAX = SHAPE_MAX * 3, WORK_MAX = JA3_MAX + RAW_MAX };

/* A chain that was shown a moment ago, byte for byte, and its hash. */
enum { SHOWN = 8, SHOWN_BYTES = 4096 };

struct shown {
	uint64_t hash;
	size_t n; /* 0: none */
	uint8_t bytes[SHOWN_BYTES];
};

struct prints {
	struct intern *intern;
	struct print_uses uses;
	struct hash_key key;
	struct shown shown[SHOWN];
	char work[WORK_MAX];
};

/* Client and server keys have to be equal on every sensor and in every year: this constant is part of the format. */
static const struct hash_key PUBLIC = {UINT64_C(0x6761746577697474), UINT64_C(0x6e65737320763031)};

struct client {
	uint64_t key;
	uint64_t shape; /* hash */
	uint16_t string_len, raw_len;
	bool has_ja3, has_ja4;
	char version[2]; /* the hello's, as on the wire */
	char ja3[JA3_LEN];
	struct ja4 ja4;
	char texts[]; /* JA3's string, JA4_r */
};

struct server {
	uint64_t key;
	char ja3s[JA3_LEN];
	uint16_t string_len;
	char texts[];
};

size_t
prints_bytes(size_t share)
{
	return intern_bytes(share) + sizeof(struct prints) + 64;
}

struct prints *
prints_new(struct carve *c, size_t share, const struct hash_key *key)
{
	struct prints *p = carve_take(c, sizeof(*p));

	p->intern = intern_new(c, share, key);
	p->uses = (struct print_uses){0, 0};
	p->key = *key;
	for (unsigned i = 0; i < SHOWN; i++)
		p->shown[i].n = 0;
	return p;
}

struct print_uses
print_uses(const struct prints *p)
{
	return p->uses;
}

static void
make_client(struct prints *p, const struct shape *s, struct client *c, struct out *texts)
{
	/* In SSLv2's form there is no JA3; JA4's reference gives empty lists where the version is SSLv3 or newer. */
	c->has_ja3 = !(s->head.flags & SHAPE_SSLV2);
	c->has_ja4 = c->has_ja3 || s->head.version >= 0x0300;
	if (c->has_ja3) {
		ja3_string(s, texts);
		ja3_hash(p->work, out_len(texts), c->ja3);
	}
	c->string_len = (uint16_t)out_len(texts);
	ja4_of(s, &c->ja4, texts);
	c->raw_len = (uint16_t)(out_len(texts) - c->string_len);
	c->key = hash_keep(&PUBLIC, c->ja4.key, JA4_LEN);
	c->version[0] = (char)(s->head.version >> 8);
	c->version[1] = (char)s->head.version;
}

static uint32_t
add_client(struct prints *p, const struct shape *s, const struct intern_key *k)
{
	struct out texts = out_of(p->work, WORK_MAX);
	struct client c = {0};
	uint32_t handle;
	uint8_t *body;

	make_client(p, s, &c, &texts);
	p->uses.computed++;
	handle = intern_add(p->intern, k, sizeof(c) + out_len(&texts));
	if (!handle)
		return 0;
	body = intern_body(p->intern, handle);
	c.shape = hash_keep(&PUBLIC, k->bytes, k->len);
	memcpy(body, &c, sizeof(c));
	memcpy(body + offsetof(struct client, texts), p->work, out_len(&texts));
	return handle;
}

/* JA4 names TLS over TCP, QUIC and DTLS; for TLS inside another datagram protocol it has no letter. */
static char
letter_of(enum tls_carrier carrier)
{
	return carrier == CARRIER_QUIC ? 'q' :
	       carrier == CARRIER_DTLS ? 'd' :
	       carrier == CARRIER_UDP  ? JA4_NO_LETTER :
					 't';
}

uint32_t
print_client(struct prints *p, const struct hello *h, enum tls_carrier carrier)
{
	struct shape s;
	size_t n = shape_of(&s, h, letter_of(carrier));
	struct intern_key k;
	uint32_t handle;

	if (n == 0)
		return 0;
	k = intern_key(p->intern, KIND_CLIENT, &s, n);
	handle = intern_find(p->intern, &k);
	if (handle) {
		p->uses.reused++;
		return handle;
	}
	return add_client(p, &s, &k);
}

/* Versions as offered: the extension's, without it the one of the hello. */
static struct text
versions_of(const struct shape_head *head, const char *lists, const char *version)
{
	size_t at = 0;

	for (unsigned i = 0; i < SHAPE_VERSIONS; i++)
		at += head->len[i];
	if (head->len[SHAPE_VERSIONS])
		return (struct text){lists + at, head->len[SHAPE_VERSIONS]};
	return (struct text){version, 2};
}

/* A fingerprint without the blank that stands for no letter. */
static struct text
lettered(const char *p, uint32_t len)
{
	return *p == JA4_NO_LETTER ? (struct text){p + 1, len - 1} : (struct text){p, len};
}

void
print_client_get(const struct prints *p, uint32_t handle, struct print_client *out)
{
	const struct client *c;
	struct text shape;
	struct shape_head head;

	*out = (struct print_client){0};
	if (!handle)
		return;
	c = intern_body(p->intern, handle);
	shape = intern_text(p->intern, handle);
	memcpy(&head, shape.p, sizeof(head));
	out->key = c->key;
	out->version = head.version;
	out->grease = head.flags & SHAPE_GREASE;
	if (c->has_ja3) {
		out->ja3 = (struct text){c->ja3, JA3_LEN};
		out->ja3_string = (struct text){c->texts, c->string_len};
	}
	if (c->has_ja4) {
		out->ja4 = lettered(c->ja4.text, JA4_LEN);
		out->ja4_r = lettered(c->texts + c->string_len, c->raw_len);
	}
	out->key_text = lettered(c->ja4.key, JA4_LEN);
	out->versions_offered = versions_of(&head, shape.p + sizeof(head), c->version);
	if (head.flags & SHAPE_HAS_ALPN)
		out->alpns = (struct text){shape.p + shape.len - head.len[SHAPE_ALPNS], head.len[SHAPE_ALPNS]};
}

uint64_t
print_hello(const struct prints *p, uint32_t client, uint32_t sni)
{
	const struct client *c = client ? intern_body(p->intern, client) : NULL;
	struct text name = print_text_get(p, sni);
	uint64_t word[2] = {c ? c->shape : 0, name.len ? hash_keep(&PUBLIC, name.p, name.len) : 0};

	return hash_words(&PUBLIC, word, 2);
}

uint64_t
print_said(const struct prints *p, uint32_t handle)
{
	return handle ? intern_hash(p->intern, handle) : 0;
}

/* What is the server program's in a ServerHello: agreed version, cipher, extensions, and legacy_version for JA3S. */
enum { SERVER_MAX = 256 };

static size_t
server_shape(const struct hello_server *h, uint8_t shape[SERVER_MAX])
{
	struct out o = out_of(shape, SERVER_MAX);
	uint16_t head[3] = {hello_agreed(h), h->cipher, h->version};
	struct cur list = h->extensions;

	for (unsigned i = 0; i < 3; i++) {
		out_char(&o, (char)(head[i] >> 8));
		out_char(&o, (char)head[i]);
	}
	while (cur_left(&list)) {
		const uint8_t *type = cur_take(&list, 2);

		cur_skip(&list, cur_u16(&list));
		if (type && !list.bad)
			out_bytes(&o, type, 2);
	}
	return o.full ? 0 : out_len(&o);
}

/* The server key leaves out pre_shared_key, as the client key does: a resumption is no other server. */
static uint64_t
server_key(const uint8_t *shape, size_t n)
{
	uint8_t kept[SERVER_MAX];
	struct out o = out_of(kept, SERVER_MAX);
	struct cur list = cur_of(shape, n);

	out_bytes(&o, cur_take(&list, 4), 4);
	cur_skip(&list, 2);
	while (cur_left(&list) >= 2) {
		const uint8_t *type = cur_take(&list, 2);

		if (type[0] != 0 || type[1] != EXT_PSK)
			out_bytes(&o, type, 2);
	}
	return hash_keep(&PUBLIC, kept, out_len(&o));
}

static uint32_t
add_server(struct prints *p, const struct hello_server *h, const struct intern_key *k)
{
	struct out text = out_of(p->work, WORK_MAX);
	struct server *s;
	uint32_t handle;

	p->uses.computed++;
	ja3s_string(h, &text);
	handle = intern_add(p->intern, k, sizeof(*s) + out_len(&text));
	if (!handle)
		return 0;
	s = intern_body(p->intern, handle);
	s->key = server_key(k->bytes, k->len);
	ja3_hash(p->work, out_len(&text), s->ja3s);
	s->string_len = (uint16_t)out_len(&text);
	memcpy(s->texts, p->work, out_len(&text));
	return handle;
}

uint32_t
print_server(struct prints *p, const struct hello_server *h)
{
	uint8_t shape[SERVER_MAX];
	size_t n = server_shape(h, shape);
	struct intern_key k;
	uint32_t handle;

	if (n == 0)
		return 0;
	k = intern_key(p->intern, KIND_SERVER, shape, n);
	handle = intern_find(p->intern, &k);
	return handle ? handle : add_server(p, h, &k);
}

void
print_server_get(const struct prints *p, uint32_t handle, struct print_server *out)
{
	const struct server *s;

	*out = (struct print_server){0};
	if (!handle)
		return;
	s = intern_body(p->intern, handle);
	*out = (struct print_server){{s->ja3s, JA3_LEN}, {s->texts, s->string_len}, s->key};
}

uint32_t
print_text(struct prints *p, const void *bytes, size_t n)
{
	struct intern_key k;
	uint32_t handle;

	if (n > INTERN_MAX)
		return 0;
	k = intern_key(p->intern, KIND_TEXT, bytes, n);
	handle = intern_find(p->intern, &k);
	return handle ? handle : intern_add(p->intern, &k, 0);
}

struct text
print_text_get(const struct prints *p, uint32_t handle)
{
	return handle ? intern_text(p->intern, handle) : (struct text){0};
}

/* By the end of the leaf's signature. */
static struct shown *
shown_for(struct prints *p, struct cur leaf)
{
	cur_skip(&leaf, cur_left(&leaf) - (cur_left(&leaf) != 0));
	return &p->shown[cur_u8(&leaf) % SHOWN];
}

/* A gateway shows one chain again and again: to compare two kilobytes takes a twentieth of hashing them, 4,500
   instructions. */
static uint64_t
chain_hash(struct prints *p, struct cur bytes, struct cur leaf)
{
	size_t n = cur_left(&bytes);
	struct shown *s = shown_for(p, leaf);

	if (n > SHOWN_BYTES)
		return hash_fast(&p->key, bytes.p, n);
	if (s->n != n || memcmp(s->bytes, bytes.p, n) != 0) {
		s->hash = hash_fast(&p->key, bytes.p, n);
		s->n = n;
		memcpy(s->bytes, bytes.p, n);
	}
	return s->hash;
}

/* A chain of many kilobytes is known by its length and its hash under a key that nobody outside knows: who cannot
   see an answer cannot look for a collision. */
static uint32_t
chain_of(struct prints *p, struct cur bytes, const struct chain_list *l)
{
	size_t n = cur_left(&bytes);
	const uint64_t id[2] = {chain_hash(p, bytes, l->cert[0]), n};
	struct intern_key k = intern_key(p->intern, KIND_CHAIN, id, sizeof(id));
	uint32_t handle = intern_find(p->intern, &k);

	return handle ? handle : chain_add(p->intern, &k, l, out_of(p->work, WORK_MAX));
}

uint32_t
print_chain(struct prints *p, struct cur list)
{
	struct chain_list l = chain_split(list);

	return l.n ? chain_of(p, list, &l) : 0;
}

uint32_t
print_cert(struct prints *p, struct cur der)
{
	struct chain_list l = {{der}, 1};

	return cur_left(&der) ? chain_of(p, der, &l) : 0;
}

bool
print_cert_get(const struct prints *p, uint32_t handle, struct tls_cert *out)
{
	*out = (struct tls_cert){0};
	if (handle)
		chain_get(p->intern, handle, out);
	return handle != 0;
}

void
print_again(struct prints *p, uint32_t handle)
{
	if (handle)
		intern_again(p->intern, handle);
}

void
print_drop(struct prints *p, uint32_t handle)
{
	intern_drop(p->intern, handle);
}
