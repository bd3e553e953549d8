/*
 * sender_mqtt: events as MQTT 5 messages of QoS 1; the only file that knows libmosquitto.
 *
 *	TOPIC/status               "online" or "offline", retained; the broker says "offline" when the link dies (last will)
 *	TOPIC/KIND[/GATEWAY]       one event, KIND alerts, incidents, sessions or stats; user properties sensor and event-id
 *
 * A thread keeps the link, because a broker takes silence for death (keep-alive) and there may be no event for weeks.
 * One connection is one client of the library, which is thrown away with it: the library would otherwise send again by
 * itself, behind what the outbox sends again.  Must not take "nobody subscribes" (reason code 16) for delivered: the
 * broker drops such a message.
 */
#include "sink/sender.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/deadline.h"
#include "sink/endpoint.h"
#include "sink/sender_tls.h"
#include "sink/topic.h"

enum {
	KEEP_ALIVE_S = 60,
	LOOP_MS = 1000,
	AGAIN_FIRST_S = 1,
	AGAIN_MOST_S = 60,
	GOODBYE_S = 1,
	IN_FLIGHT = 1000,
	WAITING = -1 /* reason code of what is not answered yet */
};

struct sent {
	int id; /* packet identifier */
	int reason;
};

struct mqtt {
	struct sender_config cfg;
	const char *left; /* addresses that were not tried yet */
	struct endpoint to;
	char base[TOPIC_BASE_MAX], client[512];
	struct sent *sent; /* one batch */
	size_t sent_count, next;

	pthread_mutex_t lock; /* of all below and of `sent` */
	pthread_cond_t news;
	pthread_t thread;
	bool runs, stop, up, was_up, renew, hurry;
	struct timespec end; /* of a link that has been told to stop */
	unsigned attempts;   /* links that ended, or did not come up */
	struct mosquitto *link;
	int goodbye; /* packet identifier of the last word, 0: none */
	char words[SENDER_WORDS];

	pthread_mutex_t log_lock; /* the library logs while it holds locks of its own */
	char log[160];
	struct sender_tls_verdict verdict;
};

/* What went wrong, from whoever knows it best; the lock is held. */
static void
explain(struct mqtt *m, int error)
{
	const char *why = mosquitto_strerror(error);

	if (error == MOSQ_ERR_ERRNO)
		why = strerror(errno);
	else if (error == MOSQ_ERR_NO_CONN)
		why = "the connection was refused, or closed before anything was said";
	pthread_mutex_lock(&m->log_lock);
	if (m->verdict.words[0])
		why = m->verdict.words;
	else if (m->log[0] && (error == MOSQ_ERR_TLS || error == MOSQ_ERR_CONN_LOST))
		why = m->log;
	snprintf(m->words, sizeof(m->words), "%.100s: %.200s", m->cfg.address, why);
	pthread_mutex_unlock(&m->log_lock);
}

static void
on_log(struct mosquitto *link, void *arg, int level, const char *text)
{
	struct mqtt *m = arg;

	(void)link;
	if (level != MOSQ_LOG_ERR)
		return;
	pthread_mutex_lock(&m->log_lock);
	snprintf(m->log, sizeof(m->log), "%s", text);
	pthread_mutex_unlock(&m->log_lock);
}

/* The code's name and, where the broker gives one, its own sentence. */
static void
say_reason(struct mqtt *m, const char *what, int reason, const mosquitto_property *properties)
{
	char *more = NULL;

	(void)mosquitto_property_read_string(properties, MQTT_PROP_REASON_STRING, &more, false);
	snprintf(m->words, sizeof(m->words), "%.100s %s: %s (%d)%s%.120s", m->cfg.address, what,
		 mosquitto_reason_string(reason), reason, more ? ": " : "", more ? more : "");
	free(more);
}

static void
on_connect(struct mosquitto *link, void *arg, int reason, int flags, const mosquitto_property *properties)
{
	struct mqtt *m = arg;
	char topic[TOPIC_MAX];

	(void)flags;
	topic_status(topic, m->base);
	if (reason == 0)
		(void)mosquitto_publish_v5(link, NULL, topic, 6, "online", 1, true, NULL);
	pthread_mutex_lock(&m->lock);
	m->up = m->was_up = reason == 0;
	if (reason)
		say_reason(m, "does not let us in", reason, properties);
	pthread_cond_broadcast(&m->news);
	pthread_mutex_unlock(&m->lock);
}

static void
on_disconnect(struct mosquitto *link, void *arg, int reason, const mosquitto_property *properties)
{
	struct mqtt *m = arg;

	(void)link;
	pthread_mutex_lock(&m->lock);
	m->up = false;
	if (reason == MQTT_RC_SESSION_TAKEN_OVER)
		snprintf(m->words, sizeof(m->words),
			 "%.100s: another client calls itself %.100s; give each sensor a name of its own",
			 m->cfg.address, m->client);
	else if (reason >= MQTT_RC_UNSPECIFIED)
		say_reason(m, "closed the link", reason, properties);
	pthread_cond_broadcast(&m->news);
	pthread_mutex_unlock(&m->lock);
}

/* Answers come in the order of what was sent: the next one is where the last was found. */
static void
on_publish(struct mosquitto *link, void *arg, int id, int reason, const mosquitto_property *properties)
{
	struct mqtt *m = arg;

	(void)link;
	pthread_mutex_lock(&m->lock);
	if (id == m->goodbye)
		m->goodbye = 0;
	for (size_t i = 0; i < m->sent_count; i++) {
		struct sent *s = &m->sent[(m->next + i) % m->sent_count];

		if (s->id != id || s->reason != WAITING)
			continue;
		s->reason = reason;
		m->next += i + 1;
		if (reason)
			say_reason(m, "did not take an event", reason, properties);
		break;
	}
	pthread_cond_broadcast(&m->news);
	pthread_mutex_unlock(&m->lock);
}

static bool
secure(struct mqtt *m, struct mosquitto *link, char words[SENDER_WORDS])
{
	struct ssl_ctx_st *context;
	bool fine;

	if (!m->cfg.tls)
		return true;
	context = sender_tls_new(&m->cfg, m->to.host, &m->verdict, words);
	if (!context)
		return false;
	fine = mosquitto_void_option(link, MOSQ_OPT_SSL_CTX, context) == MOSQ_ERR_SUCCESS &&
	       mosquitto_int_option(link, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) == MOSQ_ERR_SUCCESS;
	if (!fine)
		snprintf(words, SENDER_WORDS, "libmosquitto was built without TLS");
	sender_tls_free(context); /* the library holds it, too */
	return fine;
}

/* A client that is about to connect.  NULL: words. */
static struct mosquitto *
client_new(struct mqtt *m, char words[SENDER_WORDS])
{
	struct mosquitto *link = mosquitto_new(m->client, true, m);
	char topic[TOPIC_MAX];

	topic_status(topic, m->base);
	if (!link || mosquitto_int_option(link, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) ||
	    mosquitto_int_option(link, MOSQ_OPT_SEND_MAXIMUM, IN_FLIGHT) || mosquitto_threaded_set(link, true) ||
	    mosquitto_will_set_v5(link, topic, 7, "offline", 1, true, NULL) ||
	    (*m->cfg.user && mosquitto_username_pw_set(link, m->cfg.user, m->cfg.secret))) {
		snprintf(words, SENDER_WORDS, "the MQTT client does not take topic, user or secret");
		mosquitto_destroy(link);
		return NULL;
	}
	if (!secure(m, link, words)) {
		mosquitto_destroy(link);
		return NULL;
	}
	mosquitto_log_callback_set(link, on_log);
	mosquitto_connect_v5_callback_set(link, on_connect);
	mosquitto_disconnect_v5_callback_set(link, on_disconnect);
	mosquitto_publish_v5_callback_set(link, on_publish);
	return link;
}

/* libmosquitto 2.0.11 takes a TLS handshake whose socket has died for one that goes on. */
static int
alive(struct mosquitto *link)
{
	struct pollfd fd = {mosquitto_socket(link), POLLIN, 0};

	if (fd.fd >= 0 && (poll(&fd, 1, 0) == 0 || !(fd.revents & (POLLHUP | POLLERR))))
		return MOSQ_ERR_SUCCESS;
	return MOSQ_ERR_NO_CONN;
}

/* The lock is held. `until` bounds the beginning and the end of a link, not its life. */
static bool
goes_on(struct mqtt *m, const struct timespec *until)
{
	if (m->renew || (m->was_up && !m->up))
		return false;
	if (m->up && !m->stop)
		return true;
	if (m->stop)
		return m->up && !deadline_passed(&m->end);
	return !deadline_passed(until);
}

/* Until the link is lost, not wanted any more, or was not there in time. */
static void
serve(struct mqtt *m, struct mosquitto *link)
{
	struct timespec until = deadline_after(m->cfg.timeout_ns);
	int port = (int)strtoul(m->to.port, NULL, 10);
	int error = mosquitto_connect_bind_async(link, m->to.host, port, KEEP_ALIVE_S, NULL);
	bool going = true;

	while (error == MOSQ_ERR_SUCCESS && going) {
		error = mosquitto_loop(link, LOOP_MS, 1);
		if (error == MOSQ_ERR_SUCCESS)
			error = alive(link);
		pthread_mutex_lock(&m->lock);
		going = goes_on(m, &until);
		pthread_mutex_unlock(&m->lock);
	}
	pthread_mutex_lock(&m->lock);
	if (!m->words[0] && error != MOSQ_ERR_SUCCESS)
		explain(m, error);
	else if (!m->words[0] && !m->was_up)
		snprintf(m->words, sizeof(m->words), "%.100s does not answer", m->cfg.address);
	pthread_mutex_unlock(&m->lock);
}

/* The next of the addresses, around. */
static void
next_address(struct mqtt *m)
{
	if (!m->left || !*m->left)
		m->left = m->cfg.address;
	(void)endpoint_next(&m->to, &m->left);
}

static void
forget(struct mqtt *m)
{
	next_address(m);
	m->words[0] = m->log[0] = m->verdict.words[0] = '\0';
	m->up = m->was_up = m->hurry = false;
}

/* One client, from its making to its end. */
static void
one_link(struct mqtt *m)
{
	char words[SENDER_WORDS] = "";
	struct mosquitto *link;

	pthread_mutex_lock(&m->lock);
	forget(m);
	pthread_mutex_unlock(&m->lock);
	link = client_new(m, words);
	pthread_mutex_lock(&m->lock);
	m->link = link;
	if (!link)
		memcpy(m->words, words, sizeof(words));
	pthread_mutex_unlock(&m->lock);
	if (link)
		serve(m, link);
	pthread_mutex_lock(&m->lock);
	m->link = NULL;
	m->up = m->renew = false;
	m->attempts++;
	pthread_cond_broadcast(&m->news);
	pthread_mutex_unlock(&m->lock);
	mosquitto_destroy(link);
}

static void *
keep_link(void *arg)
{
	struct mqtt *m = arg;
	unsigned pause = AGAIN_FIRST_S;

	pthread_mutex_lock(&m->lock);
	while (!m->stop) {
		struct timespec until;

		pthread_mutex_unlock(&m->lock);
		one_link(m);
		pthread_mutex_lock(&m->lock);
		pause = m->was_up ? AGAIN_FIRST_S : pause < AGAIN_MOST_S / 2 ? pause * 2 : AGAIN_MOST_S;
		until = deadline_after(pause * NS_PER_S);
		while (!m->stop && !m->hurry && !deadline_passed(&until))
			pthread_cond_timedwait(&m->news, &m->lock, &until);
	}
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

/* From here to the end the lock is held where a function's comment does not say otherwise. */

/* Up, or one attempt has failed since, or time is over. */
static bool
wait_up(struct mqtt *m, const struct timespec *until)
{
	unsigned before = m->attempts;

	if (!m->runs && pthread_create(&m->thread, NULL, keep_link, m) != 0) {
		snprintf(m->words, sizeof(m->words), "no thread for the link");
		return false;
	}
	m->runs = true;
	if (!m->up) {
		m->hurry = true;
		pthread_cond_broadcast(&m->news);
	}
	while (!m->up && m->attempts == before && !deadline_passed(until))
		pthread_cond_timedwait(&m->news, &m->lock, until);
	if (!m->up && m->attempts == before)
		snprintf(m->words, sizeof(m->words), "%.100s does not answer", m->cfg.address);
	return m->up;
}

/* An error of the library; OVERSIZE_PACKET: larger than the broker said it takes. */
static int
publish(struct mqtt *m, const struct sender_event *e, struct sent *sent)
{
	mosquitto_property *with = NULL;
	char topic[TOPIC_MAX], id[24];
	int error;

	topic_event(topic, m->base, e);
	snprintf(id, sizeof(id), "%llu", (unsigned long long)e->id);
	sent->reason = WAITING;
	if (mosquitto_property_add_string_pair(&with, MQTT_PROP_USER_PROPERTY, "sensor", m->cfg.sensor) ||
	    mosquitto_property_add_string_pair(&with, MQTT_PROP_USER_PROPERTY, "event-id", id))
		error = MOSQ_ERR_NOMEM;
	else
		error = mosquitto_publish_v5(m->link, &sent->id, topic, (int)e->n, e->line, 1, false, with);
	mosquitto_property_free_all(&with);
	return error;
}

static size_t
acknowledged(const struct mqtt *m)
{
	size_t n = 0;

	while (n < m->sent_count && m->sent[n].reason == MQTT_RC_SUCCESS)
		n++;
	return n;
}

static bool
answered(const struct mqtt *m)
{
	for (size_t i = 0; i < m->sent_count; i++)
		if (m->sent[i].reason == WAITING)
			return false;
	return true;
}

/* Only what is wrong with the event itself; a missing right or a full store is mended at the broker. */
static bool
refused(int reason)
{
	return reason == MQTT_RC_PACKET_TOO_LARGE || reason == MQTT_RC_PAYLOAD_FORMAT_INVALID;
}

/* Publishes what the library takes, and waits until each is answered.  False: the link or the time ended before. */
static bool
deliver(struct mqtt *m, const struct sender_event *e, size_t n, const struct timespec *until, int *error)
{
	m->sent_count = m->next = 0;
	*error = MOSQ_ERR_SUCCESS;
	while (m->sent_count < n && *error == MOSQ_ERR_SUCCESS) {
		*error = publish(m, &e[m->sent_count], &m->sent[m->sent_count]);
		m->sent_count += *error == MOSQ_ERR_SUCCESS;
	}
	while (m->up && !answered(m) && !deadline_passed(until))
		pthread_cond_timedwait(&m->news, &m->lock, until);
	return answered(m);
}

static void
judge(struct mqtt *m, const struct sender_event *e, size_t n, const struct timespec *until, struct sender_result *r)
{
	int error = MOSQ_ERR_SUCCESS, reason = WAITING;
	bool all = deliver(m, e, n, until, &error);

	r->acknowledged = acknowledged(m);
	r->outcome = r->acknowledged == n ? SENDER_DONE : SENDER_AGAIN;
	if (r->acknowledged < m->sent_count)
		reason = m->sent[r->acknowledged].reason;
	if (reason == MQTT_RC_NO_MATCHING_SUBSCRIBERS) {
		char topic[TOPIC_MAX];

		topic_event(topic, m->base, &e[r->acknowledged]);
		snprintf(m->words, sizeof(m->words),
			 "nobody subscribes to %.120s, so %.100s would drop it; it waits until somebody does", topic,
			 m->cfg.address);
	} else if (refused(reason)) {
		r->outcome = SENDER_REFUSED;
	} else if (all && error == MOSQ_ERR_OVERSIZE_PACKET && r->acknowledged == m->sent_count) {
		r->outcome = SENDER_REFUSED;
		snprintf(m->words, sizeof(m->words), "%.100s takes no message of %zu bytes; raise its max_packet_size",
			 m->cfg.address, e[r->acknowledged].n);
	} else if (!all && m->up) {
		snprintf(m->words, sizeof(m->words), "%.100s did not acknowledge in time", m->cfg.address);
	} else if (!m->words[0]) {
		explain(m, error == MOSQ_ERR_SUCCESS ? MOSQ_ERR_CONN_LOST : error);
	}
	m->renew = !all && m->up; /* what was not answered must not be sent again by the library */
	m->sent_count = 0;
}

static void
mqtt_send(void *state, const struct sender_event *e, size_t n, struct sender_result *r)
{
	struct mqtt *m = state;
	const struct timespec until = deadline_after(m->cfg.timeout_ns);

	*r = (struct sender_result){.outcome = SENDER_AGAIN};
	pthread_mutex_lock(&m->lock);
	while (m->renew && !deadline_passed(&until)) /* the thread is about to throw the last client away */
		pthread_cond_timedwait(&m->news, &m->lock, &until);
	if (wait_up(m, &until))
		judge(m, e, n, &until, r);
	if (r->outcome == SENDER_DONE)
		snprintf(r->words, sizeof(r->words), "%.100s acknowledged %zu of %zu", m->cfg.address, n, n);
	else
		memcpy(r->words, m->words, sizeof(r->words));
	pthread_mutex_unlock(&m->lock);
}

/* The last word is "offline", too, but said by us: no will is due.  The lock is not held. */
static void
mqtt_close(void *state)
{
	struct mqtt *m = state;
	const struct timespec until = deadline_after(GOODBYE_S * NS_PER_S);
	char topic[TOPIC_MAX];

	topic_status(topic, m->base);
	pthread_mutex_lock(&m->lock);
	if (m->up && mosquitto_publish_v5(m->link, &m->goodbye, topic, 7, "offline", 1, true, NULL) != 0)
		m->goodbye = 0;
	while (m->up && m->goodbye && !deadline_passed(&until))
		pthread_cond_timedwait(&m->news, &m->lock, &until);
	m->stop = true;
	m->end = until;
	if (m->link)
		(void)mosquitto_disconnect_v5(m->link, 0, NULL);
	pthread_cond_broadcast(&m->news);
	pthread_mutex_unlock(&m->lock);
	if (m->runs)
		pthread_join(m->thread, NULL);
	pthread_cond_destroy(&m->news);
	pthread_mutex_destroy(&m->lock);
	pthread_mutex_destroy(&m->log_lock);
	free(m->sent);
	free(m);
	mosquitto_lib_cleanup();
}

static void
locks(struct mqtt *m)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&m->news, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&m->lock, NULL);
	pthread_mutex_init(&m->log_lock, NULL);
}

/* One client is made and thrown away: what it does not take is known now, and not at the first alert. */
static bool
prepare(struct mqtt *m, char words[SENDER_WORDS])
{
	struct mosquitto *link;

	snprintf(m->client, sizeof(m->client), "gatewitness-%.255s-%.64s", m->cfg.sensor, m->cfg.name);
	if (!topic_base(m->base, &m->cfg)) {
		snprintf(words, SENDER_WORDS, "topic %.100s: a topic has no + and no #, and less than %d bytes",
			 m->cfg.topic, TOPIC_BASE_MAX);
		return false;
	}
	next_address(m);
	link = client_new(m, words);
	mosquitto_destroy(link);
	m->left = NULL;
	return link != NULL;
}

static void *
mqtt_open(const struct sender_config *cfg, char words[SENDER_WORDS])
{
	struct mqtt *m = calloc(1, sizeof(*m));

	if (!m || !(m->sent = calloc(cfg->batch, sizeof(*m->sent)))) {
		free(m);
		snprintf(words, SENDER_WORDS, "no memory");
		return NULL;
	}
	m->cfg = *cfg;
	mosquitto_lib_init();
	locks(m);
	if (prepare(m, words))
		return m;
	mqtt_close(m);
	return NULL;
}

const struct sender_calls SENDER_MQTT = {mqtt_open, mqtt_send, mqtt_close};
