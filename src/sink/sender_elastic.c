/*
 * sender_elastic: the kind `elastic`: the _bulk interface of Elasticsearch and OpenSearch.
 *
 *	{"create":{"_index":"logs-gatewitness-default","_id":"SENSOR-ID-TIME"}}
 *	{"@timestamp":...}
 *
 * `create` is what data streams take, and refuses an id that is there: what was sent twice is 409, and acknowledged.  The
 * answer has a status for every line.  secret alone is an API key.
 * https://www.elastic.co/guide/en/elasticsearch/reference/8.11/docs-bulk.html
 */
#include <stdio.h>
#include <stdlib.h>

#include "sink/batch.h"
#include "sink/body.h"
#include "sink/format.h"
#include "sink/reply.h"

struct elastic {
	const struct sender_config *cfg;
	struct batch batch;
	char body[BODY_ROOM];
};

static const char INDEX[] = "logs-gatewitness-default";

/* What is asked for, so that an answer for a thousand lines is a few kB. */
static const char QUERY[] = "filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason";

/* The answer's items: how many, and the first that was not taken. */
struct bulk_reply {
	size_t items;
	size_t bad;      /* its number, from 0 */
	uint64_t status; /* its, 0: all were taken */
	struct text type, reason;
};

static void
put_action(struct out *o, const struct elastic *s, const struct sender_event *e, unsigned line)
{
	OUT_LIT(o, "{\"create\":{\"_index\":");
	json_text(o, *s->cfg->topic ? s->cfg->topic : INDEX);
	OUT_LIT(o, ",\"_id\":\"");
	body_key(o, s->cfg->sensor, e);
	if (line) {
		out_char(o, '.');
		out_u64(o, line);
	}
	OUT_LIT(o, "\"}}\n");
}

static struct out
fill(struct elastic *s, const struct sender_event *e, size_t n, size_t *took, size_t *lines)
{
	struct out o = out_of(s->body, sizeof(s->body));

	*lines = 0;
	for (*took = 0; *took < n && out_len(&o) < BODY_WANTED; (*took)++) {
		struct text rest = {e[*took].line, (uint32_t)e[*took].n}, line;

		for (unsigned i = 0; (line = body_line(&rest)).p; i++, (*lines)++) {
			put_action(&o, s, &e[*took], i);
			out_bytes(&o, line.p, line.len);
			out_char(&o, '\n');
		}
	}
	return o;
}

static void
on_status(void *arg, const struct reply_value *v)
{
	struct bulk_reply *r = arg;
	uint64_t status;

	if (!reply_is(v, "items[].create.status"))
		return;
	r->items++;
	status = reply_number(v);
	if (r->status || (status >= 200 && status <= 299) || status == 409)
		return;
	r->status = status;
	r->bad = v->index;
}

static void
on_reason(void *arg, const struct reply_value *v)
{
	struct bulk_reply *r = arg;

	if (v->index != r->bad)
		return;
	if (reply_is(v, "items[].create.error.type"))
		r->type = v->text;
	else if (reply_is(v, "items[].create.error.reason"))
		r->reason = v->text;
}

static size_t
event_of(const struct sender_event *e, size_t n, size_t item)
{
	for (size_t i = 0; i < n; i++) {
		struct text rest = {e[i].line, (uint32_t)e[i].n};

		while (body_line(&rest).p)
			if (item-- == 0)
				return i;
	}
	return n;
}

static const char *
words_of(uint64_t status)
{
	return status == 400 ? "refuses this event" :
	       status == 429 ? "is too busy" :
	       status == 403 ? "does not let us write into that index: check what user or key may do, and its disk" :
	       status == 404 ? "has no such index: make it, or check topic" :
			       "did not take this event";
}

static void
say_item(const struct elastic *s, const struct bulk_reply *r, char words[SENDER_WORDS])
{
	char what[200], detail[300];

	snprintf(what, sizeof(what), "%s (%u)", words_of(r->status), (unsigned)r->status);
	snprintf(detail, sizeof(detail), "%.*s: %.*s", r->type.len < 80 ? (int)r->type.len : 80,
		 r->type.p ? r->type.p : "", r->reason.len < 200 ? (int)r->reason.len : 200,
		 r->reason.p ? r->reason.p : "");
	http_say(s->batch.http, words, what, (struct text){detail, (uint32_t)strlen(detail)});
}

/* Each line's own answer: acknowledged is what stands before the first that was not taken. */
static void
judge(const struct elastic *s, struct text answer, const struct sender_event *e, size_t lines, struct batch_sent *sent,
      char words[SENDER_WORDS])
{
	struct bulk_reply r = {0};

	sent->acknowledged = 0;
	sent->together = false;
	if (!reply_walk(answer, on_status, &r) || r.items != lines) {
		sent->outcome = SENDER_AGAIN;
		http_say(s->batch.http, words, "is no _bulk interface, or did not answer for every line: check url",
			 answer);
		return;
	}
	if (r.status == 0) {
		sent->acknowledged = sent->took;
		http_say(s->batch.http, words, "indexed", (struct text){NULL, 0});
		return;
	}
	reply_walk(answer, on_reason, &r);
	sent->acknowledged = event_of(e, sent->took, r.bad);
	sent->outcome = r.status == 400 ? SENDER_REFUSED : SENDER_AGAIN;
	say_item(s, &r, words);
}

static struct batch_sent
post(void *state, const struct sender_event *e, size_t n, char words[SENDER_WORDS])
{
	struct elastic *s = state;
	struct batch_sent sent;
	struct http_answer a;
	size_t took, lines;
	struct out body = fill(s, e, n, &took, &lines);

	sent = batch_post(s->batch.http,
			  &(struct http_request){.query = QUERY,
						 .type = "application/x-ndjson",
						 .body = {body.start, (uint32_t)out_len(&body)}},
			  &a, took, words);
	if (sent.outcome == SENDER_DONE)
		judge(s, a.body, e, lines, &sent, words);
	else if (a.status == 400) /* of the message, not of a line in it: nothing is one event's fault */
		sent.outcome = SENDER_AGAIN;
	return sent;
}

static void
elastic_send(void *state, const struct sender_event *e, size_t n, struct sender_result *r)
{
	struct elastic *s = state;

	batch_send(&s->batch, s, e, n, r);
}

static void
elastic_close(void *state)
{
	struct elastic *s = state;

	http_close(s->batch.http);
	free(s);
}

static void *
elastic_open(const struct sender_config *cfg, char words[SENDER_WORDS])
{
	struct elastic *s = NULL;

	if (!format_is_json(cfg->format))
		snprintf(words, SENDER_WORDS, "format = %s is no JSON, which elastic wants: take ecs",
			 FORMAT_LIST[cfg->format].name);
	else if (!(s = calloc(1, sizeof(*s))))
		snprintf(words, SENDER_WORDS, "no memory");
	if (!s)
		return NULL;
	s->cfg = cfg;
	s->batch = batch_of(http_open(cfg, "/_bulk", words), post, cfg->batch);
	if (s->batch.http && http_authorize(s->batch.http, "ApiKey", words))
		return s;
	elastic_close(s);
	return NULL;
}

const struct sender_calls SENDER_ELASTIC = {elastic_open, elastic_send, elastic_close};
