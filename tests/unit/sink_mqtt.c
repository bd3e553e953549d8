/*
 * sink_mqtt: a real mosquitto with TLS, client certificates and persistence, and mosquitto_sub as the reader.
 *
 * QUEUE_ROUNDS makes the long test as many times as long.
 */
#include "sender_help.h"

#ifdef WITHOUT_MOSQUITTO
int
main(void)
{
	puts("built with MQTT=no");
	return 77;
}
#else

extern const struct sender_calls SENDER_MQTT;

static size_t events = 300;
static char address[64], path[8][128];
static int port;
static pid_t broker, reader;

enum { CONF, CA, OTHER_CA, CERT, KEY, SEEN, STATUS };

static void
configure(const char *certificate, const char *more)
{
	FILE *f = fopen(path[CONF], "w");

	assert_non_null(f);
	fprintf(f,
		"listener %d 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nuser root\n"
		"persistence true\npersistence_location %s/\ncafile %s\ncertfile %s/%s.pem\nkeyfile %s/%s.key\n%s\n",
		port, folder, path[CA], folder, certificate, folder, certificate, more);
	fclose(f);
}

static void
broker_start(void)
{
	char *argv[] = {"mosquitto", "-c", path[CONF], NULL};

	broker = spawn(argv, NULL);
	for (int i = 0; i < 250 && !connects(port); i++)
		pause_ms(20);
	assert_true(connects(port));
}

/* SIGTERM: it writes what it has acknowledged to its file; killed, mosquitto forgets it (and says so). */
static void
broker_stop(void)
{
	reap(&broker, SIGTERM);
}

static void
reader_start(const char *topic, const char *format, char *output)
{
	char number[8];
	char *argv[] = {"mosquitto_sub",
			"-V",
			"5",
			"-h",
			"127.0.0.1",
			"-p",
			number,
			"--cafile",
			path[CA],
			"-t",
			(char *)(uintptr_t)topic,
			"-q",
			"1",
			"-c",
			"-i",
			"reader",
			"-F",
			(char *)(uintptr_t)format,
			NULL};

	snprintf(number, sizeof(number), "%d", port);
	reader = spawn(argv, output);
}

/* A subscription with nobody behind it yet: from now on the broker keeps messages for it. */
static void
subscribe(void)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "mosquitto_sub -V 5 -h 127.0.0.1 -p %d --cafile %s -t 'site/+/#' -q 1 -c -i reader -E >/dev/null 2>&1",
		 port, path[CA]);
	assert_int_equal(system(command), 0);
}

static struct sender_config
config(void)
{
	snprintf(address, sizeof(address), "127.0.0.1:%d", port);
	return (struct sender_config){.name = "sink",
				      .sensor = "sensor",
				      .address = address,
				      .tls = true,
				      .tls_ca = path[CA],
				      .tls_certificate = "",
				      .tls_key = "",
				      .tls_pin = "",
				      .tls_name = "",
				      .user = "",
				      .secret = "",
				      .topic = "site/one",
				      .timeout_ns = 5 * NS_PER_S,
				      .batch = 50};
}

static int
nibble(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* A line of mosquitto_sub -F '%t %P %x': topic, user properties, payload in hex. */
static void
check_line(struct seen *s, const struct sender_event *e, size_t n, char *line)
{
	static char bytes[EVE_LINE_MAX];
	char *hex = strrchr(line, ' ') + 1, *id = strstr(line, "event-id:");
	size_t len = strcspn(hex, "\n") / 2;

	if (strstr(line, "/status "))
		return;
	assert_int_equal(strncmp(line, "site/one/alerts/gw_1 ", 21), 0);
	assert_non_null(strstr(line, "sensor:sensor"));
	assert_true(id && len < sizeof(bytes));
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	see(s, e, n, strtoull(id + 9, NULL, 10), bytes, len);
}

/* Follows what the reader writes until everything is there, or nothing has come for five seconds. */
static void
wait_seen(const struct sender_event *e, size_t n)
{
	struct seen s = {0};
	char *line = NULL;
	size_t room = 0;
	FILE *f = NULL;
	long begins = 0;

	for (int quiet = 0; quiet < 50 && s.first < n; quiet++, pause_ms(100)) {
		if (!f && !(f = fopen(path[SEEN], "r")))
			continue;
		fseek(f, begins, SEEK_SET);
		for (; getline(&line, &room, f) > 0 && strchr(line, '\n'); begins = ftell(f), quiet = 0)
			check_line(&s, e, n, line);
	}
	assert_int_equal(s.first, n);
	fclose(f);
	free(line);
}

static int
begin(void **state)
{
	(void)state;
	port = free_port();
	configure("server", "");
	(void)remove(path[SEEN]);
	(void)remove(path[STATUS]);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	reap(&reader, SIGTERM);
	broker_stop();
	return system("rm -f /tmp/gatewitness-test-*/mosquitto.db") == 0 ? 0 : -1;
}

static void
down_at_start_then_everything(void **state)
{
	struct sender_config cfg = config();
	struct courier c = courier_open(&SENDER_MQTT, &cfg);
	struct sender_event *e = events_new(events);
	struct sender_result r;

	(void)state;
	SENDER_MQTT.send(c.state, e, 50, &r);
	assert_int_equal(r.outcome, SENDER_AGAIN);
	assert_non_null(strstr(r.words, "onnection was refused"));
	broker_start();
	subscribe();
	courier_send(&c, e, events);
	reader_start("site/+/#", "%t %P %x", path[SEEN]);
	wait_seen(e, events);
	SENDER_MQTT.close(c.state);
	events_free(e, events);
}

/* Tells the broker to stop in the middle of what is sent next, and starts it again when it has. */
static void
stop_and_start(void *arg, size_t done)
{
	char command[64];
	unsigned *stops = arg;

	(void)done;
	if (broker && waitpid(broker, NULL, WNOHANG) == broker) {
		broker_start();
		snprintf(command, sizeof(command), "(sleep 0.0%u; kill %d) >/dev/null 2>&1 &", *stops % 9 + 1, broker);
		if ((*stops)++ < 8)
			assert_int_equal(system(command), 0);
	}
}

static void
restarted_again_and_again(void **state)
{
	struct sender_config cfg = config();
	struct courier c = courier_open(&SENDER_MQTT, &cfg);
	struct sender_event *e = events_new(3 * events);
	unsigned stops = 0;

	(void)state;
	broker_start();
	subscribe();
	kill(broker, SIGTERM);
	c.before = stop_and_start;
	c.arg = &stops;
	courier_send(&c, e, 3 * events);
	assert_true(c.again >= 3 && stops >= 3);
	pause_ms(150); /* the last of those that were told to stop has */
	broker_stop();
	broker_start();
	reader_start("site/+/#", "%t %P %x", path[SEEN]);
	wait_seen(e, 3 * events);
	SENDER_MQTT.close(c.state);
	events_free(e, 3 * events);
}

/* Through a neighbour that closes behind each acknowledgement, and is slow. */
static void
closed_after_each(void **state)
{
	struct sender_config cfg = config();
	struct sender_event *e = events_new(40);
	struct courier c;
	char at[16], target[16], more[64], to[32];
	char *argv[] = {"python3", "tests/sink/mqtt_cut.py", at, target, "0.02", NULL};
	int plain = free_port(), cut = free_port();
	pid_t neighbour;

	(void)state;
	snprintf(more, sizeof(more), "listener %d 127.0.0.1", plain);
	configure("server", more);
	broker_start();
	subscribe();
	snprintf(at, sizeof(at), "%d", cut);
	snprintf(target, sizeof(target), "%d", plain);
	neighbour = spawn(argv, NULL);
	for (int i = 0; i < 250 && !connects(cut); i++)
		pause_ms(20);
	snprintf(to, sizeof(to), "127.0.0.1:%d", cut);
	cfg.address = to;
	cfg.tls = false;
	c = courier_open(&SENDER_MQTT, &cfg);
	courier_send(&c, e, 40);
	assert_true(c.again >= 38); /* one each time, but for the last */
	SENDER_MQTT.close(c.state);
	reap(&neighbour, SIGTERM);
	reader_start("site/+/#", "%t %P %x", path[SEEN]);
	wait_seen(e, 40);
	events_free(e, 40);
}

/* The broker drops what nobody has subscribed to, and says so: for us that is not delivered. */
static void
waits_for_a_reader(void **state)
{
	struct sender_config cfg = config();
	struct courier c = courier_open(&SENDER_MQTT, &cfg);
	struct sender_event *e = events_new(3);
	struct sender_result r;

	(void)state;
	broker_start();
	SENDER_MQTT.send(c.state, e, 3, &r);
	assert_int_equal(r.outcome, SENDER_AGAIN);
	assert_int_equal(r.acknowledged, 0);
	assert_non_null(strstr(r.words, "nobody subscribes to site/one/alerts/gw_1"));
	subscribe();
	SENDER_MQTT.send(c.state, e, 3, &r);
	assert_int_equal(r.outcome, SENDER_DONE);
	assert_non_null(strstr(r.words, "acknowledged 3 of 3"));
	SENDER_MQTT.close(c.state);
	events_free(e, 3);
}

static void
too_large_is_refused_alone(void **state)
{
	struct sender_config cfg = config();
	struct courier c = courier_open(&SENDER_MQTT, &cfg);
	struct sender_event *e = events_new(60);

	(void)state;
	configure("server", "max_packet_size 20000");
	broker_start();
	subscribe();
	courier_send(&c, e, 60);
	assert_int_equal(c.refused, 1); /* the 50th is as large as a line can be */
	assert_non_null(strstr(c.words, "takes no message of 262143 bytes"));
	SENDER_MQTT.close(c.state);
	events_free(e, 60);
}

static char *
text_of(const char *name)
{
	FILE *f = fopen(name, "r");
	char *text = calloc(1, 4096);

	if (f) {
		assert_true(fread(text, 1, 4095, f) < 4095);
		fclose(f);
	}
	return text;
}

static void
wait_status(const char *expected)
{
	char *text = text_of(path[STATUS]);

	for (int i = 0; i < 250 && strcmp(text, expected) != 0; i++) {
		pause_ms(20);
		free(text);
		text = text_of(path[STATUS]);
	}
	assert_string_equal(text, expected);
	free(text);
}

/* Dies without a word, as a sensor whose power is cut; returns when it is connected. */
static pid_t
sensor_that_dies(const struct sender_config *cfg)
{
	int ready[2], done = pipe(ready);
	pid_t pid = fork();
	char byte;

	assert_int_equal(done, 0);

	if (pid == 0) {
		char words[SENDER_WORDS];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		struct sender_result r;
		void *s = SENDER_MQTT.open(cfg, words);

		SENDER_MQTT.send(s, NULL, 0, &r);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void
health_is_retained_and_the_will_is_done(void **state)
{
	struct sender_config cfg = config();
	struct courier c;
	struct sender_result r;
	pid_t dies;

	(void)state;
	broker_start();
	dies = sensor_that_dies(&cfg);
	pause_ms(200);
	reader_start("site/one/status", "%r %p", path[STATUS]);
	wait_status("1 online\n");
	reap(&dies, SIGKILL);
	wait_status("1 online\n0 offline\n");
	c = courier_open(&SENDER_MQTT, &cfg);
	SENDER_MQTT.send(c.state, NULL, 0, &r); /* no event: a link, and health */
	assert_int_equal(r.outcome, SENDER_DONE);
	wait_status("1 online\n0 offline\n0 online\n");
	SENDER_MQTT.close(c.state);
	wait_status("1 online\n0 offline\n0 online\n0 offline\n");
}

/* Nobody subscribes, and it is taken all the same; who comes later gets the latest. */
static void
heartbeats_are_retained(void **state)
{
	const struct sender_event beats[] = {
		{.id = 1, .kind = EVENT_HEARTBEAT, .gateway = "", .line = "first", .n = 5},
		{.id = 2, .kind = EVENT_HEARTBEAT, .gateway = "", .line = "second", .n = 6},
	};
	struct sender_config cfg = config();
	struct courier c;
	struct sender_result r;

	(void)state;
	broker_start();
	c = courier_open(&SENDER_MQTT, &cfg);
	SENDER_MQTT.send(c.state, beats, 2, &r);
	assert_int_equal(r.outcome, SENDER_DONE);
	assert_int_equal(r.acknowledged, 2);
	reader_start("site/one/heartbeats", "%r %p", path[STATUS]);
	wait_status("1 second\n");
	SENDER_MQTT.close(c.state);
}

static struct sender_result
try(const struct sender_config *cfg)
{
	struct courier c = courier_open(&SENDER_MQTT, cfg);
	struct sender_result r;

	SENDER_MQTT.send(c.state, NULL, 0, &r);
	SENDER_MQTT.close(c.state);
	return r;
}

static void
certificates(void **state)
{
	struct sender_config cfg = config();
	char *pin;
	char file[128];

	(void)state;
	broker_start();
	cfg.tls_ca = path[OTHER_CA];
	assert_non_null(strstr(try(&cfg).words, "certificate is not trusted: "));
	cfg.tls_ca = path[CA];
	cfg.tls_name = "gateway.example";
	assert_non_null(strstr(try(&cfg).words, "not trusted: hostname mismatch"));
	cfg.tls_name = "localhost";
	assert_int_equal(try(&cfg).outcome, SENDER_DONE);
	cfg.tls_pin = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	assert_non_null(strstr(try(&cfg).words, "key is not the one of tls_pin but "));
	snprintf(file, sizeof(file), "%s/pin", folder);
	pin = text_of(file);
	pin[64] = '\0';
	cfg.tls_pin = pin;
	assert_int_equal(try(&cfg).outcome, SENDER_DONE);
	cfg.tls_ca = ""; /* then the key alone decides */
	cfg.tls_name = "gateway.example";
	assert_int_equal(try(&cfg).outcome, SENDER_DONE);
	free(pin);
}

static void
client_certificate(void **state)
{
	struct sender_config cfg = config();

	(void)state;
	configure("server", "require_certificate true");
	broker_start();
	assert_int_equal(try(&cfg).outcome, SENDER_AGAIN);
	cfg.tls_certificate = path[CERT];
	cfg.tls_key = path[KEY];
	assert_int_equal(try(&cfg).outcome, SENDER_DONE);
}

/* The certificate is replaced by one that nobody vouches for, and then put right: nothing is lost in between. */
static void
certificate_changes(void **state)
{
	struct sender_config cfg = config();
	struct courier c = courier_open(&SENDER_MQTT, &cfg);
	struct sender_event *e = events_new(100);
	struct sender_result r;

	(void)state;
	broker_start();
	subscribe();
	courier_send(&c, e, 50);
	broker_stop();
	configure("stranger", "");
	broker_start();
	SENDER_MQTT.send(c.state, e + 50, 50, &r);
	if (r.acknowledged == 0 && !strstr(r.words, "not trusted"))
		SENDER_MQTT.send(c.state, e + 50, 50, &r); /* the first has noticed that the link was gone */
	assert_int_equal(r.outcome, SENDER_AGAIN);
	assert_non_null(strstr(r.words, "not trusted"));
	broker_stop();
	configure("server", "");
	broker_start();
	courier_send(&c, e + 50, 50);
	reader_start("site/+/#", "%t %P %x", path[SEEN]);
	wait_seen(e, 100);
	SENDER_MQTT.close(c.state);
	events_free(e, 100);
}

static void
password_and_rights(void **state)
{
	struct sender_config cfg = config();
	struct courier c;
	struct sender_event *e = events_new(1);
	struct sender_result r;
	char more[400], command[400];
	FILE *f;

	(void)state;
	snprintf(command, sizeof(command),
		 "mosquitto_passwd -b -c %s/passwd me secret >/dev/null 2>&1 && chmod 644 %s/passwd", folder, folder);
	assert_int_equal(system(command), 0);
	snprintf(more, sizeof(more), "%s/acl", folder);
	f = fopen(more, "w");
	fprintf(f, "user me\ntopic readwrite other/#\ntopic readwrite site/one/status\n");
	fclose(f);
	snprintf(more, sizeof(more), "allow_anonymous false\npassword_file %s/passwd\nacl_file %s/acl", folder, folder);
	configure("server", more);
	broker_start();
	cfg.user = "me";
	cfg.secret = "wrong";
	assert_non_null(strstr(try(&cfg).words, "does not let us in: Not authorized"));
	cfg.secret = "secret";
	c = courier_open(&SENDER_MQTT, &cfg);
	SENDER_MQTT.send(c.state, e, 1, &r);
	assert_int_equal(r.outcome, SENDER_AGAIN); /* a right can be given, an alert cannot be had again */
	assert_non_null(strstr(r.words, "Not authorized"));
	SENDER_MQTT.close(c.state);
	events_free(e, 1);
}

/* Somebody listens and says nothing: no longer than the timeout. */
static void
silence_is_bounded(void **state)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sender_config cfg = config();
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0), full[2];
	struct timespec until;

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 0), 0);
	cfg.timeout_ns = 300 * NS_PER_MS;
	until = deadline_after(4 * NS_PER_S);
	assert_non_null(strstr(try(&cfg).words, "does not answer")); /* a connection, but no TLS */
	for (int i = 0; i < 2; i++) {
		full[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(full[i], (struct sockaddr *)&a, sizeof(a));
	}
	assert_non_null(strstr(try(&cfg).words, "does not answer")); /* not even a connection: its queue is full */
	assert_false(deadline_passed(&until));
	close(full[0]);
	close(full[1]);
	close(fd);
}

static void
says_what_is_wrong_at_open(void **state)
{
	struct sender_config cfg = config();
	char words[SENDER_WORDS];

	(void)state;
	cfg.topic = "site/#";
	assert_null(SENDER_MQTT.open(&cfg, words));
	assert_non_null(strstr(words, "has no + and no #"));
	cfg.topic = "";
	cfg.tls_ca = "/nonexistent";
	assert_null(SENDER_MQTT.open(&cfg, words));
	assert_non_null(strstr(words, "tls_ca /nonexistent cannot be read: No such file"));
	cfg.tls_ca = path[KEY];
	assert_null(SENDER_MQTT.open(&cfg, words));
	assert_non_null(strstr(words, "holds no certificates in PEM"));
	cfg.tls_ca = path[CA];
	cfg.tls_certificate = path[CA];
	cfg.tls_key = path[KEY];
	assert_null(SENDER_MQTT.open(&cfg, words));
	assert_non_null(strstr(words, "is not the key of tls_certificate"));
	cfg.tls_certificate = cfg.tls_key = "";
	cfg.tls_pin = "123";
	assert_null(SENDER_MQTT.open(&cfg, words));
	assert_non_null(strstr(words, "tls_pin"));
}

static void
prepare(void)
{
	static const char *const NAMES[] = {"mosquitto.conf", "ca.pem", "other.pem", "client.pem",
					    "client.key",     "seen",   "status"};
	folder_make();
	certificates_make();
	for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++)
		snprintf(path[i], sizeof(path[i]), "%s/%s", folder, NAMES[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(down_at_start_then_everything, begin, end),
		cmocka_unit_test_setup_teardown(restarted_again_and_again, begin, end),
		cmocka_unit_test_setup_teardown(closed_after_each, begin, end),
		cmocka_unit_test_setup_teardown(waits_for_a_reader, begin, end),
		cmocka_unit_test_setup_teardown(too_large_is_refused_alone, begin, end),
		cmocka_unit_test_setup_teardown(heartbeats_are_retained, begin, end),
		cmocka_unit_test_setup_teardown(health_is_retained_and_the_will_is_done, begin, end),
		cmocka_unit_test_setup_teardown(certificates, begin, end),
		cmocka_unit_test_setup_teardown(client_certificate, begin, end),
		cmocka_unit_test_setup_teardown(certificate_changes, begin, end),
		cmocka_unit_test_setup_teardown(password_and_rights, begin, end),
		cmocka_unit_test_setup_teardown(silence_is_bounded, begin, end),
		cmocka_unit_test_setup_teardown(says_what_is_wrong_at_open, begin, end),
	};
	int failed;

	signal(SIGPIPE, SIG_IGN);
	if (getenv("QUEUE_ROUNDS"))
		events *= (size_t)atoi(getenv("QUEUE_ROUNDS"));
	prepare();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	folder_remove();
	return failed;
}

#endif
