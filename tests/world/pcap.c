/*
 * pcap: a world as a capture file, for other eyes: nanosecond pcap, Ethernet.
 */
#include <stdio.h>
#include <stdlib.h>

#include "attacks.h"
#include "evaluate.h"

enum { BEGIN_HOUR = 2 };

static void
to_file(void *arg, const struct frame *f)
{
	const uint32_t len = (uint32_t)cur_left(&f->bytes);
	const uint32_t head[4] = {(uint32_t)(f->time.ns / NS_PER_S), (uint32_t)(f->time.ns % NS_PER_S), len,
				  f->wire_len};

	fwrite(head, sizeof(head), 1, arg);
	fwrite(f->bytes.p, len, 1, arg);
}

int
world_pcap(const struct options *o)
{
	static const uint32_t HEADER[6] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, 262144, 1};
	const struct world_config cfg = {.seed = o->seed,
					 .kind = (uint8_t)(o->kind < KINDS ? o->kind : o->seed % KINDS),
					 .users = o->users,
					 .loss_ppm = o->loss,
					 .duplicates = o->duplicates,
					 .lookalikes = o->lookalikes};
	struct world_sink to = {.arg = fopen(o->pcap, "wb"), .frame = to_file};
	static struct world w;

	if (!to.arg) {
		fprintf(stderr, "world: cannot write %s\n", o->pcap);
		return 1;
	}
	fwrite(HEADER, sizeof(HEADER), 1, to.arg);
	world_begin(&w, &cfg, &RENDER_FRAMES, &to);
	for (unsigned i = 0; o->behaviour && i < attack_count(); i++)
		if (wanted(o, i) && attack_fits(attack_at(i), &w))
			attack_start(&w, i, WORLD_BEGIN + HOUR(BEGIN_HOUR));
	world_run(&w, WORLD_BEGIN + DAY(o->days ? o->days : 1));
	world_end(&w);
	return fclose(to.arg) == 0 ? 0 : 1;
}
