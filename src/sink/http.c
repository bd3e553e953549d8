/*
 * http: libcurl behind our own names; no other file knows it.  Must not know what a body means, nor print a secret.
 *
 * Whom we talk to is decided by TLS:
 *
 *	nothing given    chain to the system's CAs, and the URL's host in the certificate
 *	tls_ca           the same with these CAs alone
 *	tls_name         that name instead of the host, in SNI and Host as well
 *	tls_pin          the receiver's key must be that one; without tls_ca the key alone decides, as in SSH
 */
#include "sink/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/out.h"

enum { HOST_ROOM = 300, TEXT_ROOM = 4096, PIN_BYTES = 32 };

struct http {
	const struct sender_config *cfg;
	CURL *curl;
	CURLU *url;
	struct curl_slist *headers, *connect_to;
	char where[HOST_ROOM]; /* HOST:PORT, for words */
	bool clear;            /* http:// */
	int64_t until;         /* of the monotonic clock */
	size_t got;
	bool too_long;
	char error[CURL_ERROR_SIZE];
	char answer[HTTP_ANSWER_MAX];
};

int64_t
http_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* What came from elsewhere must not break the line, nor paint the terminal. */
static void
put_printable(struct out *o, struct text t)
{
	for (uint32_t i = 0; i < t.len; i++)
		out_char(o, t.p[i] >= ' ' && t.p[i] <= '~' ? t.p[i] : ' ');
}

static struct text
text_of(const char *s)
{
	return (struct text){s, (uint32_t)strlen(s)};
}

static struct text
at_most(struct text t, uint32_t n)
{
	return (struct text){t.p, t.len < n ? t.len : n};
}

void
http_say(const struct http *h, char words[SENDER_WORDS], const char *what, struct text detail)
{
	enum { WHAT_MAX = 200, DETAIL_MAX = 120 };
	struct out o = out_of(words, SENDER_WORDS - 1);

	put_printable(&o, at_most(text_of(h->where), SENDER_WORDS - WHAT_MAX - DETAIL_MAX - 8));
	OUT_LIT(&o, ": ");
	put_printable(&o, at_most(text_of(what), WHAT_MAX));
	if (detail.len) {
		OUT_LIT(&o, ": ");
		put_printable(&o, at_most(detail, DETAIL_MAX));
	}
	*o.p = '\0';
}

static bool
say(char words[SENDER_WORDS], const char *form, const char *detail)
{
	snprintf(words, SENDER_WORDS, form, detail);
	return false;
}

static bool
is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "[::1]") == 0;
}

/* Fills h->where, h->clear and the port to connect to.  Neither URL nor what is in it is printed: it may hold a secret. */
static bool
take_url(struct http *h, const char *path, char words[SENDER_WORDS])
{
	char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL, *own = NULL;
	bool fine = false;

	if (curl_url_set(h->url, CURLUPART_URL, h->cfg->url, 0) != CURLUE_OK ||
	    curl_url_get(h->url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(h->url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(h->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
	    (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)) {
		say(words, "url is none: write it as in  url = https://siem.example.org:8443%s", path);
	} else if (curl_url_get(h->url, CURLUPART_USER, &user, 0) == CURLUE_OK) {
		say(words, "%s", "url holds a user: write  user = NAME  and  secret_file = FILE  instead");
	} else {
		h->clear = strcmp(scheme, "http") == 0;
		snprintf(h->where, sizeof(h->where), "%.250s:%.8s", host, port);
		if (h->clear && *h->cfg->secret && !is_loopback(host))
			say(words, "%s", "url is http://: the secret could be read on its way; write https://");
		else
			fine = true;
	}
	if (fine && curl_url_get(h->url, CURLUPART_PATH, &own, 0) == CURLUE_OK && strcmp(own, "/") == 0)
		curl_url_set(h->url, CURLUPART_PATH, path, 0);
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(user);
	curl_free(own);
	return fine;
}

static bool
readable(const char *option, const char *path, char words[SENDER_WORDS])
{
	if (!*path || access(path, R_OK) == 0)
		return true;
	snprintf(words, SENDER_WORDS, "%s %.250s: cannot be read; it is a PEM file that this user may read", option,
		 path);
	return false;
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 :
				      -1;
}

/* libcurl wants "sha256//" and base64. */
static bool
pin_text(const char *hex, char to[64])
{
	static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct out o = out_of(to, 63);
	unsigned bits = 0, held = 0;

	if (strlen(hex) != (size_t)2 * PIN_BYTES)
		return false;
	OUT_LIT(&o, "sha256//");
	for (; *hex; hex++) {
		if (digit(*hex) < 0)
			return false;
		held = held << 4 | (unsigned)digit(*hex);
		for (bits += 4; bits >= 6; bits -= 6)
			out_char(&o, BASE64[held >> (bits - 6) & 63]);
	}
	out_char(&o, BASE64[held << (6 - bits) & 63]); /* 256 bits leave 4 */
	OUT_LIT(&o, "=");
	*o.p = '\0';
	return true;
}

/* The name's certificate, at the URL's address. */
static bool
rename_host(struct http *h, const char *name)
{
	char *host = NULL, *port = NULL, line[2 * HOST_ROOM];
	bool fine = curl_url_get(h->url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		    curl_url_get(h->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;

	if (fine) {
		snprintf(line, sizeof(line), "%.250s:%.8s:%.250s:%.8s", name, port, host, port);
		h->connect_to = curl_slist_append(NULL, line);
		fine = curl_url_set(h->url, CURLUPART_HOST, name, 0) == CURLUE_OK;
		curl_easy_setopt(h->curl, CURLOPT_CONNECT_TO, h->connect_to);
	}
	curl_free(host);
	curl_free(port);
	return fine;
}

static bool
take_tls(struct http *h, char words[SENDER_WORDS])
{
	const struct sender_config *c = h->cfg;
	bool key_decides = *c->tls_pin && !*c->tls_ca;
	char pin[64];

	if (!readable("tls_ca", c->tls_ca, words) || !readable("tls_certificate", c->tls_certificate, words) ||
	    !readable("tls_key", c->tls_key, words))
		return false;
	curl_easy_setopt(h->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYPEER, key_decides ? 0L : 1L);
	curl_easy_setopt(h->curl, CURLOPT_SSL_VERIFYHOST, key_decides && !*c->tls_name ? 0L : 2L);
	if (*c->tls_ca) {
		curl_easy_setopt(h->curl, CURLOPT_CAINFO, c->tls_ca);
		curl_easy_setopt(h->curl, CURLOPT_CAPATH, NULL);
	}
	if (*c->tls_certificate) {
		curl_easy_setopt(h->curl, CURLOPT_SSLCERT, c->tls_certificate);
		curl_easy_setopt(h->curl, CURLOPT_SSLKEY, *c->tls_key ? c->tls_key : c->tls_certificate);
	}
	if (*c->tls_pin) {
		if (!pin_text(c->tls_pin, pin))
			return say(words, "%s", "tls_pin: not 64 hex digits, the SHA-256 of the receiver's public key");
		curl_easy_setopt(h->curl, CURLOPT_PINNEDPUBLICKEY, pin);
	}
	if (*c->tls_name && !rename_host(h, c->tls_name))
		return say(words, "tls_name %.200s: is no host name", c->tls_name);
	return true;
}

static size_t
on_answer(char *bytes, size_t one, size_t n, void *arg)
{
	struct http *h = arg;

	if (n > sizeof(h->answer) - h->got) {
		h->too_long = true;
		return 0;
	}
	memcpy(h->answer + h->got, bytes, n);
	h->got += n;
	return one * n;
}

static void
set_once(struct http *h)
{
	curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(h->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(h->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(h->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(h->curl, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(h->curl, CURLOPT_USERAGENT, "gatewitness/" GATEWITNESS_VERSION);
	curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, h->error);
	curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(h->curl, CURLOPT_POST, 1L);
}

struct http *
http_open(const struct sender_config *cfg, const char *path, char words[SENDER_WORDS])
{
	struct http *h = NULL;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		h = calloc(1, sizeof(*h));
	if (h) {
		h->cfg = cfg;
		h->curl = curl_easy_init();
		h->url = curl_url();
		/* No "Expect: 100-continue": a receiver that ignores it would cost a second. */
		h->headers = curl_slist_append(NULL, "Expect:");
	}
	if (!h || !h->curl || !h->url || !h->headers) {
		say(words, "%s", "no memory for a link");
		http_close(h);
		return NULL;
	}
	set_once(h);
	if (take_url(h, path, words) && take_tls(h, words))
		return h;
	http_close(h);
	return NULL;
}

void
http_close(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	curl_url_cleanup(h->url);
	curl_slist_free_all(h->headers);
	curl_slist_free_all(h->connect_to);
	free(h);
}

bool
http_header(struct http *h, const char *name, const char *scheme, const char *value, char words[SENDER_WORDS])
{
	char line[TEXT_ROOM];
	struct curl_slist *longer;
	int n = snprintf(line, sizeof(line), "%s: %s%s%s", name, scheme, *scheme ? " " : "", value);

	for (const char *c = value; *c; c++)
		if ((uint8_t)*c < ' ' || *c == 0x7f)
			return say(words, "%s: holds a control character, which no header can; is its file a text?",
				   name);
	if (n < 0 || (size_t)n >= sizeof(line))
		return say(words, "%s: too long for a header", name);
	longer = curl_slist_append(h->headers, line);
	if (!longer)
		return say(words, "%s: no memory", name);
	h->headers = longer;
	return true;
}

bool
http_authorize(struct http *h, const char *scheme, char words[SENDER_WORDS])
{
	if (!*h->cfg->secret)
		return *h->cfg->user ?
			       say(words, "user without a secret: name it with secret_file or secret_env%s", "") :
			       true;
	if (!*h->cfg->user)
		return http_header(h, "Authorization", scheme, h->cfg->secret, words);
	curl_easy_setopt(h->curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(h->curl, CURLOPT_USERNAME, h->cfg->user);
	curl_easy_setopt(h->curl, CURLOPT_PASSWORD, h->cfg->secret);
	return true;
}

void
http_begin(struct http *h)
{
	h->until = http_now() + h->cfg->timeout_ns;
}

bool
http_late(const struct http *h)
{
	return http_now() >= h->until;
}

/* What libcurl's codes mean to whoever has to mend it. */
static const struct {
	CURLcode code;
	const char *words;
} FAILURES[] = {
	{CURLE_COULDNT_RESOLVE_HOST, "no such host: check url and the resolver of this machine"},
	{CURLE_COULDNT_CONNECT, "does not accept connections: is the receiver running, does a firewall refuse?"},
	{CURLE_OPERATION_TIMEDOUT, "no answer in time: is it overloaded, does a firewall drop?"},
	{CURLE_PEER_FAILED_VERIFICATION,
	 "its certificate is not trusted: name the CA in tls_ca, another name in tls_name"},
	{CURLE_SSL_PINNEDPUBKEYNOTMATCH,
	 "its key is not that of tls_pin: if its key was changed, write the new one's SHA-256"},
	{CURLE_SSL_CACERT_BADFILE, "tls_ca holds no certificate in PEM"},
	{CURLE_SSL_CERTPROBLEM, "tls_certificate and tls_key cannot be used: PEM, and of one pair?"},
	{CURLE_SSL_CONNECT_ERROR, "no TLS: is that port TLS, does it want a client certificate (tls_certificate)?"},
	{CURLE_GOT_NOTHING, "closed the connection without an answer"},
	{CURLE_SEND_ERROR, "closed the connection while it was written to"},
	{CURLE_RECV_ERROR, "closed the connection before it had answered"},
	{CURLE_PARTIAL_FILE, "closed the connection within its answer"},
	{CURLE_WEIRD_SERVER_REPLY, "what answers there does not speak HTTP"},
	{CURLE_UNSUPPORTED_PROTOCOL, "what answers there does not speak HTTP/1"},
	{CURLE_OUT_OF_MEMORY, "no memory for a request"},
};

static void
say_failure(const struct http *h, CURLcode code, char words[SENDER_WORDS])
{
	const char *what = "no answer";

	for (size_t i = 0; i < sizeof(FAILURES) / sizeof(FAILURES[0]); i++)
		if (FAILURES[i].code == code)
			what = FAILURES[i].words;
	if (h->too_long)
		http_say(h, words, "answers more than 1 MiB: is url that of the receiver's interface?",
			 (struct text){0});
	else
		http_say(h, words, what, text_of(*h->error ? h->error : curl_easy_strerror(code)));
}

/* What is left of the time, in whole ms; libcurl takes 0 for never. */
static long
left_ms(const struct http *h)
{
	int64_t left = (h->until - http_now()) / NS_PER_MS;

	return left > 0 ? (long)left : 1;
}

/* "/services/collector/event" and "ack": "/services/collector/ack" */
static void
replace_last(CURLU *url, const char *name)
{
	char *own = NULL, path[TEXT_ROOM];

	if (curl_url_get(url, CURLUPART_PATH, &own, 0) == CURLUE_OK) {
		snprintf(path, sizeof(path), "%.*s/%s", (int)(strrchr(own, '/') - own), own, name);
		curl_url_set(url, CURLUPART_PATH, path, 0);
	}
	curl_free(own);
}

static CURLcode
perform(struct http *h, const struct http_request *q, CURLU *url, struct curl_slist *headers)
{
	if (q->path)
		replace_last(url, q->path);
	if (q->query)
		curl_url_set(url, CURLUPART_QUERY, q->query, CURLU_APPENDQUERY);
	h->got = 0;
	h->too_long = false;
	*h->error = '\0';
	curl_easy_setopt(h->curl, CURLOPT_CURLU, url);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, q->body.len ? q->body.p : "");
	curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, left_ms(h));
	curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT_MS, left_ms(h));
	return curl_easy_perform(h->curl);
}

bool
http_post(struct http *h, const struct http_request *q, struct http_answer *a)
{
	char type[128];
	struct curl_slist *own, last = {type, h->headers}, more;
	CURLU *url = curl_url_dup(h->url);
	CURLcode code = CURLE_OUT_OF_MEMORY;
	curl_off_t wait = 0;
	long status = 0;

	snprintf(type, sizeof(type), "Content-Type: %.100s", q->type);
	own = &last;
	if (q->extra) {
		more = (struct curl_slist){q->extra, own};
		own = &more;
	}
	if (url)
		code = perform(h, q, url, own);
	*a = (struct http_answer){.body = {h->answer, (uint32_t)h->got}};
	if (code == CURLE_OK) {
		curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
		curl_easy_getinfo(h->curl, CURLINFO_RETRY_AFTER, &wait);
		a->status = (unsigned)status;
		a->retry_after = (long)wait;
	} else {
		say_failure(h, code, a->words);
	}
	curl_url_cleanup(url);
	return code == CURLE_OK;
}

/* Only what can be the event's own fault refuses it: a wrong token or path would lose them all. */
static const struct {
	unsigned first, last;
	enum sender_outcome outcome;
	const char *words;
} MEANINGS[] = {
	{200, 299, SENDER_DONE, "taken"},
	{300, 399, SENDER_AGAIN, "it points elsewhere, and we do not follow: put the new address into url"},
	{400, 400, SENDER_REFUSED, "refuses this event"},
	{401, 401, SENDER_AGAIN, "does not know us: check user and secret"},
	{403, 403, SENDER_AGAIN, "does not let us write: check what user or token may do"},
	{404, 405, SENDER_AGAIN, "takes no events there: check the path of url"},
	{413, 413, SENDER_REFUSED, "does not take an event that large: raise its limit of the body"},
	{415, 415, SENDER_AGAIN, "does not take that kind of content: check content_type and format"},
	{422, 422, SENDER_REFUSED, "refuses this event"},
	{429, 429, SENDER_AGAIN, "is too busy"},
	{503, 503, SENDER_AGAIN, "is too busy, or not up yet"},
	{500, 599, SENDER_AGAIN, "is not well"},
	{0, 999, SENDER_AGAIN, "answers what we do not understand: is url the receiver's?"},
};

enum sender_outcome
http_meaning(const struct http *h, const struct http_answer *a, char words[SENDER_WORDS])
{
	char what[200];
	unsigned i = 0;

	while (a->status < MEANINGS[i].first || a->status > MEANINGS[i].last)
		i++;
	if (a->retry_after > 0)
		snprintf(what, sizeof(what), "%s (%u), asks to wait %ld s", MEANINGS[i].words, a->status,
			 a->retry_after);
	else
		snprintf(what, sizeof(what), "%s (%u)", MEANINGS[i].words, a->status);
	http_say(h, words, what, a->body);
	return MEANINGS[i].outcome;
}
