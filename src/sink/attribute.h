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

void attribute_get(struct value *v, const struct event *e, enum attribute which);

struct attribute_info {
	const char *name, *type, *doc;
};
extern const struct attribute_info ATTRIBUTE_INFO[ATTRIBUTES];

#endif
