/*
 * profile: the tables of profile.def.  Nothing is said here twice.
 */
#include "detect/profile.h"

const struct profile PROFILES[PROFILE_MAKES] = {
	[MAKE_other].name = "other",
	[MAKE_other].title = "any other make",
#define KEY(name, unit, doc)
#define MAKE(id, words)                 [MAKE_##id].name = #id, [MAKE_##id].title = words,
#define VALUE(make, key, number, words) [MAKE_##make].value[PROFILE_##key] = {number, words},
#include "detect/profile.def"
#undef KEY
#undef MAKE
#undef VALUE
};

const struct profile_key_info PROFILE_INFO[PROFILE_KEYS] = {
#define KEY(name, unit, doc) {#name, unit, doc},
#define MAKE(name, title)
#define VALUE(make, key, value, source)
#include "detect/profile.def"
#undef KEY
#undef MAKE
#undef VALUE
};

/* "other" is the first make, and the word for no make at all. */
#define KEY(name, unit, doc)
#define VALUE(make, key, value, source)
#define MAKE(name, title) "|" #name
const char PROFILE_WORDS[] = "other"
#include "detect/profile.def"
	;
#undef KEY
#undef MAKE
#undef VALUE
