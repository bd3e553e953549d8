/*
 * sink_kafka: librdkafka's own mock cluster, in this process: brokers that are down, slow, that refuse, that lose their
 * memory of us; what it holds in the end is read by a consumer.
 *
 * QUEUE_ROUNDS is how often the long test goes round; with it, the cost is measured.  The mock's partitions hold 5 MB.
 */
#include "sender_help.h"

#ifdef WITHOUT_RDKAFKA
int
main(void)
{
	puts("built with KAFKA=no");
	return 77;
}
#else

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

extern const struct sender_calls SENDER_KAFKA;

enum { BROKERS = 3, PRODUCE = 0, INIT_PRODUCER_ID = 22 /* keys of requests */, PARTITIONS = 4 };

static const size_t events = 400;
static unsigned rounds = 1;
static rd_kafka_t *host; /* whose threads the cluster lives in */
static rd_kafka_mock_cluster_t *cluster;
static const char TOPIC[] = "gatewitness";

static void
begin_with(void **state, int brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256];

	(void)state;
	rd_kafka_conf_set_log_cb(conf, NULL);
	host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	assert_non_null(host);
	cluster = rd_kafka_mock_cluster_new(host, brokers);
	assert_non_null(cluster);
	assert_int_equal(rd_kafka_mock_topic_create(cluster, TOPIC, PARTITIONS, 1), 0);
}

static int
begin(void **state)
{
	begin_with(state, BROKERS);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(host);
	return 0;
}

static void
all_brokers(bool up)
{
	for (int i = 1; i <= BROKERS; i++)
		assert_int_equal(
			up ? rd_kafka_mock_broker_set_up(cluster, i) : rd_kafka_mock_broker_set_down(cluster, i), 0);
}

static struct sender_config
config(void)
{
	return (struct sender_config){.name = "sink",
				      .sensor = "sensor",
				      .address = rd_kafka_mock_cluster_bootstraps(cluster),
				      NO_TLS,
				      .user = "",
				      .secret = "",
				      .topic = TOPIC,
				      .timeout_ns = 10 * NS_PER_S,
				      .batch = 100};
}

static rd_kafka_t *
consumer_new(void)
{
	rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(PARTITIONS);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_t *c;
	char why[256];

	rd_kafka_conf_set_log_cb(conf, NULL);
	rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster), NULL, 0);
	rd_kafka_conf_set(conf, "group.id", "reader", NULL, 0);
	rd_kafka_conf_set(conf, "enable.partition.eof", "true", NULL, 0);
	rd_kafka_conf_set(conf, "receive.message.max.bytes", "200000000", NULL, 0);
	c = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	assert_non_null(c);
	rd_kafka_poll_set_consumer(c);
	for (int i = 0; i < PARTITIONS; i++)
		rd_kafka_topic_partition_list_add(all, TOPIC, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
	assert_int_equal(rd_kafka_assign(c, all), 0);
	rd_kafka_topic_partition_list_destroy(all);
	return c;
}

static uint64_t
header_id(const rd_kafka_message_t *m)
{
	rd_kafka_headers_t *h;
	const void *value;
	size_t n;

	assert_int_equal(rd_kafka_message_headers(m, &h), 0);
	assert_int_equal(rd_kafka_header_get_last(h, "sensor", &value, &n), 0);
	assert_memory_equal(value, "sensor", 6);
	assert_int_equal(rd_kafka_header_get_last(h, "event-id", &value, &n), 0);
	return strtoull(value, NULL, 10);
}

/* Reads every partition to its end.  All events have one key, so they are in one partition, in order. */
static struct seen
consume(const struct sender_event *e, size_t n)
{
	rd_kafka_t *c = consumer_new();
	struct seen s = {0};
	int32_t partition = -1;

	for (int ends = 0; ends < PARTITIONS;) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(c, 10000);

		assert_non_null(m);
		if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
			ends++;
		} else {
			assert_int_equal(m->err, 0);
			assert_true(partition == -1 || partition == m->partition);
			partition = m->partition;
			assert_int_equal(m->key_len, 4);
			assert_memory_equal(m->key, "gw/1", 4);
			see(&s, e, n, header_id(m), m->payload, m->len);
		}
		rd_kafka_message_destroy(m);
	}
	rd_kafka_consumer_close(c);
	rd_kafka_destroy(c);
	return s;
}

static void
everything_once(void **state)
{
	struct sender_config cfg = config();
	struct courier c = courier_open(&SENDER_KAFKA, &cfg);
	struct sender_event *e = events_new(events);
	struct seen s;

	(void)state;
	courier_send(&c, e, events);
	assert_int_equal(c.again + c.refused, 0);
	s = consume(e, events);
	assert_int_equal(s.first, events);
	assert_int_equal(s.n, events); /* idempotent: not one twice */
	SENDER_KAFKA.close(c.state);
	events_free(e, events);
}

static void
down_at_start(void **state)
{
	struct sender_config cfg = config();
	struct courier c;
	struct sender_event *e = events_new(100);
	struct sender_result r;
	struct timespec until;

	(void)state;
	all_brokers(false);
	cfg.timeout_ns = NS_PER_S;
	c = courier_open(&SENDER_KAFKA, &cfg);
	until = deadline_after(4 * NS_PER_S);
	SENDER_KAFKA.send(c.state, e, 100, &r);
	assert_false(deadline_passed(&until));
	assert_int_equal(r.outcome, SENDER_AGAIN);
	assert_int_equal(r.acknowledged, 0);
	assert_non_null(strstr(r.words, "onnect")); /* which it says depends on how it is refused */
	all_brokers(true);
	courier_send(&c, e, 100);
	assert_int_equal(consume(e, 100).first, 100);
	SENDER_KAFKA.close(c.state);
	events_free(e, 100);
}

/* Before each try another trouble. */
static void
trouble(void *arg, size_t done)
{
	unsigned *n = arg;

	(void)done;
	switch ((*n)++ % 6) {
	case 0:
		all_brokers(true);
		rd_kafka_mock_push_request_errors(cluster, PRODUCE, 2, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
						  RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
		break;
	case 1:
		rd_kafka_mock_push_request_errors(cluster, PRODUCE, 2,
						  RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
						  RD_KAFKA_RESP_ERR__TRANSPORT); /* the connection is cut */
		break;
	case 2:
		all_brokers(false);
		break;
	case 3:
		all_brokers(true);
		rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
		break;
	case 4:
		rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID);
		break;
	case 5:
		rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
		break;
	}
}

static void
every_trouble(void **state)
{
	struct sender_config cfg = config();
	struct sender_event *e = events_new(events);
	unsigned n = 0;

	cfg.timeout_ns = 700 * NS_PER_MS;
	for (unsigned i = 0; i < rounds; i++) {
		struct courier c;

		cfg.address = rd_kafka_mock_cluster_bootstraps(cluster);
		c = courier_open(&SENDER_KAFKA, &cfg);
		c.batch = 25;
		c.before = trouble;
		c.arg = &n;
		courier_send(&c, e, events);
		assert_true(c.again >= 2);
		assert_int_equal(c.refused, 0);
		all_brokers(true);
		assert_int_equal(consume(e, events).first, events);
		SENDER_KAFKA.close(c.state);
		end(state);
		begin(state);
	}
	events_free(e, events);
}

/* Processor time of sender and mock together: 5,000 events of 512 bytes a second must fit one core. */
static void
cost(void **state)
{
	enum { BATCH = 1000, TIMES = 50 };
	struct sender_config cfg = config();
	struct courier c;
	struct sender_event *e = calloc(BATCH, sizeof(*e));
	size_t len;
	char *line = line_of(0, &len);
	clock_t began;
	double took;

	(void)state;
	for (size_t i = 0; i < BATCH; i++)
		e[i] = (struct sender_event){
			.id = i + 1, .kind = EVENT_SESSION, .gateway = "gw/1", .line = line, .n = len};
	cfg.batch = BATCH;
	c = courier_open(&SENDER_KAFKA, &cfg);
	c.batch = BATCH;
	began = clock();
	for (unsigned i = 0; i < TIMES; i++)
		courier_send(&c, e, BATCH);
	took = (double)(clock() - began) / CLOCKS_PER_SEC;
	print_message("%.0f events a second of processor time\n", BATCH * TIMES / took);
	assert_true(rounds == 1 || BATCH * TIMES / took > 5000);
	SENDER_KAFKA.close(c.state);
	free(line);
	free(e);
}

/* Answers come after the sink's time is over: nothing is given up, nothing is out of order. */
static void
too_slow(void **state)
{
	struct sender_config cfg = config();
	struct courier c;
	struct sender_event *e = events_new(50);
	struct sender_result r;

	(void)state;
	cfg.timeout_ns = 500 * NS_PER_MS;
	c = courier_open(&SENDER_KAFKA, &cfg);
	for (int i = 1; i <= BROKERS; i++)
		rd_kafka_mock_broker_set_rtt(cluster, i, 800);
	SENDER_KAFKA.send(c.state, e, 50, &r);
	assert_int_equal(r.outcome, SENDER_AGAIN);
	for (int i = 1; i <= BROKERS; i++)
		rd_kafka_mock_broker_set_rtt(cluster, i, 0);
	courier_send(&c, e, 50);
	assert_int_equal(consume(e, 50).first, 50);
	SENDER_KAFKA.close(c.state);
	events_free(e, 50);
}

static void
too_large_is_refused_alone(void **state)
{
	struct sender_config cfg = config();
	struct courier c = courier_open(&SENDER_KAFKA, &cfg);
	struct sender_event *e = events_new(10);
	struct sender_result r;

	(void)state;
	/* the batch and then the one event alone: both are too large for this broker */
	rd_kafka_mock_push_request_errors(cluster, PRODUCE, 2, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
					  RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	SENDER_KAFKA.send(c.state, e, 10, &r);
	assert_int_equal(r.outcome, SENDER_REFUSED);
	assert_int_equal(r.acknowledged, 0);
	assert_non_null(strstr(r.words, "Message size too large"));
	/* the batch is, but not the event */
	rd_kafka_mock_push_request_errors(cluster, PRODUCE, 1, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
	SENDER_KAFKA.send(c.state, e, 10, &r);
	assert_int_equal(r.outcome, SENDER_AGAIN);
	assert_int_equal(r.acknowledged, 1);
	courier_send(&c, e + 1, 9);
	assert_int_equal(c.refused, 0);
	assert_int_equal(consume(e, 10).first, 10);
	SENDER_KAFKA.close(c.state);
	events_free(e, 10);
}

static pid_t proxy;
static char proxy_port[8];

static void
proxy_start(const char *name)
{
	char certificate[128], key[128];
	char *argv[] = {"python3", "tests/sink/kafka_tls.py", proxy_port, certificate, key, NULL, NULL};

	argv[5] = strrchr(rd_kafka_mock_cluster_bootstraps(cluster), ':') + 1;
	snprintf(certificate, sizeof(certificate), "%s/%s.pem", folder, name);
	snprintf(key, sizeof(key), "%s/%s.key", folder, name);
	proxy = spawn(argv, NULL);
	for (int i = 0; i < 250 && !connects(atoi(proxy_port)); i++)
		pause_ms(20);
	assert_true(connects(atoi(proxy_port)));
}

/* One broker behind TLS. */
static int
begin_tls(void **state)
{
	begin_with(state, 1);
	snprintf(proxy_port, sizeof(proxy_port), "%d", free_port());
	proxy_start("server");
	return 0;
}

static int
end_tls(void **state)
{
	reap(&proxy, SIGTERM);
	return end(state);
}

static struct sender_result
try(const struct sender_config *cfg, const struct sender_event *e)
{
	struct courier c = courier_open(&SENDER_KAFKA, cfg);
	struct sender_result r;

	SENDER_KAFKA.send(c.state, e, 1, &r);
	SENDER_KAFKA.close(c.state);
	return r;
}

static void
trusts_whom_it_is_told(void **state)
{
	struct sender_config cfg = config();
	struct sender_event *e = events_new(40);
	struct courier c;
	char address[32], ca[128], other[128];

	(void)state;
	snprintf(address, sizeof(address), "127.0.0.1:%s", proxy_port);
	snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
	snprintf(other, sizeof(other), "%s/other.pem", folder);
	cfg.address = address;
	cfg.tls = true;
	cfg.tls_ca = other;
	cfg.timeout_ns = 2 * NS_PER_S;
	assert_non_null(strstr(try(&cfg, e).words, "certificate verify failed"));
	cfg.tls_ca = ca;
	cfg.tls_pin = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	assert_non_null(strstr(try(&cfg, e).words, "tls_pin"));
	cfg.tls_pin = "";
	c = courier_open(&SENDER_KAFKA, &cfg);
	courier_send(&c, e, 20);
	reap(&proxy, SIGTERM); /* the certificate changes to one that nobody vouches for, and is then put right */
	proxy_start("stranger");
	for (int i = 0; i < 20 && !strstr(c.words, "verify failed"); i++) {
		struct sender_result r;

		SENDER_KAFKA.send(c.state, e + 20, 20, &r);
		assert_int_equal(r.outcome, SENDER_AGAIN);
		memcpy(c.words, r.words, sizeof(c.words));
	}
	assert_non_null(strstr(c.words, "verify failed"));
	reap(&proxy, SIGTERM);
	proxy_start("server");
	courier_send(&c, e + 20, 20);
	assert_int_equal(consume(e, 40).first, 40);
	SENDER_KAFKA.close(c.state);
	events_free(e, 40);
}

static void
says_what_is_wrong_at_open(void **state)
{
	struct sender_config cfg = config();
	char words[SENDER_WORDS];

	(void)state;
	cfg.topic = "";
	assert_null(SENDER_KAFKA.open(&cfg, words));
	assert_non_null(strstr(words, "no topic"));
	cfg.topic = TOPIC;
	cfg.tls = true;
	cfg.tls_ca = "/nonexistent";
	assert_null(SENDER_KAFKA.open(&cfg, words));
	assert_non_null(strstr(words, "/nonexistent"));
	cfg.tls_ca = "";
	cfg.tls_name = "other.example";
	assert_null(SENDER_KAFKA.open(&cfg, words));
	assert_non_null(strstr(words, "tls_name is not for kafka"));
	cfg.tls_name = "";
	cfg.tls_pin = "xyz";
	assert_null(SENDER_KAFKA.open(&cfg, words));
	assert_non_null(strstr(words, "tls_pin"));
	cfg.tls_pin = "";
	cfg.tls = false;
	cfg.user = "me";
	cfg.sasl = SENDER_PLAIN;
	assert_null(SENDER_KAFKA.open(&cfg, words));
	assert_non_null(strstr(words, "in clear"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything_once, begin, end),
		cmocka_unit_test_setup_teardown(down_at_start, begin, end),
		cmocka_unit_test_setup_teardown(every_trouble, begin, end),
		cmocka_unit_test_setup_teardown(cost, begin, end),
		cmocka_unit_test_setup_teardown(too_slow, begin, end),
		cmocka_unit_test_setup_teardown(too_large_is_refused_alone, begin, end),
		cmocka_unit_test_setup_teardown(trusts_whom_it_is_told, begin_tls, end_tls),
		cmocka_unit_test_setup_teardown(says_what_is_wrong_at_open, begin, end),
	};
	int failed;

	signal(SIGPIPE, SIG_IGN);
	if (getenv("QUEUE_ROUNDS"))
		rounds = (unsigned)atoi(getenv("QUEUE_ROUNDS"));
	folder_make();
	certificates_make();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	folder_remove();
	return failed;
}

#endif
