/*
 * watch: the pipeline and its edges.  Must not ask a clock: all time here is packet time.
 */
#include "sensor/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/crypt.h"
#include "sensor/learned.h"
#include "sensor/privacy.h"
#include "sensor/watch_evidence.h"
#include "sensor/watch_out.h"
#include "sensor/watch_sinks.h"
#include "sensor/watch_snapshot.h"

static bool
random_key(struct hash_key *key)
{
	return getrandom(key, sizeof(*key), 0) == (ssize_t)sizeof(*key);
}

enum { SCOPE_AUTO, SCOPE_ALL, SCOPE_GATEWAY };
enum { UPDATES_AUTO, UPDATES_YES, UPDATES_NO };

bool
watch_pipeline(struct watch *w, struct pipeline_config *p)
{
	const struct config *c = w->setup.config;
	int64_t scope = config_number(c, OPT_capture_scope);

	*p = (struct pipeline_config){
		.memory = (size_t)config_number(c, OPT_memory_limit),
		.scope_gateway = scope == SCOPE_GATEWAY || (scope == SCOPE_AUTO && w->setup.iface),
		.ndpi = config_number(c, OPT_ndpi_enabled) != 0,
		.ndpi_calls = (uint32_t)config_number(c, OPT_ndpi_calls),
		.update_ns = config_number(c, OPT_session_update),
		.privacy = w->setup.privacy,
	};
	if (!random_key(&p->table)) {
		snprintf(w->error, sizeof(w->error), "no random numbers from the system: %s", strerror(errno));
		return false;
	}
	p->identity = w->identity.key;
	p->identity_id = w->identity.id;
	p->sensor = hash_keep(&IDENTITY_PUBLIC, w->sensor, strlen(w->sensor));
	p->detect = (struct detect_config){
		.learn_ns = config_number(c, OPT_detect_learn),
		.incident_idle_ns = config_number(c, OPT_incident_idle),
		.table = p->table,
		.params = c->number + OPTIONS_OWN,
		.only = w->setup.judges,
	};
	return true;
}

void
watch_sensor(char sensor[256], const struct config *c)
{
	const char *name = config_text(c, OPT_sensor_name);

	memset(sensor, 0, 256);
	if (*name)
		snprintf(sensor, 256, "%.255s", name);
	else if (gethostname(sensor, 255) < 0)
		snprintf(sensor, 256, "gatewitness");
}

void
watch_labels(struct eve_config *e, const struct config *c)
{
	const char *site = config_text(c, OPT_sensor_site), *serial = config_text(c, OPT_sensor_serial);

	e->site = *site ? site : NULL;
	e->serial = *serial ? serial : NULL;
	for (unsigned i = 0; i < c->gateways; i++)
		e->gateway[i] = c->gateway[i].name;
}

static const size_t HUGE_PAGES_FROM = (size_t)1 << 30;

/* memory.limit as one mapping: pages cost nothing until they are used.  Whoever gives much has many connections, each
   packet's in another place: with pages of 4 KiB the wait is for the page tables more than for the memory.  A small
   limit is kept to the page. */
static bool
map_memory(struct watch *w, size_t size)
{
	void *m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (m == MAP_FAILED) {
		snprintf(w->error, sizeof(w->error), "memory.limit: cannot map %zu bytes: %s", size, strerror(errno));
		return false;
	}
	madvise(m, size, size >= HUGE_PAGES_FROM ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	w->memory = m;
	w->memory_size = size;
	return true;
}

static bool
open_pipeline(struct watch *w)
{
	const struct pipeline_sink to = watch_out_sink(w);
	struct pipeline_config cfg;
	size_t limit;

	if (!crypt_init()) {
		snprintf(w->error, sizeof(w->error), "the crypto library lacks MD5, SHA-1, SHA-256, HKDF or AES-GCM");
		return false;
	}
	if (!identity_take(&w->identity, w->setup.config, w->setup.iface != NULL, w->error, sizeof(w->error)) ||
	    !watch_pipeline(w, &cfg))
		return false;
	w->capture.memory = limit = cfg.memory;
	if (w->setup.taps)
		pipeline_part(&cfg, PIPELINE_KEEPER, w->setup.taps);
	if (!map_memory(w, cfg.memory))
		return false;
	w->pipeline = pipeline_new(w->memory, &cfg, &to);
	if (!w->pipeline)
		snprintf(w->error, sizeof(w->error), "memory.limit: %zu bytes are too few", limit);
	eve_context_init(&w->eve_context, &w->eve_config, NULL, cfg.identity_id);
	if (w->pipeline)
		pipeline_rules(w->pipeline, w->setup.rules);
	return w->pipeline != NULL;
}

static bool
open_eve(struct watch *w)
{
	const char *path = w->setup.eve;

	if (!path)
		return true;
	if (!(w->setup.again ? file_open_lines : file_open)(&w->eve, path)) {
		snprintf(w->error, sizeof(w->error), "%.300s: cannot be written: %s", path, strerror(w->eve.error));
		return false;
	}
	w->eve_config.ready = calloc(1, sizeof(*w->eve_config.ready));
	w->eve_context.recent.ready = w->eve_config.ready;
	w->writes = true;
	w->lasts = w->setup.iface && w->eve.regular && file_be_patient(&w->eve);
	return true;
}

/* Who the configuration says they are; nobody: a search. */
static bool
open_gateways(struct watch *w)
{
	static const struct hash_key KEY = {1, 2};

	w->gateways = config_gateways(w->setup.config, w->gateway, GATEWAY_ADDRS_MAX);
	if (w->gateways) {
		pipeline_gateways(w->pipeline, w->gateway, w->gateways);
		return true;
	}
	w->finder = gateways_new(&KEY);
	if (!w->finder)
		snprintf(w->error, sizeof(w->error), "no memory");
	return w->finder != NULL;
}

/* What was learnt of clear addresses is nothing to pseudonyms, nor under another key: a file for each.  NULL: none. */
static const char *
learned_path(struct watch *w)
{
	const char *path = config_text(w->setup.config, OPT_detect_memory);
	char id[17];

	if (!*path || !w->setup.privacy)
		return *path ? path : NULL;
	privacy_id(id, w->setup.privacy->id);
	snprintf(w->learned, sizeof(w->learned), "%s.%s", path, id);
	return w->learned;
}

/* What earlier runs learnt.  A damaged file does not keep a sensor from starting, a foreign one is a mistake. */
static bool
open_learned(struct watch *w)
{
	const char *path = learned_path(w);
	char words[WATCH_ERROR_MAX] = "";
	enum learned is = path ? learned_load(w->pipeline, path, words, sizeof(words)) : LEARNED_NONE;
	bool fine = is != LEARNED_FAILED;

	w->knows = is == LEARNED_TAKEN;
	memcpy(fine ? w->notice : w->error, words, sizeof(words));
	return fine;
}

static bool
save_learned(struct watch *w)
{
	const char *path = learned_path(w);

	return !path || learned_save(w->pipeline, path, w->error, sizeof(w->error));
}

bool
watch_open(struct watch *w, const struct watch_setup *setup)
{
	int64_t updates = config_number(setup->config, OPT_eve_updates);

	*w = (struct watch){.setup = *setup};
	watch_sensor(w->sensor, w->setup.config);
	w->stats_ns = config_number(setup->config, OPT_eve_stats);
	w->beat.begins = true;
	w->capture.live = setup->iface != NULL;
	w->eve_config = (struct eve_config){
		.strict = config_number(setup->config, OPT_eve_mode) == 1,
		.replay = config_number(setup->config, OPT_eve_replay) != 0,
		.updates = updates == UPDATES_YES || (updates == UPDATES_AUTO && setup->iface),
		.sensor = w->sensor,
		.iface = setup->iface,
		.version = setup->version,
	};
	watch_labels(&w->eve_config, setup->config);
	return open_pipeline(w) && open_learned(w) && open_gateways(w) && open_eve(w);
}

void
watch_close(struct watch *w)
{
	if (w->pipeline)
		pipeline_close(w->pipeline);
	if (w->memory)
		munmap(w->memory, w->memory_size);
	pick_free(w->pick);
	evidence_free(w->evidence);
	(void)watch_sinks_finish(w);
	if (w->writes)
		(void)file_close(&w->eve);
	free(w->capture_name);
	free(w->eve_config.ready);
	gateways_free(w->finder);
	*w = (struct watch){0};
}

bool
watch_capture(struct watch *w, const char *name)
{
	uint64_t key = w->eve_context.identity_key;
	const char **names =
		w->captures == UINT16_MAX ? NULL : realloc(w->capture_name, (w->captures + 1u) * sizeof(*names));

	if (!names) {
		snprintf(w->error, sizeof(w->error), "%s: too many captures at once", name);
		return false;
	}
	w->capture_name = names;
	names[w->captures++] = name;
	eve_context_init(&w->eve_context, &w->eve_config, name, key);
	w->context = w->captures;
	w->beat.begins = true;
	pipeline_capture(w->pipeline, w->captures);
	return true;
}

bool
watch_settled(const struct watch *w)
{
	return w->finder == NULL;
}

void
watch_settle(struct watch *w, const struct gateway_guess *guess, size_t n)
{
	for (size_t i = 0; i < n && i < GATEWAY_ADDRS_MAX; i++)
		w->gateway[w->gateways++] = (struct gateway_addr){
			.addr = guess[i].addr, .gateway = (uint8_t)(i + 1), .listens = true, .calls = true};
	if (w->gateways)
		pipeline_gateways(w->pipeline, w->gateway, w->gateways);
	if (w->setup.tell.gateways)
		w->setup.tell.gateways(w->setup.tell.arg, guess, n);
	gateways_free(w->finder);
	w->finder = NULL;
}

void
watch_rules(struct watch *w, const struct detect_rules *rules)
{
	w->setup.rules = rules;
	pipeline_rules(w->pipeline, rules);
}

/* A minute of packets has passed: is there somebody to name?  If not, the search goes on. */
static void
try_settle(struct watch *w, struct when now)
{
	struct gateway_guess guess[GATEWAY_GUESSES] = {{.port = 0}};
	size_t n;

	if (when_before(now, w->settle_at))
		return;
	n = gateways_guess(w->finder, guess, GATEWAY_GUESSES);
	if (n)
		watch_settle(w, guess, n);
	else
		w->settle_at = when_add(now, WATCH_SETTLE_S * NS_PER_S);
}

static void
look(struct watch *w, const struct frame *frames, size_t n)
{
	for (size_t i = 0; i < n; i++)
		gateways_look(w->finder, &frames[i]);
	try_settle(w, frames[n - 1].time);
}

/* The due stamp: a line a beat of them, however long after it the next second came. */
static void
stats_due(struct watch *w, struct when now)
{
	int64_t late = when_since(now, w->stats_at);

	watch_out_stats(w, w->stats_at);
	w->stats_at = when_add(now, w->stats_ns - late % w->stats_ns);
}

void
watch_begin(struct watch *w, struct when first)
{
	w->began = true;
	w->first = first;
	w->settle_at = when_add(first, WATCH_SETTLE_S * NS_PER_S);
	w->stats_at = when_add(beat_second(when_add(first, NS_PER_S - 1)), w->stats_ns);
	w->save_at = when_add(first, config_number(w->setup.config, OPT_detect_memory_every));
	watch_out_time(w, first);
	if (w->setup.tell.began)
		w->setup.tell.began(w->setup.tell.arg, first);
	if (w->knows && w->setup.ledger) /* a hunt knows of the first record what was known then */
		watch_snapshot(w);
}

/* Where the clock was set back, nothing waits until it is again where it was. */
static void
set_back(struct watch *w, struct when now)
{
	int64_t every = config_number(w->setup.config, OPT_detect_memory_every);

	if (when_since(w->stats_at, now) > w->stats_ns)
		w->stats_at = when_add(now, w->stats_ns);
	if (when_since(w->save_at, now) > every)
		w->save_at = when_add(now, every);
}

static void
save_due(struct watch *w, struct when now)
{
	if (when_before(now, w->save_at))
		return;
	w->save_at = when_add(now, config_number(w->setup.config, OPT_detect_memory_every));
	if (!save_learned(w))
		snprintf(w->notice, sizeof(w->notice), "%s", w->error);
}

void
watch_beat(struct watch *w, struct when at)
{
	watch_out_time(w, at);
	set_back(w, at);
	if (w->stats_ns && !when_before(at, w->stats_at))
		stats_due(w, at);
	save_due(w, at);
}

/* The time of a frame that is not worked in yet, or of none. */
static void
pass(struct watch *w, struct when t)
{
	if (beat_pass(&w->beat, w->pipeline, t))
		watch_beat(w, beat_second(w->beat.now));
}

/* So many of these frames, at least one, lie within a second and in order. */
static size_t
in_order(struct watch *w, const struct frame *frames, size_t n)
{
	struct when now;
	size_t i = 1;

	if (beat_is_due(&w->beat, frames[0].time))
		pass(w, frames[0].time);
	else if (when_before(frames[0].time, w->beat.now))
		beat_catch_up(&w->beat, w->pipeline);
	beat_see(&w->beat, frames[0].time);
	/* of what is in order, and of this second, nothing else can be due */
	for (now = w->beat.now;
	     i < n && !when_before(frames[i].time, now) && when_before(frames[i].time, w->beat.next);)
		now = frames[i++].time;
	w->beat.now = now;
	return i;
}

void
watch_frames(struct watch *w, const struct frame *frames, size_t n)
{
	if (n == 0)
		return;
	if (!w->began)
		watch_begin(w, frames[0].time);
	if (w->setup.tell.frames)
		w->setup.tell.frames(w->setup.tell.arg, frames, n);
	if (w->finder)
		look(w, frames, n);
	for (size_t part; n > 0; frames += part, n -= part) {
		part = in_order(w, frames, n);
		pipeline_frames(w->pipeline, frames, part);
	}
}

void
watch_tick(struct watch *w, struct when now)
{
	if (!w->began)
		return;
	if (beat_is_due(&w->beat, now))
		pass(w, now);
	else
		pipeline_tick(w->pipeline, now);
	beat_see(&w->beat, now);
	if (w->finder)
		try_settle(w, now);
}

void
watch_end(struct watch *w)
{
	struct gateway_guess guess[GATEWAY_GUESSES] = {{.port = 0}};

	if (w->finder)
		watch_settle(w, guess, gateways_guess(w->finder, guess, GATEWAY_GUESSES));
	if (!w->setup.taps)
		beat_catch_up(&w->beat, w->pipeline);
	pipeline_end(w->pipeline);
	if (w->began)
		watch_out_time(w, pipeline_now(w->pipeline));
	if (w->evidence)
		evidence_end(w->evidence);
	watch_out_stats(w, pipeline_now(w->pipeline));
}

bool
watch_finish(struct watch *w)
{
	bool told = watch_sinks_finish(w), fine = !w->writes || file_close(&w->eve), saved = save_learned(w);

	if (!fine)
		snprintf(w->error, sizeof(w->error), "%.300s: cannot be written: %s; what was written before is kept",
			 strcmp(w->eve.path, "-") == 0 ? "standard output" : w->eve.path, strerror(w->eve.error));
	w->writes = false;
	return watch_evidence_fine(w) && told && fine && saved;
}

const struct counts *
watch_counts(struct watch *w)
{
	const struct counts *own = pipeline_counts(w->pipeline);

	w->counts = *own;
	if (w->setup.taps)
		counts_add(&w->counts, &w->tapped);
	if (w->setup.ledger) {
		struct ledger_losses lost = ledger_losses(w->setup.ledger);

		w->counts.ledger_failed = lost.failures;
		w->counts.ledger_not_kept = lost.rows;
	}
	return &w->counts;
}
