/*
 * Fuzz target: bytes as the numbers of session records, through every detector and the JSON of a record.
 * Checks that findings are whole and that incidents which close have been opened.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cur.h"
#include "detect/detect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = DETECT_MEMORY_MIN };

struct judged {
	uint64_t opened, closed;
};

static void
on_finding(void *arg, const struct finding *f, const struct session *s)
{
	struct judged *j = arg;

	(void)s;
	if (!memchr(f->text, 0, sizeof(f->text)) || f->number_count > FINDING_NUMBERS ||
	    f->session_count > FINDING_SESSIONS || !detector_by_id(f->detector) || (f->opens && f->worsens) ||
	    (f->severity == SEVERITY_INFO && (f->opens || f->worsens)))
		__builtin_trap();
	j->opened += f->opens;
}

static void
on_closed(void *arg, const struct incident *i)
{
	struct judged *j = arg;

	if (i->findings == 0 || i->severity == SEVERITY_INFO)
		__builtin_trap();
	j->closed++;
}

/* Few values, so that records meet: addresses, keys and names of one byte each. */
static struct addr
small_addr(struct cur *c)
{
	uint8_t v = cur_u8(c);
	struct addr a = addr_v4((uint8_t[]){203, v >> 6, v >> 3 & 7, v & 7});

	if (v & 0x20)
		memset(a.b, v, 6);
	return a;
}

static struct text
small_text(struct cur *c, uint8_t n)
{
	const uint8_t *p = cur_take(c, n & 7);

	return (struct text){(const char *)p, p ? n & 7 : 0};
}

static void
read_talk(struct cur *c, struct session *s, struct exchange *e, struct exchange_pair *pair)
{
	s->exchanges = cur_u16(c);
	s->exchange_count = s->exchanges < EXCHANGES_KEPT ? s->exchanges : EXCHANGES_KEPT;
	for (uint32_t i = 0; i < s->exchange_count; i++)
		e[i] = (struct exchange){cur_u16(c), cur_u32(c), cur_u32(c), cur_u16(c), cur_u8(c)};
	s->pair_count = cur_u8(c) % (PAIRS_KEPT + 1);
	for (uint32_t i = 0; i < s->pair_count; i++)
		pair[i] = (struct exchange_pair){cur_u16(c), cur_u16(c), cur_u32(c)};
	s->request_max = cur_u32(c);
	s->exchange = e;
	s->pair = pair;
}

static void
read_session(struct cur *c, struct session *s)
{
	uint8_t what = cur_u8(c), more = cur_u8(c);

	s->id = what & 15;
	s->kind = (what >> 4 & 3) % 3;
	s->role = (what >> 6) % 3;
	s->gateway = more & 3;
	s->client_hello = more & 4;
	s->server_hello = more & 8;
	s->established = more & 16;
	s->midstream = more & 32;
	s->proto = more & 64 ? PROTO_UDP : PROTO_TCP;
	s->carrier = cur_u8(c);
	s->resumed = cur_u8(c);
	s->start.ns = (int64_t)cur_u64(c);
	s->time.ns = (int64_t)cur_u64(c);
	s->last = s->time;
	s->src = small_addr(c);
	s->dest = small_addr(c);
	if (more & 128)
		s->actor = small_addr(c);
	s->src_port = cur_u16(c);
	s->dest_port = cur_u16(c);
	s->client_key = cur_u8(c);
	s->id_offered = cur_u8(c);
	s->id_issued = cur_u8(c);
	s->flight_in = cur_u16(c);
	s->packets_in = cur_u8(c);
	s->bytes_in = cur_u64(c);
	s->sni = small_text(c, cur_u8(c));
	s->cert_sha256 = small_text(c, cur_u8(c));
	s->cert_issuer = small_text(c, cur_u8(c));
	s->cert_subject = small_text(c, cur_u8(c));
	s->alpns = small_text(c, cur_u8(c));
	s->versions = small_text(c, cur_u8(c));
}

static void
write_json(const struct session *s)
{
	enum { ROOM = 32768 };
	char *line = malloc(ROOM);
	struct out o = out_of(line, ROOM);

	session_json(&o, s, &(struct recent){0});
	if (o.full || line[0] != '{' || o.p[-1] != '}')
		__builtin_trap();
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cur c = cur_of(data, size);
	struct judged j = {0, 0};
	const struct detect_sink to = {&j, on_finding, on_closed};
	struct detect_config cfg = {.memory = MEMORY, .incident_idle_ns = 3600 * NS_PER_S, .table = {3, 4}};
	struct counts counts = {0};
	uint8_t *memory = malloc(MEMORY + 64);
	struct carve carve = {memory, memory + MEMORY + 64};
	struct detect *d;

	cfg.learn_ns = cur_u8(&c) * NS_PER_S;
	d = detect_new(&carve, &cfg, &counts);
	while (cur_left(&c)) {
		struct exchange e[EXCHANGES_KEPT];
		struct exchange_pair pair[PAIRS_KEPT];
		struct session s = {.id = 0};

		read_session(&c, &s);
		read_talk(&c, &s, e, pair);
		detect_session(d, &s, &to);
		write_json(&s);
	}
	detect_idle(d, (struct when){INT64_MAX}, &to);
	if (j.opened != j.closed)
		__builtin_trap();
	free(memory);
	return 0;
}
