/*
 * attribute: an event's values by their names.  Must not write: formats do; must not touch a descriptor or a clock.
 */
#include "sink/attribute.h"

#include "sink/line.h"
#include "sink/trouble.h"

const struct attribute_info ATTRIBUTE_INFO[ATTRIBUTES] = {
#define ATTRIBUTE(name, type, expr, doc) {#name, #type, doc},
#include "sink/attribute.def"
#undef ATTRIBUTE
};

static const uint8_t SEVERITY_TEN[] = {1, 3, 5, 8, 10};
static const uint8_t SEVERITY_HUNDRED[] = {1, 21, 47, 73, 99};
static const char TEST_TITLE[] = "test of a sink: nothing happened";
static const struct text ROLES[] = {NAMES_role};
static const struct text ENDS[] = {NAMES_end};
static const struct text CARRIERS[] = {NAMES_carrier};
static const struct text RESUMED[] = {NAMES_resumed};
static const char *const DIRECTION[] = {"unknown", "inbound", "outbound"};

static unsigned
severity_of(const struct event *e)
{
	unsigned s = e->finding ? e->finding->severity : e->incident ? e->incident->severity : SEVERITY_INFO;

	return s <= SEVERITY_CRITICAL ? s : SEVERITY_CRITICAL;
}

static uint64_t
session_of(const struct finding *f, const struct session *s)
{
	return s->id ? s->id : f->session_count ? f->session[0] : 0;
}

static const char *
action_of(const struct event *e, const struct detector_info *d)
{
	return e->test                         ? "test" :
	       e->finding                      ? d->name :
	       e->kind == EVENT_INCIDENT       ? "incident_closed" :
	       e->counts                       ? event_words(e->kind).one :
	       e->session->end == FLOW_RST     ? "session_reset" :
	       e->session->end == FLOW_EVICTED ? "session_evicted" :
						 "session_closed";
}

static struct text
day_of(const struct event *e, char own[256])
{
	put_time_near(own, e->session && !e->finding ? e->session->start : e->time, &e->eve->recent.day);
	return (struct text){own, 10}; /* 2025-05-01 */
}

static const char *
kind_of(const struct session *s)
{
	return s->carrier ? "TLS session" : "connection";
}

static const char *
title_of(const struct event *e, const struct detector_info *d)
{
	return e->test                   ? TEST_TITLE :
	       e->finding                ? d->title :
	       e->kind == EVENT_INCIDENT ? "incident closed" :
	       e->kind == EVENT_STATS    ? "statistics of the sensor" :
	       e->heartbeat              ? "heartbeat of the sensor" :
					   kind_of(e->session);
}

static struct text
text_of(const char *own, const struct out *o)
{
	return (struct text){own, (uint32_t)out_len(o)};
}

/* "4dc29561e06b9456-5f3c...": of whom, and when, so that a second alert of one finding has an id of its own. */
static struct text
event_id(const struct event *e, char own[256])
{
	struct out o = out_of(own, 256);
	uint64_t id = e->finding ? e->finding->id : e->incident ? e->incident->id : e->session ? e->session->id : 0;

	out_hex_u64(&o, id);
	out_char(&o, '-');
	out_hex_u64(&o, (uint64_t)e->time.ns);
	return text_of(own, &o);
}

/* One of the sensor itself has no actor, but a name. */
static void
put_incident(struct out *o, const struct incident *i)
{
	const struct detector_info *trouble = i->event_count ? trouble_by_id(i->event[0].detector) : NULL;

	OUT_LIT(o, "incident closed: ");
	if (trouble) {
		out_text(o, trouble->title);
		return;
	}
	out_u64(o, i->findings);
	OUT_LIT(o, " findings about ");
	out_addr(o, &i->actor);
}

static void
put_heartbeat(struct out *o, const struct heartbeat *h)
{
	OUT_LIT(o, "heartbeat ");
	out_u64(o, h->number);
	OUT_LIT(o, ", the next in ");
	out_u64(o, h->every_s);
	OUT_LIT(o, " s: ");
	out_text(o, h->trouble ? h->trouble : "well");
	if (h->troubles > 1) {
		OUT_LIT(o, ", and ");
		out_u64(o, h->troubles - 1);
		OUT_LIT(o, " more");
	}
}

static struct text
message_of(const struct event *e, char own[256])
{
	struct out o = out_of(own, 256);

	if (e->finding)
		return (struct text){e->finding->text, (uint32_t)strlen(e->finding->text)};
	if (e->incident) {
		put_incident(&o, e->incident);
	} else if (e->session) {
		out_text(&o, kind_of(e->session));
		OUT_LIT(&o, " from ");
		out_addr(&o, &e->session->src);
		OUT_LIT(&o, " to ");
		out_addr(&o, &e->session->dest);
		OUT_LIT(&o, " port ");
		out_u64(&o, e->session->dest_port);
	} else if (e->heartbeat) {
		put_heartbeat(&o, e->heartbeat);
	} else {
		out_u64(&o, e->counts ? e->counts->frames : 0);
		OUT_LIT(&o, " frames so far");
	}
	return text_of(own, &o);
}

static struct text
notice_of(const struct event *e, const struct detector_info *d, char own[256])
{
	struct out o = out_of(own, 256);

	OUT_LIT(&o, "Gatewitness::");
	out_text(&o, action_of(e, d));
	return text_of(own, &o);
}

/* "T1071" of "T1071.001" */
static struct text
technique_of(const struct finding *f, const struct detector_info *d)
{
	return f->detector && *d->attack ? (struct text){d->attack, (uint32_t)strcspn(d->attack, ".")} :
					   (struct text){NULL, 0};
}

/* Each after a length byte, as record fields have lists. */
static struct text
sessions_of(const struct finding *f, char own[256])
{
	struct out o = out_of(own, 256);

	for (uint32_t i = 0; i < f->session_count && i < FINDING_SESSIONS; i++) {
		out_char(&o, PUT_HEX_U64_MAX);
		out_hex_u64(&o, f->session[i]);
	}
	return out_len(&o) ? text_of(own, &o) : (struct text){NULL, 0};
}

static struct text
community_of(const struct session *s, char own[256])
{
	return s->id ? (struct text){own, (uint32_t)(put_community_id(own, s) - own)} : (struct text){NULL, 0};
}

static const char *
transport_of(uint8_t proto)
{
	switch (proto) {
	case PROTO_TCP:
		return "tcp";
	case PROTO_UDP:
		return "udp";
	case PROTO_ICMP:
		return "icmp";
	case PROTO_ICMP6:
		return "ipv6-icmp";
	default:
		return NULL;
	}
}

/* Zeek's conn_state, as far as a record tells. */
static const char *
zeek_state(const struct session *s)
{
	bool tcp = s->proto == PROTO_TCP;

	if (!s->id)
		return NULL;
	if (s->midstream)
		return "OTH";
	if (s->packets_in == 0)
		return "S0";
	if (!tcp || s->end == FLOW_FIN)
		return "SF";
	if (s->end == FLOW_RST)
		return s->flags_in & TCP_RST && s->flags_out & TCP_SYN && !(s->flags_in & TCP_SYN) ? "REJ" :
		       s->ended_by_dest                                                            ? "RSTR" :
												     "RSTO";
	return "S1";
}

/* IP payload with the headers that it had at least. */
static uint64_t
with_headers(const struct session *s, uint64_t bytes, uint32_t packets)
{
	enum { HEADER_4 = 20, HEADER_6 = 40 };

	return bytes + (uint64_t)packets * (addr_is_v4(&s->src) ? HEADER_4 : HEADER_6);
}

static bool
version_is_dtls(uint16_t v)
{
	return v >> 8 == 0xfe;
}

static const struct {
	uint16_t code;
	struct text number, zeek;
} VERSIONS[] = {
	{0x0304, TEXT_INIT("1.3"), TEXT_INIT("TLSv13")},  {0x0303, TEXT_INIT("1.2"), TEXT_INIT("TLSv12")},
	{0x0302, TEXT_INIT("1.1"), TEXT_INIT("TLSv11")},  {0x0301, TEXT_INIT("1.0"), TEXT_INIT("TLSv10")},
	{0x0300, TEXT_INIT("3.0"), TEXT_INIT("SSLv3")},   {0x0002, TEXT_INIT("2.0"), TEXT_INIT("SSLv2")},
	{0xfefc, TEXT_INIT("1.3"), TEXT_INIT("DTLSv13")}, {0xfefd, TEXT_INIT("1.2"), TEXT_INIT("DTLSv12")},
	{0xfeff, TEXT_INIT("1.0"), TEXT_INIT("DTLSv10")},
};
enum { VERSION_COUNT = sizeof(VERSIONS) / sizeof(VERSIONS[0]) };

/* Without a number in that table: a draft, or no version that anybody else names. */
static struct text
version_number(uint16_t version)
{
	for (unsigned i = 0; i < VERSION_COUNT; i++)
		if (VERSIONS[i].code == version)
			return VERSIONS[i].number;
	return (struct text){NULL, 0};
}

static struct text
version_or_unknown(const struct session *s)
{
	struct text t = version_number(s->version);

	return t.p || s->carrier == CARRIER_NONE ? t : TEXT_LIT("Unknown");
}

static struct text
version_zeek(uint16_t version, char own[256])
{
	for (unsigned i = 0; i < VERSION_COUNT; i++)
		if (VERSIONS[i].code == version)
			return VERSIONS[i].zeek;
	return version ? tls_version_name(version, own) : (struct text){NULL, 0};
}

static struct ends
ends_of(const struct event *e)
{
	const struct finding *f = e->finding;
	const struct session *s = e->session;

	if (f)
		return (struct ends){f->actor, f->target, f->actor_port, f->target_port, f->proto};
	if (s)
		return (struct ends){s->src, s->dest, s->src_port, s->dest_port, s->proto};
	return (struct ends){.src = e->incident ? e->incident->actor : (struct addr){{0}}};
}

/* "203.0.113.0/24", "2001:db8:1::/48"; absent for no address. */
static struct text
network_of(const struct addr *a, char own[256])
{
	static const struct addr NONE;
	bool v4 = addr_is_v4(a);
	struct out o = out_of(own, 256);
	struct addr net = addr_prefix(a, v4 ? 96 + 24 : 48);

	if (addr_same(a, &NONE))
		return (struct text){NULL, 0};
	out_addr(&o, &net);
	out_text(&o, v4 ? "/24" : "/48");
	return text_of(own, &o);
}

/* CEF has keys of their own for IPv6. */
static const struct addr *
only(const struct addr *a, bool v4)
{
	static const struct addr NONE;

	return addr_is_v4(a) == v4 ? a : &NONE;
}

static void
set_text(struct value *v, struct text t)
{
	v->type = t.p ? VALUE_TEXT : VALUE_NONE;
	v->text = t;
}

static void
set_number(struct value *v, uint64_t n, bool there)
{
	v->type = there ? VALUE_NUMBER : VALUE_NONE;
	v->number = n;
}

static void
set_string(struct value *v, const char *s)
{
	set_text(v, s && *s ? (struct text){s, (uint32_t)strlen(s)} : (struct text){NULL, 0});
}

static void
set_upper(struct value *v, struct text t)
{
	struct out o = out_of(v->own, sizeof(v->own));

	for (uint32_t i = 0; i < t.len; i++)
		out_char(&o, t.p[i] >= 'a' && t.p[i] <= 'f' ? (char)(t.p[i] - 'a' + 'A') : t.p[i]);
	set_text(v, t.p ? text_of(v->own, &o) : t);
}

static void
set_id(struct value *v, uint64_t id)
{
	v->type = VALUE_NONE;
	if (id)
		set_text(v, (struct text){v->own, (uint32_t)(put_hex_u64(v->own, id) - v->own)});
}

static void
set_digits(struct value *v, uint64_t n)
{
	struct out o = out_of(v->own, sizeof(v->own));

	out_u64(&o, n);
	set_text(v, n ? text_of(v->own, &o) : (struct text){NULL, 0});
}

static void
set_addr(struct value *v, const struct event *e, const struct addr *a)
{
	static const struct addr NONE;

	v->type = VALUE_NONE;
	if (!addr_same(a, &NONE))
		set_text(v, (struct text){v->own, (uint32_t)(recent_addr(&e->eve->recent, v->own, a) - v->own)});
}

static void
set_list(struct value *v, struct text t)
{
	v->type = t.p && t.len ? VALUE_LIST : VALUE_NONE;
	v->text = t;
}

static void
set_yes(struct value *v, bool yes, bool there)
{
	v->type = there ? VALUE_BOOL : VALUE_NONE;
	v->number = yes;
}

static void
set_time(struct value *v, struct when t)
{
	v->type = t.ns ? VALUE_TIME : VALUE_NONE;
	v->time = t;
}

static void
set_duration(struct value *v, int64_t ns)
{
	v->type = ns > 0 ? VALUE_DURATION : VALUE_NONE;
	v->number = ns > 0 ? (uint64_t)ns : 0;
}

/* Of what a record has as a number: nothing where it is out of the table. */
#define name_of(names, i) ((i) < sizeof(names) / sizeof((names)[0]) ? (names)[i] : (struct text){NULL, 0})

#define SET_TEXT(v, x)     set_text((v), (x))
#define SET_STRING(v, x)   set_string((v), (x))
#define SET_UPPER(v, x)    set_upper((v), (x))
#define SET_LIST(v, x)     set_list((v), (x))
#define SET_NUMBER(v, x)   set_number((v), (x), (x) != 0)
#define SET_DIGITS(v, x)   set_digits((v), (x))
#define SET_LEVEL(v, x)    set_number((v), (x), true)
#define SET_FLAG(v, x)     set_yes((v), (x), (x))
#define SET_MAYBE(v, x)    set_yes((v), (x) == 2, (x) != 0)
#define SET_ID(v, x)       set_id((v), (x))
#define SET_ADDR(v, x)     set_addr((v), e, (x))
#define SET_TIME(v, x)     set_time((v), (x))
#define SET_DURATION(v, x) set_duration((v), (x))

struct subject
subject_of(const struct event *e)
{
	static const struct finding NO_FINDING;
	static const struct session NO_SESSION;
	static const struct incident NO_INCIDENT;
	static const struct counts NO_COUNTS;
	static const struct eve_capture NO_CAPTURE;
	static const struct heartbeat NO_HEARTBEAT;
	static const struct detector_info NO_DETECTOR = {
		.name = "unknown", .title = "unknown", .attack = "", .doc = ""};
	const struct finding *f = e->finding ? e->finding : &NO_FINDING;
	const struct detector_info *known = f->detector ? trouble_or_detector(f->detector) : NULL;

	return (struct subject){.e = e,
				.f = f,
				.s = e->session ? e->session : &NO_SESSION,
				.i = e->incident ? e->incident : &NO_INCIDENT,
				.c = e->counts ? e->counts : &NO_COUNTS,
				.k = e->capture ? e->capture : &NO_CAPTURE,
				.h = e->heartbeat ? e->heartbeat : &NO_HEARTBEAT,
				.d = known ? known : &NO_DETECTOR,
				.ends = ends_of(e)};
}

/* One function each, which reads no more of the subject than its expression names: a line of a session asks seventy. */
#define NAMED(type, name) __attribute__((unused)) const type *name = of->name
#define ATTRIBUTE(name, type, expr, doc)                                                                               \
	static void get_##name(struct value *v, const struct subject *of)                                              \
	{                                                                                                              \
		NAMED(struct event, e);                                                                                \
		NAMED(struct finding, f);                                                                              \
		NAMED(struct session, s);                                                                              \
		NAMED(struct incident, i);                                                                             \
		NAMED(struct counts, c);                                                                               \
		NAMED(struct eve_capture, k);                                                                          \
		NAMED(struct heartbeat, h);                                                                            \
		NAMED(struct detector_info, d);                                                                        \
		__attribute__((unused)) const struct ends *ends = &of->ends;                                           \
                                                                                                                       \
		SET_##type(v, expr);                                                                                   \
	}
#include "sink/attribute.def"
#undef ATTRIBUTE

static void (*const GET[ATTRIBUTES])(struct value *, const struct subject *) = {
#define ATTRIBUTE(name, type, expr, doc) get_##name,
#include "sink/attribute.def"
#undef ATTRIBUTE
};

void
attribute_get(struct value *v, const struct subject *of, enum attribute which)
{
	GET[which](v, of);
}
