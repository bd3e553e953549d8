/*
 * sort: a list of items that hold their own links, named by handles (0: the end), in order; stable.
 *
 * A natural merge sort: what lies in order already costs one comparison an item.  No memory of its own.
 */
#ifndef BASE_SORT_H
#define BASE_SORT_H

#include <stdbool.h>
#include <stdint.h>

struct sort_list {
	void *arg;
	uint32_t (*after)(void *arg, uint32_t item);
	void (*link)(void *arg, uint32_t item, uint32_t after);
	bool (*goes_after)(void *arg, uint32_t a, uint32_t b); /* a behind b, for certain */
};

/* The new head. */
uint32_t sort_list(const struct sort_list *l, uint32_t head);

#endif
