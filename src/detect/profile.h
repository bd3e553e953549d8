/*
 * profile: what differs from make to make of a gateway, from profile.def: values of its vendor, each with its source.
 *
 * 0: not known.  A value is a default that a site may have changed, so no detector judges by it: it is for people who
 * compare what they see with what the vendor says.
 */
#ifndef DETECT_PROFILE_H
#define DETECT_PROFILE_H

#include <stdint.h>

enum profile_key {
#define KEY(name, unit, doc) PROFILE_##name,
#define MAKE(name, title)
#define VALUE(make, key, value, source)
#include "detect/profile.def"
#undef KEY
#undef MAKE
#undef VALUE
	PROFILE_KEYS
};

enum profile_make {
	MAKE_other, /* nothing is known of it */
#define KEY(name, unit, doc)
#define MAKE(name, title) MAKE_##name,
#define VALUE(make, key, value, source)
#include "detect/profile.def"
#undef KEY
#undef MAKE
#undef VALUE
	PROFILE_MAKES
};

struct profile_value {
	int64_t value;
	const char *source;
};

struct profile {
	const char *name, *title;
	struct profile_value value[PROFILE_KEYS];
};
extern const struct profile PROFILES[PROFILE_MAKES];

struct profile_key_info {
	const char *name, *unit, *doc;
};
extern const struct profile_key_info PROFILE_INFO[PROFILE_KEYS];

/* "other|netscaler|...": the words of gateway.profile, in the order of PROFILES. */
extern const char PROFILE_WORDS[];

#endif
