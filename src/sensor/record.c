/*
 * record: the writer of --record.  In the machine's byte order, as a reader expects to find either.
 */
#include "sensor/record.h"

enum { MAGIC_NS = 0xa1b23c4d };

bool
record_open(struct file *f, const char *path, uint32_t link, uint32_t snaplen)
{
	const uint32_t head[6] = {MAGIC_NS, 4u << 16 | 2u, 0, 0, snaplen, link};
	const uint16_t version[2] = {2, 4};
	uint8_t bytes[sizeof(head)];

	if (!file_open(f, path))
		return false;
	memcpy(bytes, head, sizeof(head));
	memcpy(bytes + 4, version, sizeof(version));
	file_bytes(f, bytes, sizeof(bytes));
	file_flush(f); /* a tap that dies now leaves a file that the next one can go on with */
	return true;
}

void
record_frame(struct file *f, const struct frame *frame)
{
	uint32_t len = (uint32_t)cur_left(&frame->bytes);
	const uint32_t head[4] = {(uint32_t)(frame->time.ns / NS_PER_S), (uint32_t)(frame->time.ns % NS_PER_S), len,
				  frame->wire_len};

	file_bytes(f, head, sizeof(head));
	file_bytes(f, frame->bytes.p, len);
}
