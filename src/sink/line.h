/*
 * line: what all EVE lines share: the head, the connection's part, the tail.  Internal to src/sink.
 */
#ifndef SINK_LINE_H
#define SINK_LINE_H

#include "sink/eve.h"

/* The part of a line that names a connection, rendered once for all lines of a session. */
struct line_flow {
	struct text id;   /* `,"flow_id":...` */
	struct text ends; /* the members behind the type */
	char bytes[512];
};

/* Who talked to whom; port 0 is left out. */
struct line_ends {
	const struct addr *src, *dest;
	uint16_t src_port, dest_port;
	uint8_t proto;
};

void line_flow_init(struct line_flow *l, struct eve_context *x, const struct session *s);

/* flow_id has 53 bits of the session's id, what a JSON number holds exactly. */
enum { FLOW_ID_MAX = 12 + PUT_U64_MAX };
char *put_flow_id(char *p, uint64_t session);

/* src_ip ... ip_v, each member after a comma. */
void line_ends(struct out *o, struct eve_context *x, const struct line_ends *e);
void line_community(struct out *o, const struct session *s);
char *put_community_id(char *p, const struct session *s); /* COMMUNITY_ROOM bytes may be written to */
enum { COMMUNITY_ROOM = 40 };

/* `{"timestamp":...,"flow_id":...,"in_iface":...,"event_type":"TYPE"`; no flow_id, no member.  Returns the
   place where the line began, for line_end, which takes a line back that did not fit. */
struct line_head {
	struct when time;
	struct text flow_id; /* put_flow_id's: FLOW_ID_MAX bytes can be read */
	struct text type;
};
char *line_begin(struct out *o, struct eve_context *x, const struct line_head *h);
void line_end(struct out *o, const struct eve_context *x, char *begun);

/* The bodies of tls.c: `,"tls":{...}` and for QUIC `,"quic":{...}` before it. */
void line_tls(struct out *o, struct eve_context *x, const struct session *s);

/* Members of an object.  Absent texts and zero times are left out. */
#define LINE_TEXT(o, key, t)                                                                                           \
	do {                                                                                                           \
		if ((t).p) {                                                                                           \
			JSON_KEY(o, key);                                                                              \
			json_string(o, (t).p, (t).len);                                                                \
		}                                                                                                      \
	} while (0)
/* A text of our own making: nothing to escape. */
#define LINE_PLAIN(o, key, t)                                                                                          \
	do {                                                                                                           \
		struct text line_plain_ = (t);                                                                         \
		if (line_plain_.p) {                                                                                   \
			json_comma(o);                                                                                 \
			OUT_LIT(o, "\"" key "\":\"");                                                                  \
			out_bytes(o, line_plain_.p, line_plain_.len);                                                  \
			out_char(o, '"');                                                                              \
		}                                                                                                      \
	} while (0)
#define LINE_U64(o, key, v)                 (JSON_KEY(o, key), out_u64(o, (uint64_t)(v)))
#define LINE_BOOL(o, key, v)                (JSON_KEY(o, key), json_bool(o, v))
#define LINE_STRING(o, key, nul_terminated) (JSON_KEY(o, key), json_text(o, nul_terminated))

#endif
