/*
 * mqtt: see mqtt.h.
 *
 * A thread keeps the connection, because a broker takes silence for death (keep-alive) and there may be no event for weeks.
 * One connection is one client of the library, which is thrown away with it: the library would otherwise send again by
 * itself, behind what the outbox sends again.
 */
#include "sink/mqtt.h"

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

enum { KEEP_ALIVE_S = 60, LOOP_MS = 1000, AGAIN_FIRST_S = 1, AGAIN_MOST_S = 60, GOODBYE_S = 1, IN_FLIGHT = 1000 };

struct mqtt {
	struct sender_config cfg;
	const char *left; /* addresses that were not tried yet */
	struct endpoint to;
	const char *status;
	char client[512];
	struct answers answers;

	pthread_mutex_t lock; /* of all below and of `answers` */
	pthread_cond_t news;
	pthread_t thread;
	bool runs, stop, up, was_up, renew, hurry;
	struct timespec end; /* of a link that has been told to stop */
	unsigned attempts;   /* links that ended, or did not come up */
	unsigned batch_of;   /* `attempts` when the batch began */
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

	(void)flags;
	if (reason == 0)
		(void)mosquitto_publish_v5(link, NULL, m->status, 6, "online", 1, true, NULL);
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

static void
on_publish(struct mosquitto *link, void *arg, int id, int reason, const mosquitto_property *properties)
{
	struct mqtt *m = arg;

	(void)link;
	pthread_mutex_lock(&m->lock);
	if (id == m->goodbye)
		m->goodbye = 0;
	if (answers_take(&m->answers, id, reason) && reason)
		say_reason(m, "did not take an event", reason, properties);
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

	if (!link || mosquitto_int_option(link, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5) ||
	    mosquitto_int_option(link, MOSQ_OPT_SEND_MAXIMUM, IN_FLIGHT) || mosquitto_threaded_set(link, true) ||
	    mosquitto_will_set_v5(link, m->status, 7, "offline", 1, true, NULL) ||
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

/* Up, or one attempt has failed since, or time is over.  The lock is held. */
static bool
wait_up(struct mqtt *m, const struct timespec *until)
{
	unsigned before;

	while (m->renew && !deadline_passed(until)) /* the thread is about to throw the last client away */
		pthread_cond_timedwait(&m->news, &m->lock, until);
	before = m->attempts;
	m->hurry = !m->up;
	pthread_cond_broadcast(&m->news);
	while (!m->up && m->attempts == before && !deadline_passed(until))
		pthread_cond_timedwait(&m->news, &m->lock, until);
	if (!m->up && m->attempts == before)
		snprintf(m->words, sizeof(m->words), "%.100s does not answer", m->cfg.address);
	m->batch_of = m->attempts;
	return m->up;
}

bool
mqtt_up(struct mqtt *m, const struct timespec *until)
{
	bool up;

	pthread_mutex_lock(&m->lock);
	answers_begin(&m->answers);
	m->runs = m->runs || pthread_create(&m->thread, NULL, keep_link, m) == 0;
	up = m->runs && wait_up(m, until);
	if (!m->runs)
		snprintf(m->words, sizeof(m->words), "no thread for the link");
	pthread_mutex_unlock(&m->lock);
	return up;
}

/* Is the connection still that of the batch?  The lock is held. */
static bool
same_link(const struct mqtt *m)
{
	return m->up && m->batch_of == m->attempts;
}

static int
publish(struct mqtt *m, const char *topic, const struct sender_event *e, int *id)
{
	mosquitto_property *with = NULL;
	char text[24];
	int error;

	snprintf(text, sizeof(text), "%llu", (unsigned long long)e->id);
	if (mosquitto_property_add_string_pair(&with, MQTT_PROP_USER_PROPERTY, "sensor", m->cfg.sensor) ||
	    mosquitto_property_add_string_pair(&with, MQTT_PROP_USER_PROPERTY, "event-id", text))
		error = MOSQ_ERR_NOMEM;
	else
		error = mosquitto_publish_v5(m->link, id, topic, (int)e->n, e->line, 1, mqtt_retains(e), with);
	mosquitto_property_free_all(&with);
	return error;
}

enum mqtt_put
mqtt_put(struct mqtt *m, const char *topic, const struct sender_event *e)
{
	int error = MOSQ_ERR_CONN_LOST, id = 0;

	pthread_mutex_lock(&m->lock);
	if (same_link(m))
		error = publish(m, topic, e, &id);
	if (error == MOSQ_ERR_SUCCESS)
		answers_expect(&m->answers, id);
	else if (!m->words[0])
		explain(m, error);
	pthread_mutex_unlock(&m->lock);
	return error == MOSQ_ERR_SUCCESS         ? MQTT_PUT :
	       error == MOSQ_ERR_OVERSIZE_PACKET ? MQTT_PUT_TOO_LARGE :
						   MQTT_PUT_FAILED;
}

bool
mqtt_settle(struct mqtt *m, const struct timespec *until)
{
	bool all;

	pthread_mutex_lock(&m->lock);
	while (same_link(m) && !answers_whole(&m->answers) && !deadline_passed(until))
		pthread_cond_timedwait(&m->news, &m->lock, until);
	all = answers_whole(&m->answers);
	m->renew = !all && same_link(m);
	if (m->renew)
		snprintf(m->words, sizeof(m->words), "%.100s did not acknowledge in time", m->cfg.address);
	else if (!all && !m->words[0])
		explain(m, MOSQ_ERR_CONN_LOST);
	answers_end(&m->answers);
	pthread_mutex_unlock(&m->lock);
	return all;
}

int
mqtt_answer(const struct mqtt *m, size_t i)
{
	return answers_to(&m->answers, i);
}

void
mqtt_words(struct mqtt *m, char words[SENDER_WORDS])
{
	pthread_mutex_lock(&m->lock);
	memcpy(words, m->words, sizeof(m->words));
	pthread_mutex_unlock(&m->lock);
}

/* The last word is "offline", too, but said by us: no will is due. */
void
mqtt_free(struct mqtt *m)
{
	const struct timespec until = deadline_after(GOODBYE_S * NS_PER_S);

	pthread_mutex_lock(&m->lock);
	if (m->up && mosquitto_publish_v5(m->link, &m->goodbye, m->status, 7, "offline", 1, true, NULL) != 0)
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
	answers_fini(&m->answers);
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
struct mqtt *
mqtt_new(const struct sender_config *cfg, const char *status, char words[SENDER_WORDS])
{
	struct mqtt *m = calloc(1, sizeof(*m));
	struct mosquitto *link;

	if (!m || !answers_init(&m->answers, cfg->batch)) {
		free(m);
		snprintf(words, SENDER_WORDS, "no memory");
		return NULL;
	}
	m->cfg = *cfg;
	m->status = status;
	snprintf(m->client, sizeof(m->client), "gatewitness-%.255s-%.64s", cfg->sensor, cfg->name);
	mosquitto_lib_init();
	locks(m);
	next_address(m);
	link = client_new(m, words);
	mosquitto_destroy(link);
	m->left = NULL;
	if (link)
		return m;
	mqtt_free(m);
	return NULL;
}
