/*
 * sender_clickhouse: the kind `clickhouse`: INSERT ... FORMAT JSONEachRow over HTTP(S).
 *
 * An event goes into the table of its kind in `gatewitness` (src/sink/fleet has them), or all into the one that topic names.
 * A message is one INSERT, which is taken or refused as a whole.  What was sent twice: the server drops a message with the
 * token of one that it has (insert_deduplication_token, from 22.2 on); tables of src/sink/fleet merge equal rows.
 * Inserts are synchronous: an answer means that the rows are there.  Each makes a part that has to be merged, whatever is in it:
 * a message that is not full waits ten times as long as the last one took, a second at most, and meanwhile more comes.  So a
 * sensor takes a tenth of a core there, and the less the busier the server is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sink/batch.h"
#include "sink/body.h"
#include "sink/event.h"
#include "sink/format.h"

enum { TABLE_ROOM = 300, QUERY_ROOM = 2048 };

struct clickhouse {
	const struct sender_config *cfg;
	struct batch batch;
	int64_t not_before;     /* of the monotonic clock: for a message that is not full */
	bool old;               /* knows no deduplication token, nor asynchronous inserts */
	char table[TABLE_ROOM]; /* "": by kind */
	char body[BODY_ROOM];
};

static const struct {
	unsigned kinds;
	const char *table;
} TABLES[] = {
	{EVENT_ALERT, "%60gatewitness%60.%60alerts%60"},
	{EVENT_INCIDENT, "%60gatewitness%60.%60incidents%60"},
	{EVENT_SESSION, "%60gatewitness%60.%60sessions%60"},
	{EVENT_STATS | EVENT_HEARTBEAT, "%60gatewitness%60.%60stats%60"},
};

static const char *
table_of(const struct clickhouse *s, unsigned kind)
{
	unsigned i = 0;

	if (*s->table)
		return s->table;
	while (i + 1 < sizeof(TABLES) / sizeof(TABLES[0]) && !(TABLES[i].kinds & kind))
		i++;
	return TABLES[i].table;
}

/* Events that go into one table, in their order. */
static struct out
fill(struct clickhouse *s, const struct sender_event *e, size_t n, size_t *took)
{
	struct out o = out_of(s->body, sizeof(s->body));

	for (*took = 0; *took < n && out_len(&o) < BODY_WANTED; (*took)++) {
		if (!*s->table && e[*took].kind != e[0].kind)
			break;
		out_bytes(&o, e[*took].line, e[*took].n);
		out_char(&o, '\n');
	}
	return o;
}

static void
put_query(char to[QUERY_ROOM], const struct clickhouse *s, const struct sender_event *e, size_t took)
{
	struct out o = out_of(to, QUERY_ROOM - 1);

	OUT_LIT(&o, "query=INSERT%20INTO%20");
	out_text(&o, table_of(s, e->kind));
	/* A sensor may know columns that the tables do not have yet. */
	OUT_LIT(&o, "%20FORMAT%20JSONEachRow&input_format_skip_unknown_fields=1&wait_end_of_query=1");
	if (!s->old) {
		OUT_LIT(&o, "&async_insert=0&insert_deduplicate=1&insert_deduplication_token=");
		body_key(&o, s->cfg->sensor, e);
		out_char(&o, '-');
		out_u64(&o, took);
	}
	*o.p = '\0';
}

/* "Code: 117, e.displayText() = ..." or "Code: 117. DB::Exception: ..."; 0: no exception */
static unsigned
code_of(struct text answer)
{
	static const char CODE[] = "Code: ";
	struct cur c = cur_of(answer.p, answer.len);
	unsigned n = 0;

	if (!cur_starts(&c, CODE, sizeof(CODE) - 1))
		return 0;
	cur_skip(&c, sizeof(CODE) - 1);
	while (cur_peek(&c, 0) >= '0' && cur_peek(&c, 0) <= '9' && n < 100000)
		n = n * 10 + cur_u8(&c) - '0';
	return n;
}

/* dbms/src/Common/ErrorCodes.cpp: what one row can be the cause of, and what an administrator mends. */
static const struct {
	unsigned code;
	enum sender_outcome outcome;
	const char *words;
} CODES[] = {
	{6, SENDER_REFUSED, "cannot read this row"},
	{25, SENDER_REFUSED, "cannot read this row"},
	{26, SENDER_REFUSED, "cannot read this row"},
	{27, SENDER_REFUSED, "cannot read this row"},
	{33, SENDER_REFUSED, "cannot read this row"},
	{38, SENDER_REFUSED, "cannot read a date in this row"},
	{41, SENDER_REFUSED, "cannot read a time in this row"},
	{53, SENDER_REFUSED, "has another type for a column of this row"},
	{60, SENDER_AGAIN, "has no such table: make those of src/sink/fleet, or check topic"},
	{69, SENDER_REFUSED, "has no room for a value of this row"},
	{72, SENDER_REFUSED, "cannot read a number in this row"},
	{81, SENDER_AGAIN, "has no such database: make that of src/sink/fleet, or check topic"},
	{117, SENDER_REFUSED, "cannot read this row"},
	{130, SENDER_REFUSED, "cannot read a list in this row"},
	{131, SENDER_REFUSED, "has no room for a text of this row"},
	{164, SENDER_AGAIN, "lets this user only read: give it INSERT"},
	{192, SENDER_AGAIN, "does not know the user"},
	{193, SENDER_AGAIN, "does not know us: check the secret"},
	{194, SENDER_AGAIN, "wants a password: name it with secret_file or secret_env"},
	{241, SENDER_AGAIN, "has no memory for it now"},
	{242, SENDER_AGAIN, "has that table read-only: its ZooKeeper or Keeper is away"},
	{252, SENDER_AGAIN, "has too many parts: merges do not keep up; insert more at once (batch)"},
	{321, SENDER_REFUSED, "has no room for a value of this row"},
	{497, SENDER_AGAIN, "lets this user not insert: give it INSERT on the tables"},
	{516, SENDER_AGAIN, "does not know us: check user and secret"},
};
enum { CODE_UNKNOWN_SETTING = 115 };

static void
judge(const struct clickhouse *s, unsigned code, struct text answer, struct batch_sent *sent, char words[SENDER_WORDS])
{
	const char *what = "did not take it";

	sent->outcome = SENDER_AGAIN;
	sent->acknowledged = 0;
	for (size_t i = 0; i < sizeof(CODES) / sizeof(CODES[0]); i++)
		if (CODES[i].code == code) {
			sent->outcome = CODES[i].outcome;
			what = CODES[i].words;
		}
	http_say(s->batch.http, words, what, answer);
}

static struct batch_sent
post(void *state, const struct sender_event *e, size_t n, char words[SENDER_WORDS])
{
	struct clickhouse *s = state;
	char query[QUERY_ROOM];
	struct batch_sent sent;
	struct http_answer a;
	size_t took;
	struct out body = fill(s, e, n, &took);
	unsigned code;

	put_query(query, s, e, took);
	sent = batch_post(s->batch.http,
			  &(struct http_request){.query = query,
						 .type = "application/x-ndjson",
						 .body = {body.start, (uint32_t)out_len(&body)}},
			  &a, took, words);
	if (a.status == 0)
		return sent;
	/* An exception may come behind a status of 200, which had been sent before. */
	code = code_of(a.body);
	if (code == CODE_UNKNOWN_SETTING && !s->old) {
		s->old = true;
		return post(state, e, n, words);
	}
	if (code)
		judge(s, code, a.body, &sent, words);
	else if (a.status == 400) /* without an exception it is none of ClickHouse's, and no row's fault */
		sent.outcome = SENDER_AGAIN;
	else if (sent.outcome == SENDER_DONE)
		http_say(s->batch.http, words, "inserted", (struct text){NULL, 0});
	return sent;
}

enum { PACE = 10 };
#define PACE_MOST NS_PER_S

static void
wait_for_more(const struct clickhouse *s, size_t n)
{
	int64_t left = s->not_before - http_now();

	if (n < s->cfg->batch && left > 0)
		nanosleep(&(struct timespec){left / NS_PER_S, left % NS_PER_S}, NULL);
}

static void
clickhouse_send(void *state, const struct sender_event *e, size_t n, struct sender_result *r)
{
	struct clickhouse *s = state;
	int64_t most = s->cfg->timeout_ns / 2 < PACE_MOST ? s->cfg->timeout_ns / 2 : PACE_MOST, began, pace;

	wait_for_more(s, n);
	began = http_now();
	batch_send(&s->batch, s, e, n, r);
	pace = PACE * (http_now() - began);
	s->not_before = http_now() + (pace < most ? pace : most);
}

/* "db.table" as `db`.`table` in a URL's query. */
static bool
name_table(char to[TABLE_ROOM], const char *topic)
{
	static const char NAME[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t n = strspn(topic, NAME), m = topic[n] == '.' ? strspn(topic + n + 1, NAME) : 0;

	if (!*topic)
		return true;
	if (topic[n] == '.' && n && m && topic[n + 1 + m] == '\0')
		snprintf(to, TABLE_ROOM, "%%60%.*s%%60.%%60%.128s%%60", n < 128 ? (int)n : 128, topic, topic + n + 1);
	else if (topic[n] == '\0')
		snprintf(to, TABLE_ROOM, "%%60%.128s%%60", topic);
	else
		return false;
	return n + m < 256;
}

static void
clickhouse_close(void *state)
{
	struct clickhouse *s = state;

	http_close(s->batch.http);
	free(s);
}

static bool
authorize(struct http *h, const struct sender_config *cfg, char words[SENDER_WORDS])
{
	return (!*cfg->user || http_header(h, "X-ClickHouse-User", "", cfg->user, words)) &&
	       (!*cfg->secret || http_header(h, "X-ClickHouse-Key", "", cfg->secret, words));
}

static void *
clickhouse_open(const struct sender_config *cfg, char words[SENDER_WORDS])
{
	const char *format = FORMAT_LIST[cfg->format].name;
	struct clickhouse *s = NULL;

	if (!*cfg->topic && strcmp(format, "fleet") != 0)
		snprintf(words, SENDER_WORDS, "format = %s does not fit the tables of src/sink/fleet: take fleet",
			 format);
	else if (!format_is_json(cfg->format))
		snprintf(words, SENDER_WORDS, "format = %s is no JSON: take fleet", format);
	else if (!(s = calloc(1, sizeof(*s))))
		snprintf(words, SENDER_WORDS, "no memory");
	if (!s)
		return NULL;
	s->cfg = cfg;
	if (!name_table(s->table, cfg->topic))
		snprintf(words, SENDER_WORDS, "topic is no table: write it as in  topic = gatewitness.alerts");
	else
		s->batch = batch_of(http_open(cfg, "/", words), post, cfg->batch);
	if (s->batch.http && authorize(s->batch.http, cfg, words))
		return s;
	clickhouse_close(s);
	return NULL;
}

const struct sender_calls SENDER_CLICKHOUSE = {clickhouse_open, clickhouse_send, clickhouse_close};
