/*
 * list_stix: a STIX pattern from anywhere.  Both passes agree: what cannot be read adds nothing.
 */
#include <stdint.h>
#include <stdlib.h>

#include "sensor/list_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct list l = {.file = "fuzz"};
	const struct list_where where = {0, "pattern"};

	if (list_stix(&l, (struct text){(const char *)data, (uint32_t)size}, 0, &where) && (l.entries || l.bad))
		abort();
	list_free(&l);
	return 0;
}
