/*
 * brokers: librdkafka's mock cluster as a process: a broker that speaks Kafka, for senders and for ClickHouse.
 *
 *	brokers TOPIC PARTITIONS FILE
 *
 * Says HOST:PORT of its broker in a line; writes each message that arrives to FILE, a line each, as a consumer gets them.  What was
 * produced is gone when it ends.
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>

static rd_kafka_t *
client(rd_kafka_type_t type, const char *bootstrap)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256] = "";
	rd_kafka_t *k;

	rd_kafka_conf_set_log_cb(conf, NULL);
	if (bootstrap && (rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap, why, sizeof(why)) ||
			  rd_kafka_conf_set(conf, "group.id", "brokers", why, sizeof(why)) ||
			  rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", why, sizeof(why))))
		exit(2);
	k = rd_kafka_new(type, conf, why, sizeof(why));
	if (!k) {
		fprintf(stderr, "brokers: %s\n", why);
		exit(2);
	}
	return k;
}

int
main(int argc, char **argv)
{
	rd_kafka_mock_cluster_t *cluster;
	rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(8);
	rd_kafka_t *consumer;
	FILE *to;

	if (argc != 4 || !(to = fopen(argv[3], "w")))
		return 2;
	cluster = rd_kafka_mock_cluster_new(client(RD_KAFKA_PRODUCER, NULL), 1);
	rd_kafka_mock_topic_create(cluster, argv[1], atoi(argv[2]), 1);
	printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
	fflush(stdout);
	consumer = client(RD_KAFKA_CONSUMER, rd_kafka_mock_cluster_bootstraps(cluster));
	for (int i = 0; i < atoi(argv[2]); i++)
		rd_kafka_topic_partition_list_add(all, argv[1], i)->offset = RD_KAFKA_OFFSET_BEGINNING;
	if (rd_kafka_assign(consumer, all))
		return 2;
	for (;;) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(consumer, 1000);

		if (m && !m->err) {
			fwrite(m->payload, 1, m->len, to);
			fputc('\n', to);
			fflush(to);
		}
		if (m)
			rd_kafka_message_destroy(m);
	}
}
