/*
 * report_ledger: whose gateway it was by the settings of then, which lists were looked into, and the seals.  Must not
 * judge them: the verification of the hunt did.
 */
#include <stdlib.h>

#include "cmd/report.h"
#include "ledger/day.h"
#include "sensor/lists.h"

/* The last configuration that was in force in the window; a line that today's program does not know is passed over. */
static bool
load_then(struct report *r)
{
	char *text = reading_setting(r->hunt.folder, "configuration", r->hunt.end), *line, *next;

	if (!text)
		return true;
	r->then = calloc(1, sizeof(*r->then));
	if (r->then) {
		config_init(r->then);
		config_begin(r->then);
	}
	for (line = text; r->then && *line; line = next) {
		next = strchr(line, '\n');
		config_line(r->then, line, next ? (size_t)(next - line) : strlen(line));
		next = next ? next + 1 : line + strlen(line);
	}
	free(text);
	return r->then != NULL;
}

static void
measure_file(struct report_list *l, const char *file)
{
	struct seal_file measured = {.size = 0};

	l->file = file;
	seal_measure(&measured, file);
	l->size = measured.size;
	sign_hex(l->hex, measured.digest.b, sizeof(measured.digest.b));
}

/* With the settings of then the lists are those of then, but for the one that is asked for today. */
static const struct was_list *
list_of_then(const struct report *r, const char *name)
{
	const struct was *w = &r->hunt.was;

	for (size_t i = 0; r->hunt.as_was && i < w->lists; i++)
		if (w->list[i].kept && strcmp(w->list[i].name, name) == 0)
			return &w->list[i];
	return NULL;
}

static bool
measure_lists(struct report *r)
{
	struct lists_wanted *want = calloc(1, sizeof(*want));
	char error[CONFIG_ERROR_MAX];
	bool fine = want && lists_configured(want, &r->hunt.common->config, error);

	for (size_t i = 0; fine && i < want->count; i++) {
		struct report_list *l = &r->list[r->lists++];
		const struct was_list *then = list_of_then(r, want->list[i].name);

		l->name = want->list[i].name;
		if (then)
			memcpy(l->hex, then->hex, sizeof(l->hex));
		else
			measure_file(l, want->list[i].file);
	}
	free(want);
	return fine;
}

/* The head that is in force: of the last day that is not sealed, else of the last seal. */
static bool
load_seals(struct report *r)
{
	char error[DATABASE_ERROR_MAX];
	size_t n;
	int64_t *days;
	struct day d;

	if (!seals_read(&r->seals, r->hunt.folder))
		return false;
	if (r->seals.n)
		r->head = r->seals.seal[r->seals.n - 1].head;
	days = days_in(r->hunt.folder, &n);
	r->open_day = days;
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < r->seals.n && r->seals.seal[k].day != days[i])
			k++;
		if (k < r->seals.n)
			continue;
		r->open_day[r->open_days++] = days[i];
		if (day_read(&d, r->hunt.folder, days[i], error)) {
			r->head = d.head;
			day_close(&d);
		}
	}
	return true;
}

bool
report_ledger(struct report *r)
{
	return load_then(r) && measure_lists(r) && load_seals(r);
}
