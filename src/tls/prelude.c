/*
 * prelude: what a TCP connection may say in clear before TLS, known by its first bytes.
 *
 * The name is for the record; whether TLS has begun is always decided by a ClientHello itself.  A PROXY header
 * (haproxy's proxy-protocol.txt) is no conversation: it is taken off, and gives the address of the real client.
 */
#include "tls/conn.h"

enum {
	SMTP = 1,
	FTP,
	IMAP,
	POP3,
	LDAP,
	XMPP,
	RDP,
	POSTGRESQL,
	MYSQL,
	SOCKS4,
	SOCKS5,
	CONNECT,
	NNTP,
	IRC,
	SIEVE,
	ADB,
	GNUTELLA,
	VNC,
	NBD,
	AMQP,
	PROXY1,
	PROXY2,
	NAMES,
	V1_MAX = 107,
	V2_HEAD = 16,
	V2_MAX = V2_HEAD + 536, /* more than any sender puts into its TLVs, within one segment */
	NO = 0,
};

static const char *const NAME[NAMES] = {
	[SMTP] = "smtp",     [FTP] = "ftp",       [IMAP] = "imap",         [POP3] = "pop3",
	[LDAP] = "ldap",     [XMPP] = "xmpp",     [RDP] = "rdp",           [POSTGRESQL] = "postgresql",
	[MYSQL] = "mysql",   [SOCKS4] = "socks4", [SOCKS5] = "socks5",     [CONNECT] = "connect",
	[NNTP] = "nntp",     [IRC] = "irc",       [SIEVE] = "sieve",       [ADB] = "adb",
	[VNC] = "vnc",       [NBD] = "nbd",       [GNUTELLA] = "gnutella", [AMQP] = "amqp",
	[PROXY1] = "proxy1", [PROXY2] = "proxy2",
};

struct row {
	uint8_t prelude, at, len;
	const char *bytes;
};

#define ROW(prelude, at, text)                                                                                         \
	{                                                                                                              \
		prelude, at, sizeof(text) - 1, text                                                                    \
	}

static const struct row ROWS[] = {
	ROW(SMTP, 0, "EHLO "),
	ROW(SMTP, 0, "HELO "),
	ROW(SMTP, 0, "ehlo "),
	ROW(SMTP, 0, "LHLO "),
	ROW(FTP, 0, "AUTH "),
	ROW(FTP, 0, "FEAT"),
	ROW(FTP, 0, "USER "),
	ROW(IMAP, 0, "* OK"),
	ROW(IMAP, 0, "* PREAUTH"),
	ROW(POP3, 0, "+OK"),
	ROW(NNTP, 0, "200 "),
	ROW(NNTP, 0, "201 "),
	ROW(IRC, 0, "CAP LS"),
	ROW(IRC, 0, "STARTTLS"),
	ROW(SIEVE, 0, "\"IMPLEMENTATION\""),
	ROW(XMPP, 0, "<?xml"),
	ROW(XMPP, 0, "<stream"),
	ROW(LDAP, 2, "\x02\x01\x01\x77"),                       /* messageID 1, ExtendedRequest: RFC 4511 4.12 */
	ROW(RDP, 0, "\x03\x00"),                                /* TPKT, RFC 1006 */
	ROW(POSTGRESQL, 0, "\x00\x00\x00\x08\x04\xd2\x16\x2f"), /* SSLRequest */
	ROW(MYSQL, 3, "\x00\x0a"),                              /* packet 0, protocol 10 */
	ROW(SOCKS4, 0, "\x04\x01"),
	ROW(SOCKS5, 0, "\x05\x01\x00"),
	ROW(SOCKS5, 0, "\x05\x01\x02"),
	ROW(SOCKS5, 0, "\x05\x02"),
	ROW(SOCKS5, 0, "\x05\x03"),
	ROW(CONNECT, 0, "CONNECT "),
	ROW(ADB, 0, "CNXN"),
	ROW(GNUTELLA, 0, "GNUTELLA"),
	ROW(VNC, 0, "RFB 0"),
	ROW(NBD, 0, "NBDMAGIC"),
	ROW(AMQP, 0, "AMQP"),
	ROW(PRELUDE_NEVER, 0, "GET "),
	ROW(PRELUDE_NEVER, 0, "POST "),
	ROW(PRELUDE_NEVER, 0, "HEAD "),
	ROW(PRELUDE_NEVER, 0, "PUT "),
	ROW(PRELUDE_NEVER, 0, "OPTIONS "),
	ROW(PRELUDE_NEVER, 0, "PRI * HTTP/2"),
	ROW(PRELUDE_NEVER, 0, "SSH-"),
	ROW(PRELUDE_NEVER, 0,
	    "\x13"
	    "BitTorrent"),
};

/* A greeting "220" is FTP's too, until the client has spoken. */
static const struct row WEAK = ROW(SMTP, 0, "220");

static bool
row_fits(const struct row *r, struct cur c)
{
	return cur_skip(&c, r->at) && cur_starts(&c, r->bytes, r->len);
}

unsigned
prelude_of(const struct tls_piece *piece, unsigned known)
{
	for (size_t i = 0; (known == PRELUDE_NONE || known == SMTP) && i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		if (row_fits(&ROWS[i], piece->bytes))
			return ROWS[i].prelude;
	}
	if (known == PRELUDE_NONE && row_fits(&WEAK, piece->bytes))
		return SMTP;
	return known;
}

struct text
prelude_name(unsigned prelude)
{
	const char *name = prelude < NAMES ? NAME[prelude] : NULL;

	return (struct text){name, name ? (uint32_t)strlen(name) : 0};
}

bool
prelude_is_proxy(unsigned prelude)
{
	return prelude == PROXY1 || prelude == PROXY2;
}

struct proxy {
	struct addr src;
	uint16_t sport;
	bool known;
};

static bool
starts_or_may(const struct cur *c, const char *with, size_t n)
{
	return cur_left(c) >= n ? cur_starts(c, with, n) : memcmp(c->p, with, cur_left(c)) == 0;
}

/* The next word of a line, at most `size` - 1 characters, as a string; false: too long or empty. */
static bool
word(struct cur *line, char *to, size_t size)
{
	size_t n = 0;

	while (cur_left(line)) {
		char ch = (char)cur_u8(line);

		if (ch == ' ')
			break;
		if (n + 1 == size)
			return false;
		to[n++] = ch;
	}
	to[n] = 0;
	return n > 0;
}

static bool
port_read(const char *text, uint16_t *port)
{
	uint32_t v = 0;

	for (; *text >= '0' && *text <= '9' && v <= UINT16_MAX; text++)
		v = v * 10 + (uint32_t)(*text - '0');
	*port = (uint16_t)v;
	return *text == 0 && v <= UINT16_MAX;
}

/* "PROXY TCP4 192.0.2.1 198.51.100.1 35646 443\r\n", or "PROXY UNKNOWN ...\r\n" */
static enum proxy_result
proxy_v1(struct cur *c, struct proxy *p)
{
	size_t max = cur_left(c) < V1_MAX ? cur_left(c) : V1_MAX;
	const uint8_t *end = memchr(c->p, '\n', max);
	char kind[8], src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX], port[6];
	struct cur line;

	if (!end)
		return cur_left(c) < V1_MAX ? PROXY_PART : PROXY_NO;
	line = cur_sub(c, (size_t)(end - c->p));
	cur_skip(c, 1);
	cur_skip(&line, sizeof("PROXY ") - 1);
	if (word(&line, kind, sizeof(kind)) && word(&line, src, sizeof(src)) && word(&line, dst, sizeof(dst)) &&
	    word(&line, port, sizeof(port)))
		p->known = strncmp(kind, "TCP", 3) == 0 && addr_parse(&p->src, src) && port_read(port, &p->sport);
	return PROXY_YES;
}

static enum proxy_result
proxy_v2(struct cur *c, struct proxy *p)
{
	struct cur head = *c, body;
	uint8_t command, family;
	const uint8_t *src;

	cur_skip(&head, 12);
	command = cur_u8(&head);
	family = cur_u8(&head);
	body = cur_sub(&head, cur_u16(&head));
	if (head.bad)
		return cur_left(c) < V2_MAX ? PROXY_PART : PROXY_NO;
	*c = head;
	if (command != 0x21) /* LOCAL: the balancer's own health check */
		return PROXY_YES;
	if (family >> 4 == 1 && (src = cur_take(&body, 4)) && cur_skip(&body, 4)) {
		p->src = addr_v4(src);
		p->known = true;
	} else if (family >> 4 == 2 && cur_copy(&body, p->src.b, 16) == 16 && cur_skip(&body, 16)) {
		p->known = true;
	}
	p->sport = cur_u16(&body);
	p->known = p->known && !body.bad;
	return PROXY_YES;
}

enum proxy_result
prelude_proxy(struct tls *t, struct half *h, struct cur *c)
{
	static const char two[] = "\r\n\r\n\0\r\nQUIT\n";
	struct proxy p = {.known = false};
	enum proxy_result result;
	struct full *f;
	unsigned id;

	if (starts_or_may(c, "PROXY ", 6)) {
		result = cur_left(c) > 6 ? proxy_v1(c, &p) : PROXY_PART;
		id = PROXY1;
	} else if (starts_or_may(c, two, sizeof(two) - 1)) {
		result = proxy_v2(c, &p);
		id = PROXY2;
	} else {
		return PROXY_NO;
	}
	if (result != PROXY_YES)
		return result;
	h->client = (uint8_t)((h->client & 0x81) | id << 1);
	f = p.known ? conn_full(t, h) : NULL;
	if (f) {
		f->proxy_src = p.src;
		f->proxy_sport = p.sport;
		f->flags |= FULL_PROXIED;
	}
	return PROXY_YES;
}
