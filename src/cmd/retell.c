/*
 * retell: see retell.h.  Must not judge anew.
 */
#include "cmd/retell.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/ledgers.h"
#include "ledger/judged.h"
#include "ledger/reading.h"
#include "sensor/watch.h"

static const int64_t HOUR_NS = 3600 * NS_PER_S, DAY_NS = 24 * 3600 * NS_PER_S;

struct looking {
	struct retold *to;
	uint64_t id, alone; /* alone: of a finding below an alert, which is its own story */
};

static bool
is_about(const struct finding *f, uint64_t id)
{
	bool is = f->id == id || f->incident == id;

	for (uint32_t i = 0; i < f->session_count; i++)
		is = is || f->session[i] == id;
	return is;
}

static void
on_candidate(void *arg, const struct finding *f)
{
	struct looking *l = arg;

	if (l->to->incident || !is_about(f, l->id))
		return;
	l->to->incident = f->incident;
	l->alone = l->alone ? l->alone : f->id;
}

/* Gateways that were guessed are not in the settings: then nobody is taken for a peer. */
static bool
is_gateway(const struct retold *r, const struct addr *a)
{
	struct gateway_addr own[GATEWAY_ADDRS_MAX];
	size_t n = config_gateways(r->config, own, GATEWAY_ADDRS_MAX);

	for (size_t i = 0; i < n; i++)
		if (addr_same(&own[i].addr, a))
			return true;
	return n == 0;
}

static bool
is_peer(const struct retold *r, const struct addr *a)
{
	for (unsigned i = 0; i < r->peers; i++)
		if (addr_same(&r->peer[i], a))
			return true;
	return false;
}

static bool
is_named(const struct retold *r, uint64_t session)
{
	for (unsigned i = 0; i < r->session_count; i++)
		if (r->session[i] == session)
			return true;
	return false;
}

static void
name_all(struct retold *r, const struct finding *f)
{
	const struct addr *peer = is_gateway(r, &f->actor) ? &f->target : &f->actor;

	if (r->peers < RETELL_PEERS && !is_gateway(r, peer) && !is_peer(r, peer))
		r->peer[r->peers++] = *peer;
	for (uint32_t i = 0; i < f->session_count; i++)
		if (r->session_count < RETELL_SESSIONS && !is_named(r, f->session[i]))
			r->session[r->session_count++] = f->session[i];
}

static void
add_line(struct bytes *to, const struct out *o)
{
	bytes_add(to, o->start, out_len(o));
}

static struct out
line_room(void)
{
	static char line[EVE_LINE_MAX];

	return out_of(line, sizeof(line));
}

static void
on_finding(void *arg, const struct finding *f)
{
	struct retold *r = arg;
	struct out o = line_room();

	if (f->incident != r->incident && f->id != r->incident)
		return;
	name_all(r, f);
	if (!r->findings.n || when_before(f->time, r->first))
		r->first = f->time;
	if (when_before(r->last, f->time))
		r->last = f->time;
	eve_finding(&o, r->context, f, NULL);
	add_line(&r->findings, &o);
}

static void
on_incident(void *arg, const struct incident *i)
{
	struct retold *r = arg;
	struct out o = line_room();

	if (i->id != r->incident)
		return;
	eve_incident_closed(&o, r->context, i);
	add_line(&r->findings, &o);
}

static bool
on_session(void *arg, const struct session *s)
{
	struct retold *r = arg;
	bool near = !when_before(s->time, when_add(r->first, -HOUR_NS)) &&
		    !when_before(when_add(r->last, HOUR_NS), s->time);
	struct out o = line_room();

	if (!is_named(r, s->id) && !(near && (is_peer(r, &s->src) || is_peer(r, &s->dest))))
		return true;
	eve_session(&o, r->context, s);
	add_line(&r->sessions, &o);
	return !r->sessions.failed;
}

/* Settings of then; a line that today's program does not know is passed over. */
static bool
load_settings(struct retold *r, const char *folder, struct when at)
{
	r->configuration = reading_setting(folder, "configuration", at);
	r->config = malloc(sizeof(*r->config));
	if (!r->config)
		return false;
	config_init(r->config);
	config_begin(r->config);
	for (const char *line = r->configuration, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		config_line(r->config, line, next ? (size_t)(next - line) : strlen(line));
		next = next ? next + 1 : NULL;
	}
	return true;
}

static bool
collect(struct retold *r, const char *folder)
{
	const char *sensor = config_text(r->config, OPT_sensor_name);
	struct eve_config cfg = {.updates = true, .sensor = *sensor ? sensor : NULL, .version = PROGRAM_VERSION};
	struct reading reading = {.folder = folder, .arg = r, .session = on_session};

	r->context = malloc(sizeof(*r->context));
	if (!r->context)
		return false;
	watch_labels(&cfg, r->config);
	eve_context_init(r->context, &cfg, NULL, 0);
	r->damaged |= !judged_read(
		&(struct judged){.folder = folder, .arg = r, .finding = on_finding, .incident = on_incident});
	reading.since = when_add(r->first, -DAY_NS);
	reading.until = when_add(r->last, DAY_NS);
	r->damaged |= !reading_run(&reading);
	return !r->findings.failed && !r->sessions.failed;
}

static void
on_time(void *arg, const struct finding *f)
{
	struct retold *r = arg;

	if ((f->incident == r->incident || f->id == r->incident) && (!r->first.ns || when_before(f->time, r->first)))
		r->first = f->time;
}

/* The first of the ledgers that knows the id. */
static bool
find(struct retold *r, const struct ledgers *all, const char *id)
{
	struct looking l = {.to = r, .id = strtoull(id, NULL, 16)};

	for (size_t i = 0; i < all->n && !r->incident; i++) {
		snprintf(r->folder, sizeof(r->folder), "%s", all->folder[i]);
		r->damaged |= !judged_read(&(struct judged){.folder = r->folder, .arg = &l, .finding = on_candidate});
	}
	return r->incident != 0;
}

bool
retell(struct retold *r, const char *dir, const char id[STORY_ID + 1], char error[512])
{
	struct ledgers all;
	bool found;

	*r = (struct retold){.incident = 0};
	if (!ledgers_find(&all, dir, error, 512))
		return false;
	found = find(r, &all, id);
	ledgers_free(&all);
	if (!found) {
		snprintf(error, 512, "%s: no finding, incident or session of a finding in %.300s%s", id, dir,
			 r->damaged ? ", parts of which cannot be read; gatewitness verify says where" : "");
		return false;
	}
	judged_read(&(struct judged){.folder = r->folder, .arg = r, .finding = on_time});
	if (load_settings(r, r->folder, r->first) && collect(r, r->folder))
		return true;
	snprintf(error, 512, "no memory");
	return false;
}

bool
retell_story(struct retold *r, struct story *s, const char *dir)
{
	if (!r->incident && !retell(r, dir, s->id, s->error))
		return false;
	bytes_add(&r->lines, r->findings.p, r->findings.n);
	if (r->sessions.n)
		bytes_add(&r->lines, r->sessions.p, r->sessions.n);
	*put_hex_u64(s->id, r->incident) = '\0';
	s->file[0] = dir;
	s->files = 1;
	s->text = (const char *)r->lines.p;
	s->text_len = r->lines.n;
	if (r->lines.failed)
		snprintf(s->error, sizeof(s->error), "no memory");
	return !r->lines.failed;
}

void
retell_free(struct retold *r)
{
	bytes_free(&r->findings);
	bytes_free(&r->sessions);
	bytes_free(&r->lines);
	free(r->configuration);
	free(r->config);
	free(r->context);
	*r = (struct retold){.incident = 0};
}
