/*
 * pulse: ten seconds of a gateway as one JSON object.  Rare, so it is written the plain way.
 */
#include "session/session.h"

/* A pulse tells all its numbers: a zero is news there. */
void
pulse_json(struct out *o, const struct pulse *p)
{
	json_open(o, '{');
#define JSON_TIME(o, v) (out_char((o), '"'), out_time((o), (v)), out_char((o), '"'))
#define JSON_U8(o, v)   out_u64((o), (v))
#define JSON_U32(o, v)  out_u64((o), (v))
#define JSON_U64(o, v)  out_u64((o), (v))
#define FIELD(id, name, type, doc)                                                                                     \
	JSON_KEY(o, #name);                                                                                            \
	JSON_##type(o, p->name);
#include "session/pulse.def"
#undef FIELD
	json_close(o, '}');
}
