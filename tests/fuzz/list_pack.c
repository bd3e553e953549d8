/*
 * list_pack: a list as the ledger kept it, from anywhere: what is taken packs to the same bytes, and can be indexed and
 * asked.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the detectors do. */
static void
ask(const struct list *l)
{
	struct indicators *i = calloc(1, sizeof(*i));
	const struct session s = {.sni = TEXT_LIT("a.b.example.org"),
				  .ja4 = TEXT_LIT("t13d1516h2_8daaf6152771_02713d6af862")};
	char text[INDICATOR_TEXT_MAX];
	struct indicator_hit hit;
	void *index;

	if (!i)
		return;
	i->lists = 1;
	i->list[0] = (struct indicator_list){.entry = l->entry, .bytes = l->bytes, .entries = l->entries};
	index = malloc(indicators_bytes(i) + 1);
	if (index) {
		indicators_index(i, index);
		indicators_find(i, &s, &hit);
	}
	for (uint32_t n = 0; n < l->entries; n++)
		indicator_text(&i->list[0], &l->entry[n], text);
	free(index);
	free(i);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct list l = {.file = "fuzz"};
	struct bytes again = {.p = NULL};

	if (list_unpack(&l, cur_of(data, size))) {
		list_pack(&again, &l);
		if (again.n != size || memcmp(again.p, data, size) != 0)
			abort();
		ask(&l);
	}
	bytes_free(&again);
	list_free(&l);
	return 0;
}
