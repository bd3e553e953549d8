/*
 * Fuzz target: a capture file, read whole and in pieces; both must give the same frames.
 */
#include <stdlib.h>
#include <string.h>

#include "packet/savefile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t
mix(uint64_t sum, uint64_t v)
{
	return (sum ^ v) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t
frame_sum(uint64_t sum, const struct frame *f)
{
	sum = mix(mix(mix(sum, f->wire_len), f->link), (uint64_t)f->time.ns);
	for (const uint8_t *b = f->bytes.p; b < f->bytes.end; b++)
		sum = mix(sum, *b);
	return sum;
}

static uint64_t
read_by(const uint8_t *data, size_t size, size_t step)
{
	static struct savefile s;
	const uint8_t *at = data, *have = data + (step < size ? step : size);
	uint64_t sum = 0;

	memset(&s, 0, sizeof(s));
	for (;;) {
		struct cur c = cur_of(at, (size_t)(have - at));
		struct frame f;
		const char *why = NULL;
		enum savefile_verdict v = savefile_next(&s, &c, &f, &why);

		if (v == SAVEFILE_BAD && !why)
			__builtin_trap();
		if (v <= SAVEFILE_OTHER ? c.p == at : c.p != at)
			__builtin_trap();
		if (v == SAVEFILE_MORE && (size_t)(have - at) >= SAVEFILE_NEED)
			__builtin_trap();
		if (v == SAVEFILE_BAD || (v == SAVEFILE_MORE && have == data + size))
			return mix(sum, v);
		if (v == SAVEFILE_FRAME)
			sum = frame_sum(sum, &f);
		if (v == SAVEFILE_MORE)
			have += step < (size_t)(data + size - have) ? step : (size_t)(data + size - have);
		at = c.p;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size && read_by(data, size, size) != read_by(data, size, 1 + size / 7))
		__builtin_trap();
	return 0;
}
