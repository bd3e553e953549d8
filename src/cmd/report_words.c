/*
 * report_words: what the report says in sentences, for page and JSON alike.  Must not say that nothing was found
 * without saying how much was seen, nor that something happened that no detector can know.
 */
#include <inttypes.h>

#include "cmd/report.h"

struct words
report_percent(uint64_t part, uint64_t of)
{
	uint64_t share = of ? (uint64_t)((long double)part * 10000 / (long double)of) : 0;
	struct words w;

	if (part < of && share >= 10000)
		share = 9999;
	snprintf(w.text, sizeof(w.text), "%" PRIu64 ".%02" PRIu64 " %%", share / 100, share % 100);
	return w;
}

void
report_title(const struct detector_info *d, char words[128])
{
	snprintf(words, 128, "%s", d ? d->title : "");
	if (words[0] >= 'a' && words[0] <= 'z')
		words[0] = (char)(words[0] - 'a' + 'A');
}

const char *
report_technique(const char *attack)
{
	static const struct {
		const char *id, *name;
	} NAMES[] = {
#define TECHNIQUE(id, name) {id, name},
#include "cmd/technique.def"
#undef TECHNIQUE
	};

	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		if (strcmp(NAMES[i].id, attack) == 0)
			return NAMES[i].name;
	return "";
}

void
report_number(const struct finding_number *n, char words[64])
{
	const char *unit = n->unit ? n->unit : "";
	uint64_t value = n->value < 0 ? 0 : (uint64_t)n->value;

	if (n->value < 0)
		snprintf(words, 64, "%" PRId64 " %s", n->value, unit);
	else if (strcmp(unit, "unix s") == 0)
		snprintf(words, 64, "%s", words_time((struct when){n->value * NS_PER_S}).text);
	else if (strcmp(unit, "s") == 0 && n->value > 0 && n->value < INT32_MAX)
		snprintf(words, 64, "%s", words_span(n->value * NS_PER_S).text);
	else if (strstr(unit, "..")) /* a scale */
		snprintf(words, 64, "%s of %s", words_number(value).text, unit);
	else if (strcmp(unit, "bytes") == 0)
		snprintf(words, 64, "%s", words_bytes(value).text);
	else if (strcmp(unit, "count") == 0 || strstr(n->name, unit)) /* "places_known" 10 "places" */
		snprintf(words, 64, "%s", words_number(value).text);
	else
		snprintf(words, 64, "%s %s", words_number(value).text, strcmp(unit, "percent") == 0 ? "%" : unit);
}

/* More than the last minute before a power failure is not as it was written: who took it away may have been here. */
static bool
is_broken(const struct report *r)
{
	const uint64_t *n = r->hunt.verify.count;

	return *r->hunt.damaged || n[VERIFY_MISSING] || n[VERIFY_UNREADABLE] || n[VERIFY_ALTERED];
}

void
report_judge(struct report *r)
{
	if (r->severity[SEVERITY_CRITICAL] + r->severity[SEVERITY_HIGH])
		r->verdict = VERDICT_SIGNS;
	else if (!r->hunt.coverage.watched || is_broken(r))
		r->verdict = VERDICT_UNKNOWN;
	else
		r->verdict = r->incidents ? VERDICT_LESSER : VERDICT_NOTHING;
}

const struct finding *
report_gravest(const struct report_incident *i)
{
	size_t k = 0;

	while (k + 1 < i->findings && i->finding[k]->severity < i->severity)
		k++;
	return i->finding[k];
}

static const char *
plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

void
report_headline(const struct report *r, char words[REPORT_WORDS])
{
	const struct hunt_coverage *c = &r->hunt.coverage;
	struct words seen = report_percent(c->watched, c->minutes);

	switch (r->verdict) {
	case VERDICT_SIGNS:
		snprintf(words, REPORT_WORDS, "Signs of an attack that may have succeeded were found.");
		return;
	case VERDICT_LESSER:
		snprintf(words, REPORT_WORDS,
			 "No sign of a successful attack was found in the %s of the time that was watched; lesser "
			 "incidents were.",
			 seen.text);
		return;
	case VERDICT_NOTHING:
		snprintf(words, REPORT_WORDS, "%s was found in the %s of the time that was watched.",
			 r->suppressed || r->evidence_alone ? "No incident" : "Nothing", seen.text);
		return;
	case VERDICT_UNKNOWN:
	default:
		snprintf(words, REPORT_WORDS, "It is not known: %s.",
			 c->watched ? "parts of the ledger are altered, missing or unreadable" :
				      "none of this time was watched");
	}
}

/* "2 critical and 1 high incident, and 6 lesser ones" */
static void
count_words(const struct report *r, char *words, size_t size)
{
	uint64_t critical = r->severity[SEVERITY_CRITICAL], high = r->severity[SEVERITY_HIGH];
	uint64_t lesser = r->incidents - critical - high;
	char grave[160] = "", more[96] = "";

	if (critical && high)
		snprintf(grave, sizeof(grave), "%s critical and %s high incident%s", words_number(critical).text,
			 words_number(high).text, plural(high));
	else if (critical + high)
		snprintf(grave, sizeof(grave), "%s %s incident%s", words_number(critical + high).text,
			 critical ? "critical" : "high", plural(critical + high));
	if (lesser)
		snprintf(more, sizeof(more), "%s%s %s%s", *grave ? ", and " : "", words_number(lesser).text,
			 *grave ? "lesser one" : "incident", plural(lesser));
	snprintf(words, size, "%s%s", grave, more);
}

void
report_answer(const struct report *r, char words[REPORT_WORDS])
{
	const struct hunt *h = &r->hunt;
	const struct hunt_coverage *c = &h->coverage;
	const struct report_incident *first = r->incident;
	char what[256];
	size_t at = 0;

	if (!c->watched) {
		snprintf(words, REPORT_WORDS,
			 "The ledger has no minute of coverage between %s and %s UTC. Whether something happened in "
			 "that time cannot be told from it, in either direction.",
			 words_time(h->begin).text, words_time(h->end).text);
		return;
	}
	if (r->incidents) {
		count_words(r, what, sizeof(what));
		at = (size_t)snprintf(words, REPORT_WORDS, "There %s %s. %s %s UTC: %s. ",
				      r->incidents == 1 ? "is" : "are", what,
				      r->incidents == 1 ? "On" : "The first of the gravest, on",
				      words_time(report_gravest(first)->time).text, report_gravest(first)->text);
	}
	snprintf(words + at, REPORT_WORDS - at,
		 "This rests on %s sessions of the gateway in %s of %s minutes (%s), in which capture lost %s of %s "
		 "frames.",
		 words_number(r->inbound + r->outbound).text, words_number(c->watched).text,
		 words_number(c->minutes).text, report_percent(c->watched, c->minutes).text,
		 words_number(hunt_lost_frames(&c->lost)).text,
		 words_number(c->frames + hunt_lost_frames(&c->lost)).text);
}

static bool
say_blind(const struct report *r, char words[REPORT_WORDS])
{
	const struct hunt_coverage *c = &r->hunt.coverage;
	uint64_t blind = c->minutes - c->watched;
	int64_t ns;

	if (__builtin_mul_overflow((int64_t)blind, 60 * NS_PER_S, &ns))
		ns = INT64_MAX;
	if (blind && c->watched)
		snprintf(words, REPORT_WORDS,
			 "In %s minute%s%s%s%s nothing was watched: what happened then would not be found.",
			 words_number(blind).text, plural(blind), blind < 120 ? "" : " (",
			 blind < 120 ? "" : words_span(ns).text, blind < 120 ? "" : ")");
	return blind && c->watched;
}

/* One part in a hundred, and more, of what came in the minutes that were watched. */
static bool
say_lossy(const struct report *r, char words[REPORT_WORDS])
{
	const struct hunt_coverage *c = &r->hunt.coverage;
	uint64_t lost = hunt_lost_frames(&c->lost), frames = c->frames + lost;
	bool much = lost > frames / 100 || c->lost.upstream > c->bytes / 100;

	if (much)
		snprintf(words, REPORT_WORDS,
			 "Of what came while it watched, the sensor lost %s of the frames, and %s of streams never "
			 "reached it: what was in these parts would not be found.",
			 report_percent(lost, frames).text, words_bytes(c->lost.upstream).text);
	return much;
}

static bool
say_learning(const struct report *r, char words[REPORT_WORDS])
{
	const struct hunt *h = &r->hunt;
	struct when learnt = when_add(h->coverage.first, config_number(&h->common->config, OPT_detect_learn));

	if (!h->coverage.watched || !when_before(h->begin, learnt))
		return false;
	snprintf(words, REPORT_WORDS,
		 "The ledger begins on %s UTC. %s%s%s the detectors that judge novelty were learning what is usual "
		 "here, "
		 "and could only note: an intruder who was there from the beginning looks usual to them.",
		 words_time(h->coverage.first).text,
		 when_before(learnt, h->end) ? "Until about " : "In all of this time",
		 when_before(learnt, h->end) ? words_time(learnt).text : "", when_before(learnt, h->end) ? " UTC" : "");
	return true;
}

static bool
say_broken(const struct report *r, char words[REPORT_WORDS])
{
	if (hunt_whole(&r->hunt))
		return false;
	snprintf(words, REPORT_WORDS,
		 "The ledger is NOT WHOLE: parts of it are altered, missing, torn or unreadable (see Integrity). "
		 "Nothing in this "
		 "report proves anything about those parts.");
	return true;
}

static bool
say_hidden(const struct report *r, char words[REPORT_WORDS])
{
	const struct hunt *h = &r->hunt;

	if (h->hidden)
		snprintf(words, REPORT_WORDS,
			 "Addresses of clients are pseudonyms in %s records of sessions: who holds the key can reveal "
			 "them.%s%s%s",
			 words_number(h->hidden).text, h->foreign ? " For " : "",
			 h->foreign ? words_number(h->foreign).text : "",
			 h->foreign ?
				 " of them the key was not given: they were not compared with addresses on lists." :
				 "");
	return h->hidden;
}

static bool
say_imported(const struct report *r, char words[REPORT_WORDS])
{
	const struct hunt *h = &r->hunt;

	if (h->imported)
		snprintf(words, REPORT_WORDS,
			 "%s of %s records come from the logs of other sensors (%s), which tell less: no exchanges, no "
			 "TLS "
			 "identities. Detectors that need those are blind to them, and say so below.",
			 words_number(h->imported).text, words_number(h->sessions).text, h->sources);
	return h->imported;
}

static bool
say_suppressed(const struct report *r, char words[REPORT_WORDS])
{
	if (r->suppressed)
		snprintf(words, REPORT_WORDS,
			 "%s finding%s suppressed by the operator's rules and belong to no incident here.",
			 words_number(r->suppressed).text, r->suppressed == 1 ? " was" : "s were");
	return r->suppressed;
}

static bool
say_not_gateway(const struct report *r, char words[REPORT_WORDS])
{
	bool none = r->hunt.coverage.watched && !r->addresses;

	if (none)
		snprintf(words, REPORT_WORDS,
			 "No session of the window belongs to a gateway: either nobody used it, or the sensor was not "
			 "told which it is. Nothing was judged.");
	return none;
}

static bool
say_filtered(const struct report *r, char words[REPORT_WORDS])
{
	uint64_t alone = r->evidence_alone;

	if (alone)
		snprintf(words, REPORT_WORDS,
			 "%s finding%s too weak to count alone (evidence only, or for the record) and opened no "
			 "incident; the table of detectors has them.",
			 words_number(alone).text, alone == 1 ? " was" : "s were");
	return alone;
}

bool
report_caveat(const struct report *r, unsigned number, char words[REPORT_WORDS])
{
	static bool (*const SAY[])(const struct report *, char *) = {say_broken,   say_not_gateway, say_blind,
								     say_lossy,    say_learning,    say_hidden,
								     say_imported, say_suppressed,  say_filtered};

	for (unsigned i = 0; i < sizeof(SAY) / sizeof(SAY[0]); i++)
		if (SAY[i](r, words) && number-- == 0)
			return true;
	return false;
}

const char *
report_silent(const struct report *r, const struct detector_info *d)
{
	const struct config *c = &r->hunt.common->config;

	if (!r->hunt.coverage.watched)
		return "nothing was watched";
	if (strcmp(d->name, "indicator") == 0 && !r->lists)
		return "no list was given: not looked for";
	for (unsigned p = 0; p < DETECT_PARAM_COUNT; p++)
		if (strcmp(DETECT_PARAMS[p].detector, d->name) == 0 && strcmp(DETECT_PARAMS[p].unit, "switch") == 0 &&
		    c->number[OPTIONS_OWN + p] == 1)
			return "switched off: not looked for";
	if (r->hunt.imported && !detector_judges_imports(d))
		return r->hunt.imported < r->hunt.sessions ?
			       "part of the records is from other sensors' logs: blind to these" :
			       "all records are from other sensors' logs, which do not show it";
	if (!r->hunt.pulses && detector_pulses(d))
		return "no pulses in the window: blind, at least in part";
	return NULL;
}

const char *const REPORT_LIMITS[] = {
	"Nothing was decrypted. The sensor sees who connected, when, with which program, under which name, and from "
	"the "
	"lengths of TLS records how large requests and answers were. It does not see users, paths, cookies, passwords, "
	"or what ran inside a tunnel.",
	"Finding nothing is no proof that nothing happened: it holds for what the detectors look for, in the minutes "
	"that were watched, on the link that was mirrored. What each detector cannot see is in its row.",
	"A finding is no proof that somebody broke in: it says what was seen, how sure the detector is, and what else "
	"it could be. Proof is on the gateway, in its logs and memory, or on the machines behind it.",
	"An intruder who comes from the victim's own machine, pads every answer to the usual size, or uses only places "
	"that the gateway calls anyway can stay unseen.",
	"Addresses are those on the wire: behind one may be many people (NAT), behind several the same one (proxies). "
	"Where an address is and whose it is changes with time.",
	"Traffic that does not pass the mirrored link (other uplinks, management ports, the inside leg) was not seen.",
	NULL,
};

const char *const REPORT_CHECKS[] = {
	"Hold the ledger against the sensor's public key, as it was kept elsewhere, and against the chain heads that "
	"left the sensor with its statistics:",
	"$gatewitness verify --key seal.pub --anchor eve.json DIR",
	"Hold a day's files against the digests above:",
	"$sha256sum DATE.sessions DATE.summary",
	"Make this report again: the same ledger, lists, options and version of the program give the same bytes:",
	"$gatewitness report OPTIONS DIR | sha256sum",
	"Ask the same ledger another question:",
	"$gatewitness hunt --where 'src in 203.0.113.0/24' DIR",
	NULL,
};
