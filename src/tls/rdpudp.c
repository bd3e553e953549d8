/*
 * rdpudp: TLS inside the UDP transport of Remote Desktop ([MS-RDPEUDP2] 2.2.1), version 2, which opens with the SYN of
 * [MS-RDPEUDP] 2.2.2.  Data packets carry parts of one byte stream, numbered by channel sequence numbers; they are
 * taken in the order of arrival, an older number is dropped, a jump is a gap of unknown size.
 */
#include "tls/record.h"

enum {
	SYN_BYTES = 1000, /* SYN and SYN-ACK are padded to the MTU: 1132 or 1232 bytes */
	DUMMY = 8,        /* packet type: probes of the MTU */
	HEAD_MAX = 48,    /* prefix, flags and all fields: 35 */
	SWAPPED = 7,
	HAS_ACK = 0x001,
	HAS_DATA = 0x004,
	HAS_ACK_VECTOR = 0x008,
	HAS_AOA = 0x010,
	HAS_OVERHEAD = 0x040,
	HAS_DELAY = 0x100,
	UNKNOWN_LOSS = 1 << 17, /* more than any record */
};

bool
rdpudp_begins(const struct tls_piece *piece)
{
	struct cur c = piece->bytes;
	bool start = piece->datagram && cur_left(&c) >= SYN_BYTES && cur_u32(&c) == UINT32_MAX;

	return start && cur_skip(&c, 2) && cur_u16(&c) & 1; /* receive window; RDPUDP_FLAG_SYN */
}

/* The fields in front of the data: which ones, the flags say. */
static bool
head_skip(struct cur *c, unsigned flags)
{
	if (flags & HAS_ACK) {
		cur_skip(c, 2 + 3 + 1);
		cur_skip(c, cur_u8(c) & 15); /* delayed acknowledgements, one byte each */
	}
	cur_skip(c, flags & HAS_OVERHEAD ? 1 : 0);
	cur_skip(c, flags & HAS_DELAY ? 3 : 0);
	cur_skip(c, flags & HAS_AOA ? 2 : 0);
	return cur_skip(c, 2) && !(flags & HAS_ACK_VECTOR); /* data packets come without acknowledgement vectors */
}

/* The stream's bytes in a packet.  The first byte, the prefix, has changed places with the eighth on the wire. */
static bool
data_of(struct cur *c, uint16_t *channel)
{
	uint8_t head[HEAD_MAX] = {0}, prefix;
	struct cur copy = *c, front;
	size_t n = cur_copy(&copy, head, HEAD_MAX);
	unsigned flags;

	prefix = head[SWAPPED];
	head[SWAPPED] = head[0];
	front = cur_of(head, n);
	cur_skip(&front, 1);
	flags = cur_u16le(&front) & 0xfff;
	if ((prefix >> 1 & 15) == DUMMY || !(flags & HAS_DATA) || !head_skip(&front, flags))
		return false;
	*channel = cur_u16le(&front);
	n -= cur_left(&front);
	return !front.bad && n > SWAPPED && cur_skip(c, n) && cur_left(c);
}

bool
rdpudp_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev)
{
	struct full *f = conn_full(t, h);
	struct cur data = piece->bytes;
	uint16_t channel, *next;

	if (!f || !piece->datagram) /* the second call for a packet: its front is off */
		return stream_next(t, h, piece, ev);
	next = &f->channel[piece->side];
	cur_skip(&piece->bytes, cur_left(&piece->bytes));
	if (rdpudp_begins(&(struct tls_piece){.bytes = data, .datagram = true}) || !data_of(&data, &channel))
		return false;
	if (*next == 0 && !stream_is_records(data) && !(cur_peek(&data, 0) == HANDSHAKE && cur_peek(&data, 1) == 3))
		return false;
	if (*next != 0 && (int16_t)(uint16_t)(channel - *next) < 0)
		return false;
	if (*next != 0 && channel != *next)
		piece->lost = UNKNOWN_LOSS;
	*next = (uint16_t)(channel + 1);
	piece->bytes = data;
	piece->datagram = false;
	return stream_next(t, h, piece, ev);
}
