/* evidence: whose frames are written, within which bounds, and what a failure leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <glob.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "packet/savefile.h"
#include "base/crypt.h"
#include "sensor/evidence.h"
#include "sensor/pcapng.h"
#include "sink/tar.h"

enum { FRAME = 200, HEAD = 54 };
static char folder[64], sub[96];

static int
make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/gatewitness-evidence-XXXXXX");
	snprintf(sub, sizeof(sub), "%s/held", mkdtemp(folder) ? folder : "");
	return *sub == '/' && sub[1] == 't' ? 0 : -1;
}

static int
remove_folder(void **state)
{
	char pattern[128];
	glob_t g;

	(void)state;
	snprintf(pattern, sizeof(pattern), "%s/*", sub);
	if (glob(pattern, 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			unlink(g.gl_pathv[i]);
		globfree(&g);
	}
	rmdir(sub);
	return rmdir(folder);
}

static struct pick *frames; /* that are there */

static void
on_picked(void *arg, const struct evidence_picked *p)
{
	evidence_frame(arg, p);
}

static void
want(void *arg, const struct evidence_wanted *w)
{
	(void)arg;
	pick_want(frames, w);
}

static void
want_no_more(void *arg, uint64_t incident)
{
	(void)arg;
	pick_end(frames, incident);
}

static struct evidence *
open_one(const struct evidence_config *cfg)
{
	struct pick_config own = {.ring = 1 << 20, .payload = true, .sensor = 7, .picked = on_picked};
	char error[EVIDENCE_ERROR_MAX], words[PICK_ERROR_MAX];
	struct evidence *e = evidence_open(cfg, error);

	own.arg = e;
	frames = e ? pick_new(&own, words) : NULL;
	if (e)
		evidence_from(e, &(struct evidence_source){NULL, want, want_no_more});
	else
		print_message("%s\n", error);
	return e;
}

static void
shut(struct evidence *e)
{
	evidence_free(e);
	pick_free(frames);
	frames = NULL;
}

static struct evidence *
open_evidence(bool live, uint64_t incident, uint64_t quota)
{
	return open_one(&(struct evidence_config){.folder = sub,
						  .application = "test",
						  .incident = incident,
						  .quota = quota,
						  .payload = true,
						  .live = live});
}

/* For the reader of the specification's example (https://c2sp.org/age). */
static struct evidence *
open_for(struct evidence_readers *readers)
{
	static const char READER[] = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";
	struct evidence_config cfg = {
		.folder = sub, .application = "test", .incident = 1 << 20, .quota = 1 << 20, .live = true};
	char error[EVIDENCE_ERROR_MAX];

	assert_true(crypt_init());
	assert_true(evidence_readers_parse(readers, READER, error, sizeof(error)));
	cfg.readers = *readers;
	return open_one(&cfg);
}

static struct addr
address(uint8_t last)
{
	return addr_v4((const uint8_t[4]){198, 51, 100, last});
}

/* Connection of client `who` by its port, its only frame at that second. */
static void
frame_at(struct evidence *e, uint8_t who, uint16_t port, int64_t s)
{
	static uint8_t bytes[FRAME];
	const struct frame f = {.bytes = cur_of(bytes, FRAME), .wire_len = FRAME, .link = 1, .time = {s * NS_PER_S}};
	const struct flow flow = {
		.addr = {address(who), address(250)}, .port = {port, 443}, .proto = PROTO_TCP, .first = {s * NS_PER_S}};
	const struct packet k = {.payload = cur_of(bytes + HEAD, FRAME - HEAD), .payload_len = FRAME - HEAD};
	const struct told_frame t = {.frame = &f, .packet = &k, .flow = &flow, .hash = port};

	bytes[0] = who;
	(void)e;
	pick_frame(frames, &t);
}

static void
finding_at(struct evidence *e, uint64_t incident, uint8_t who, int64_t s)
{
	const struct addr peer = address(who);
	const struct finding f = {.id = incident + 1,
				  .incident = incident,
				  .detector = 1,
				  .severity = SEVERITY_HIGH,
				  .opens = true,
				  .actor = peer,
				  .time = {s * NS_PER_S},
				  .text = "words"};

	evidence_finding(e, &f, &peer, f.time);
}

static struct cur
file_of(uint64_t incident)
{
	static uint8_t bytes[1 << 20];
	char path[128];
	struct cur c;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%016llx.pcapng", sub, (unsigned long long)incident);
	file = fopen(path, "r");
	assert_non_null(file);
	c = cur_of(bytes, fread(bytes, 1, sizeof(bytes), file));
	fclose(file);
	return c;
}

/* The clients whose frames are in the file, in order; how many sections it has. */
static unsigned
read_back(uint64_t incident, char clients[64])
{
	struct savefile s = {0};
	unsigned sections = 0;
	const char *why;
	struct cur c = file_of(incident);
	struct frame f;

	*clients = '\0';
	while (cur_left(&c)) {
		enum savefile_verdict v;

		sections += cur_peek(&c, 0) == 0x0a;
		v = savefile_next(&s, &c, &f, &why);
		assert_true(v == SAVEFILE_FRAME || v == SAVEFILE_OTHER);
		if (v == SAVEFILE_FRAME)
			sprintf(clients + strlen(clients), "%u ", f.bytes.p[0]);
	}
	return sections;
}

static void
before_and_after_of_the_actor(void **state)
{
	struct evidence *e = open_evidence(true, 1 << 20, 1 << 20);
	char clients[64];
	struct stat st;

	(void)state;
	assert_non_null(e);
	frame_at(e, 1, 1000, 1);
	frame_at(e, 2, 1001, 2);
	frame_at(e, 1, 1002, 3);
	finding_at(e, 0xabc, 1, 4);
	frame_at(e, 3, 1003, 4);
	frame_at(e, 1, 1004, 5);
	finding_at(e, 0xdef, 3, 6); /* another incident takes what is its own */
	frame_at(e, 1, 1005, 7);
	evidence_closed(e, 0xabc);
	frame_at(e, 1, 1006, 8); /* it is over */
	frame_at(e, 3, 1007, 9);
	evidence_end(e);
	assert_string_equal(evidence_error(e), "");
	assert_int_equal(evidence_facts(e).incidents, 2);
	assert_int_equal(evidence_facts(e).frames, 6);
	shut(e);
	assert_int_equal(read_back(0xabc, clients), 1);
	assert_string_equal(clients, "1 1 1 1 ");
	assert_int_equal(read_back(0xdef, clients), 1);
	assert_string_equal(clients, "3 3 ");
	assert_int_equal(stat(sub, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_null(open_evidence(false, 1 << 20, 1 << 20)); /* a reading does not mix with what is there */
}

/* A finding that is no alert opens nothing. */
static void
what_alerts_only(void **state)
{
	struct evidence *e = open_evidence(true, 1 << 20, 1 << 20);
	const struct finding weak = {.id = 1, .incident = 5, .severity = SEVERITY_HIGH, .weak = true};
	const struct finding info = {.id = 1, .incident = 5, .severity = SEVERITY_INFO, .opens = true};
	const struct finding alone = {.id = 1, .severity = SEVERITY_HIGH, .opens = true};
	const struct addr peer = address(1);

	(void)state;
	frame_at(e, 1, 1000, 1);
	evidence_finding(e, &weak, &peer, (struct when){0});
	evidence_finding(e, &info, &peer, (struct when){0});
	evidence_finding(e, &alone, &peer, (struct when){0});
	assert_int_equal(evidence_facts(e).incidents, 0);
	shut(e);
}

static void
bounds(void **state)
{
	struct evidence *e = open_evidence(true, 2000, 5000);
	char clients[64];

	(void)state;
	for (uint16_t i = 0; i < 20; i++)
		frame_at(e, 1, (uint16_t)(1000 + i), i);
	for (uint64_t n = 1; n <= 4; n++) {
		finding_at(e, n, 1, 30);
		evidence_closed(e, n);
	}
	assert_int_equal(evidence_facts(e).full, 4);    /* 2,000 bytes are no 20 frames */
	assert_int_equal(evidence_facts(e).removed, 2); /* and 5,000 no four incidents */
	shut(e);
	assert_int_equal(read_back(4, clients), 1);
	assert_string_equal(clients, "1 1 1 1 1 1 1 ");
	e = open_evidence(true, 2000, 5000); /* what an earlier run left counts */
	frame_at(e, 1, 1000, 1);
	for (uint64_t n = 9; n < 18; n++)
		finding_at(e, n, 1, 1);
	assert_int_equal(evidence_facts(e).removed, 2); /* both: those that go on are never removed */
	shut(e);
}

/* More incidents at once than there are places: the one that began first is closed. */
static void
more_incidents_than_places(void **state)
{
	struct evidence *e = open_evidence(true, 1 << 20, 1 << 30);

	(void)state;
	for (uint64_t n = 1; n <= EVIDENCE_OPEN + 3; n++)
		finding_at(e, n, (uint8_t)n, 1);
	for (uint8_t n = 1; n <= EVIDENCE_OPEN + 3; n++)
		frame_at(e, n, n, 2);
	assert_int_equal(evidence_facts(e).incidents, EVIDENCE_OPEN + 3);
	assert_int_equal(evidence_facts(e).frames, EVIDENCE_OPEN);
	shut(e);
}

/* The power went in the middle of a block: what is whole stays, and the incident goes on behind it. */
static void
torn_file_goes_on(void **state)
{
	struct evidence *e = open_evidence(true, 1 << 20, 1 << 20);
	char path[128], clients[64];
	struct stat st;

	(void)state;
	frame_at(e, 1, 1000, 1);
	frame_at(e, 1, 1001, 2);
	finding_at(e, 0xabc, 1, 3);
	shut(e);
	snprintf(path, sizeof(path), "%s/%016x.pcapng", sub, 0xabcu);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(truncate(path, st.st_size - 9), 0);
	e = open_evidence(true, 1 << 20, 1 << 20);
	frame_at(e, 1, 1002, 4);
	finding_at(e, 0xabc, 1, 5);
	shut(e);
	assert_int_equal(read_back(0xabc, clients), 2);
	assert_string_equal(clients, "1 1 ");
}

/* The same for certain readers: whole pieces stay, those behind them have other names, and nothing of it is clear. */
static void
torn_pieces_go_on(void **state)
{
	struct evidence_readers readers = {.n = 1};
	struct evidence *e = open_for(&readers);
	static uint8_t bytes[1 << 16];
	struct tar_entry t;
	struct age_key secret;
	unsigned pieces = 0;
	const char *why;
	char path[128];
	struct stat st;
	struct cur c;
	FILE *file;

	(void)state;
	frame_at(e, 1, 1000, 1);
	finding_at(e, 0xabc, 1, 3);
	evidence_end(e);
	frame_at(e, 1, 1001, 4);
	shut(e); /* killed: what waited is lost */
	snprintf(path, sizeof(path), "%s/%016x.age.tar", sub, 0xabcu);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	e = open_for(&readers);
	for (int64_t s = 5; s < 7; s++) {
		frame_at(e, 1, (uint16_t)(1000 + s), s);
		finding_at(e, 0xabc, 1, s);
		evidence_end(e);
	}
	shut(e);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 9), 0);
	e = open_for(&readers);
	frame_at(e, 1, 1010, 10);
	finding_at(e, 0xabc, 1, 10);
	evidence_end(e);
	shut(e);
	file = fopen(path, "r");
	assert_non_null(file);
	c = cur_of(bytes, fread(bytes, 1, sizeof(bytes), file));
	fclose(file);
	assert_null(memmem(bytes, cur_left(&c), "incident", 8));
	memset(secret.b, 'B', AGE_KEY);
	while (cur_left(&c)) {
		struct bytes clear = {.p = NULL};
		char name[32];

		assert_int_equal(tar_next(&c, &t, &why), TAR_FILE);
		snprintf(name, sizeof(name), "%06u.pcapng.age", ++pieces);
		assert_string_equal(t.name, name);
		assert_int_equal(age_open(&clear, &secret, t.bytes), AGE_OPENED);
		assert_int_equal(pcapng_whole(clear.p, clear.n), clear.n);
		assert_non_null(memmem(clear.p, clear.n, "incident", 8));
		bytes_free(&clear);
	}
	assert_int_equal(pieces, 3);
}

static void
limit_files(rlim_t bytes)
{
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, RLIM_INFINITY}), 0);
}

/* A disk that is full in the middle of a block: the file ends before it, and goes on when there is room, which it says. */
static void
full_disk(void **state)
{
	struct evidence *e = open_evidence(true, 1 << 20, 1 << 20);
	char clients[64];
	struct cur file;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	for (uint16_t i = 0; i < 20; i++)
		frame_at(e, 1, (uint16_t)(1000 + i), i);
	limit_files(1000);
	finding_at(e, 0xabc, 1, 30);
	frame_at(e, 1, 999, 31);
	evidence_time(e, (struct when){40 * NS_PER_S});
	assert_non_null(strstr(evidence_error(e), "File too large"));
	assert_int_equal(read_back(0xabc, clients), 1);
	assert_string_equal(clients, "1 1 1 ");
	limit_files(RLIM_INFINITY);
	frame_at(e, 1, 998, 80); /* less than a minute later */
	assert_int_equal(evidence_facts(e).missed, 19);
	frame_at(e, 1, 997, 95);
	frame_at(e, 1, 996, 96);
	evidence_end(e);
	assert_string_equal(evidence_error(e), "");
	assert_int_equal(evidence_facts(e).missed, 19);
	shut(e);
	assert_int_equal(read_back(0xabc, clients), 1);
	assert_string_equal(clients, "1 1 1 1 1 ");
	file = file_of(0xabc);
	assert_non_null(memmem(file.p, cur_left(&file), "could not be written: 19", 24));
}

/* What waits to be sealed waits on, and no file is left behind in which there is nothing. */
static void
full_disk_sealed(void **state)
{
	struct evidence_readers readers;
	struct evidence *e = open_for(&readers);
	char path[128];
	struct stat st;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	snprintf(path, sizeof(path), "%s/0000000000000abc.age.tar", sub);
	frame_at(e, 1, 1000, 1);
	limit_files(0);
	finding_at(e, 0xabc, 1, 2);
	finding_at(e, 0xdef, 9, 2);
	evidence_time(e, (struct when){60 * NS_PER_S});
	assert_string_not_equal(evidence_error(e), "");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	evidence_closed(e, 0xdef);
	limit_files(RLIM_INFINITY);
	evidence_time(e, (struct when){200 * NS_PER_S});
	assert_string_equal(evidence_error(e), "");
	assert_int_equal(evidence_facts(e).missed, 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size > 0);
	snprintf(path, sizeof(path), "%s/0000000000000def.age.tar", sub);
	assert_int_equal(stat(path, &st), -1);
	evidence_end(e);
	shut(e);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(before_and_after_of_the_actor),
		IN_FOLDER(what_alerts_only),
		IN_FOLDER(bounds),
		IN_FOLDER(more_incidents_than_places),
		IN_FOLDER(torn_file_goes_on),
		IN_FOLDER(full_disk),
		IN_FOLDER(full_disk_sealed),
		IN_FOLDER(torn_pieces_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
