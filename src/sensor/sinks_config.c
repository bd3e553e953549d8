/*
 * sinks_config: texts that were checked one by one become sinks; what only fits together is checked here.
 * Must not open a file.
 */
#include "sensor/sinks_config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "sink/endpoint.h"
#include "sink/format.h"

/* "FILE:LINE: [sink NAME]: WORDS" */
static bool
fail(char error[CONFIG_ERROR_MAX], const struct config *c, const struct config_rule *r, const char *words)
{
	if (r->line)
		snprintf(error, CONFIG_ERROR_MAX, "%.150s:%u: [sink %s]: %.250s", c->pool + r->file, r->line, r->name,
			 words);
	else
		snprintf(error, CONFIG_ERROR_MAX, "[sink %s]: %.250s", r->name, words);
	return false;
}

static int64_t
number_of(const struct config *c, const struct config_rule *r, enum option_key key)
{
	struct option o;
	int64_t n = 0;

	if (option_at(key, &o)) {
		const char *text = config_rule_text(c, r, key);

		(void)option_parse(&o, *text ? text : o.value, &n); /* nothing behind the = is the default */
	}
	return n;
}

/* The path without links and dots, also of a file that is not there yet; as it is where its folder is not. */
static void
whole_path(char to[PATH_MAX], const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char folder[OPTION_TEXT_MAX], whole[PATH_MAX];
	struct out o = out_of(to, PATH_MAX - 1);

	if (realpath(path, to))
		return;
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
	if (realpath(folder, whole)) {
		out_text(&o, whole);
		out_char(&o, '/');
		out_text(&o, name);
	} else {
		out_text(&o, path);
	}
	*o.p = '\0';
}

/* Devices may be written to by many; whose lines go to standard output would mix them within a buffer. */
static bool
same_file(const char *a, const char *b)
{
	char one[PATH_MAX], two[PATH_MAX];

	if (strcmp(a, "-") == 0 || strcmp(b, "-") == 0)
		return strcmp(a, b) == 0;
	whole_path(one, a);
	whole_path(two, b);
	return strcmp(one, two) == 0 && strncmp(a, "/dev/", 5) != 0;
}

/* Who writes to that file already; NULL: nobody. */
static const char *
taken_by(const struct sinks_wanted *w, const char *eve, const char *path)
{
	for (unsigned i = 0; i < w->count; i++)
		if (SINK_KIND[w->sink[i].kind].place == SINK_PLACE_path && same_file(w->sink[i].path, path))
			return w->sink[i].name;
	return eve && same_file(eve, path) ? "eve.file (or --eve)" : NULL;
}

static bool
has_words(char error[CONFIG_ERROR_MAX], const struct config *c, const struct config_rule *r,
	  const struct sink_config *s)
{
	const struct format *f = &FORMAT_LIST[s->format];
	bool strict = strcmp(f->name, "eve") == 0 && config_number(c, OPT_eve_mode) == 1;
	unsigned lacks = s->events & ~(strict ? f->events & ~(unsigned)(EVENT_INCIDENT | EVENT_HEARTBEAT) : f->events);
	char words[CONFIG_ERROR_MAX / 2];

	if (!lacks)
		return true;
	snprintf(words, sizeof(words), "format %s%s has no words for %s; leave them out of events, or take ecs or cef",
		 f->name, strict ? " with eve.mode = strict" : "", event_words(lacks).many);
	return fail(error, c, r, words);
}

/* The option that says where, of each enum sink_place. */
static const struct {
	enum option_key key;
	const char *name, *example;
} PLACES[] = {
	[SINK_PLACE_path] = {OPT_sink_path, "path", "/var/log/gatewitness/alerts.json"},
	[SINK_PLACE_address] = {OPT_sink_address, "address", "logs.example.org:6514"},
	[SINK_PLACE_url] = {OPT_sink_url, "url", "https://siem.example.org:8088"},
	[SINK_PLACE_program] = {OPT_sink_program, "program", "/usr/local/bin/on-alert"},
};
enum { PLACE_COUNT = sizeof(PLACES) / sizeof(PLACES[0]) };

static bool
addresses_ok(const char *list)
{
	struct endpoint e;

	do {
		if (!endpoint_next(&e, &list))
			return false;
	} while (*list || list[-1] == ',');
	return true;
}

/* What is printed back and told in errors must not have a password in it. */
static const char *
url_wrong(const char *url)
{
	const char *host = strncmp(url, "http://", 7) == 0  ? url + 7 :
			   strncmp(url, "https://", 8) == 0 ? url + 8 :
							      NULL;
	size_t n = host ? strcspn(host, "/?#") : 0;

	if (!host)
		return "url begins with http:// or https://";
	if (memchr(host, '@', n))
		return "url has a user in it; write user = and secret_file = instead";
	return n ? NULL : "url names no host";
}

/* Where it goes: that of the kind, and none of another kind. */
static bool
has_place(char error[CONFIG_ERROR_MAX], const struct config *c, const struct config_rule *r,
	  const struct sink_config *s)
{
	const struct sink_kind *k = &SINK_KIND[s->kind];
	char words[CONFIG_ERROR_MAX / 2];
	const char *wrong;

	for (unsigned i = 0; i < PLACE_COUNT; i++)
		if (i != k->place && *config_rule_text(c, r, PLACES[i].key)) {
			snprintf(words, sizeof(words), "%s is not of kind = %s, which takes %s; is the kind right?",
				 PLACES[i].name, k->name, PLACES[k->place].name);
			return fail(error, c, r, words);
		}
	if (!*s->path) {
		snprintf(words, sizeof(words), "no %s: write where, as in  %s = %s", PLACES[k->place].name,
			 PLACES[k->place].name, PLACES[k->place].example);
		return fail(error, c, r, words);
	}
	if (k->place == SINK_PLACE_address && !addresses_ok(s->path))
		return fail(error, c, r,
			    "address is not HOST:PORT or [IPV6]:PORT, as in  address = logs.example.org:6514");
	wrong = k->place == SINK_PLACE_url ? url_wrong(s->path) : NULL;
	return !wrong || fail(error, c, r, wrong);
}

/* What only makes sense together. */
static bool
fits_together(char error[CONFIG_ERROR_MAX], const struct config *c, const struct config_rule *r,
	      const struct sink_config *s)
{
	const struct sender_config *n = &s->sender;
	char words[CONFIG_ERROR_MAX / 2];

	if (!sink_is_built(s->kind)) {
		snprintf(words, sizeof(words), "kind = %s needs %s, without which this program was built",
			 SINK_KIND[s->kind].name, SINK_KIND[s->kind].library);
		return fail(error, c, r, words);
	}
	if (!*n->tls_certificate != !*n->tls_key)
		return fail(error, c, r, "tls_certificate and tls_key go together; give both or none");
	if (*n->tls_pin && (strlen(n->tls_pin) != 64 || strspn(n->tls_pin, "0123456789abcdefABCDEF") != 64))
		return fail(error, c, r, "tls_pin is not a SHA-256 in 64 hex digits");
	if (*s->secret_file && *s->secret_env)
		return fail(error, c, r, "secret_file and secret_env are two places for one secret; leave one out");
	return true;
}

/* A text option is in the faces of sender and sink under its own name. */
#define TEXT(option) .option = config_rule_text(c, r, OPT_sink_##option)

static struct sender_config
sender_of(const struct config *c, const struct config_rule *r, const struct sink_config *s, const char *sensor)
{
	return (struct sender_config){
		TEXT(address),
		TEXT(url),
		TEXT(tls_ca),
		TEXT(tls_certificate),
		TEXT(tls_key),
		TEXT(tls_pin),
		TEXT(tls_name),
		TEXT(user),
		TEXT(topic),
		TEXT(content_type),
		TEXT(body),
		TEXT(program),
		.name = r->name,
		.sensor = sensor,
		.secret = "",
		.transport = (unsigned)number_of(c, r, OPT_sink_transport),
		.tls = number_of(c, r, OPT_sink_tls) != 0,
		.sasl = (unsigned)number_of(c, r, OPT_sink_sasl),
		.timeout_ns = number_of(c, r, OPT_sink_timeout),
		.batch = (unsigned)number_of(c, r, OPT_sink_batch),
		.format = s->format,
	};
}

static struct sink_config
sink_of(const struct config *c, const struct config_rule *r, const struct sinks_about *about)
{
	struct sink_config s = {
		.kind = (uint8_t)number_of(c, r, OPT_sink_kind),
		.format = (uint8_t)number_of(c, r, OPT_sink_format),
		.events = (uint8_t)number_of(c, r, OPT_sink_events),
		.severity = (uint8_t)number_of(c, r, OPT_sink_severity),
		.anew = about->anew,
		.rotate_size = number_of(c, r, OPT_sink_rotate_size),
		.rotate_ns = number_of(c, r, OPT_sink_rotate_time),
		.rotate_keep = (unsigned)number_of(c, r, OPT_sink_rotate_keep),
		.compress = number_of(c, r, OPT_sink_compress) != 0,
		TEXT(secret_file),
		TEXT(secret_env),
	};

	s.path = config_rule_text(c, r, PLACES[SINK_KIND[s.kind].place].key);
	memcpy(s.name, r->name, sizeof(s.name));
	return s;
}

static bool
add(struct sinks_wanted *w, const struct config *c, const struct config_rule *r, const struct sinks_about *about,
    char error[CONFIG_ERROR_MAX])
{
	struct sink_config *s = &w->sink[w->count];
	char words[CONFIG_ERROR_MAX / 2], why[WHERE_ERROR_MAX];
	const char *other;

	if (w->count == SINKS_MAX)
		return fail(error, c, r, "one sink too many: there can be 16");
	*s = sink_of(c, r, about);
	s->sender = sender_of(c, r, s, about->sensor);
	if (!has_place(error, c, r, s) || !fits_together(error, c, r, s))
		return false;
	other = SINK_KIND[s->kind].place == SINK_PLACE_path ? taken_by(w, about->eve, s->path) : NULL;
	if (other) {
		snprintf(words, sizeof(words),
			 "path %.120s is written to by %.64s already; give each a path of its own", s->path, other);
		return fail(error, c, r, words);
	}
	if (!where_compile(&s->where, config_rule_text(c, r, OPT_sink_where), &WHERE_FINDING, why))
		return fail(error, c, r, why);
	if (about->privacy)
		where_hide(&s->where, &WHERE_FINDING, about->privacy);
	w->count++;
	w->network |= SINK_KIND[s->kind].sender != NULL;
	return has_words(error, c, r, s);
}

static bool
find_outbox(struct sinks_wanted *w, const struct config *c, const struct sinks_about *about,
	    char error[CONFIG_ERROR_MAX])
{
	const char *file = config_text(c, OPT_outbox_file);

	w->size = config_number(c, OPT_outbox_size);
	w->age_ns = config_number(c, OPT_outbox_age);
	if (!w->network || !about->waits)
		return true;
	if (*file)
		snprintf(w->outbox, sizeof(w->outbox), "%s", file);
	else if (about->ledger)
		snprintf(w->outbox, sizeof(w->outbox), "%.1000s/outbox.db", about->ledger);
	if (!*w->outbox)
		snprintf(error, CONFIG_ERROR_MAX,
			 "network sinks need a file in which events wait until they are sent; name it, as in  "
			 "outbox.file = /var/lib/gatewitness/outbox.db");
	return *w->outbox;
}

bool
sinks_configured(struct sinks_wanted *w, const struct config *c, const struct sinks_about *about,
		 char error[CONFIG_ERROR_MAX])
{
	*w = (struct sinks_wanted){0};
	for (unsigned i = 0; i <= GATEWAYS_MAX; i++)
		w->gateway[i] = i && i <= c->gateways ? c->gateway[i - 1].name : "";
	for (unsigned i = 0; i < c->rules; i++)
		if (c->rule[i].first == OPT_sink_kind && !add(w, c, &c->rule[i], about, error))
			return false;
	return find_outbox(w, c, about, error);
}
