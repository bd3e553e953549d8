/*
 * attribute: the values an event has, by name, as attribute.def declares them: what formats map from.  Pure.
 */
#ifndef SINK_ATTRIBUTE_H
#define SINK_ATTRIBUTE_H

#include "sink/event.h"

enum value_type { VALUE_NONE, VALUE_TEXT, VALUE_LIST, VALUE_NUMBER, VALUE_BOOL, VALUE_TIME, VALUE_DURATION };

enum attribute {
#define ATTRIBUTE(name, type, expr, doc) ATTR_##name,
#include "sink/attribute.def"
#undef ATTRIBUTE
	ATTRIBUTES
};

/* VALUE_NONE: the event has none.  Texts may lie in `own`, or in what the event points to. */
struct value {
	uint8_t type;
	struct text text; /* VALUE_LIST: members, each after a length byte */
	uint64_t number;  /* VALUE_DURATION: ns */
	struct when time;
	char own[256];
};

/* What an expression of attribute.def may name: found once for all attributes of an event, never NULL but `e`'s own. */
struct ends {
	struct addr src, dest;
	uint16_t src_port, dest_port;
	uint8_t proto;
};

struct subject {
	const struct event *e;
	const struct finding *f;
	const struct session *s;
	const struct incident *i;
	const struct counts *c;
	const struct eve_capture *k;
	const struct heartbeat *h;
	const struct detector_info *d;
	struct ends ends;
};

struct subject subject_of(const struct event *e);
void attribute_get(struct value *v, const struct subject *of, enum attribute which);

struct attribute_info {
	const char *name, *type, *doc;
};
extern const struct attribute_info ATTRIBUTE_INFO[ATTRIBUTES];

#endif
