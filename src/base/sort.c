/*
 * sort: runs that lie in order are merged as the digits of a binary counter are added.  Must not allocate.
 */
#include "base/sort.h"

/* Two sorted lists as one; a's items come first among equals. */
static uint32_t
merge(const struct sort_list *l, uint32_t a, uint32_t b)
{
	uint32_t head = 0, last = 0;

	while (a && b) {
		uint32_t *from = l->goes_after(l->arg, a, b) ? &b : &a, item = *from;

		*from = l->after(l->arg, item);
		if (last)
			l->link(l->arg, last, item);
		else
			head = item;
		last = item;
	}
	a = a ? a : b;
	if (!last)
		return a;
	l->link(l->arg, last, a);
	return head;
}

/* Cuts the run that begins at *head off the list. */
static uint32_t
take_run(const struct sort_list *l, uint32_t *head)
{
	uint32_t run = *head, last = run, next;

	while ((next = l->after(l->arg, last)) && !l->goes_after(l->arg, last, next))
		last = next;
	*head = next;
	if (next)
		l->link(l->arg, last, 0);
	return run;
}

uint32_t
sort_list(const struct sort_list *l, uint32_t head)
{
	uint32_t bin[32] = {0}; /* bin[i] holds a sorted list of 2^i runs, or none */
	uint32_t list = 0;

	while (head) {
		unsigned i = 0;

		list = take_run(l, &head);
		for (; bin[i]; i++) { /* fewer than 2^32 items: the last bin is never reached full */
			list = merge(l, bin[i], list);
			bin[i] = 0;
		}
		bin[i] = list;
	}
	list = 0;
	for (unsigned i = 0; i < 32; i++)
		list = bin[i] ? merge(l, bin[i], list) : list;
	return list;
}
