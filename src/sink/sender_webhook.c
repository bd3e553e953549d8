/*
 * sender_webhook: the kind `webhook`: each event a POST to a URL, as it is or in a template.
 *
 *	body = {"text": "{}", "alert": {}}
 *		         |           '- the line as it is: of a JSON format
 *		         '- inside quotes: escaped for them
 *
 * Without a template, and where content_type is one of lines (application/x-ndjson, text/plain), a message has many.  {secret}
 * in the URL stands for the secret (chat services have it in their path), else it goes as a bearer token.
 * Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) is of the first event.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sink/batch.h"
#include "sink/body.h"

enum { URL_ROOM = 4096, KEY_ROOM = BODY_KEY_MAX + 32 };

struct webhook {
	struct sender_config cfg;
	struct batch batch;
	bool lines;
	char url[URL_ROOM];
	char body[BODY_ROOM];
};

static const char HOLE[] = "{}", SECRET[] = "{secret}";

static bool
url_with_secret(struct webhook *w, const struct sender_config *cfg)
{
	const char *at = strstr(cfg->url, SECRET);
	int n = at ? snprintf(w->url, sizeof(w->url), "%.*s%s%s", (int)(at - cfg->url), cfg->url, cfg->secret,
			      at + strlen(SECRET)) :
		     snprintf(w->url, sizeof(w->url), "%s", cfg->url);

	w->cfg = *cfg;
	w->cfg.url = w->url;
	return n >= 0 && (size_t)n < sizeof(w->url);
}

static void
webhook_close(void *state)
{
	struct webhook *w = state;

	http_close(w->batch.http);
	free(w);
}

/* The template with the line in it. */
static void
put_template(struct out *o, const char *body, struct text line)
{
	bool quoted = false;

	for (const char *p = body; *p; p++) {
		if (strncmp(p, HOLE, 2) == 0) {
			if (quoted)
				body_escaped(o, line);
			else
				out_bytes(o, line.p, line.len);
			p++;
			continue;
		}
		if (quoted && *p == '\\' && p[1])
			out_char(o, *p++);
		else if (*p == '"')
			quoted = !quoted;
		out_char(o, *p);
	}
}

static struct out
fill(struct webhook *w, const struct sender_event *e, size_t n, size_t *took)
{
	struct out o = out_of(w->body, sizeof(w->body));

	for (*took = 0; *took < (w->lines ? n : 1) && out_len(&o) < BODY_WANTED; (*took)++) {
		const struct text line = {e[*took].line, (uint32_t)e[*took].n};

		if (*w->cfg.body)
			put_template(&o, w->cfg.body, line);
		else
			out_bytes(&o, line.p, line.len);
		if (w->lines)
			out_char(&o, '\n');
	}
	return o;
}

static struct batch_sent
post(void *state, const struct sender_event *e, size_t n, char words[SENDER_WORDS])
{
	struct webhook *w = state;
	char key[KEY_ROOM];
	struct out k = out_of(key, sizeof(key) - 1);
	struct http_answer a;
	size_t took;
	struct out body = fill(w, e, n, &took);

	if (body.full) {
		http_say(w->batch.http, words, "the line in its template has more than 4 MiB", (struct text){0});
		return (struct batch_sent){.took = took, .outcome = SENDER_REFUSED};
	}
	OUT_LIT(&k, "Idempotency-Key: \"");
	body_key(&k, w->cfg.sensor, e);
	OUT_LIT(&k, "\"");
	*k.p = '\0';
	return batch_post(
		w->batch.http,
		&(struct http_request){.type = *w->cfg.content_type ? w->cfg.content_type : "application/json",
				       .extra = key,
				       .body = {body.start, (uint32_t)out_len(&body)}},
		&a, took, words);
}

static void *
webhook_open(const struct sender_config *cfg, char words[SENDER_WORDS])
{
	struct webhook *w = NULL;
	bool in_url = strstr(cfg->url, SECRET) != NULL, fine = false;

	if (*cfg->body && !strstr(cfg->body, HOLE))
		snprintf(words, SENDER_WORDS, "body has no {}, where the line goes, as in  body = {\"text\": \"{}\"}");
	else if (in_url && !*cfg->secret)
		snprintf(words, SENDER_WORDS,
			 "url has {secret}, and there is none: name it with secret_file or secret_env");
	else if (!(w = calloc(1, sizeof(*w))))
		snprintf(words, SENDER_WORDS, "no memory for a webhook");
	else if (!url_with_secret(w, cfg))
		snprintf(words, SENDER_WORDS, "url is too long");
	else
		fine = true;
	if (fine)
		w->batch = batch_of(http_open(&w->cfg, "/", words), post, cfg->batch);
	if (fine && w->batch.http && (in_url || http_authorize(w->batch.http, "Bearer", words))) {
		w->lines = !*cfg->body &&
			   (strstr(cfg->content_type, "ndjson") || strncmp(cfg->content_type, "text/", 5) == 0);
		return w;
	}
	if (w)
		webhook_close(w);
	return NULL;
}

static void
webhook_send(void *state, const struct sender_event *e, size_t n, struct sender_result *r)
{
	struct webhook *w = state;

	batch_send(&w->batch, w, e, n, r);
}

const struct sender_calls SENDER_WEBHOOK = {webhook_open, webhook_send, webhook_close};
