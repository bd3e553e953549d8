/*
 * load: quick to give up what matters least, slow to take it back.
 */
#include "sensor/load.h"

enum { EASY_S = 10, LEAST_MS = 300 /* a block is handed over up to 100 ms late, and work comes in gusts */ };

bool
load_look(struct load *l, const struct load_seen *seen)
{
	bool lost = seen->lost > l->lost;
	bool hard = lost || (seen->behind_ms > LEAST_MS && seen->behind_ms > seen->bridges_ms / 2);
	bool easy = !lost && (seen->behind_ms < LEAST_MS || seen->behind_ms < seen->bridges_ms / 8);
	enum shed_level was = l->level;

	l->lost = seen->lost;
	l->easy_s = easy ? l->easy_s + 1 : 0;
	if (hard && l->level + 1 < SHED_LEVELS)
		l->level++;
	if (l->easy_s >= EASY_S && l->level > SHED_NOTHING) {
		l->level--;
		l->easy_s = 0;
	}
	return l->level != was;
}

const char *
load_words(enum shed_level level)
{
	static const char *const WORDS[SHED_LEVELS] = {
		[SHED_NOTHING] = "cores keep up: everything is read again",
		[SHED_TUNNELS] = "cores are short: payload of long tunnels is not read",
		[SHED_EXCHANGES] = "cores are short: no payload behind handshakes is read",
		[SHED_NDPI] = "cores are short: no payload behind handshakes is read, and nDPI is not asked",
	};

	return WORDS[level];
}
