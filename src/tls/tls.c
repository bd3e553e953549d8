/*
 * tls: the face of the folder: memory, and the call to the carrier that a connection has (decide.c).
 *
 * It is TLS_NOT as soon as nothing can come any more, so that the layers below need not keep its bytes in order.
 */
#include "tls/decide.h"
#include "tls/record.h"
#include "tls/twin.h"

enum { STATE_SHARE = 4, SPARE = 16 };

static uint32_t
states_of(const struct tls_config *cfg)
{
	return cfg->fulls / STATE_SHARE + SPARE;
}

size_t
tls_bytes(const struct tls_config *cfg)
{
	return sizeof(struct tls) + (size_t)cfg->halves * sizeof(struct half) +
	       (size_t)cfg->fulls * sizeof(struct full) + (size_t)states_of(cfg) * STATE_BYTES +
	       buffers_bytes(cfg->buffer_bytes) + prints_bytes(cfg->intern_bytes) + twins_bytes() + (size_t)8 * 64;
}

static void
pool_carve(struct pool *p, struct carve *c, size_t size, uint32_t count)
{
	pool_init(p, carve_take(c, size * count), (uint32_t)size, count);
}

struct tls *
tls_new(struct carve *c, const struct tls_config *cfg, struct counts *counts)
{
	struct tls *t = carve_take(c, sizeof(*t));

	memset(t, 0, offsetof(struct tls, scratch));
	t->counts = counts;
	t->identity = cfg->identity;
	pool_carve(&t->halves, c, sizeof(struct half), cfg->halves);
	pool_carve(&t->fulls, c, sizeof(struct full), cfg->fulls);
	pool_carve(&t->states, c, STATE_BYTES, states_of(cfg));
	t->buffers = buffers_new(c, cfg->buffer_bytes, counts);
	t->prints = prints_new(c, cfg->intern_bytes, &cfg->table);
	t->twins = twins_new(c);
	return t;
}

static uint32_t
pool_room(const struct pool *p)
{
	return p->count - p->used;
}

static uint32_t
low(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t
tls_room(const struct tls *t, uint32_t most)
{
	return low(most, low(pool_room(&t->halves), low(pool_room(&t->fulls), pool_room(&t->states))));
}

bool
tls_full(const struct tls *t)
{
	return tls_room(t, 1) == 0;
}

const struct half *
tls_prefetch(const struct tls *t, uint32_t handle)
{
	if (handle == 0 || handle == TLS_NOT)
		return NULL;
	pool_prefetch(&t->halves, handle, offsetof(struct half, full), sizeof(struct half));
	return pool_at(&t->halves, handle);
}

void
tls_prefetch_full(const struct tls *t, const struct half *h)
{
	if (h->full)
		pool_prefetch(&t->fulls, h->full, 0, 2 * (size_t)FULL_HOT);
}

void
tls_prefetch_all(const struct tls *t, const struct half *h)
{
	if (h->full)
		pool_prefetch(&t->fulls, h->full, 0, sizeof(struct full));
}

static bool
udp_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev)
{
	bool rdp = h->stage & HALF_RDP;

	return rdp ? rdpudp_next(t, h, piece, ev) : stream_next(t, h, piece, ev);
}

typedef bool carrier_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev);
typedef void carrier_close(struct tls *t, struct half *h);

static const struct {
	carrier_next *next;
	carrier_close *close;
} CARRIERS[] = {
	[CARRIER_TCP] = {stream_next, stream_close},       [CARRIER_STARTTLS] = {stream_next, stream_close},
	[CARRIER_DTLS] = {dtls_next, dtls_close},          [CARRIER_QUIC] = {quic_next, quic_close},
	[CARRIER_OPENVPN] = {openvpn_next, openvpn_close}, [CARRIER_UDP] = {udp_next, stream_close},
};

static bool
tell_pending(struct tls *t, struct tls_event *ev)
{
	if (!t->pending)
		return false;
	*ev = t->event;
	t->pending = false;
	return true;
}

/* Decides; false: nothing to read (yet, or ever). */
static bool
decided(struct tls *t, uint32_t *handle, struct half *h, struct tls_piece *piece)
{
	enum verdict v = decide(t, h, piece);

	if (v == BEGINS)
		return true;
	if (v == NEVER) {
		tls_close(t, *handle);
		*handle = TLS_NOT;
	}
	cur_skip(&piece->bytes, cur_left(&piece->bytes));
	piece->lost = piece->cut_bytes = 0;
	return false;
}

static struct half *
half_of(struct tls *t, uint32_t *handle, const struct tls_piece *piece)
{
	struct half *h;

	if (*handle)
		return pool_at(&t->halves, *handle);
	if (!cur_left(&piece->bytes))
		return NULL;
	*handle = pool_get(&t->halves);
	if (!*handle) {
		t->counts->tls_no_memory++;
		return NULL;
	}
	h = pool_at(&t->halves, *handle);
	memset(h, 0, sizeof(*h));
	return h;
}

enum steady { STEADY_NO, STEADY_TOLD, STEADY_QUIET };

/*
 * What most packets are: application data of an established connection over TCP.  The same as stream_next would do,
 * without its questions.
 */
static inline enum steady
steady_next(struct tls *t, struct half *h, struct tls_piece *piece, struct tls_event *ev)
{
	unsigned side = piece->side;
	struct head r;
	struct cur c;
	size_t n;

	if (!(h->stage & HALF_STEADY) || piece->lost | piece->cut_bytes)
		return STEADY_NO;
	n = cur_left(&piece->bytes) < h->left[side] ? cur_left(&piece->bytes) : h->left[side];
	cur_skip(&piece->bytes, n);
	h->left[side] = (uint16_t)(h->left[side] - n);
	c = piece->bytes;
	if (!cur_left(&c))
		return STEADY_QUIET;
	if (!head_read(&c, &r) || r.type != APPLICATION || !head_sane(&r))
		return STEADY_NO;
	conn_steady(pool_at(&t->fulls, h->full), piece, r.length, ev);
	n = cur_left(&c) < r.length ? cur_left(&c) : r.length;
	cur_skip(&c, n);
	h->left[side] = (uint16_t)(r.length - n);
	piece->bytes = c;
	ev->last = !cur_left(&c);
	return STEADY_TOLD;
}

/* It looked like TLS for a moment. */
static bool
never_was(const struct tls *t, const struct half *h)
{
	const struct full *f = h->full ? pool_at(&t->fulls, h->full) : NULL;

	return !(h->stage & HALF_HELLO) && (!f || !(f->flags & FULL_SERVER_HELLO));
}

/* Apart, so that the usual packet does not pay for its registers. */
__attribute__((noinline)) static bool
slow_next(struct tls *t, uint32_t *handle, struct tls_piece *piece, struct tls_event *ev)
{
	struct half *h = half_of(t, handle, piece);

	if (!h)
		return false;
	t->now = piece->time;
	if (h->carrier == CARRIER_NONE && !decided(t, handle, h, piece))
		return false;
	if (CARRIERS[h->carrier].next(t, h, piece, ev) || tell_pending(t, ev))
		return true;
	if (h->stage & HALF_GIVEN_UP && never_was(t, h)) {
		tls_close(t, *handle);
		*handle = TLS_NOT;
	}
	return false;
}

/* Nothing is left of the piece, and nothing of it makes a difference: the last question about most pieces. */
static inline bool
is_spent(const struct half *h, const struct tls_piece *piece)
{
	bool stream = h->carrier == CARRIER_TCP || h->carrier == CARRIER_STARTTLS;

	return stream && !cur_left(&piece->bytes) && !piece->lost && !piece->cut_bytes && !(h->stage & HALF_GIVEN_UP);
}

static inline bool
event_next(struct tls *t, uint32_t *handle, struct tls_piece *piece, struct tls_event *ev)
{
	enum steady steady;
	struct half *h;

	if (t->pending)
		return tell_pending(t, ev);
	if (*handle == TLS_NOT)
		return false;
	if (*handle) {
		h = pool_at(&t->halves, *handle);
		steady = steady_next(t, h, piece, ev);
		if (steady != STEADY_NO)
			return steady == STEADY_TOLD;
		if (is_spent(h, piece))
			return false;
	}
	return slow_next(t, handle, piece, ev);
}

enum { CROWD = 4, CROWD_SHORT = 64 };

/*
 * A segment has room for 280 empty records, and an attacker pays six bytes for each.  From the fifth on, short ones of
 * application data go with the one before, and the sums stay right.  TLS 1.3's hidden handshake is told record by
 * record: its flights are measured.
 */
/* The body's length, where a whole short record of application data begins; else UINT32_MAX. */
static inline uint32_t
crowd_next(struct cur *c)
{
	const uint8_t *h = cur_take(c, RECORD_HEAD);

	if (!h || (h[0] ^ APPLICATION) | (h[1] ^ 3) | h[3] || h[2] > 4 || h[4] >= CROWD_SHORT || !cur_skip(c, h[4]))
		return UINT32_MAX;
	return h[4];
}

__attribute__((noinline)) static void
crowd_take(struct tls *t, const struct half *h, struct tls_piece *piece, struct tls_event *ev)
{
	struct full *f = pool_at(&t->fulls, h->full);
	uint32_t overhead = f->overhead ? f->overhead : UNKNOWN_OVERHEAD, alert = f->flags & FULL_13 ? ALERT_13 : 0;
	uint32_t records = 0, bytes = 0, crowd = 0, plain = 0, n;
	struct cur c = piece->bytes;

	for (; (n = crowd_next(&c)) != UINT32_MAX; piece->bytes = c) {
		records++;
		bytes += n;
		if (n > overhead && n != alert) {
			crowd++;
			plain += n - overhead;
		}
	}
	conn_count(f, piece->side, records, bytes);
	ev->length += bytes;
	ev->crowd = crowd;
	ev->crowd_plain = plain;
}

static inline bool
is_crowded(const struct half *h, const struct tls_piece *piece, const struct tls_event *ev)
{
	bool stream = h->carrier == CARRIER_TCP || h->carrier == CARRIER_STARTTLS;

	return stream && h->full && ev->kind == TLS_RECORD && ev->application && !h->left[piece->side];
}

bool
tls_next(struct tls *t, uint32_t *handle, struct tls_piece *piece, struct tls_event *ev)
{
	const struct half *h;

	if (!event_next(t, handle, piece, ev))
		return false;
	if (++piece->told <= CROWD || *handle == TLS_NOT || *handle == 0)
		return true;
	h = pool_at(&t->halves, *handle);
	if (is_crowded(h, piece, ev))
		crowd_take(t, h, piece, ev);
	return true;
}

bool
tls_is_steady(const struct tls *t, uint32_t handle)
{
	const struct half *h;

	if (handle == 0 || handle == TLS_NOT)
		return false;
	h = pool_at(&t->halves, handle);
	return h->stage & HALF_STEADY;
}

void
tls_close(struct tls *t, uint32_t handle)
{
	struct half *h;
	struct full *f;

	if (handle == 0 || handle == TLS_NOT)
		return;
	h = pool_at(&t->halves, handle);
	if (h->carrier == CARRIER_NONE)
		buffer_free(t->buffers, h->carry);
	else
		CARRIERS[h->carrier].close(t, h);
	print_drop(t->prints, h->hello);
	print_drop(t->prints, h->sni);
	if (h->full) {
		f = pool_at(&t->fulls, h->full);
		buffer_free(t->buffers, f->buffer[0]);
		buffer_free(t->buffers, f->buffer[1]);
		print_drop(t->prints, f->server_print);
		print_drop(t->prints, f->alpn);
		print_drop(t->prints, f->server_chain);
		print_drop(t->prints, f->client_chain);
		pool_put(&t->fulls, h->full);
	}
	pool_put(&t->halves, handle);
}
