/*
 * pcapng: see pcapng.h.  Must not look into a frame.
 */
#include "sensor/pcapng.h"

#include <string.h>

enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, FRAME = 6 };
enum { BYTE_ORDER_MAGIC = 0x1a2b3c4d, BLOCK_HEAD = 8, BLOCK_END = 4 };
enum { OPTION_END = 0, OPTION_COMMENT = 1, SECTION_APPLICATION = 4, INTERFACE_TSRESOL = 9, TEXT_MAX = 0xffff };

static void
put_u16(struct out *o, unsigned v)
{
	const uint16_t n = (uint16_t)v;

	out_bytes(o, &n, sizeof(n));
}

static void
put_u32(struct out *o, uint32_t v)
{
	out_bytes(o, &v, sizeof(v));
}

static void
pad(struct out *o, size_t len)
{
	out_bytes(o, "\0\0\0", (4 - len % 4) % 4);
}

static void
option(struct out *o, unsigned code, const void *bytes, size_t len)
{
	len = len < TEXT_MAX ? len : TEXT_MAX;
	put_u16(o, code);
	put_u16(o, (unsigned)len);
	out_bytes(o, bytes, len);
	pad(o, len);
}

static void
comment_option(struct out *o, const char *comment)
{
	if (comment)
		option(o, OPTION_COMMENT, comment, strlen(comment));
}

/* Where its length is written once it is known. */
static char *
begin(struct out *o, uint32_t type)
{
	char *at = o->p;

	put_u32(o, type);
	put_u32(o, 0);
	return at;
}

static void
end(struct out *o, char *at)
{
	uint32_t len = (uint32_t)(o->p - at) + BLOCK_END;

	put_u32(o, len);
	if (!o->full)
		memcpy(at + 4, &len, sizeof(len));
}

void
pcapng_section(struct out *o, const char *application, const char *comment)
{
	static const uint64_t UNKNOWN_LENGTH = UINT64_MAX;
	char *at = begin(o, SECTION);

	put_u32(o, BYTE_ORDER_MAGIC);
	put_u16(o, 1);
	put_u16(o, 0);
	out_bytes(o, &UNKNOWN_LENGTH, sizeof(UNKNOWN_LENGTH));
	comment_option(o, comment);
	option(o, SECTION_APPLICATION, application, strlen(application));
	option(o, OPTION_END, "", 0);
	end(o, at);
}

void
pcapng_interface(struct out *o, uint32_t link)
{
	static const uint8_t NANOSECONDS = 9;
	char *at = begin(o, INTERFACE);

	put_u16(o, link);
	put_u16(o, 0);
	put_u32(o, 0); /* no limit to a frame's length */
	option(o, INTERFACE_TSRESOL, &NANOSECONDS, 1);
	option(o, OPTION_END, "", 0);
	end(o, at);
}

void
pcapng_frame(struct out *o, uint32_t interface, const struct frame *f, const char *comment)
{
	uint32_t len = (uint32_t)cur_left(&f->bytes);
	char *at = begin(o, FRAME);

	put_u32(o, interface);
	put_u32(o, (uint32_t)((uint64_t)f->time.ns >> 32));
	put_u32(o, (uint32_t)f->time.ns);
	put_u32(o, len);
	put_u32(o, f->wire_len);
	out_bytes(o, f->bytes.p, len);
	pad(o, len);
	comment_option(o, comment);
	if (comment)
		option(o, OPTION_END, "", 0);
	end(o, at);
}

size_t
pcapng_whole(const void *bytes, size_t n)
{
	const uint8_t *b = bytes;
	size_t at = 0;
	uint32_t len, again;

	while (n - at >= BLOCK_HEAD + BLOCK_END) {
		memcpy(&len, b + at + 4, sizeof(len));
		if (len < BLOCK_HEAD + BLOCK_END || len % 4 || len > n - at)
			break;
		memcpy(&again, b + at + len - BLOCK_END, sizeof(again));
		if (again != len)
			break;
		at += len;
	}
	return at;
}
