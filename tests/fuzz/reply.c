/*
 * reply: a receiver's answer from anywhere.  What is told lies in the answer, and its path in its room.
 */
#include <stdint.h>
#include <stdlib.h>

#include "sink/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct range {
	const uint8_t *from, *to;
};

static void
tell(void *arg, const struct reply_value *v)
{
	const struct range *in = arg;
	const uint8_t *p = (const uint8_t *)v->text.p;

	if (p < in->from || p + v->text.len > in->to || strlen(v->path) >= REPLY_PATH_MAX)
		abort();
	if (v->string && reply_number(v) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct range in = {data, data + size};

	(void)reply_walk((struct text){(const char *)data, (uint32_t)size}, tell, &in);
	return 0;
}
