/*
 * savefile: pcap (both byte orders, micro- and nanoseconds, Kuznetzov's variant) and pcapng.
 *
 *	pcap	file header, then frames: {seconds, ticks, captured, on the wire} bytes
 *	pcapng	blocks {type, length, body, length}: section > interfaces > packets
 *
 * Must not trust a length: each is compared with what is there before it is used, and what does not fit
 * the format ends the reading at that place, because nothing behind it can be found again.
 */
#include "packet/savefile.h"

enum {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2, /* obsolete, pcapng appendix A */
	BLOCK_SIMPLE = 3,
	BLOCK_ENHANCED = 6,
	BLOCK_LEAST = 12,
	BLOCK_MOST = 1 << 24,
	OPTION_TSRESOL = 9,
	OPTION_TSOFFSET = 14,
};

#define BLOCK_SECTION 0x0a0d0d0aU /* reads the same in both byte orders */
#define SECTION_ORDER 0x1a2b3c4dU

#define BILLION UINT64_C(1000000000)

static inline uint16_t
get16(const struct savefile *s, const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return s->swapped ? __builtin_bswap16(v) : v;
}

static inline uint32_t
get32(const struct savefile *s, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return s->swapped ? __builtin_bswap32(v) : v;
}

static inline uint64_t
get64(const struct savefile *s, const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return s->swapped ? __builtin_bswap64(v) : v;
}

static enum savefile_verdict
bad(const char **why, const char *text)
{
	*why = text;
	return SAVEFILE_BAD;
}

/* How the frames of one pcap file are told, in registers for as long as frames follow each other. */
struct pcap {
	bool swapped;
	size_t head;
	uint64_t tick_ns;
	uint32_t link;
};

static inline uint32_t
pcap_u32(struct pcap k, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return k.swapped ? __builtin_bswap32(v) : v;
}

/* False: there is no whole frame of a size that is allowed. */
static inline bool
pcap_take(struct pcap k, struct cur *bytes, struct frame *f)
{
	const uint8_t *h = bytes->p;
	size_t left = cur_left(bytes);
	uint32_t captured;

	if (left < k.head)
		return false;
	captured = pcap_u32(k, h + 8);
	if (captured > SAVEFILE_FRAME_MAX || left - k.head < captured)
		return false;
	f->time.ns = (int64_t)(pcap_u32(k, h) * BILLION + pcap_u32(k, h + 4) * k.tick_ns);
	f->wire_len = pcap_u32(k, h + 12);
	f->link = k.link;
	f->bytes = (struct cur){h + k.head, h + k.head + captured, false};
	bytes->p = f->bytes.end;
	return true;
}

static inline struct pcap
pcap_of(const struct savefile *s)
{
	return (struct pcap){s->swapped, s->head, s->tick_ns, s->interface[0].link};
}

static enum savefile_verdict
pcap_frame(const struct savefile *s, struct cur *bytes, struct frame *f, const char **why)
{
	if (pcap_take(pcap_of(s), bytes, f))
		return SAVEFILE_FRAME;
	if (cur_left(bytes) >= s->head && get32(s, bytes->p + 8) > SAVEFILE_FRAME_MAX)
		return bad(why, "a frame is longer than 262144 bytes");
	return SAVEFILE_MORE;
}

size_t
savefile_frames(const struct savefile *s, struct cur *bytes, struct frame *frames, size_t max)
{
	struct pcap k = pcap_of(s);
	struct cur c = *bytes;
	size_t n = 0;

	if (!s->started || s->ng)
		return 0;
	while (n < max && pcap_take(k, &c, &frames[n]))
		n++;
	*bytes = c;
	return n;
}

/* Nanoseconds of a count of ticks.  No 128-bit arithmetic: armhf has none. */
static uint64_t
ticks_to_ns(uint64_t rest, uint64_t units)
{
	while (units > 16 * BILLION) {
		uint64_t by = units % 10 == 0 ? 10 : 2;

		units /= by;
		rest /= by;
	}
	return rest * BILLION / units;
}

static struct when
ticks_to_when(const struct savefile_interface *i, uint64_t ticks)
{
	const int64_t most = INT64_MAX / NS_PER_S - 1;
	int64_t s;

	if (i->units == 1000000 && i->offset == 0 && ticks < INT64_MAX / 1000)
		return (struct when){(int64_t)ticks * 1000};
	s = ticks / i->units > (uint64_t)most ? most : (int64_t)(ticks / i->units);
	if (__builtin_add_overflow(s, i->offset, &s))
		s = i->offset < 0 ? -most : most;
	s = s > most ? most : s < -most ? -most : s;
	return (struct when){s * NS_PER_S + (int64_t)ticks_to_ns(ticks % i->units, i->units)};
}

/* The data of a packet block: `room` bytes of body stand behind its fields, padding and options included. */
static enum savefile_verdict
ng_data(const uint8_t *data, uint32_t captured, uint32_t room, struct frame *f, const char **why)
{
	if (captured > room)
		return bad(why, "a packet is longer than its block");
	if (captured > SAVEFILE_FRAME_MAX)
		return bad(why, "a frame is longer than 262144 bytes");
	f->bytes = cur_of(data, captured);
	return SAVEFILE_FRAME;
}

/* Enhanced Packet Block, and the obsolete Packet Block, whose interface shares its word with a drop count. */
static enum savefile_verdict
ng_packet(const struct savefile *s, struct cur body, uint32_t type, struct frame *f, const char **why)
{
	const uint8_t *h = cur_take(&body, 20);
	const struct savefile_interface *i;
	uint32_t number;

	if (!h)
		return bad(why, "a packet block is too short");
	number = type == BLOCK_PACKET ? get16(s, h) : get32(s, h);
	if (number >= s->interfaces)
		return bad(why, "a packet names an interface that is not described");
	i = &s->interface[number];
	f->time = ticks_to_when(i, (uint64_t)get32(s, h + 4) << 32 | get32(s, h + 8));
	f->wire_len = get32(s, h + 16);
	f->link = i->link;
	return ng_data(body.p, get32(s, h + 12), (uint32_t)cur_left(&body), f, why);
}

/* Simple Packet Block: first interface, no time, captured length by the snap length. */
static enum savefile_verdict
ng_simple(const struct savefile *s, struct cur body, struct frame *f, const char **why)
{
	const uint8_t *h = cur_take(&body, 4);
	uint32_t captured, snap = s->interface[0].snaplen;

	if (!h)
		return bad(why, "a packet block is too short");
	if (s->interfaces == 0)
		return bad(why, "a packet names an interface that is not described");
	captured = f->wire_len = get32(s, h);
	if (snap && captured > snap)
		captured = snap;
	f->time = (struct when){0};
	f->link = s->interface[0].link;
	return ng_data(body.p, captured, (uint32_t)cur_left(&body), f, why);
}

/* if_tsresol: a power of ten, or of two when the high bit is set.  0: more than 64 bits hold. */
static uint64_t
tsresol_units(uint8_t v)
{
	uint64_t units = 1;

	if (v & 0x80)
		return (v & 0x7f) < 64 ? UINT64_C(1) << (v & 0x7f) : 0;
	if (v > 19)
		return 0;
	while (v--)
		units *= 10;
	return units;
}

static void
ng_interface_options(const struct savefile *s, struct cur options, struct savefile_interface *i)
{
	while (cur_left(&options) >= 4) {
		const uint8_t *h = cur_take(&options, 4);
		uint16_t code = get16(s, h), len = get16(s, h + 2);
		const uint8_t *value = cur_take(&options, len);

		if (!value || code == 0)
			return;
		if (code == OPTION_TSRESOL && len >= 1)
			i->units = tsresol_units(value[0]);
		if (code == OPTION_TSOFFSET && len >= 8)
			i->offset = (int64_t)get64(s, value);
		cur_skip(&options, -(size_t)len & 3);
	}
}

static enum savefile_verdict
ng_interface(struct savefile *s, struct cur body, const char **why)
{
	const uint8_t *h = cur_take(&body, 8);
	struct savefile_interface *i = &s->interface[s->interfaces];

	if (!h)
		return bad(why, "an interface block is too short");
	if (s->interfaces == SAVEFILE_INTERFACES)
		return bad(why, "more than 256 interfaces in a section");
	*i = (struct savefile_interface){get16(s, h), get32(s, h + 4), 1000000, 0};
	ng_interface_options(s, body, i);
	if (i->units == 0)
		return bad(why, "an interface has a clock that ticks too fast");
	s->interfaces++;
	return SAVEFILE_OTHER;
}

/* A section may begin anywhere, in its own byte order, and forgets the interfaces before it. */
static enum savefile_verdict
ng_section(struct savefile *s, const uint8_t *h, const char **why)
{
	struct savefile was = {.swapped = false};
	uint32_t order = get32(&was, h + 8);

	if (order != SECTION_ORDER && order != __builtin_bswap32(SECTION_ORDER))
		return bad(why, "a section has no byte order");
	was.swapped = order != SECTION_ORDER;
	if (get16(&was, h + 12) != 1)
		return bad(why, "a pcapng version that is not 1");
	s->swapped = was.swapped;
	s->interfaces = 0;
	return SAVEFILE_OTHER;
}

static enum savefile_verdict
ng_body(struct savefile *s, uint32_t type, struct cur body, struct frame *f, const char **why)
{
	switch (type) {
	case BLOCK_ENHANCED:
	case BLOCK_PACKET:
		return ng_packet(s, body, type, f, why);
	case BLOCK_SIMPLE:
		return ng_simple(s, body, f, why);
	default:
		return ng_interface(s, body, why);
	}
}

/* A block without frames may be longer than the caller's buffer: what is there goes, the rest is owed. */
static enum savefile_verdict
ng_skip(struct savefile *s, struct cur *bytes)
{
	size_t left = cur_left(bytes);
	uint32_t n = left < s->skip ? (uint32_t)left : s->skip;

	if (n == 0)
		return SAVEFILE_MORE;
	s->skip -= n;
	bytes->p += n;
	return SAVEFILE_OTHER;
}

static bool
ng_is_known(uint32_t type)
{
	return type == BLOCK_ENHANCED || type == BLOCK_PACKET || type == BLOCK_SIMPLE || type == BLOCK_INTERFACE;
}

static enum savefile_verdict
ng_block(struct savefile *s, struct cur *bytes, struct frame *f, const char **why)
{
	const uint8_t *h = bytes->p;
	size_t left = cur_left(bytes);
	uint32_t type, len;
	enum savefile_verdict v = SAVEFILE_OTHER;

	if (left < BLOCK_LEAST)
		return SAVEFILE_MORE;
	type = get32(s, h);
	if (type == BLOCK_SECTION) {
		if (left < 28)
			return SAVEFILE_MORE;
		v = ng_section(s, h, why);
		if (v == SAVEFILE_BAD)
			return v;
	}
	len = get32(s, h + 4);
	if (len < (type == BLOCK_SECTION ? 28 : BLOCK_LEAST))
		return bad(why, "a block is shorter than its own header");
	if (len % 4)
		return bad(why, "the length of a block is not a multiple of 4");
	if (!ng_is_known(type)) {
		if (len > BLOCK_MOST)
			return bad(why, "a block is longer than 16 MiB");
		s->skip = len;
		return ng_skip(s, bytes);
	}
	if (len > SAVEFILE_NEED)
		return bad(why, "a packet or interface block is longer than 512 KiB");
	if (left < len)
		return SAVEFILE_MORE;
	if (get32(s, h + len - 4) != len)
		return bad(why, "the two lengths of a block differ");
	v = ng_body(s, type, cur_of(h + 8, len - BLOCK_LEAST), f, why);
	if (v != SAVEFILE_BAD)
		bytes->p = h + len;
	return v;
}

struct magic {
	uint32_t magic;
	uint8_t head;
	uint32_t tick_ns;
};

static const struct magic MAGIC[] = {
	{0xa1b2c3d4, 16, 1000},
	{0xa1b23c4d, 16, 1},
	{0xa1b2cd34, 24, 1000}, /* Kuznetzov's patch of libpcap 0.4, Red Hat 6 */
};

/* What people hand over instead of a capture. */
static const struct {
	uint8_t starts[4], len;
	const char *why;
} FOREIGN[] = {
	{{0x1f, 0x8b}, 2, "compressed with gzip; decompress it first"},
	{{0x28, 0xb5, 0x2f, 0xfd}, 4, "compressed with zstd; decompress it first"},
	{{0xfd, '7', 'z', 'X'}, 4, "compressed with xz; decompress it first"},
	{{'s', 'n', 'o', 'o'}, 4, "a snoop capture; convert it to pcapng first"},
	{{'G', 'M', 'B', 'U'}, 4, "a Network Monitor capture; convert it to pcapng first"},
};

static enum savefile_verdict
pcap_start(struct savefile *s, struct cur *bytes, const struct magic *m, const char **why)
{
	const uint8_t *h = bytes->p;

	if (cur_left(bytes) < 24)
		return SAVEFILE_MORE;
	if (get16(s, h + 4) != 2)
		return bad(why, "a pcap version that is not 2");
	s->head = m->head;
	s->tick_ns = m->tick_ns;
	/* The upper bits hold the length of the frame check sequence. */
	s->interface[0] = (struct savefile_interface){get32(s, h + 20) & 0xffff, get32(s, h + 16), 0, 0};
	s->interfaces = 1;
	s->started = true;
	bytes->p = h + 24;
	return SAVEFILE_OTHER;
}

static enum savefile_verdict
start(struct savefile *s, struct cur *bytes, struct frame *f, const char **why)
{
	uint32_t magic;

	if (cur_left(bytes) < 4)
		return SAVEFILE_MORE;
	memcpy(&magic, bytes->p, 4);
	if (magic == BLOCK_SECTION) {
		enum savefile_verdict v = ng_block(s, bytes, f, why);

		s->ng = s->started = v == SAVEFILE_OTHER;
		return v;
	}
	for (size_t i = 0; i < sizeof(MAGIC) / sizeof(MAGIC[0]); i++) {
		s->swapped = magic != MAGIC[i].magic;
		if (magic == MAGIC[i].magic || __builtin_bswap32(magic) == MAGIC[i].magic)
			return pcap_start(s, bytes, &MAGIC[i], why);
	}
	for (size_t i = 0; i < sizeof(FOREIGN) / sizeof(FOREIGN[0]); i++)
		if (cur_starts(bytes, FOREIGN[i].starts, FOREIGN[i].len))
			return bad(why, FOREIGN[i].why);
	return bad(why, "not a pcap or pcapng capture");
}

enum savefile_verdict
savefile_next(struct savefile *s, struct cur *bytes, struct frame *f, const char **why)
{
	if (!s->started)
		return start(s, bytes, f, why);
	if (!s->ng)
		return pcap_frame(s, bytes, f, why);
	if (s->skip)
		return ng_skip(s, bytes);
	return ng_block(s, bytes, f, why);
}
