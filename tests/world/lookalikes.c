/*
 * lookalikes: what is no attack and looks like one.
 */
#include "world.h"

void
lookalikes_begin(struct world *w)
{
	(void)w;
}
