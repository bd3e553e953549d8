/*
 * recent: what is not yet known is spelt out.  Must not decide anything: a text is the same, known or not.
 */
#include "base/recent.h"

void
recent_time_make(struct recent *k, struct recent_time *slot, struct when t)
{
	slot->ns = t.ns;
	put_time_near(slot->text, t, &k->day);
}

void
recent_addr_make(struct recent_addr *slot, const struct addr *a)
{
	_Static_assert(ADDR_TEXT_MAX <= RECENT_ADDR_ROOM, "its NUL, too");
	slot->addr = *a;
	slot->len = (uint8_t)addr_print(a, slot->text);
}
