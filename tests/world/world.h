/*
 * world: days of an organisation at its remote-access gateway, in virtual time, with a label on everything unusual.
 *
 *	plan (people, services, noise, lookalikes, attacks) --- connections: scripts of steps ---+
 *	                                                                                         | play
 *	records (sessions and pulses into the record door) --- frames (Ethernet) <--------------+
 *
 * A world is a function of (seed, kind, users) and of the attack that is put into it: every actor draws from
 * its own random numbers, so that an attack changes nobody else's day.  Nothing here may know how a detector decides.
 */
#ifndef TESTS_WORLD_WORLD_H
#define TESTS_WORLD_WORLD_H

#include "pipeline.h"
#include "session/talk.h"

#define MS(n)     ((int64_t)(n)*NS_PER_MS)
#define SECOND(n) ((int64_t)(n)*NS_PER_S)
#define MINUTE(n) (SECOND(n) * 60)
#define HOUR(n)   (SECOND(n) * 3600)
#define DAY(n)    (SECOND(n) * 86400)
/* Monday, 2 June 2025, 00:00 UTC, which is the organisation's local time. */
#define WORLD_BEGIN SECOND(1748822400)

enum gateway_kind { KIND_PORTAL, KIND_TUNNEL, KIND_PROTECT, KIND_SAML, KIND_CERT, KINDS };
extern const char *const KIND_NAMES[KINDS];

struct world;
struct conn;

/* --- random.c: numbers that repeat; every actor has its own --- */
struct rng {
	uint64_t s;
};
struct rng rng_of(uint64_t seed, uint64_t actor);
uint64_t rng_next(struct rng *r);
uint32_t below(struct rng *r, uint32_t n);            /* [0, n) */
int64_t between(struct rng *r, int64_t a, int64_t b); /* [a, b] */
bool chance(struct rng *r, uint32_t per_mille);
int64_t around(struct rng *r, int64_t middle, int64_t sd);   /* bell-shaped, within three sd */
int64_t skewed(struct rng *r, int64_t median, int64_t most); /* a long tail to the right */

/* --- clock.c: what happens when --- */
struct task {
	int64_t at;
	uint64_t order; /* among equals: first come, first served */
	void (*run)(struct world *w, void *arg);
	void *arg;
};
struct clock {
	struct task *heap;
	uint32_t count, room;
	uint64_t order;
};
void clock_add(struct world *w, int64_t at, void (*run)(struct world *w, void *arg), void *arg);
bool clock_step(struct world *w, int64_t until); /* runs the next task, false: none before `until` */
void clock_free(struct clock *c);

/* --- programs.c: ClientHellos recorded from real programs --- */
enum program_id {
#define PROGRAM(id, file, nth, flags) PROGRAM_##id,
#include "programs.def"
#undef PROGRAM
	PROGRAMS
};
/* A program in one of its builds: build 0 is the recorded one, others lack a cipher suite. */
struct program {
	uint8_t id, build;
};
struct hello_wants {
	const char *sni; /* NULL: none */
	uint64_t seed;   /* of random, session id, key shares, GREASE, order */
	const uint8_t *ticket, *cookie;
	uint16_t ticket_len;
	uint8_t cookie_len;
	uint8_t ticket_kind; /* enum tls_resumed */
};
bool programs_load(const char *folder); /* tests/golden */
bool program_is_13(struct program p);
bool program_takes_tickets(struct program p); /* of TLS 1.2 */
bool program_is_dtls(struct program p);
bool program_offers(struct program p, uint16_t cipher);
uint16_t program_first_cipher(struct program p);
size_t program_hello(struct program p, const struct hello_wants *want, uint8_t *out); /* the message, at most 4 kB */

/* --- server.c: how a server answers --- */
struct tls_server {
	const char *name;       /* in its certificate */
	const uint8_t *cert;    /* DER */
	uint16_t cert_len;      /* */
	uint16_t chain_len;     /* bytes of the certificates behind it */
	bool v13, ids, tickets; /* TLS 1.3; session ids and tickets of TLS 1.2 */
	bool chacha, asks_cert; /* prefers ChaCha20; asks for a client certificate */
	uint16_t record_max;    /* plaintext bytes in a record */
	uint8_t ticket_count;   /* TLS 1.3: NewSessionTickets */
	uint16_t ticket_bytes;  /* of a ticket */
	uint32_t lifetime_s;    /* of sessions to be resumed */
	uint32_t epoch;         /* ticket keys: a restart makes new ones */
	uint8_t flavour;        /* order of its extensions */
};
void
server_make(struct world *w, struct tls_server *s, struct rng *r, const char *name, uint32_t days, uint32_t issuer);
/* What a client keeps to resume by. */
struct ticket {
	uint8_t kind; /* enum tls_resumed, RESUMED_NO: nothing */
	uint64_t seed;
	uint32_t epoch, uses;
	int64_t at;
};

/* --- conn.c: connections as scripts of steps --- */
enum step_kind {
	STEP_SYN,
	STEP_SYN_ACK,
	STEP_ACK,
	STEP_FLIGHT, /* a: number of the handshake flight */
	STEP_DATA,   /* a: plaintext bytes, b: so many times */
	STEP_AGAIN,  /* a, b: as the data before it, which nobody acknowledged */
	STEP_RAW,    /* a: bytes, b: what they begin with */
	STEP_ALERT,  /* a: level and description */
	STEP_BYE,    /* close_notify */
	STEP_FIN,
	STEP_RST,
	STEP_CALL
};
enum raw_kind { RAW_NOISE, RAW_SSH, RAW_HTTP, RAW_RDP, RAW_DNS, RAW_NTP, RAW_SYSLOG, RAW_ZERO, RAW_TLS_OLD };

struct step {
	int64_t at;
	uint32_t a, b;
	uint8_t kind, side;
	void (*call)(struct world *w, struct conn *c);
};

/* How to reach a server. */
struct dial {
	int64_t at;
	struct addr from, to;
	uint16_t port, to_port; /* port 0: draw one */
	uint8_t proto;
	uint8_t refuse; /* TLS alert with which the server ends the handshake, 0: none */
	bool half_open; /* a SYN, maybe a hello, and nothing more */
	bool midway;    /* no SYN was ever sent */
	bool no_cert;   /* does not send the client certificate that is asked for */
	struct program program;
	const struct tls_server *server; /* NULL: no TLS */
	const char *sni;
	uint32_t rtt_us, far_us; /* to the client; behind a relay: further, for TLS only */
	struct ticket *ticket;   /* NULL: never resumes */
	uint64_t random;         /* of the hello, 0: draw one */
	void *who;
	void (*ended)(struct world *w, struct conn *c);
	void (*more)(struct world *w, struct conn *c); /* appends when the script runs out */
};

struct conn {
	struct dial d;
	struct world *w;
	struct rng rng;
	int16_t label;             /* whose traffic it is, -1: nobody's in particular */
	uint32_t delay[2];         /* us from the sensor to that side and back */
	uint32_t tasks;            /* of the clock that know it */
	struct conn *next, **link; /* of all open ones */
	struct step *step;
	uint32_t steps, room, now; /* now: the next to run */
	int64_t t, shift, due;     /* where the next step goes; by how much all is late; when it is queued for */
	int64_t sent;              /* when the last packet went: nothing overtakes it */
	uint8_t tries;             /* of the SYN */
	bool queued, over;         /* a step is due; FIN or RST was sent */
	bool failed;               /* nobody answered, or the gateway dropped it */
	bool survives;             /* what drops everybody else does not drop it */
	/* TLS, as negotiated */
	uint16_t version, cipher;
	uint8_t resumed, flights;
	bool refused;
	uint64_t hello_seed, issue_seed;
	uint8_t offer_kind;
	uint64_t offer_seed;
	struct ticket kept; /* what the client had to resume by before */
	/* as played */
	uint32_t seq[2], unseen[2]; /* unseen: bytes that the capture missed before the next packet */
	uint16_t ip_id[2];
	uint64_t dtls_seq[2];
	struct flow flow;
	uint32_t tls; /* handle */
	struct talk talk;
	uint32_t live; /* handle: it has talked or lasted */
	bool talked, told_open;
};

struct conn *dial(struct world *w, const struct dial *d);
void say(struct conn *c, int64_t wait, unsigned side, uint32_t bytes);
void says(struct conn *c, int64_t wait, unsigned side, uint32_t bytes, uint32_t times);
void exchange(struct conn *c, int64_t think, uint32_t request, int64_t server, uint32_t response);
void raw(struct conn *c, int64_t wait, unsigned side, uint32_t bytes, enum raw_kind kind);
void call(struct conn *c, int64_t wait, void (*fn)(struct world *w, struct conn *c));
void hang_up(struct conn *c, int64_t wait, unsigned side); /* close_notify and FIN */
void reset(struct conn *c, int64_t wait, unsigned side);
void conn_cut(struct world *w, struct conn *c, int64_t at, bool rst); /* what was still to come does not */

/* --- play.c: steps become segments --- */
struct mark {
	uint32_t at; /* of a record's header, in the flight */
	uint16_t body;
	uint8_t type;
};
enum { FLIGHT_MAX = 1 << 18, MARKS_MAX = 1 << 13, MSS = 1400 };
/* What a side sends in one go: bytes, or records of which only the headers are known. */
struct flight {
	const uint8_t *bytes; /* NULL: noise with headers at the marks */
	uint32_t len, marks;
	struct mark mark[MARKS_MAX];
	uint8_t store[FLIGHT_MAX];
};
/* One packet. */
struct shot {
	int64_t at;
	const struct flight *f; /* NULL: no payload */
	uint32_t from, len;     /* of the flight */
	uint32_t first_mark;    /* first one whose header ends behind `from` */
	uint8_t side, flags;
	bool again; /* a retransmission */
};
void conn_start(struct conn *c);
void conns_free(struct world *w); /* at the end of the world */
void flight_make(struct world *w, struct conn *c, struct flight *f, const struct step *s);
/* handshake.c: one flight of the handshake into f->store */
void handshake_flight(struct world *w, struct conn *c, struct flight *f, unsigned number);
unsigned handshake_flights(const struct conn *c);
unsigned handshake_side(const struct conn *c, unsigned number);
void handshake_agree(struct conn *c);
uint8_t handshake_issues(const struct tls_server *s, struct program p); /* RESUMED_*: what it resumes by there */
void handshake_failed(struct conn *c);                                  /* what the client was to get it never got */

/* How a world is told. */
struct render {
	void (*packet)(struct world *w, struct conn *c, const struct shot *s);
	void (*forget)(struct world *w, struct conn *c, int64_t at); /* nothing more will come */
	void (*pass)(struct world *w, int64_t at);                   /* time passes */
	void (*end)(struct world *w);
};
extern const struct render RENDER_RECORDS, RENDER_FRAMES;

/* --- label.c: what happens, and who does it --- */
enum label_kind { LABEL_ATTACK, LABEL_LOOKALIKE };
struct label {
	uint8_t kind;
	uint8_t behaviour;     /* 1: B01 */
	const char *name;      /* of the variant, or of the look-alike */
	const char *detectors; /* whose alerts count: names, blanks between */
	int64_t start, happened, end;
	bool site_wide;     /* alerts about the gateway as a whole belong to it, by their time */
	uint32_t exchanges; /* the actor's so far */
};
enum { LABELS = 256 };
struct names {
	struct name {
		struct addr addr;
		int16_t label; /* -1: free */
	} * slot;
	uint32_t room, used;
};
int label_begin(struct world *w, const struct label *l);
void label_addr(struct world *w, int label, const struct addr *a);
int label_of(const struct world *w, const struct addr *a); /* -1: nobody's */
void label_happened(struct world *w, int label);
void label_end(struct world *w, int label, int64_t at);

/* --- the organisation --- */
enum { OBJECTS = 40, OFFICES = 4, ISPS = 12 };
/* What the gateway's pages weigh: vendor, theme and language. */
struct theme {
	uint32_t root, page, object[OBJECTS], objects, config, login, fail, poll, granted, store, launch;
	uint32_t not_modified, headers; /* request bytes of a bare GET */
	int64_t changed[OBJECTS];       /* when an object became another one */
};
/* When an organisation works. */
enum rhythm { RHYTHM_OFFICE, RHYTHM_SHIFTS, RHYTHM_CAMPUS, RHYTHM_ZONES, RHYTHMS };
extern const char *const RHYTHM_NAMES[RHYTHMS];
/* How an organisation is unlike others; per mille, where nothing else is said. */
struct habits {
	uint8_t rhythm;
	uint16_t chromium, other_client, push, code, mobile, roams;
	uint16_t kept_s;      /* idle connections of browsers, at most */
	uint16_t empty_cache; /* visits with a browser that has nothing of the page: another one, a private window */
	bool phones_share;    /* mobile networks give each connection another address of a pool */
};
enum { SECOND_SEEN = 3 };
struct gateway {
	struct addr v4, v6, snip; /* clients call the first two; it calls from the third */
	char name[32];
	struct tls_server tls, dtls;
	struct theme theme;
	const struct tls_server *second;        /* served to some instead, NULL: one identity */
	uint32_t second_per_mille, second_seen; /* seen: by SECOND_SEEN in clear, by one under TLS 1.3 */
	struct tls_server other; /* the certificate for old programs, where there are two from the beginning */
	bool two_certs;
	bool down, udp_works;
	int64_t expiry_until; /* passwords have run out: many type the old one first */
};
struct location {
	struct addr v4, v6; /* v4 of a pool: any of the 1,024 around it */
	uint32_t rtt_us;
	bool has_v6, blocks_udp, pool;
};

struct world_config {
	uint64_t seed;
	uint8_t kind;
	uint32_t users;
	uint32_t loss_ppm;      /* frames: packets that the capture loses */
	uint32_t one_sided_day; /* frames: on that day, from 10 to 14, nothing from the gateway is seen; 0: never */
	bool lookalikes, duplicates;
	const char *golden;
};
/* Where a rendering goes to. */
struct world_sink {
	void *arg;
	void (*session)(void *arg, const struct session *s);
	void (*pulse)(void *arg, const struct pulse *p);
	void (*frame)(void *arg, const struct frame *f);
	void (*over)(void *arg);                                  /* the end of the input */
	void (*told)(void *arg, enum fact_kind kind, int64_t at); /* what the operator says has happened */
};
struct records;
struct frames;
struct people;
struct services;
struct inside;

struct world {
	struct world_config cfg;
	int64_t now;
	struct clock clock;
	struct gateway gw;
	struct habits habits;
	struct conn *open;
	uint64_t conns;
	struct rng rng; /* of the wiring: actors get theirs from it by number */
	struct location office[OFFICES];
	uint32_t isp[ISPS];
	const struct render *render;
	struct world_sink to;
	struct records *records;
	struct frames *frames;
	struct people *people;
	struct services *services;
	struct inside *inside; /* NULL: that leg is not mirrored */
	struct label label[LABELS];
	int labels;
	struct names names;
	void **owned; /* what actors were given */
	uint32_t owned_count, owned_room;
	struct flight flight;
	int64_t blind_until; /* the span port shows nothing */
};

/* plan.c */
void *world_alloc(struct world *w, size_t bytes); /* zeroed; lives as long as the world */
void
world_begin(struct world *w, const struct world_config *cfg, const struct render *render, const struct world_sink *to);
void world_run(struct world *w, int64_t until);
void world_end(struct world *w);
/* The gateway, as a sensor is told of it: the first of its site, each address in both roles. */
enum { GATEWAY_TOLD = 3 };
void gateway_told(const struct world *w, struct gateway_addr to[GATEWAY_TOLD]);
struct addr addr_of(uint32_t v4);
struct addr addr6_of(uint32_t net, uint64_t host);
struct location home_draw(struct world *w, struct rng *r); /* a home */
struct location hosting_draw(struct world *w, struct rng *r);
struct addr anywhere(struct rng *r);
const struct addr *gateway_addr(const struct world *w, const struct location *p, struct rng *r);

/* people.c */
void people_begin(struct world *w);
void people_log_out(struct world *w); /* no cookie is good any more */
/* portal.c, vpn.c */
struct person;
/* services.c, noise.c, lookalikes.c */
/* What a gateway says of itself. */
enum chatter { CHATTER_LOGS = 1, CHATTER_CLOCK = 2 };
void services_begin(struct world *w);
void services_quiet(struct world *w, unsigned what); /* bits by enum chatter */
/* inside.c, before services.c: the leg behind the gateway */
void inside_begin(struct world *w);
void inside_work(struct world *w, struct person *p, int64_t at); /* what a session leads to */
struct addr inside_server(uint32_t n);
void inside_told(const struct world *w, struct detect_rules *rules); /* which networks are inside */
void noise_begin(struct world *w);
void lookalikes_begin(struct world *w);
/* outage.c */
unsigned gateway_clients(const struct world *w); /* whom a crash would drop */
void gateway_crash(struct world *w, int64_t silence, bool rst);
void gateway_stall(struct world *w, int64_t silence);                  /* answers nobody new */
void gateway_upgrade(struct world *w, struct rng *r, int64_t silence); /* and comes back with other habits and pages */
void theme_change(struct world *w, unsigned object, int64_t more_bytes);
void operator_tells(struct world *w, enum fact_kind kind, int64_t at);

#endif
