/*
 * begins: do these bytes look like the beginning of TLS?  Strict enough that a random binary protocol does not, lenient
 * enough that a first segment of one byte is given a chance.  Reads only.
 */
#include "tls/record.h"

/* Only the bytes that are there are compared, so that a first segment of one byte is given a chance. */
bool
stream_is_hello(struct cur c)
{
	struct cur all = c;
	struct head r;
	uint32_t length;

	if (cur_peek(&c, 0) != HANDSHAKE || (cur_left(&c) > 1 && cur_peek(&c, 1) != 3) ||
	    (cur_left(&c) > 2 && cur_peek(&c, 2) > 4))
		return false;
	if (!head_read(&c, &r) || !cur_left(&c))
		return true;
	if (r.length < MESSAGE_HEAD || r.length > RECORD_MAX || cur_u8(&c) != CLIENT_HELLO)
		return false;
	length = cur_u24(&c);
	/* TLS 1.3 allows several messages a record, but a first hello stands alone in practice: no tighter check. */
	return c.bad || (length >= 34 && length < BUFFER_MAX && (cur_left(&c) == 0 || cur_peek(&all, 9) == 3));
}

/* A record with a ServerHello in front: in answer to a ClientHello that was not captured. */
static bool
is_server_hello(const struct head *r, struct cur c)
{
	uint8_t type = cur_u8(&c);
	uint32_t length = cur_u24(&c);
	uint8_t major = cur_u8(&c);

	return !c.bad && r->type == HANDSHAKE && type == SERVER_HELLO && length >= 38 &&
	       length + MESSAGE_HEAD <= r->length && major == 3;
}

/* Type 22 must hold a message that fits or goes on; the rest must end with the bytes, or be followed by another. */
bool
stream_is_records(struct cur c)
{
	struct head r, next;
	uint32_t length;

	if (!head_read(&c, &r) || !head_sane(&r) || r.length == 0)
		return false;
	if (is_server_hello(&r, c))
		return true;
	if (r.type == HANDSHAKE && cur_left(&c) >= MESSAGE_HEAD) {
		struct cur m = c;
		uint8_t type = cur_u8(&m);

		length = cur_u24(&m);
		if (message_known(type) && length < BUFFER_MAX && length + MESSAGE_HEAD == r.length)
			return true;
	}
	if (cur_left(&c) <= r.length)
		return cur_left(&c) == r.length && (r.type != CCS || r.length == 1);
	cur_skip(&c, r.length);
	if (cur_left(&c) < RECORD_HEAD)
		return false;
	return head_read(&c, &next) && head_sane(&next) && next.version == r.version;
}

bool
stream_find(struct cur *c)
{
	while (cur_left(c) >= RECORD_HEAD) {
		const uint8_t *three;

		if (stream_is_records(*c))
			return true;
		cur_skip(c, 1);
		three = memchr(c->p + 1, 3, cur_left(c) - 1); /* the major version, behind the type */
		cur_skip(c, three ? (size_t)(three - c->p) - 1 : cur_left(c));
	}
	cur_skip(c, cur_left(c));
	return false;
}

bool
stream_is_answer(struct cur c)
{
	struct head r;

	return head_read(&c, &r) && head_sane(&r) && is_server_hello(&r, c);
}

/* RFC 5246 E.2: two bytes of length, CLIENT-HELLO, version, three lengths that add up. */
bool
stream_is_sslv2(struct cur c)
{
	uint16_t length = cur_u16(&c), version, ciphers, id, challenge;
	uint8_t type = cur_u8(&c);

	version = cur_u16(&c);
	ciphers = cur_u16(&c);
	id = cur_u16(&c);
	challenge = cur_u16(&c);
	if (c.bad || !(length & 0x8000) || type != CLIENT_HELLO)
		return false;
	return (version == 2 || (version >= 0x0300 && version <= 0x0304)) && ciphers && ciphers % 3 == 0 &&
	       challenge >= 16 && challenge <= 32 && (length & 0x7fff) == 9 + ciphers + id + challenge;
}
