/*
 * sender_kafka: events as messages of a Kafka topic; the only file that knows librdkafka.
 *
 *	key	the gateway, else the sensor: one partition, so one order, for each
 *	value	the line
 *	headers	sensor, event-id: what duplicates are told by
 *
 * The producer is idempotent and leaves no gaps (enable.gapless.guarantee): within its life nothing is written twice or
 * in another order.  It waits for ever by itself; whatever is not acknowledged in the sink's time is taken back with the
 * whole producer, and sent again by the next one.  Must not print: the library's log is kept for the words of a result.
 */
#include "sink/sender.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/deadline.h"
#include "sink/sender_tls.h"

enum { POLL_MS = 100, PURGE_MS = 1000, PENDING = 1 << 20 /* not reported yet */ };

struct sent {
	int error; /* rd_kafka_resp_err_t, PENDING */
};

struct kafka {
	struct sender_config cfg;
	rd_kafka_t *producer; /* NULL: none */
	struct sent *sent;    /* one batch */
	size_t pending;
	struct sender_tls_verdict verdict;
	char said[200]; /* the last trouble that the library told of */
};

struct setting {
	const char *name, *value;
};

static void
on_report(rd_kafka_t *producer, const rd_kafka_message_t *message, void *arg)
{
	struct sent *s = message->_private;
	struct kafka *k = arg;

	(void)producer;
	s->error = message->err;
	k->pending--;
}

static void
on_error(rd_kafka_t *producer, int error, const char *why, void *arg)
{
	struct kafka *k = arg;

	(void)producer;
	/* "all brokers are down" is true and says nothing: what was said before it is the reason */
	if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !k->said[0])
		snprintf(k->said, sizeof(k->said), "%s", why);
}

static void
on_log(const rd_kafka_t *producer, int level, const char *facility, const char *text)
{
	(void)producer, (void)level, (void)facility, (void)text; /* what matters comes to on_error, too */
}

/* Called on the library's threads during a handshake; the library has judged chain and name. */
static int
on_certificate(rd_kafka_t *producer, const char *name, int32_t id, int *x509, int depth, const char *der, size_t n,
	       char *why, size_t room, void *arg)
{
	struct kafka *k = arg;

	(void)producer, (void)name, (void)id;
	if (k->verdict.alone)
		*x509 = 0;
	if (*x509 != 0 || depth != 0)
		return *x509 == 0;
	if (sender_tls_pin_fits(&k->verdict, (const uint8_t *)der, n))
		return 1;
	snprintf(why, room, "%s", k->verdict.words);
	return 0;
}

static const struct setting SETTINGS[] = {
	{"enable.idempotence", "true"},
	{"enable.gapless.guarantee", "true"}, /* acks=all and bounded in flight follow from these two */
	{"max.in.flight", "1"},               /* what follows a refused message must not be written before it is */
	{"message.timeout.ms", "0"},          /* for ever: the sink's timeout ends it, with all that is behind it */
	{"linger.ms", "2"},
	{"batch.size", "500000"}, /* below every broker's message.max.bytes, which is 1 MB unless it was changed */
	{"reconnect.backoff.ms", "50"},
	{"reconnect.backoff.max.ms", "1000"},
	{"socket.keepalive.enable", "true"},
	{"allow.auto.create.topics", "true"}, /* as far as the broker allows it */
	{"topic.metadata.propagation.max.ms", "5000"},
	{"log.connection.close", "false"},
	{"client.software.name", "gatewitness"},
};

static const char *const SASL_NAMES[] = {
	[SENDER_SCRAM_SHA_512] = "SCRAM-SHA-512",
	[SENDER_SCRAM_SHA_256] = "SCRAM-SHA-256",
	[SENDER_PLAIN] = "PLAIN",
};

/* "": what is not given is left to the library. */
static bool
set(rd_kafka_conf_t *conf, const char *name, const char *value, char words[SENDER_WORDS])
{
	char why[SENDER_WORDS / 2];

	if (!*value || rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
		return true;
	snprintf(words, SENDER_WORDS, "%s", why);
	return false;
}

static bool
set_number(rd_kafka_conf_t *conf, const char *name, int64_t value, char words[SENDER_WORDS])
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return set(conf, name, text, words);
}

static bool
set_security(struct kafka *k, rd_kafka_conf_t *conf, char words[SENDER_WORDS])
{
	const struct sender_config *c = &k->cfg;
	bool sasl = *c->user != '\0';
	const char *protocol = c->tls ? sasl ? "SASL_SSL" : "SSL" : sasl ? "SASL_PLAINTEXT" : "PLAINTEXT";

	if (!set(conf, "security.protocol", protocol, words))
		return false;
	if (sasl && !(set(conf, "sasl.mechanisms", SASL_NAMES[c->sasl], words) &&
		      set(conf, "sasl.username", c->user, words) && set(conf, "sasl.password", c->secret, words)))
		return false;
	return !c->tls ||
	       (set(conf, "ssl.ca.location", c->tls_ca, words) &&
		set(conf, "ssl.certificate.location", c->tls_certificate, words) &&
		set(conf, "ssl.key.location", c->tls_key, words) &&
		(!k->verdict.pinned || rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate) == RD_KAFKA_CONF_OK));
}

static bool
set_all(struct kafka *k, rd_kafka_conf_t *conf, char words[SENDER_WORDS])
{
	int64_t timeout_ms = k->cfg.timeout_ns / NS_PER_MS;

	for (size_t i = 0; i < sizeof(SETTINGS) / sizeof(SETTINGS[0]); i++)
		if (!set(conf, SETTINGS[i].name, SETTINGS[i].value, words))
			return false;
	rd_kafka_conf_set_opaque(conf, k);
	rd_kafka_conf_set_dr_msg_cb(conf, on_report);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_log_cb(conf, on_log);
	return set(conf, "bootstrap.servers", k->cfg.address, words) && set(conf, "client.id", k->cfg.sensor, words) &&
	       set_number(conf, "queue.buffering.max.messages", k->cfg.batch + 1, words) &&
	       set_number(conf, "socket.timeout.ms", timeout_ms < 1000 ? 1000 : timeout_ms, words) &&
	       set_number(conf, "socket.connection.setup.timeout.ms", timeout_ms < 1000 ? 1000 : timeout_ms, words) &&
	       set_security(k, conf, words);
}

static rd_kafka_t *
producer_new(struct kafka *k, char words[SENDER_WORDS])
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *producer = NULL;
	char why[SENDER_WORDS / 2];

	k->said[0] = k->verdict.words[0] = '\0';
	if (set_all(k, conf, words)) {
		producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
		if (!producer)
			snprintf(words, SENDER_WORDS, "%s", why);
	}
	if (!producer)
		rd_kafka_conf_destroy(conf);
	return producer;
}

/* With all that it still holds, which is reported as purged. */
static void
producer_drop(struct kafka *k)
{
	const struct timespec until = deadline_after(PURGE_MS * NS_PER_MS);

	if (!k->producer)
		return;
	(void)rd_kafka_purge(k->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	while (k->pending && !deadline_passed(&until))
		rd_kafka_poll(k->producer, POLL_MS);
	rd_kafka_destroy(k->producer);
	k->producer = NULL;
	k->pending = 0;
}

static int
produce(struct kafka *k, const struct sender_event *e, struct sent *s)
{
	const char *key = *e->gateway ? e->gateway : k->cfg.sensor;
	void *const bytes = (void *)(uintptr_t)key, *const line = (void *)(uintptr_t)e->line; /* only read */
	char id[24];

	snprintf(id, sizeof(id), "%llu", (unsigned long long)e->id);
	s->error = PENDING;
	return rd_kafka_producev(k->producer, RD_KAFKA_V_TOPIC(k->cfg.topic), RD_KAFKA_V_KEY(bytes, strlen(key)),
				 RD_KAFKA_V_VALUE(line, e->n), RD_KAFKA_V_TIMESTAMP(e->time.ns / NS_PER_MS),
				 RD_KAFKA_V_HEADER("sensor", k->cfg.sensor, -1), RD_KAFKA_V_HEADER("event-id", id, -1),
				 RD_KAFKA_V_OPAQUE(s), RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_END);
}

/* The lines are the courier's and outlive the call: nothing is copied.  Returns how many were acknowledged at the front. */
static size_t
deliver(struct kafka *k, const struct sender_event *e, size_t n, const struct timespec *until, int *error)
{
	size_t sent = 0, done = 0;

	*error = RD_KAFKA_RESP_ERR_NO_ERROR;
	while (sent < n && *error == RD_KAFKA_RESP_ERR_NO_ERROR) {
		*error = produce(k, &e[sent], &k->sent[sent]);
		sent += *error == RD_KAFKA_RESP_ERR_NO_ERROR;
	}
	k->pending = sent;
	while (k->pending && !deadline_passed(until) && rd_kafka_fatal_error(k->producer, NULL, 0) == 0) {
		int left = deadline_ms(until);

		rd_kafka_poll(k->producer, left < POLL_MS ? left : POLL_MS);
	}
	if (k->pending)
		producer_drop(k);
	while (done < sent && k->sent[done].error == RD_KAFKA_RESP_ERR_NO_ERROR)
		done++;
	if (done < sent)
		*error = k->sent[done].error;
	return done;
}

static bool
refused(int error)
{
	return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || error == RD_KAFKA_RESP_ERR_INVALID_MSG ||
	       error == RD_KAFKA_RESP_ERR_INVALID_RECORD;
}

/* Nobody was there, or somebody said no: what the library complained of last says more than "timed out". */
static void
explain(const struct kafka *k, int error, struct sender_result *r)
{
	bool waited = error == PENDING || error == RD_KAFKA_RESP_ERR_NO_ERROR ||
		      error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT ||
		      error == RD_KAFKA_RESP_ERR__FATAL || error == RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE;

	if (k->verdict.words[0])
		snprintf(r->words, sizeof(r->words), "%.100s: %s", k->cfg.address, k->verdict.words);
	else if (waited && k->said[0])
		snprintf(r->words, sizeof(r->words), "%.100s: %s", k->cfg.address, k->said);
	else if (waited)
		snprintf(r->words, sizeof(r->words), "%.100s did not acknowledge in time", k->cfg.address);
	else
		snprintf(r->words, sizeof(r->words), "%.100s, topic %.100s: %s", k->cfg.address, k->cfg.topic,
			 rd_kafka_err2str((rd_kafka_resp_err_t)error));
}

/* A batch that is too large as a whole says nothing about its events: the first one is tried alone. */
static size_t
deliver_alone(struct kafka *k, const struct sender_event *e, const struct timespec *until, int *error)
{
	char words[SENDER_WORDS];

	producer_drop(k); /* a refused message is the end of an idempotent producer */
	k->producer = producer_new(k, words);
	return k->producer ? deliver(k, e, 1, until, error) : 0;
}

static void
kafka_send(void *state, const struct sender_event *e, size_t n, struct sender_result *r)
{
	struct kafka *k = state;
	const struct timespec until = deadline_after(k->cfg.timeout_ns);
	int error = RD_KAFKA_RESP_ERR_NO_ERROR;

	*r = (struct sender_result){.outcome = SENDER_AGAIN};
	if (!k->producer && !(k->producer = producer_new(k, r->words)))
		return;
	rd_kafka_poll(k->producer, 0);
	k->said[0] = '\0';
	r->acknowledged = deliver(k, e, n, &until, &error);
	if (refused(error) && n > 1 && r->acknowledged < n)
		r->acknowledged += deliver_alone(k, e + r->acknowledged, &until, &error);
	if (r->acknowledged == n) {
		r->outcome = SENDER_DONE;
		snprintf(r->words, sizeof(r->words), "%.100s acknowledged %zu of %zu", k->cfg.address, n, n);
		return;
	}
	explain(k, error, r);
	if (refused(error))
		r->outcome = SENDER_REFUSED;
	producer_drop(k);
}

static void
kafka_close(void *state)
{
	struct kafka *k = state;

	producer_drop(k);
	free(k->sent);
	free(k);
}

/* The library's words for a file that is missing do not say which. */
static bool
files_ok(struct kafka *k, char words[SENDER_WORDS])
{
	struct ssl_ctx_st *context = k->cfg.tls ? sender_tls_new(&k->cfg, "broker", &k->verdict, words) : NULL;

	sender_tls_free(context);
	return context || !k->cfg.tls;
}

static const char *
wrong(const struct sender_config *c)
{
	if (!*c->topic)
		return "no topic: write which, as in  topic = gatewitness";
	if (*c->tls_name)
		return "tls_name is not for kafka: each broker's certificate names the host it is reached by";
	if (*c->user && c->sasl == SENDER_PLAIN && !c->tls)
		return "sasl = plain without tls sends the secret in clear; set tls = yes, or another sasl";
	return NULL;
}

/* A producer is made and thrown away: what it does not take is known now, and not at the first alert. */
static void *
kafka_open(const struct sender_config *cfg, char words[SENDER_WORDS])
{
	struct kafka *k = calloc(1, sizeof(*k));

	if (!k || !(k->sent = calloc(cfg->batch, sizeof(*k->sent)))) {
		free(k);
		snprintf(words, SENDER_WORDS, "no memory");
		return NULL;
	}
	k->cfg = *cfg;
	if (wrong(cfg))
		snprintf(words, SENDER_WORDS, "%s", wrong(cfg));
	else if (files_ok(k, words) && (k->producer = producer_new(k, words))) {
		producer_drop(k);
		return k;
	}
	kafka_close(k);
	return NULL;
}

const struct sender_calls SENDER_KAFKA = {kafka_open, kafka_send, kafka_close};
