/*
 * list: a list of indicators from anywhere, plain, CSV, STIX or MISP.  What is taken reads back as the same entries,
 * none of them twice; what is not is told in whole lines.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/list_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum list_kind
kind_of(const struct indicator *e)
{
	static const enum list_kind KINDS[INDICATOR_KINDS] = {
		[INDICATOR_NET] = LIST_ADDRESS,
		[INDICATOR_NAME] = LIST_NAME,
		[INDICATOR_UNDER] = LIST_NAME,
		[INDICATOR_JA3] = LIST_JA3,
		[INDICATOR_JA4] = LIST_JA4,
		[INDICATOR_JA4_AB] = LIST_JA4,
		[INDICATOR_JA4_A] = LIST_JA4,
		[INDICATOR_SHA1] = LIST_CERTIFICATE,
		[INDICATOR_SHA256] = LIST_CERTIFICATE,
	};

	return KINDS[e->kind];
}

static void
check(const struct list *l)
{
	struct indicators *i = calloc(1, sizeof(*i));
	void *index;

	i->list[0] = (struct indicator_list){.entry = l->entry, .bytes = l->bytes, .entries = l->entries};
	i->lists = 1;
	index = malloc(indicators_bytes(i) + 1);
	indicators_index(i, index);
	for (uint32_t n = 0; n < l->entries; n++) {
		char room[INDICATOR_TEXT_MAX];
		struct list_value v;

		if (list_value(l, indicator_text(&i->list[0], &l->entry[n], room), kind_of(&l->entry[n]), &v) ||
		    v.kind != l->entry[n].kind || v.len != l->entry[n].len || v.bits != l->entry[n].bits ||
		    memcmp(v.key, l->bytes + l->entry[n].at, v.len) != 0)
			abort();
		if (n && n < 64)
			for (uint32_t m = 0; m < n; m++)
				if (indicator_same(&i->list[0], &l->entry[m], &l->entry[n]))
					abort();
	}
	free(index);
	free(i);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gateway_addr own = {.gateway = 1};

	addr_parse(&own.addr, "192.0.2.10");
	for (unsigned kind = LIST_AUTO; kind <= LIST_CERTIFICATE; kind++) {
		struct list l = {.file = "fuzz", .kind = (enum list_kind)kind, .own = &own, .owns = 1};

		if (list_parse(&l, (const char *)data, size))
			check(&l);
		for (uint32_t i = 0; i < l.bad && i < LIST_ERRORS; i++)
			if (strncmp(l.error[i], "fuzz:", 5) != 0 || strchr(l.error[i], '\n'))
				abort();
		list_free(&l);
	}
	return 0;
}
