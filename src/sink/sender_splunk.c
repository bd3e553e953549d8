/*
 * sender_splunk: the kind `splunk`: Splunk's HTTP Event Collector (HEC), event endpoint.
 *
 *	{"time":1746100800.25,"host":SENSOR,"source":"gatewitness","sourcetype":"gatewitness:eve","event":{...}}...
 *
 * secret is the collector's token, topic the index (none: the token's own).  A message whose event N is wrong is
 * taken up to there, and says N.  A token with indexer acknowledgement answers a number, which is asked for until the
 * events are on disk: until then they are not acknowledged.
 * https://docs.splunk.com/Documentation/Splunk/latest/Data/AboutHECIDXAck
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/crypt.h"
#include "sink/batch.h"
#include "sink/body.h"
#include "sink/format.h"
#include "sink/reply.h"

enum { GUID_LEN = 36, ASK_FIRST_MS = 50, ASK_MOST_MS = 2000, ASK_ROUNDS = 12, ASK_SILENT = 4 };

/* Taken, and not yet on disk. */
struct waiting {
	uint64_t ack, first; /* first: id of its first event, 0: nothing waits */
	size_t events;
	unsigned rounds; /* sends in which it was asked for in vain */
};

struct splunk {
	const struct sender_config *cfg;
	struct batch batch;
	struct waiting waiting;
	bool acks; /* the token has acknowledgement */
	char channel[GUID_LEN + 1];
	char body[BODY_ROOM];
};

/* The members of an answer that we read. */
struct hec_reply {
	uint64_t code, wrong, ack;
	bool has_wrong, has_ack;
	struct text text;
};

/* A channel of our own that is the same after a restart: names, hashed, in the form of a version 5 UUID (RFC 9562). */
static void
make_channel(char to[GUID_LEN + 1], const struct sender_config *cfg)
{
	uint8_t sum[CRYPT_SHA1];
	char names[512], hex[2 * CRYPT_SHA1];
	struct out o = out_of(hex, sizeof(hex));

	snprintf(names, sizeof(names), "gatewitness %.250s %.200s", cfg->sensor, cfg->name);
	crypt_sha1(names, strlen(names), sum);
	sum[6] = (uint8_t)((sum[6] & 0x0f) | 0x50);
	sum[8] = (uint8_t)((sum[8] & 0x3f) | 0x80);
	out_hex(&o, sum, 16);
	snprintf(to, GUID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static void
put_event(struct out *o, const struct splunk *s, const struct sender_event *e, struct text line)
{
	OUT_LIT(o, "{\"time\":");
	out_fixed(o, e->time.ns / NS_PER_US, 6);
	OUT_LIT(o, ",\"host\":");
	json_text(o, s->cfg->sensor);
	OUT_LIT(o, ",\"source\":\"gatewitness\",\"sourcetype\":\"gatewitness:");
	out_text(o, FORMAT_LIST[s->cfg->format].name);
	OUT_LIT(o, "\"");
	if (*s->cfg->topic) {
		OUT_LIT(o, ",\"index\":");
		json_text(o, s->cfg->topic);
	}
	OUT_LIT(o, ",\"event\":");
	if (format_is_json(s->cfg->format))
		out_bytes(o, line.p, line.len);
	else
		json_string(o, line.p, line.len);
	OUT_LIT(o, "}\n");
}

static unsigned
lines_of(const struct sender_event *e)
{
	struct text rest = {e->line, (uint32_t)e->n};
	unsigned n = 0;

	while (body_line(&rest).p)
		n++;
	return n;
}

static struct out
fill(struct splunk *s, const struct sender_event *e, size_t n, size_t *took)
{
	struct out o = out_of(s->body, sizeof(s->body));

	for (*took = 0; *took < n && out_len(&o) < BODY_WANTED; (*took)++) {
		struct text rest = {e[*took].line, (uint32_t)e[*took].n}, line;

		while ((line = body_line(&rest)).p)
			put_event(&o, s, &e[*took], line);
	}
	return o;
}

static void
on_reply(void *arg, const struct reply_value *v)
{
	struct hec_reply *r = arg;

	if (reply_is(v, "code")) {
		r->code = reply_number(v);
	} else if (reply_is(v, "text")) {
		r->text = v->text;
	} else if (reply_is(v, "invalid-event-number")) {
		r->wrong = reply_number(v);
		r->has_wrong = true;
	} else if (reply_is(v, "ackId")) {
		r->ack = reply_number(v);
		r->has_ack = true;
	}
}

/* Which event the collector's number is one of; n: none of them. */
static size_t
event_of(const struct sender_event *e, size_t n, uint64_t number)
{
	uint64_t before = 0;

	for (size_t i = 0; i < n; i++) {
		before += lines_of(&e[i]);
		if (number < before)
			return i;
	}
	return n;
}

/* The collector's codes, where they say more than the status. */
static const struct {
	uint64_t code;
	enum sender_outcome outcome;
	const char *words;
} CODES[] = {
	{1, SENDER_AGAIN, "the token is switched off there"},
	{2, SENDER_AGAIN, "wants a token: name it with secret_file or secret_env"},
	{3, SENDER_AGAIN,
	 "does not take the token: write it into the secret's file as it is, without Splunk before it"},
	{4, SENDER_AGAIN, "does not know the token: check the secret"},
	{6, SENDER_REFUSED, "refuses this event"},
	{7, SENDER_AGAIN, "has no such index, or not for this token: check topic"},
	{8, SENDER_AGAIN, "is not well"},
	{9, SENDER_AGAIN, "is too busy"},
	{12, SENDER_REFUSED, "refuses this event"},
	{13, SENDER_REFUSED, "refuses this event"},
	{15, SENDER_REFUSED, "refuses this event"},
};

static void
judge(const struct splunk *s, const struct hec_reply *reply, const struct sender_event *e, struct batch_sent *sent,
      char words[SENDER_WORDS])
{
	for (size_t i = 0; i < sizeof(CODES) / sizeof(CODES[0]); i++)
		if (CODES[i].code == reply->code) {
			sent->outcome = CODES[i].outcome;
			http_say(s->batch.http, words, CODES[i].words, reply->text);
		}
	if (sent->outcome != SENDER_REFUSED || !reply->has_wrong)
		return;
	sent->acknowledged = event_of(e, sent->took, reply->wrong);
	/* What was taken before it is on no disk yet, and has no number to ask after: it is sent again, without it. */
	sent->together = sent->acknowledged == sent->took || (s->acks && sent->acknowledged);
	if (sent->together)
		sent->acknowledged = 0;
}

/* One question after the acknowledgement; the number's member is true once the events are on disk. */
static bool
is_on_disk(struct splunk *s, char words[SENDER_WORDS])
{
	char body[64], query[64], path[32];
	struct out o = out_of(body, sizeof(body));
	struct http_answer a;
	struct reply_value found = {.path = path};

	OUT_LIT(&o, "{\"acks\":[");
	out_u64(&o, s->waiting.ack);
	OUT_LIT(&o, "]}");
	snprintf(query, sizeof(query), "channel=%s", s->channel);
	if (!http_post(s->batch.http,
		       &(struct http_request){.path = "ack",
					      .query = query,
					      .type = "application/json",
					      .body = {body, (uint32_t)out_len(&o)}},
		       &a)) {
		memcpy(words, a.words, SENDER_WORDS);
		s->waiting.rounds += ASK_SILENT;
		return false;
	}
	snprintf(path, sizeof(path), "acks.%llu", (unsigned long long)s->waiting.ack);
	if (http_meaning(s->batch.http, &a, words) != SENDER_DONE)
		return false;
	http_say(s->batch.http, words, "has taken them, and not yet written them to disk", (struct text){NULL, 0});
	return reply_find(a.body, &found) && found.text.len == 4 && memcmp(found.text.p, "true", 4) == 0;
}

static bool
await(struct splunk *s, char words[SENDER_WORDS])
{
	for (long ms = ASK_FIRST_MS;; ms = 2 * ms < ASK_MOST_MS ? 2 * ms : ASK_MOST_MS) {
		if (is_on_disk(s, words))
			return true;
		nanosleep(&(struct timespec){ms / 1000, ms % 1000 * NS_PER_MS}, NULL);
		if (http_late(s->batch.http))
			return false;
	}
}

/* What waits, waited for: its events are acknowledged, or not yet. */
static struct batch_sent
settle(struct splunk *s, char words[SENDER_WORDS])
{
	struct batch_sent sent = {.took = s->waiting.events, .outcome = SENDER_AGAIN};

	if (await(s, words)) {
		sent.outcome = SENDER_DONE;
		sent.acknowledged = sent.took;
		http_say(s->batch.http, words, "taken, and on disk", (struct text){NULL, 0});
	}
	/* An indexer that was restarted has forgotten the number: then the events are sent anew, some ten minutes of asking
	   later with the courier's waits; sooner where it did not answer meanwhile. */
	if (sent.outcome == SENDER_DONE || ++s->waiting.rounds >= ASK_ROUNDS)
		s->waiting = (struct waiting){0};
	return sent;
}

static struct batch_sent
post(void *state, const struct sender_event *e, size_t n, char words[SENDER_WORDS])
{
	struct splunk *s = state;
	struct hec_reply reply = {0};
	struct batch_sent sent;
	struct http_answer a;
	struct out body;
	size_t took;

	if (s->waiting.first == e->id && s->waiting.events <= n)
		return settle(s, words);
	s->waiting = (struct waiting){0};
	body = fill(s, e, n, &took);
	sent = batch_post(
		s->batch.http,
		&(struct http_request){.type = "application/json", .body = {body.start, (uint32_t)out_len(&body)}}, &a,
		took, words);
	if (a.status == 0 || !reply_walk(a.body, on_reply, &reply))
		return sent;
	if (sent.outcome != SENDER_DONE) {
		judge(s, &reply, e, &sent, words);
		return sent;
	}
	if (!reply.has_ack)
		return sent;
	s->acks = true;
	s->waiting = (struct waiting){.ack = reply.ack, .first = e->id, .events = took};
	return settle(s, words);
}

static void
splunk_send(void *state, const struct sender_event *e, size_t n, struct sender_result *r)
{
	struct splunk *s = state;

	batch_send(&s->batch, s, e, n, r);
}

static void
splunk_close(void *state)
{
	struct splunk *s = state;

	http_close(s->batch.http);
	free(s);
}

static void *
splunk_open(const struct sender_config *cfg, char words[SENDER_WORDS])
{
	struct splunk *s = *cfg->secret ? calloc(1, sizeof(*s)) : NULL;

	if (!s) {
		snprintf(words, SENDER_WORDS, "%s",
			 *cfg->secret ? "no memory" : "no token: name it with secret_file or secret_env");
		return NULL;
	}
	s->cfg = cfg;
	s->batch = batch_of(http_open(cfg, "/services/collector/event", words), post, cfg->batch);
	make_channel(s->channel, cfg);
	if (s->batch.http && http_header(s->batch.http, "Authorization", "Splunk", cfg->secret, words) &&
	    http_header(s->batch.http, "X-Splunk-Request-Channel", "", s->channel, words))
		return s;
	splunk_close(s);
	return NULL;
}

const struct sender_calls SENDER_SPLUNK = {splunk_open, splunk_send, splunk_close};
