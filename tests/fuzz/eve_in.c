/*
 * eve_in: lines that say they are the sensor's.  What is taken is the same after another journey through JSON, is kept
 * by the store, and can be judged.
 */
#include "../common/there_and_back.h"
#include "cmd/eve_in.h"

static void
pulse_there_and_back(const struct pulse *p, char line[2][LINE])
{
	struct out o = out_of(line[0], LINE), again = out_of(line[1], LINE);
	struct pulse back;
	struct json *j;

	pulse_json(&o, p);
	j = json_in(line[0], out_len(&o));
	if (!j || pulse_in(&back, j))
		abort();
	pulse_json(&again, &back);
	if (out_len(&o) != out_len(&again) || memcmp(line[0], line[1], out_len(&o)) != 0)
		abort();
	json_in_free(j);
}

static void
judge(const struct store *store)
{
	struct detect_config cfg = {.memory = DETECT_MEMORY_MIN, .incident_idle_ns = 3600 * NS_PER_S, .table = {3, 4}};
	uint8_t *memory = malloc(DETECT_MEMORY_MIN + 64);
	struct carve carve = {memory, memory + DETECT_MEMORY_MIN + 64};
	struct counts counts = {0};
	struct detect *d = detect_new(&carve, &cfg, &counts);
	size_t sum = 0;
	struct detect_sink to = {&sum, no_finding, no_close};
	struct store_item item;

	for (uint64_t i = 0; store_at(store, i, &item); i++)
		if (item.session)
			detect_session(d, item.session, &to);
		else
			detect_pulse(d, item.pulse, &to);
	detect_idle(d, (struct when){INT64_MAX}, &to);
	free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[2][LINE];
	static const struct site nobody;
	static struct eve_in e;
	const char *p = (const char *)data, *end = p + size;
	uint64_t number = 0;
	struct store_item item;

	e = (struct eve_in){.store = store_new(), .site = &nobody};
	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));

		stop = stop ? stop + 1 : end;
		if (!eve_in_line(&e, p, (size_t)(stop - p), "fuzz", ++number))
			abort();
		p = stop;
	}
	for (uint64_t i = 0; store_at(e.store, i, &item); i++)
		if (item.session)
			there_and_back(item.session, line);
		else
			pulse_there_and_back(item.pulse, line);
	judge(e.store);
	store_free(e.store);
	return 0;
}
