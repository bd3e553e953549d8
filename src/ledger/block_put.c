/*
 * block_put: columns become bytes, and what may be asked of them without opening the block.  The same bytes for the
 * same rows.
 */
#include <stdlib.h>

#include "ledger/block_parts.h"
#include "ledger/filter.h"

enum { SAMPLES = 4, SAMPLE = 128 };

struct putting {
	struct bytes *to, column;
	struct block_rows *b;
	struct column_work *work;
	uint32_t *row[2]; /* sessions: firsts, laters */
	size_t rows[2];   /* so many */
	uint64_t *v, *near, *sample;
};
enum { FIRSTS, LATERS };

static void
end_column(struct putting *p, unsigned id, unsigned mode)
{
	bytes_varint(p->to, id);
	bytes_varint(p->to, mode);
	bytes_varint(p->to, p->column.n);
	bytes_add(p->to, p->column.p, p->column.n);
	p->to->failed |= p->column.failed;
	p->column.n = 0;
}

static inline uint64_t
told(const struct putting *p, const uint64_t *own, enum block_base base, size_t i)
{
	struct block_told_by by = {base, p->near};
	uint64_t expected;

	return block_expect(p->b, by, own, i, &expected) ? zigzag(own[i] - expected) : own[i];
}

/* Some runs of rows, spread over the block. */
static size_t
take_sample(const struct putting *p, const uint64_t *own, unsigned part, enum block_base base)
{
	size_t n = 0, rows = p->rows[part], step = rows / SAMPLES;

	for (unsigned s = 0; s < SAMPLES; s++)
		for (size_t i = rows <= SAMPLES * SAMPLE ? s * step : s * step + step / 2,
			    end = rows <= SAMPLES * SAMPLE ? (s + 1 == SAMPLES ? rows : (s + 1) * step) : i + SAMPLE;
		     i < end && i < rows; i++)
			p->sample[n++] = told(p, own, base, p->row[part][i]);
	return n;
}

struct best {
	struct block_way way;
	uint64_t bits;
};

static void
weigh(const struct putting *p, const uint64_t *own, unsigned part, struct block_way way, struct best *best)
{
	uint64_t bits = best->bits ? column_weigh(p->sample, take_sample(p, own, part, way.base), p->work) : 0;

	if (bits < best->bits)
		*best = (struct best){way, bits};
}

/* Tries each base on a sample, and keeps the one that takes least. */
static void
find_ways(struct putting *p, unsigned column, const uint64_t *own, struct best best[2])
{
	/* peers are last: some columns have none */
	static const uint8_t OF_FIRSTS[] = {BASE_NONE, BASE_ROW, BASE_PEER};
	static const uint8_t OF_LATERS[] = {BASE_BEFORE, BASE_ROW, BASE_NONE, BASE_PEER};
	const unsigned none = block_is_first(column);

	best[FIRSTS] = best[LATERS] = (struct best){.bits = UINT64_MAX};
	for (unsigned i = 0; i < sizeof(OF_FIRSTS) - none; i++)
		weigh(p, own, FIRSTS, (struct block_way){OF_FIRSTS[i], 0}, &best[FIRSTS]);
	for (unsigned i = 0; i < sizeof(OF_LATERS) - none; i++)
		weigh(p, own, LATERS, (struct block_way){OF_LATERS[i], 0}, &best[LATERS]);
	for (uint8_t near = 0; block_has_near(column, near) != NEAR_NONE; near++) {
		if (block_has_near(column, near) == NEAR_OLD)
			continue;
		p->to->failed |= !block_need_near(p->b, column, near);
		block_near(p->b, column, near, p->near);
		weigh(p, own, FIRSTS, (struct block_way){BASE_NEAR, near}, &best[FIRSTS]);
		weigh(p, own, LATERS, (struct block_way){BASE_NEAR, near}, &best[LATERS]);
		weigh(p, own, LATERS, (struct block_way){BASE_CHANGE, near}, &best[LATERS]);
	}
}

static void
put_part(struct putting *p, unsigned column, const uint64_t *own, unsigned part, struct block_way way)
{
	if (p->rows[part] == 0)
		return;
	if (way.base == BASE_NEAR || way.base == BASE_CHANGE)
		block_near(p->b, column, way.near, p->near);
	for (size_t i = 0; i < p->rows[part]; i++)
		p->v[i] = told(p, own, way.base, p->row[part][i]);
	column_put(&p->column, p->v, p->rows[part], p->work);
}

static void
put_field_numbers(struct putting *p, unsigned column)
{
	const uint64_t *own = p->b->session[column].v;
	struct best best[2];

	find_ways(p, column, own, best);
	put_part(p, column, own, FIRSTS, best[FIRSTS].way);
	put_part(p, column, own, LATERS, best[LATERS].way);
	end_column(p, SESSION_TABLE.field[column].id,
		   MODE_SPLIT | block_way_mode(best[FIRSTS].way, MODE_FIRSTS) |
			   block_way_mode(best[LATERS].way, MODE_LATERS));
}

/* An id that follows from the rest is told by a 0, else it stands behind a 1; that of a record before is known. */
static void
put_ids(struct putting *p)
{
	const uint64_t *own = p->b->session[AT_id].v;
	uint64_t *others = p->near;
	size_t n = 0;

	for (size_t i = 0; i < p->b->sessions; i++) {
		uint32_t of = p->b->before[i];

		p->v[i] = (of ? own[of - 1] : block_id(p->b, i)) != own[i];
		if (p->v[i])
			others[n++] = own[i];
	}
	column_put(&p->column, p->v, p->b->sessions, p->work);
	if (n)
		column_put(&p->column, others, n, p->work);
	end_column(p, SESSION_TABLE.field[AT_id].id, 0);
}

static void
put_session_column(struct putting *p, unsigned column)
{
	const struct block_column *c = &p->b->session[column];

	if (c->which) {
		block_put_texts(&p->column, p->b, column, p->work);
		end_column(p, SESSION_TABLE.field[column].id, MODE_SPLIT);
	} else if (c->v && column == AT_id) {
		put_ids(p);
	} else if (c->v) {
		put_field_numbers(p, column);
	}
}

static void
put_sessions(struct putting *p)
{
	const struct block_rows *b = p->b;
	bool any = false;

	for (size_t i = 0; i < b->sessions; i++) {
		p->v[i] = b->before[i] ? i + 2 - b->before[i] : 0;
		any |= p->v[i] != 0;
	}
	if (any) {
		column_put(&p->column, p->v, b->sessions, p->work);
		end_column(p, COLUMN_BEFORE, 0);
	}
	if (b->exchanges.at) {
		block_put_exchanges(&p->column, b, p->work);
		end_column(p, COLUMN_EXCHANGES, 0);
	}
	if (b->exchanges.at || b->pairs.at) {
		block_put_pairs(&p->column, b, p->work);
		end_column(p, COLUMN_PAIRS, 0);
	}
	for (unsigned column = 0; column < SESSION_COLUMNS; column++)
		put_session_column(p, column);
}

/* Pulses come every ten seconds: each number by that of the pulse before. */
static void
put_pulses(struct putting *p)
{
	for (unsigned column = 0; column < PULSE_COLUMNS; column++) {
		const uint64_t *own = p->b->pulse[column].v;

		if (!own)
			continue;
		for (size_t i = 0; i < p->b->pulses; i++)
			p->v[i] = zigzag(own[i] - (i ? own[i - 1] : 0));
		column_put(&p->column, p->v, p->b->pulses, p->work);
		end_column(p, COLUMN_OF_PULSE + PULSE_TABLE.field[column].id, 0);
	}
}

static void
put_all(struct putting *p)
{
	struct block_rows *b = p->b;

	p->work = column_work();
	p->v = block_keep(b, (b->rows + 1) * sizeof(*p->v));
	p->near = block_keep(b, (b->rows + 1) * sizeof(*p->near));
	p->sample = block_keep(b, (SAMPLES * SAMPLE + 1) * sizeof(*p->sample));
	p->row[FIRSTS] = block_keep(b, (b->rows + 1) * sizeof(*p->row[0]));
	p->row[LATERS] = block_keep(b, (b->rows + 1) * sizeof(*p->row[0]));
	if (!p->work || !p->v || !p->near || !p->sample || !p->row[FIRSTS] || !p->row[LATERS]) {
		p->to->failed = true;
		return;
	}
	for (uint32_t i = 0; i < b->sessions; i++) {
		unsigned part = b->before[i] ? LATERS : FIRSTS;

		p->row[part][p->rows[part]++] = i;
	}
	for (size_t i = 0; i < b->rows; i++)
		p->v[i] = b->is_pulse[i];
	if (b->rows)
		column_put(&p->column, p->v, b->rows, p->work);
	end_column(p, COLUMN_KINDS, 0);
	put_sessions(p);
	put_pulses(p);
}

static void
times(const uint64_t *v, size_t n, struct block_about *to)
{
	for (size_t i = 0; i < n; i++) {
		int64_t us = v ? (int64_t)v[i] : 0;

		to->begin_us = us < to->begin_us ? us : to->begin_us;
		to->end_us = us > to->end_us ? us : to->end_us;
	}
}

static void
put_range(struct bytes *to, const struct field *f, const uint64_t *v, size_t n)
{
	uint64_t turn = f->kind == FIELD_TIME ? UINT64_C(1) << 63 : 0, least = UINT64_MAX, most = 0;

	for (size_t i = 0; i < n; i++) {
		least = (v[i] ^ turn) < least ? v[i] ^ turn : least;
		most = (v[i] ^ turn) > most ? v[i] ^ turn : most;
	}
	bytes_varint(to, f->id);
	bytes_varint(to, least ^ turn);
	bytes_varint(to, most ^ turn);
}

/* False: it has no capital. */
static bool
lower_case(struct text t, char to[FILTER_TEXT_MAX])
{
	bool differs = false;

	for (uint32_t i = 0; i < t.len && i < FILTER_TEXT_MAX; i++) {
		to[i] = filter_lower(t.p[i]);
		differs |= to[i] != t.p[i];
	}
	return differs;
}

static size_t
count_texts(const struct block_rows *b, unsigned column)
{
	const struct block_column *c = &b->session[column];
	char lower[FILTER_TEXT_MAX];
	size_t n = c->texts;

	for (uint32_t i = 1; c->which && SESSION_TABLE.field[column].kind == FIELD_TEXT && i < c->texts; i++)
		n += lower_case(c->text[i], lower);
	return n;
}

static void
add_texts(struct bytes *to, const struct block_rows *b, unsigned column, enum filter_what what)
{
	const struct block_column *c = &b->session[column];
	char lower[FILTER_TEXT_MAX];

	for (uint32_t i = 1; c->which && i < c->texts; i++) {
		struct text t = c->text[i];

		filter_add(to, what, t.p, t.len);
		if (SESSION_TABLE.field[column].kind == FIELD_TEXT && lower_case(t, lower))
			filter_add(to, what, lower, t.len < FILTER_TEXT_MAX ? t.len : FILTER_TEXT_MAX);
	}
}

static void
summarise(const struct block_rows *b, struct block_about *to)
{
	static const struct {
		uint8_t column, what;
	} FILTERED[] = {{AT_src, FILTER_ADDR},
			{AT_dest, FILTER_ADDR},
			{AT_actor, FILTER_ADDR},
			{AT_ja4, FILTER_JA4},
			{AT_sni, FILTER_SNI}};
	size_t n = 0;

	*to = (struct block_about){.begin_us = INT64_MAX, .end_us = INT64_MIN, .sessions = b->sessions};
	times(b->session[AT_time].v, b->sessions, to);
	times(b->pulse[AT_PULSE_time].v, b->pulses, to);
	for (unsigned i = 0; i < SESSION_COLUMNS; i++)
		if (b->session[i].v && SESSION_TABLE.field[i].kind != FIELD_HASH)
			put_range(&to->range, &SESSION_TABLE.field[i], b->session[i].v, b->sessions);
	bytes_varint(&to->range, BLOCK_LOWER);
	bytes_varint(&to->range, 0);
	bytes_varint(&to->range, 0);
	for (unsigned i = 0; i < sizeof(FILTERED) / sizeof(FILTERED[0]); i++)
		n += count_texts(b, FILTERED[i].column);
	filter_room(&to->filter, n);
	for (unsigned i = 0; i < sizeof(FILTERED) / sizeof(FILTERED[0]); i++)
		add_texts(&to->filter, b, FILTERED[i].column, FILTERED[i].what);
	n = 0;
	for (size_t i = 0; i < b->sessions; i++)
		n += !b->before[i];
	filter_room(&to->ids, n);
	for (size_t i = 0; i < b->sessions; i++)
		if (!b->before[i])
			filter_add(&to->ids, FILTER_ID, b->session[AT_id].v ? &b->session[AT_id].v[i] : &(uint64_t){0},
				   sizeof(uint64_t));
}

void
block_about_free(struct block_about *a)
{
	bytes_free(&a->range);
	bytes_free(&a->filter);
	bytes_free(&a->ids);
}

bool
block_range(struct cur c, uint16_t id, struct block_range *to)
{
	while (cur_left(&c)) {
		uint64_t own = cur_varint(&c);

		to->least = cur_varint(&c);
		to->most = cur_varint(&c);
		if (!c.bad && own == id)
			return true;
	}
	return false;
}

bool
block_put_about(struct bytes *to, struct cur rows, uint64_t sensor, struct block_about *about)
{
	static _Thread_local struct block_rows b; /* its memory is used again */
	struct putting p = {.to = to, .b = &b};

	if (!block_take(&b, rows, sensor))
		return false;
	bytes_add(to, BLOCK_MAGIC, sizeof(BLOCK_MAGIC));
	bytes_varint(to, BLOCK_VERSION);
	bytes_u64le(to, sensor);
	bytes_varint(to, b.rows);
	put_all(&p);
	if (about) {
		summarise(&b, about);
		to->failed |= about->range.failed || about->filter.failed || about->ids.failed;
	}
	column_work_free(p.work);
	bytes_free(&p.column);
	return !to->failed;
}

bool
block_put(struct bytes *to, struct cur rows, uint64_t sensor)
{
	return block_put_about(to, rows, sensor, NULL);
}
