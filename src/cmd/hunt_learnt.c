/*
 * hunt_learnt: what the detectors know when the window begins: from the nearest snapshot before it that the running
 * program can go on from, else from the first record.
 */
#include <stdlib.h>

#include "cmd/hunt.h"
#include "sensor/watch_snapshot.h"

struct looking {
	struct hunt *hunt;
	char made_by[WATCH_MADE_BY];
	int64_t first_day; /* of which sessions are left; INT64_MAX: not met yet */
};

static bool
is_early(struct looking *k, const struct reading_setting *s)
{
	return !when_before(k->hunt->begin, s->time) || (s->row == 0 && s->day == k->first_day);
}

static bool
made_by_us(const struct reading_setting *s, const char *us)
{
	char made_by[WATCH_MADE_BY] = "";

	sscanf(s->value, "%*s kept %95[^\n]", made_by);
	return strcmp(made_by, us) == 0;
}

static bool
on_setting(void *arg, const struct reading_setting *s)
{
	struct looking *k = arg;
	struct hunt_learnt *l = &k->hunt->learnt;
	char kind[16], hex[ATTACHED_HEX];

	if (!s->sessions || strcmp(s->name, "snapshot") != 0)
		return true;
	if (!attached_named(s->name, s->value, kind, hex) || !is_early(k, s))
		return true;
	if (!made_by_us(s, k->made_by)) {
		l->others++;
		return true;
	}
	l->is = true;
	l->at = s->time;
	l->day = s->day;
	l->row = s->row;
	memcpy(l->hex, hex, sizeof(hex));
	return true;
}

/* One that is gone or altered is no hindrance, and the verification tells: then *is is false. */
static bool
load(struct hunt *h, const char *hex, bool forget, bool *is)
{
	size_t n;
	void *bytes = attached_get(h->folder, "snapshot", hex, &n);
	char words[256];
	bool fine;

	*is = bytes != NULL;
	if (bytes && forget)
		pipeline_forget(h->common->watch.pipeline);
	fine = !bytes || watch_from_snapshot(&h->common->watch, bytes, n);
	free(bytes);
	if (fine)
		return true;
	snprintf(words, sizeof(words), "snapshot-%.16s...: what was learnt then cannot be taken as a whole", hex);
	common_error(h->common, words);
	return false;
}

bool
hunt_resume(struct hunt *h, const struct reading_setting *snapshot)
{
	char kind[16], hex[ATTACHED_HEX], us[WATCH_MADE_BY];
	bool is;

	watch_made_by(&h->common->watch, us);
	return !attached_named(snapshot->name, snapshot->value, kind, hex) || !made_by_us(snapshot, us) ||
	       load(h, hex, true, &is);
}

bool
hunt_learn(struct hunt *h)
{
	struct looking k = {.hunt = h, .first_day = reading_first_day(h->folder)};

	if (!h->replays)
		return true;
	watch_made_by(&h->common->watch, k.made_by);
	reading_history(h->folder, &k, on_setting);
	if (!h->learnt.is)
		return true;
	return load(h, h->learnt.hex, false, &h->learnt.is) &&
	       (!h->learnt.is || hunt_was_until(h, h->learnt.day, h->learnt.row));
}
