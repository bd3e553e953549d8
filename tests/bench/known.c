/*
 * known: what the detectors' memory gives for a client that is known: bytes for each, and how many are kept at most
 * whatever else comes.  A row is one client's network; three programs fit into it.
 *	known MEBIBYTES
 */
#include "detect/familiar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	size_t bytes = (size_t)strtoul(argc > 1 ? argv[1] : "16", NULL, 10) << 20;
	uint8_t *room = malloc(bytes + 128);
	struct carve c = {room, room + bytes + 128};
	static struct counts counts;
	struct detect *d = room ? detect_new(&c, &(struct detect_config){.memory = bytes}, &counts) : NULL;

	if (!d) {
		fprintf(stderr, "known: no memory, or less than detectors need\n");
		return 1;
	}
	printf("%" PRIu32 " %zu %" PRIu32 "\n", d->familiars.pool.size,
	       map_roomy_bytes(d->familiars.pool.count) / d->familiars.pool.count,
	       d->familiars.pool.count - d->familiars.pool.count / 4);
	free(room);
	return 0;
}
