/*
 * zone: a zone file from anywhere.  What is taken is a table in order, with offsets of no more than a day.
 */
#include <stdint.h>
#include <stdlib.h>

#include "sensor/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rule_zone z;

	if (!zone_parse(&z, cur_of(data, size)))
		return 0;
	if (z.changes == 0 || z.changes > ZONE_CHANGES || z.change[0].from.ns != INT64_MIN)
		abort();
	for (uint32_t i = 0; i < z.changes; i++)
		if ((i && !when_before(z.change[i - 1].from, z.change[i].from)) || z.change[i].offset_s < -86400 ||
		    z.change[i].offset_s > 86400)
			abort();
	return 0;
}
