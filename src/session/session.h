/*
 * session: one record a connection: the contract between the packets and everything behind them.
 *
 * Fields are declared once in session.def; the struct, the JSON and `gatewitness schema` come from it.
 * A record is plain values and borrowed texts: valid during the call that delivers it.  Detectors see
 * records and nothing else.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "base/addr.h"
#include "base/recent.h"
#include "base/out.h"
#include "base/pool.h"
#include "base/text.h"
#include "base/when.h"
#include "flow/flow.h"
#include "tls/tls.h"

enum { GATEWAYS_MAX = 16, GATEWAY_ADDRS_MAX = 64 };

enum session_kind { SESSION_OPEN, SESSION_UPDATE, SESSION_CLOSE };
enum session_role { ROLE_OTHER, ROLE_INBOUND, ROLE_OUTBOUND };

/* Bits of `pseudonyms`. */
enum { HIDDEN_SRC = 1, HIDDEN_DEST = 2, HIDDEN_ACTOR = 4 };

/* Bits of `lacks`. */
enum { LACKS_EXCHANGES = 1, LACKS_IDENTITIES = 2, LACKS_FLOW = 4, LACKS_JA4 = 8 };

/* Names of the enumerations, in the order of their numbers: initializers of struct text. */
#define NAMES_kind TEXT_INIT("open"), TEXT_INIT("update"), TEXT_INIT("close")
#define NAMES_role TEXT_INIT("other"), TEXT_INIT("inbound"), TEXT_INIT("outbound")
#define NAMES_tunnel                                                                                                   \
	TEXT_INIT("none"), TEXT_INIT("gre"), TEXT_INIT("erspan"), TEXT_INIT("vxlan"), TEXT_INIT("geneve"),             \
		TEXT_INIT("gtpu"), TEXT_INIT("ipip"), TEXT_INIT("mpls"), TEXT_INIT("pppoe")
#define NAMES_end                                                                                                      \
	TEXT_INIT("open"), TEXT_INIT("fin"), TEXT_INIT("rst"), TEXT_INIT("timeout"), TEXT_INIT("evicted"),             \
		TEXT_INIT("input_end")
#define NAMES_carrier                                                                                                  \
	TEXT_INIT("none"), TEXT_INIT("tcp"), TEXT_INIT("starttls"), TEXT_INIT("dtls"), TEXT_INIT("quic"),              \
		TEXT_INIT("openvpn"), TEXT_INIT("udp")
#define NAMES_resumed                                                                                                  \
	TEXT_INIT("no"), TEXT_INIT("unknown"), TEXT_INIT("session_id"), TEXT_INIT("ticket"), TEXT_INIT("psk")

/* One turn of the conversation, in plaintext bytes recovered from record lengths. */
struct exchange {
	uint32_t request, response; /* bytes */
	uint32_t think_us;          /* end of the last response to first byte of this request; saturating */
	uint32_t server_us;         /* last record of the request to first of the response; saturating */
	uint32_t reply_us;          /* first to last record of the response; saturating */
};

/* A distinct (request, response) pair and how often it came. */
struct exchange_pair {
	uint32_t request, response, count;
};

enum { EXCHANGES_KEPT = 16, PAIRS_KEPT = 8 };

#define C_BOOL         bool
#define C_U8           uint8_t
#define C_U16          uint16_t
#define C_U32          uint32_t
#define C_U64          uint64_t
#define C_HEX64        uint64_t
#define C_TIME         struct when
#define C_US           uint32_t
#define C_ADDR         struct addr
#define C_TEXT         struct text
#define C_PLAIN        struct text
#define C_LIST         struct text
#define C_LIST16       struct text
#define C_DIGESTS      struct text
#define C_VERSION      uint16_t
#define C_VERSIONS     struct text
#define C_CIPHER       uint16_t
#define C_GROUP        uint16_t
#define C_ENUM_kind    uint8_t
#define C_ENUM_role    uint8_t
#define C_ENUM_tunnel  uint8_t
#define C_ENUM_end     uint8_t
#define C_ENUM_carrier uint8_t
#define C_ENUM_resumed uint8_t

struct session {
#define FIELD(id, name, type, group, unit, doc) C_##type name;
#include "session/session.def"
#undef FIELD
	uint16_t
		capture; /* number of the capture file it began in, 0: live; where it was read is no part of the record */
	/* keyed hashes of what is alike for equal hellos and answers, and of the certificates, as in tls_facts; no part
	   of the record either, and 0 in one that was read */
	uint64_t said, shown;
	/* the first exchanges in full, and the commonest pairs of all; counts say how many are filled */
	const struct exchange *exchange;
	const struct exchange_pair *pair;
	uint32_t exchange_count, pair_count;
};

/* Is this one of the record's addresses, and a pseudonym? */
static inline bool
session_hides(const struct session *s, const struct addr *a)
{
	return s->pseudonyms && ((s->pseudonyms & HIDDEN_SRC && addr_same(a, &s->src)) ||
				 (s->pseudonyms & HIDDEN_DEST && addr_same(a, &s->dest)) ||
				 (s->pseudonyms & HIDDEN_ACTOR && addr_same(a, &s->actor)));
}

/* The state of a talk while it lasts (at most 480 bytes), built from tls events. */
struct talk;
void talk_init(struct talk *k, unsigned client_side);
/* A record that carries application data. */
void talk_record(struct talk *k, const struct tls_event *ev);

/* What a record is built from. */
struct session_source {
	const struct flow *flow;
	const struct tls_facts *tls; /* carrier NONE: no TLS */
	struct talk *talk;           /* NULL: none yet */
	uint64_t sensor;             /* hash of the sensor's name */
	uint64_t identity_key;       /* id of identity.key */
	uint8_t kind;                /* enum session_kind */
	struct when time;
};

/* Memory that a record's own texts (hex digests, lists) need while it is delivered. */
struct session_scratch {
	char text[512];
	struct exchange_pair pair[PAIRS_KEPT];
};

/* Fills *s; gateway, role and nDPI fields are the pipeline's to set. */
void session_build(struct session *s, struct session_scratch *scratch, const struct session_source *from);

/* What a record's id is, when a sensor of that name's hash made it: a function of its other fields. */
uint64_t session_id(const struct session *s, uint64_t sensor);
uint64_t session_id_of(const struct flow *f, uint64_t sensor); /* of the records that tell of it */

/* The record as one JSON object: present fields in the order of session.def, then exchanges and pairs. */
void session_json(struct out *o, const struct session *s, struct recent *recent);

/* Runs of members that are alike for many sessions, and what they are known by (base/ready.h). */
enum session_run { RUN_SAID, RUN_CERT, RUN_TLS, RUN_TLS_STRICT };
enum { SESSION_SAID_LAST = 77 }; /* the last field of session.def's that is alike */
struct ready_key session_key(const struct session *s, enum session_run run);

/* For `gatewitness schema`. */
struct session_field {
	uint16_t id;
	const char *name, *type, *group, *unit, *doc;
};
extern const struct session_field SESSION_FIELDS[];
extern const unsigned SESSION_FIELD_COUNT;

/*
 * pulse: ten seconds of one gateway, what a crash or an outage looks like.
 */
enum { PULSE_S = 10 };

struct pulse {
#define FIELD(id, name, type, doc) C_##type name;
#include "session/pulse.def"
#undef FIELD
};

/* What the pipeline knows of a packet: the gateway sent it; it is the first of its connection; nothing new in it. */
struct pulse_what {
	bool from_gateway, is_new;
	bool plain; /* as struct fed has it */
};
void pulse_packet(struct pulse *p, const struct flow *f, const struct packet *k, struct pulse_what what);
/* The same of a plain one. */
void pulse_plain(struct pulse *p, bool from_gateway, uint32_t payload);

void pulse_json(struct out *o, const struct pulse *p);

#endif
