/*
 * stream: the bytes of a TCP connection in order, each once, and holes told when they will not fill.
 *
 *	segment: in order -> a chunk, no copy | old -> a retransmission | ahead -> held until the hole fills
 *
 * A hole is given up when the peer has acknowledged it (then it is our capture that lost it), when too much
 * waits behind it, or when the connection ends.  One segment is never believed against the peer's
 * acknowledgements: a sender can put any sequence number on the wire.
 * Must not interpret bytes.
 */
#include "flow/table.h"

enum {
	HELD_MOST = 256,      /* blocks waiting for one side: about 128 KiB */
	BEYOND = 1 << 30,     /* largest window there is (RFC 7323 2.3) */
	RESET_NEAR = 1 << 20, /* a RST further off would be ignored by the peer, too (RFC 5961 3.2) */
	OPENING = 4096,       /* a SYN that far behind `next` is its own copy; fast open sends data with it */
	REUSE_S = 60,         /* silence after which another SYN is believed */
	HOLE_S = 5,           /* patience with a hole when no acknowledgements are visible */
};

/* Where the payload's first byte is: SYN takes a number (RFC 9293 3.4). */
static inline uint32_t
data_seq(const struct packet *p)
{
	return p->seq + ((p->tcp_flags & TCP_SYN) != 0);
}

/* The SYN of another connection on the same addresses and ports. */
bool
stream_is_new(const struct flow *f, const struct packet *p, unsigned side)
{
	const struct flow_side *s = &f->side[side];
	uint32_t behind = s->next - data_seq(p);

	if (s->seen & SIDE_STARTED && behind <= OPENING)
		return false;
	if (p->tcp_flags & TCP_ACK)
		return (s->seen & SIDE_STARTED) != 0;
	if (f->end != FLOW_OPEN || (f->side[0].tcp_flags | f->side[1].tcp_flags) & TCP_FIN)
		return true;
	if (!(f->flags & FLOW_ESTABLISHED))
		return (s->seen & SIDE_STARTED) != 0;
	return when_since(p->time, f->last) > REUSE_S * NS_PER_S;
}

/* Whether the packet says anything that the connection does not know: such a packet is no copy of another. */
bool
stream_has_news(const struct flows *t, const struct flow *f, const struct packet *p, unsigned side)
{
	const struct flow_side *s = &f->side[side];

	if (p->tcp_flags & ~s->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST))
		return true;
	if (!p->payload_len || f->flags & FLOW_IGNORED)
		return false;
	return !(s->seen & SIDE_STARTED) ||
	       (seq_diff(data_seq(p) + p->payload_len, s->next) > 0 && !held_has(t, s, data_seq(p), p->payload_len));
}

static void
start(struct flow_side *s, uint32_t seq)
{
	s->next = seq;
	s->seen |= SIDE_STARTED;
}

static uint32_t
micros_since(struct when now, struct when then)
{
	int64_t us = when_since(now, then) / NS_PER_US;

	if (us < 1)
		return 1;
	return us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

static void
again(struct flows *t, struct flow *f, unsigned side)
{
	count_up(&f->note[side].retransmits);
	t->counts->retransmit++;
}

/* The previous packet is the last copy of what this one answers, so retransmissions do not stretch it. */
static void
syn(struct flows *t, struct flow *f, const struct packet *p, unsigned side)
{
	struct flow_side *s = &f->side[side];

	if (!s->packets && p->tcp_flags & TCP_ACK && f->side[!side].tcp_flags & TCP_SYN)
		f->syn_ack_us = micros_since(p->time, f->last);
	if (!(s->seen & SIDE_STARTED)) {
		start(s, p->seq + 1);
	} else if (!p->payload_len) {
		again(t, f, side);
	}
}

/* The peer of `s` acknowledged something other than what was seen of s. */
static void
acked_elsewhere(const struct flows *t, struct flow_side *s, const struct packet *p)
{
	int32_t ahead = seq_diff(p->ack, s->next);

	if (ahead < 0) {
		s->seen |= SIDE_RESYNC;
		return;
	}
	if (s->segments && seq_diff(p->ack, held_first(t, s)) < 0)
		return;
	if (s->segments && s->seen & SIDE_ACKED && p->payload_len)
		s->seen |= SIDE_SKIP;
	s->seen |= SIDE_ACKED;
}

static inline void
ack(const struct flows *t, struct flow_side *s, const struct packet *p)
{
	/* ahead of `next` wraps to a large number */
	if (s->next - p->ack > FAR && s->seen & SIDE_STARTED && !(s->seen & SIDE_FINISHED))
		acked_elsewhere(t, s, p);
}

static void
gap(struct flows *t, struct flow *f, unsigned side, uint32_t lost)
{
	f->note[side].gap_bytes += lost;
	t->counts->gap++;
	t->counts->gap_bytes += lost;
}

/* The segment is next: a piece without a copy. */
static inline void
deliver(struct flows *t, struct flow_side *s, const struct segment *seg, unsigned side)
{
	uint32_t have = (uint32_t)cur_left(&seg->bytes);

	s->next = seg->seq + seg->len;
	s->seen = seen_data(s->seen);
	t->piece.bytes = seg->bytes;
	t->piece.lost = 0;
	t->piece.side = (uint8_t)side;
	t->piece.datagram = false;
	t->piece.cut_bytes = seg->len - have;
	t->piece.time = t->now;
	t->piece_ready = true;
}

static void
deliver_behind_gap(struct flows *t, struct flow *f, const struct segment *seg, unsigned side)
{
	struct flow_side *s = &f->side[side];
	uint32_t lost = seg->seq - s->next;

	gap(t, f, side, lost);
	deliver(t, s, seg, side);
	t->piece.lost = lost;
}

/* One more segment comes behind the first hole: is it time to give the hole up? */
static void
judge_hole(struct flows *t, struct flow_side *s, bool peer_visible)
{
	if (s->seen & SIDE_ACKED)
		s->seen |= SIDE_SKIP;
	if (!s->segments)
		return;
	if (!peer_visible && t->now.ns - held_since(t, s) > HOLE_S * NS_PER_S)
		s->seen |= SIDE_SKIP;
	if (held_count(t, s) < HELD_MOST)
		return;
	if (peer_visible && held_first(t, s) - s->next > FAR)
		held_free(t, s);
	else
		s->seen |= SIDE_SKIP;
}

/* Without memory a stream goes on all the same: behind its first hole. */
static void
hold(struct flows *t, struct flow *f, const struct segment *seg, unsigned side)
{
	struct flow_side *s = &f->side[side];
	int32_t ahead = seq_diff(seg->seq, s->next);

	if (ahead > BEYOND)
		return;
	if (held_has(t, s, seg->seq, seg->len)) {
		again(t, f, side);
	} else if (ahead > 0) {
		t->counts->out_of_order++;
		judge_hole(t, s, f->side[!side].packets != 0);
	}
	if (held_put(t, s, seg))
		return;
	t->counts->segment_no_memory++;
	if (s->segments)
		s->seen |= SIDE_SKIP;
	else
		deliver_behind_gap(t, f, seg, side);
}

/* Delivers what lies before the first held segment; the rest overlaps held ones, of which the first copy wins. */
static void
deliver_front(struct flows *t, struct flow *f, struct segment *seg, unsigned side)
{
	struct flow_side *s = &f->side[side];
	struct segment front = *seg;
	uint32_t room = s->segments ? held_first(t, s) - s->next : seg->len;

	if (room < seg->len) {
		front.len = room;
		front.bytes = cur_sub(&front.bytes, room < cur_left(&seg->bytes) ? room : cur_left(&seg->bytes));
	}
	if (front.len)
		deliver(t, s, &front, side);
	segment_skip(seg, front.len);
	if (seg->len)
		hold(t, f, seg, side);
}

/* Starts with bytes that were delivered before; true: and ends with new ones. */
static bool
is_partly_new(struct flows *t, struct flow *f, const struct segment *seg, unsigned side)
{
	uint32_t old = f->side[side].next - seg->seq;

	if (old >= seg->len) {
		if (seg->len > 1 || old > 1) /* one byte before `next`: keep-alive (RFC 9293 3.8.4) */
			again(t, f, side);
		return false;
	}
	again(t, f, side);
	t->counts->overlap++;
	return true;
}

/* After more than half the circle was lost, everything new looks old. */
static void
resync(struct flows *t, struct flow *f, const struct segment *seg, unsigned side)
{
	struct flow_side *s = &f->side[side];

	if (!(s->seen & SIDE_RESYNC) && f->side[!side].packets) {
		again(t, f, side);
		return;
	}
	held_free(t, s);
	deliver_behind_gap(t, f, seg, side);
}

/* Bytes in the very place of a FIN: the peer never obeyed it, or the sender would not say them. */
static bool
forged_fin(struct flow *f, struct flow_side *s, const struct segment *seg)
{
	if (seg->seq != s->next - 1 || seg->len < 2)
		return false;
	s->next--;
	s->seen &= (uint8_t)~SIDE_FINISHED;
	if (f->end == FLOW_FIN)
		f->end = FLOW_OPEN;
	return true;
}

/* Any segment but the next one of a stream without holes. */
static void
data_odd(struct flows *t, struct flow *f, struct segment *seg, unsigned side)
{
	struct flow_side *s = &f->side[side];
	int32_t d;

	if (s->seen & SIDE_FINISHED && !forged_fin(f, s, seg))
		return;
	d = seq_diff(seg->seq, s->next);
	if (f->flags & FLOW_IGNORED) {
		s->next = seq_diff(seg->seq + seg->len, s->next) > 0 ? seg->seq + seg->len : s->next;
		return;
	}
	if (d < -FAR) {
		resync(t, f, seg, side);
		return;
	}
	if (d < 0) {
		if (!is_partly_new(t, f, seg, side))
			return;
		segment_skip(seg, s->next - seg->seq);
		d = 0;
	}
	if (d == 0)
		deliver_front(t, f, seg, side);
	else
		hold(t, f, seg, side);
}

static inline void
data(struct flows *t, struct flow *f, const struct packet *p, unsigned side)
{
	struct flow_side *s = &f->side[side];
	struct segment seg = {data_seq(p), p->payload_len, p->payload};

	if (cur_left(&seg.bytes) > seg.len)
		seg.bytes = cur_sub(&seg.bytes, seg.len);
	if (!(s->seen & SIDE_STARTED))
		start(s, seg.seq);
	if (seg.seq == s->next && !s->segments && !(s->seen & SIDE_FINISHED) && !(f->flags & FLOW_IGNORED))
		deliver(t, s, &seg, side);
	else
		data_odd(t, f, &seg, side);
	if (f->end == FLOW_RST && s->tcp_flags & TCP_RST && t->piece_ready)
		f->end = FLOW_OPEN; /* who goes on after its own RST did not send it: it was forged */
}

static void
fin(struct flows *t, struct flow_side *s, const struct packet *p)
{
	uint32_t seq = data_seq(p) + p->payload_len;

	if (!(s->seen & SIDE_STARTED))
		start(s, seq);
	if (seq == s->next && !(s->seen & SIDE_FINISHED)) {
		s->next++;
		s->seen |= SIDE_FINISHED;
		held_free(t, s);
	}
}

static bool
reset_counts(const struct flow_side *s, const struct packet *p)
{
	return !(s->seen & SIDE_STARTED) || p->seq - s->next + RESET_NEAR <= 2 * RESET_NEAR;
}

/* FIN of every visible side, or a RST that the peer would obey. */
static void
closing(struct flows *t, struct flow *f, const struct packet *p, unsigned side)
{
	struct flow_side *s = &f->side[side], *peer = &f->side[!side];
	bool first = f->end == FLOW_OPEN && !((s->tcp_flags | peer->tcp_flags) & TCP_FIN);

	if (p->tcp_flags & TCP_RST) {
		if (f->end != FLOW_OPEN || !reset_counts(s, p))
			return;
		f->end = FLOW_RST;
	} else {
		fin(t, s, p);
		if (f->end == FLOW_OPEN && (!peer->packets || peer->tcp_flags & TCP_FIN))
			f->end = FLOW_FIN;
	}
	if (first)
		f->who_ended = (uint8_t)side;
	queue_move(t, f);
}

static void
establish(struct flow *f, const struct packet *p, unsigned side)
{
	if (side == 0 && (p->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_ACK && f->side[1].tcp_flags & TCP_SYN) {
		f->ack_us = micros_since(p->time, f->last);
		f->flags |= FLOW_ESTABLISHED;
	} else if (f->side[0].seen & f->side[1].seen & SIDE_DATA) {
		f->flags |= FLOW_ESTABLISHED;
	}
}

/* Only an odd packet changes any of it, and each ends here. */
static void
note_smooth(struct flow *f)
{
	const struct flow_side *a = &f->side[0], *b = &f->side[1];

	f->flags &= (uint8_t)~FLOW_SMOOTH;
	if ((f->flags & (FLOW_ESTABLISHED | FLOW_IGNORED)) == FLOW_ESTABLISHED && f->end == FLOW_OPEN &&
	    a->seen & b->seen & SIDE_STARTED && !((a->seen | b->seen) & SIDE_FINISHED) && !(a->segments | b->segments))
		f->flags |= FLOW_SMOOTH;
}

/* Nearly every packet: the next bytes of a smooth connection, or none, and an acknowledgement of what was seen. */
static inline bool
is_plain(const struct flow *f, const struct packet *p, unsigned side)
{
	const struct flow_side *s = &f->side[side], *peer = &f->side[!side];

	return (p->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK && f->flags & FLOW_SMOOTH &&
	       peer->next - p->ack <= FAR &&
	       (!p->payload_len || (p->seq == s->next && cur_left(&p->payload) <= p->payload_len));
}

COLD static void
feed_odd(struct flows *t, struct flow *f, const struct packet *p, unsigned side)
{
	struct flow_side *s = &f->side[side];

	t->pieces = PIECES_HELD;
	t->piece.side = (uint8_t)side;
	if (p->tcp_flags & TCP_SYN)
		syn(t, f, p, side);
	if (p->tcp_flags & TCP_ACK)
		ack(t, &f->side[!side], p);
	if (p->payload_len && !(p->tcp_flags & TCP_RST))
		data(t, f, p, side);
	if (p->tcp_flags & (TCP_FIN | TCP_RST))
		closing(t, f, p, side);
	s->tcp_flags |= p->tcp_flags;
	if (!(f->flags & FLOW_ESTABLISHED))
		establish(f, p, side);
	if (!(f->side[0].segments | f->side[1].segments)) /* nothing waits: the packet's own bytes, if any */
		t->pieces = t->piece_ready ? PIECES_ONE : PIECES_NONE;
	note_smooth(f);
}

bool
stream_feed(struct flows *t, struct flow *f, const struct packet *p, unsigned side)
{
	if (!is_plain(f, p, side)) {
		feed_odd(t, f, p, side);
		return false;
	}
	f->side[side].tcp_flags |= p->tcp_flags;
	if (p->payload_len) {
		deliver(t, &f->side[side], &(struct segment){p->seq, p->payload_len, p->payload}, side);
		t->pieces = PIECES_ONE;
	}
	return true;
}

/* The next held segment of a side, if nothing is missing before it or the hole was given up. */
static bool
release(struct flows *t, struct flow *f, unsigned side, struct chunk *c)
{
	struct flow_side *s = &f->side[side];
	bool over = f->queue >= QUEUE_TIMED;

	while (s->segments) {
		int32_t lost = seq_diff(held_first(t, s), s->next);
		struct segment seg;

		if (lost > 0 && !over && !(s->seen & SIDE_SKIP))
			return false;
		seg = held_take(t, s);
		if (lost < 0)
			segment_skip(&seg, (uint32_t)-lost < seg.len ? (uint32_t)-lost : seg.len);
		if (!seg.len)
			continue;
		if (lost > 0)
			deliver_behind_gap(t, f, &seg, side);
		else
			deliver(t, s, &seg, side);
		*c = t->piece;
		c->time = over ? f->last : t->now;
		t->piece_ready = false;
		return true;
	}
	return false;
}

/*
 * What the peer waited for comes first, when an answer gives its hole up; then the packet's own bytes, then
 * what it made whole.
 */
COLD static const struct chunk *
next_held(struct flows *t, struct flow *f)
{
	struct chunk *c = &t->waited;
	unsigned side = t->piece.side;
	const struct chunk own = t->piece;
	bool ready = t->piece_ready;

	if (release(t, f, !side, c)) {
		t->piece = own;
		t->piece_ready = ready;
		return c;
	}
	t->piece_ready = false;
	*c = own;
	return ready || release(t, f, side, c) ? c : NULL;
}

COLD static const struct chunk *
left_over(struct flows *t, struct flow *f)
{
	struct chunk *c = &t->waited;

	return f->proto == PROTO_TCP && (release(t, f, 0, c) || release(t, f, 1, c)) ? c : NULL;
}

const struct chunk *
flow_chunk(struct flows *t, struct flow *f)
{
	if (f->queue >= QUEUE_TIMED)
		return left_over(t, f);
	if (t->pieces == PIECES_NONE)
		return NULL;
	if (t->pieces == PIECES_HELD)
		return next_held(t, f);
	t->pieces = PIECES_NONE;
	return &t->piece;
}
