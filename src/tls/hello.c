/*
 * hello: ClientHello and ServerHello of all versions, read into views (RFC 8446 4.1, RFC 9147 5.3, RFC 5246 7.4.1,
 * RFC 6101 E.2 for the SSLv2 form; drafts of TLS 1.3 where their layout differs).
 *
 * Must not judge and must not copy.  Every extension's reader sees its own bytes only; what it leaves behind is
 * counted, because a client that writes such a thing is worth knowing.
 */
#include "tls/hello.h"

#include "base/clear.h"

enum { RANDOM_LEN = 32, SESSION_ID_MAX = 32, SNI_HOST_NAME = 0, EXT_DIRECT = 64, EXT_KEY_SHARE_OLD = 40 };

static inline struct cur
list8(struct cur *c)
{
	return cur_sub(c, cur_u8(c));
}

static inline struct cur
list16(struct cur *c)
{
	return cur_sub(c, cur_u16(c));
}

/* The first of an extension's kind counts; absence is p == NULL, so an empty list needs a p of its own. */
static void
keep(struct cur *field, struct cur list)
{
	if (!field->p && !list.bad)
		*field = list;
}

/* Whole values only: an odd byte at the end of a list of 16-bit values is left behind. */
static struct cur
even(struct cur list, uint16_t *leftover)
{
	if (cur_left(&list) & 1) {
		list.end--;
		++*leftover;
	}
	return list;
}

static void
read_sni(struct cur *c, struct hello *h)
{
	struct cur list = list16(c);

	while (cur_left(&list)) {
		uint8_t type = cur_u8(&list);
		struct cur name = list16(&list);

		if (type == SNI_HOST_NAME)
			keep(&h->sni, name);
	}
	c->bad |= list.bad;
}

static void
read_groups(struct cur *c, struct hello *h)
{
	keep(&h->groups, even(list16(c), &h->leftover));
}

static void
read_point_formats(struct cur *c, struct hello *h)
{
	keep(&h->point_formats, list8(c));
}

static void
read_sig_algs(struct cur *c, struct hello *h)
{
	keep(&h->sig_algs, even(list16(c), &h->leftover));
}

/* RFC 7301 3.1.  The list is kept only when every name in it is whole. */
static void
read_alpn(struct cur *c, struct hello *h)
{
	struct cur list = list16(c), walk = list;

	while (cur_left(&walk))
		list8(&walk);
	if (walk.bad)
		c->bad = true;
	else
		keep(&h->alpns, list);
}

static void
read_ticket(struct cur *c, struct hello *h)
{
	keep(&h->ticket, cur_sub(c, cur_left(c)));
}

/* RFC 8446 4.2.11: identities, then binders, which say nothing here. */
static void
read_psk(struct cur *c, struct hello *h)
{
	struct cur list = list16(c);

	h->psk = true;
	keep(&h->psk_identity, list16(&list));
	cur_skip(c, cur_left(c));
}

/* An index with EarlyDataIndication has been in drafts up to 17 only. */
static void
read_early_data(struct cur *c, struct hello *h)
{
	h->early_data = true;
	cur_skip(c, cur_left(c));
}

static void
read_versions(struct cur *c, struct hello *h)
{
	keep(&h->versions, even(list8(c), &h->leftover));
}

static void
read_psk_modes(struct cur *c, struct hello *h)
{
	keep(&h->psk_modes, list8(c));
}

static void
read_key_share(struct cur *c, struct hello *h)
{
	keep(&h->key_share_groups, list16(c));
}

/* RFC 9849, and ESNI (draft-ietf-tls-esni-01..06) before it.  Whether it is GREASE only the server can tell. */
static void
read_ech(struct cur *c, struct hello *h)
{
	h->ech = true;
	cur_skip(c, cur_left(c));
}

typedef void reader(struct cur *c, struct hello *h);

/* 40 was key_share until draft 23; since then it is unassigned, so reading both harms nobody. */
static reader *const READ_DIRECT[EXT_DIRECT] = {
	[EXT_SNI] = read_sni,
	[EXT_GROUPS] = read_groups,
	[EXT_POINT_FORMATS] = read_point_formats,
	[EXT_SIG_ALGS] = read_sig_algs,
	[EXT_ALPN] = read_alpn,
	[EXT_TICKET] = read_ticket,
	[EXT_KEY_SHARE_OLD] = read_key_share,
	[EXT_PSK] = read_psk,
	[EXT_EARLY_DATA] = read_early_data,
	[EXT_VERSIONS] = read_versions,
	[EXT_PSK_MODES] = read_psk_modes,
	[EXT_KEY_SHARE] = read_key_share,
};

static const struct {
	uint16_t type;
	reader *read;
} READ_FAR[] = {{EXT_ECH, read_ech}, {EXT_ESNI, read_ech}, {0xfe08, read_ech}, {0xfe09, read_ech}, {0xfe0a, read_ech}};

static reader *
reader_of(uint16_t type)
{
	if (type < EXT_DIRECT)
		return READ_DIRECT[type];
	for (size_t i = 0; i < sizeof(READ_FAR) / sizeof(READ_FAR[0]); i++)
		if (READ_FAR[i].type == type)
			return READ_FAR[i].read;
	return NULL;
}

bool
hello_reads(uint16_t type)
{
	return type < EXT_DIRECT && READ_DIRECT[type];
}

/* An extension that is wrong inside is only counted: the rest of the hello stands. */
static void
read_extensions(struct hello *h)
{
	struct cur list = h->extensions;

	while (cur_left(&list) >= 4) {
		const uint8_t *head = cur_take(&list, 4);
		reader *read = reader_of((uint16_t)(head[0] << 8 | head[1]));
		size_t len = (size_t)(head[2] << 8 | head[3]);
		struct cur body;

		if (!read) {
			cur_skip(&list, len);
			continue;
		}
		body = cur_sub(&list, len);
		if (body.bad)
			break;
		read(&body, h);
		h->leftover = (uint16_t)(h->leftover + !cur_done(&body));
	}
	h->cut |= list.bad || cur_left(&list);
	h->leftover = (uint16_t)(h->leftover + h->cut);
}

/* The rest of the message.  A server that reads on after a damaged block makes it a handshake, so it is told of and
   not refused: what came before the damage stands. */
static void
read_block(struct cur rest, struct hello *h)
{
	uint16_t len = cur_u16(&rest);

	if (rest.bad) {
		h->leftover++;
		return;
	}
	h->has_extensions = true;
	h->cut = len > cur_left(&rest);
	h->extensions = cur_sub(&rest, h->cut ? cur_left(&rest) : len);
	h->leftover = (uint16_t)(h->leftover + (cur_left(&rest) != 0));
	read_extensions(h);
}

bool
hello_read(struct cur body, bool dtls, struct hello *h)
{
	clear(h, sizeof(*h));
	h->dtls = dtls;
	h->version = cur_u16(&body);
	h->random = cur_sub(&body, RANDOM_LEN);
	h->session_id = list8(&body);
	if (dtls)
		h->cookie = list8(&body);
	h->ciphers = even(list16(&body), &h->leftover);
	list8(&body);
	if (body.bad || cur_left(&h->session_id) > SESSION_ID_MAX)
		return false;
	/* SSLv3 and bare TLS 1.0 end here. */
	if (cur_left(&body))
		read_block(body, h);
	return true;
}

bool
hello_read_sslv2(struct cur body, struct hello *h)
{
	uint16_t ciphers, session_id, challenge;

	*h = (struct hello){.sslv2 = true};
	h->version = cur_u16(&body);
	ciphers = cur_u16(&body);
	session_id = cur_u16(&body);
	challenge = cur_u16(&body);
	h->ciphers = cur_sub(&body, ciphers);
	h->session_id = cur_sub(&body, session_id);
	h->random = cur_sub(&body, challenge);
	h->leftover = cur_left(&body) != 0;
	/* RFC 6101 E.2: three bytes a cipher, session id empty or 16 bytes, challenge 16 to 32. */
	return !body.bad && ciphers % 3 == 0 && ciphers > 0 && challenge >= 16 && challenge <= RANDOM_LEN &&
	       (session_id == 0 || session_id == 16);
}

/* The server's extensions.  In a HelloRetryRequest the key share is the group alone. */
static void
server_key_share(struct cur *c, struct hello_server *h)
{
	h->group = cur_u16(c);
	if (!h->retry)
		list16(c);
}

static void
server_alpn(struct cur *c, struct hello_server *h)
{
	struct cur list = list16(c);

	keep(&h->alpn, list8(&list));
	h->leftover = (uint16_t)(h->leftover + !cur_done(&list));
}

static void
server_versions(struct cur *c, struct hello_server *h)
{
	h->selected = cur_u16(c);
}

static void
server_psk(struct cur *c, struct hello_server *h)
{
	h->psk = cur_skip(c, 2);
}

static void
server_ticket(struct cur *c, struct hello_server *h)
{
	(void)c;
	h->ticket = true;
}

static void
server_early_data(struct cur *c, struct hello_server *h)
{
	(void)c;
	h->early_data = true;
}

static void (*const READ_SERVER[EXT_DIRECT])(struct cur *c, struct hello_server *h) = {
	[EXT_ALPN] = server_alpn,
	[EXT_TICKET] = server_ticket,
	[EXT_KEY_SHARE_OLD] = server_key_share,
	[EXT_PSK] = server_psk,
	[EXT_EARLY_DATA] = server_early_data,
	[EXT_VERSIONS] = server_versions,
	[EXT_KEY_SHARE] = server_key_share,
};

static bool
server_extensions(struct cur body, struct hello_server *h)
{
	struct cur list;

	if (cur_left(&body) == 0)
		return !body.bad;
	list = h->extensions = list16(&body);
	h->leftover = (uint16_t)(h->leftover + (cur_left(&body) != 0));
	while (cur_left(&list)) {
		uint16_t type = cur_u16(&list);
		struct cur ext = list16(&list);

		if (type >= EXT_DIRECT || !READ_SERVER[type] || ext.bad)
			continue;
		READ_SERVER[type](&ext, h);
		h->leftover = (uint16_t)(h->leftover + !cur_done(&ext));
	}
	return !body.bad && !list.bad;
}

/* TLS 1.3 before draft 22 has no session id and no compression, and says its version here: 0x7fNN, the final code
   in the first drafts, Facebook's 0x7eNN and 0xfbNN. */
static bool
is_early_draft(uint16_t version)
{
	uint8_t high = (uint8_t)(version >> 8);

	return version == 0x0304 || high == 0x7f || high == 0x7e || high == 0xfb;
}

static bool
server_early(struct cur body, struct hello_server *h)
{
	h->version = cur_u16(&body);
	h->random = cur_sub(&body, RANDOM_LEN);
	h->cipher = cur_u16(&body);
	return server_extensions(body, h);
}

/* SHA-256 of "HelloRetryRequest", RFC 8446 4.1.3. */
static const uint8_t RETRY_RANDOM[RANDOM_LEN] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
						 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
						 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

bool
hello_read_server(struct cur body, struct hello_server *h)
{
	*h = (struct hello_server){0};
	if (is_early_draft((uint16_t)(cur_peek(&body, 0) << 8 | cur_peek(&body, 1)))) {
		if (server_early(body, h) && h->leftover == 0)
			return true;
		*h = (struct hello_server){0};
	}
	h->version = cur_u16(&body);
	h->random = cur_sub(&body, RANDOM_LEN);
	h->session_id = list8(&body);
	h->cipher = cur_u16(&body);
	cur_skip(&body, 1);
	if (body.bad || cur_left(&h->session_id) > SESSION_ID_MAX)
		return false;
	h->retry = cur_starts(&h->random, RETRY_RANDOM, RANDOM_LEN);
	return server_extensions(body, h);
}

bool
hello_read_retry(struct cur body, struct hello_server *h)
{
	*h = (struct hello_server){.retry = true};
	h->version = cur_u16(&body);
	/* Draft 19 put the cipher before the extensions' length. */
	if (cur_left(&body) >= 4 && (size_t)(cur_peek(&body, 0) << 8 | cur_peek(&body, 1)) + 2 != cur_left(&body))
		h->cipher = cur_u16(&body);
	return server_extensions(body, h) && h->extensions.p;
}

uint16_t
hello_agreed(const struct hello_server *h)
{
	return h->selected ? h->selected : h->version;
}
