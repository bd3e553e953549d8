/*
 * format: the tables of the formats, and which writer each has.  Must not touch a descriptor.
 */
#include "sink/format.h"

#include "sink/pairs.h"

#define A     EVENT_ALERT
#define I     EVENT_INCIDENT
#define S     EVENT_SESSION
#define T     EVENT_STATS
#define H     EVENT_HEARTBEAT
#define L     EVENT_TLS
#define EVERY (A | I | S | T | H)

#define FROM(attribute)           MAP_FROM, ATTR_##attribute, 0, NULL
#define SAY(text)                 MAP_SAY, 0, 0, text
#define NUM(number)               MAP_NUM, 0, number, NULL
#define SAY_IF(attribute, text)   MAP_SAY_IF, ATTR_##attribute, 0, text
#define NUM_IF(attribute, number) MAP_NUM_IF, ATTR_##attribute, number, NULL
#define MAP(events, name, ...)    {(events), name, MAP_KEY(name), sizeof(name) - 1, __VA_ARGS__},

static const struct map_row ECS[] = {
#include "sink/ecs.def"
};
static const struct map_row OCSF[] = {
#include "sink/ocsf.def"
};
static const struct map_row CEF[] = {
#include "sink/cef.def"
};
static const struct map_row LEEF[] = {
#include "sink/leef.def"
};
static const struct map_row ZEEK[] = {
#include "sink/zeek.def"
};
static const struct map_row FLEET[] = {
#include "sink/fleet.def"
};
static const struct map_row PLAIN[] = {
#include "sink/text.def"
};

#define TABLE(rows)                                                                                                    \
	{                                                                                                              \
		(rows), sizeof(rows) / sizeof((rows)[0])                                                               \
	}

#define TABLE_eve                                                                                                      \
	{                                                                                                              \
		NULL, 0                                                                                                \
	}
#define TABLE_ecs   TABLE(ECS)
#define TABLE_ocsf  TABLE(OCSF)
#define TABLE_cef   TABLE(CEF)
#define TABLE_leef  TABLE(LEEF)
#define TABLE_zeek  TABLE(ZEEK)
#define TABLE_fleet TABLE(FLEET)
#define TABLE_text  TABLE(PLAIN)

static const struct map_table TABLES[] = {
#define FORMAT(name, write, events, title) TABLE_##name,
#include "sink/format.def"
#undef FORMAT
};

enum {
#define FORMAT(name, write, events, title) FORMAT_##name,
#include "sink/format.def"
#undef FORMAT
	FORMAT_COUNT
};
_Static_assert((int)FORMAT_COUNT == (int)FORMATS, "as many as FORMAT_WORDS has");

static void
write_eve(struct out *o, const struct event *e, unsigned *cut)
{
	(void)cut;
	switch (e->kind) {
	case EVENT_ALERT:
		eve_finding(o, e->eve, e->finding, e->session);
		break;
	case EVENT_INCIDENT:
		eve_incident_closed(o, e->eve, e->incident);
		break;
	case EVENT_SESSION:
		eve_session(o, e->eve, e->session);
		break;
	case EVENT_STATS:
		eve_stats(o, e->eve, e->counts, e->capture);
		break;
	case EVENT_HEARTBEAT:
		eve_heartbeat(o, e->eve, e->time, e->heartbeat, e->counts);
		break;
	case EVENT_TLS:
		break;
	}
}

static void
write_ecs(struct out *o, const struct event *e, unsigned *cut)
{
	map_json(o, &TABLES[FORMAT_ecs], e, MAP_ISO, cut);
}

static void
write_ocsf(struct out *o, const struct event *e, unsigned *cut)
{
	map_json(o, &TABLES[FORMAT_ocsf], e, MAP_MS, cut);
}

static void
write_cef(struct out *o, const struct event *e, unsigned *cut)
{
	pairs_cef(o, &TABLES[FORMAT_cef], e, cut);
}

static void
write_leef(struct out *o, const struct event *e, unsigned *cut)
{
	pairs_leef(o, &TABLES[FORMAT_leef], e, cut);
}

/* A session of TLS is a line of conn and one of ssl. */
static void
write_zeek(struct out *o, const struct event *e, unsigned *cut)
{
	struct event tls = *e;

	map_json(o, &TABLES[FORMAT_zeek], e, MAP_SECONDS, cut);
	if (e->kind != EVENT_SESSION || !(e->session->client_hello || e->session->server_hello))
		return;
	tls.kind = EVENT_TLS;
	map_json(o, &TABLES[FORMAT_zeek], &tls, MAP_SECONDS, cut);
}

static void
write_fleet(struct out *o, const struct event *e, unsigned *cut)
{
	map_json(o, &TABLES[FORMAT_fleet], e, MAP_FLAT_US, cut);
}

static void
write_text(struct out *o, const struct event *e, unsigned *cut)
{
	pairs_text(o, &TABLES[FORMAT_text], e, cut);
}

const struct format FORMAT_LIST[FORMATS] = {
#define FORMAT(name, write, events, title) {#name, title, write, (events), TABLE_##name},
#include "sink/format.def"
#undef FORMAT
};

bool
format_is_json(unsigned format)
{
	return FORMAT_LIST[format].write != write_cef && FORMAT_LIST[format].write != write_leef &&
	       FORMAT_LIST[format].write != write_text;
}
