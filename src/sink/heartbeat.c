/*
 * heartbeat: a sign of life as an EVE line.  Suricata has no word for it: extended mode only.
 */
#include "sink/event.h"
#include "sink/line.h"

void
eve_heartbeat(struct out *o, struct eve_context *x, struct when time, const struct heartbeat *h, const struct counts *c)
{
	const struct line_head head = {time, {NULL, 0}, TEXT_LIT("gatewitness")};
	char *begun;

	if (x->cfg->strict)
		return;
	begun = line_begin(o, x, &head);
	OUT_LIT(o, ",\"gatewitness\":{\"event\":\"heartbeat\"");
	LINE_U64(o, "number", h->number);
	LINE_U64(o, "every_s", h->every_s);
	LINE_U64(o, "frames", c->frames);
	LINE_U64(o, "waiting", h->waiting);
	LINE_U64(o, "troubles", h->troubles);
	if (h->trouble)
		LINE_STRING(o, "trouble", h->trouble);
	out_char(o, '}');
	line_end(o, x, begun);
}
