/*
 * watch_snapshot: see watch_snapshot.h.  Must not stand in the way: what cannot be kept now is kept another day.
 */
#include "sensor/watch_snapshot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ledger/attached.h"
#include "ledger/squeeze.h"

void
watch_made_by(const struct watch *w, char to[WATCH_MADE_BY])
{
	snprintf(to, WATCH_MADE_BY, "%016" PRIx64 " %.64s", pipeline_layout(w->pipeline), w->setup.version);
}

void
watch_snapshot(struct watch *w)
{
	size_t room = pipeline_saved_size(w->pipeline);
	struct bytes packed = {.p = NULL};
	char *bytes = malloc(room), made_by[WATCH_MADE_BY];
	struct out o = out_of(bytes, bytes ? room : 0);

	if (bytes) {
		pipeline_save(w->pipeline, &o);
		squeeze(&packed, bytes, out_len(&o), SQUEEZE_FAST);
	}
	watch_made_by(w, made_by);
	ledger_snapshot(w->setup.ledger, packed.p, packed.failed ? 0 : packed.n, made_by);
	bytes_free(&packed);
	free(bytes);
}

bool
watch_from_snapshot(struct watch *w, const void *bytes, size_t n)
{
	struct snapshot_report r = {.left_out = 0};
	struct bytes plain = {.p = NULL};
	struct cur c = cur_of(bytes, n);
	bool fine = unsqueeze(&plain, &c, ATTACHED_MAX) &&
		    pipeline_load(w->pipeline, bytes_cur(&plain), &r) == SNAPSHOT_TAKEN;

	bytes_free(&plain);
	return fine && !r.left_out && !r.no_room && !r.unsound;
}
