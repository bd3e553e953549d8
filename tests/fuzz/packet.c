/*
 * Fuzz target: frames of one link type.  First byte: which; then frames {length 16, flags 8} bytes.
 * Flags: bits 0-3 are seconds since the frame before, bit 4 says that the wire had more.
 * Checks that views lie in what was given or in the decoder, and that each frame is counted once.
 */
#include <stdlib.h>
#include <string.h>

#include "packet/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t LINKS[] = {1, 0, 9, 12, 50, 51, 101, 104, 108, 113, 228, 229, 239, 276, 147};

static void
check_counts(const struct counts *c)
{
	uint64_t ends = c->frame_ok + c->fragment_held + c->not_link + c->not_short + c->not_ethertype +
			c->not_ip_version + c->not_ip_length + c->not_transport + c->not_tcp_header + c->not_depth;

	if (ends != c->frames || c->fragment_lost + c->fragment_again > c->fragment_held)
		__builtin_trap();
}

/* Reads every byte of both views, so that a sanitizer sees them. */
static void
check_views(const struct packet *p)
{
	size_t sum = 0;

	if (p->payload.p < p->ip.p || p->payload.end > p->ip.end || p->payload.p > p->payload.end)
		__builtin_trap();
	if (p->cut != (cur_left(&p->payload) < p->payload_len) || cur_left(&p->payload) > p->payload_len)
		__builtin_trap();
	for (const uint8_t *b = p->ip.p; b < p->ip.end; b++)
		sum += *b;
	if (sum > cur_left(&p->ip) * 255)
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void *memory;
	const struct hash_key key = {1, 2};
	size_t need = decoder_bytes(0) + 64;
	struct counts counts = {0};
	struct cur c = cur_of(data, size);
	uint32_t link = LINKS[cur_u8(&c) % (sizeof(LINKS) / sizeof(LINKS[0]))];
	struct when now = {0};
	struct decoder *d;
	struct carve carve;

	if (!memory)
		memory = malloc(need);
	carve = (struct carve){memory, (uint8_t *)memory + need};
	d = decoder_new(&carve, 0, &counts);
	decoder_key(d, &key);
	while (cur_left(&c) >= 3) {
		size_t len = cur_u16(&c);
		uint8_t flags = cur_u8(&c);
		struct cur bytes = cur_sub(&c, len < cur_left(&c) ? len : cur_left(&c));
		struct frame f = {bytes, (uint32_t)cur_left(&bytes) + (flags & 16 ? 1000 : 0), link, now};
		struct packet p;

		f.time = now = when_add(now, (flags & 15) * NS_PER_S);
		if (packet_decode(d, &f, &p))
			check_views(&p);
		check_counts(&counts);
	}
	return 0;
}
