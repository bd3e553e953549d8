/*
 * hunt_privacy: what a hunt may ask of a ledger in which clients are pseudonyms.
 * Must not let a question pass that would find nothing for want of the key: that would read as "nobody was there".
 */
#include "cmd/hunt.h"

#include <stdlib.h>

enum { KEYS_SHOWN = 4 };

/* The keys of a ledger, by their ids. */
struct keys {
	const struct pseudonym_key *given;
	unsigned n;
	uint64_t id[KEYS_SHOWN];
	bool has_given;
};

static void
take_id(void *arg, struct when t, const char *value)
{
	struct keys *k = arg;
	uint64_t id = strtoull(value, NULL, 16);
	unsigned i = 0;

	(void)t;
	k->has_given |= k->given && id == k->given->id;
	while (i < k->n && k->id[i] != id)
		i++;
	if (i == k->n && i < KEYS_SHOWN)
		k->id[k->n++] = id;
}

/* What asks for addresses, in words; NULL: nothing does. */
static const char *
asking(const struct hunt *h, char *words, size_t size)
{
	const char *list = h->replays ? enrich_with_addresses(h->common->enrich) : NULL;

	if (h->question && where_asks_addresses(h->question, NULL))
		return "the question asks for addresses";
	if (list && h->indicators && strcmp(list, "hunt") == 0)
		return "the list of indicators has addresses";
	if (list) {
		snprintf(words, size, "the list \"%.64s\" of the configuration has addresses", list);
		return words;
	}
	if (h->replays && rules_ask_addresses(&h->common->rules[h->common->now]))
		return "the configuration has suppressions or networks by address";
	return NULL;
}

static int
refuse(const struct hunt *h, const struct keys *k, const char *what)
{
	char words[640], id[17], given[17];

	privacy_id(id, k->id[0]);
	if (k->given) {
		privacy_id(given, k->given->id);
		snprintf(words, sizeof(words),
			 "%.200s: its clients are pseudonyms under key %s%s, and the key given is %s", h->folder, id,
			 k->n > 1 ? " and others" : "", given);
	} else {
		snprintf(words, sizeof(words),
			 "%.200s: its clients are pseudonyms under key %s%s, and %s; give that key with --privacy-key "
			 "FILE, or ask by fingerprint, name or certificate",
			 h->folder, id, k->n > 1 ? " and others" : "", what);
	}
	common_error(h->common, words);
	return EXIT_USAGE;
}

int
hunt_privacy(struct hunt *h)
{
	struct keys k = {.given = h->common->privacy.key};
	char words[128];
	const char *what;

	reading_settings(h->folder, "privacy_key", &k, take_id);
	what = asking(h, words, sizeof(words));
	if (k.n && !k.has_given && (what || k.given))
		return refuse(h, &k, what);
	if (h->question && k.given)
		where_hide(h->question, NULL, k.given);
	return EXIT_DONE;
}
