/*
 * ledger_help: a folder, a ledger in it, seconds of traffic, and what verify says of it.  Must not write anywhere else.
 */
#ifndef TESTS_UNIT_LEDGER_HELP_H
#define TESTS_UNIT_LEDGER_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/database.h"
#include "ledger/ledger.h"
#include "ledger/reading.h"
#include "ledger/verify.h"

#define DAY(n)    (INT64_C(20000) * 86400 * NS_PER_S + (n)*INT64_C(86400) * NS_PER_S)
#define SECOND(n) ((int64_t)(n)*NS_PER_S)

static char folder[64];

static int
make_folder(void **state)
{
	(void)state;
	/* in memory where that is to be had: thousands of commits wait for the disk otherwise */
	snprintf(folder, sizeof(folder), "%s/gatewitness-ledger-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	return mkdtemp(folder) ? 0 : -1;
}

static void
remove_matching(const char *what)
{
	char pattern[128];
	glob_t g;

	snprintf(pattern, sizeof(pattern), "%s/%s", folder, what);
	if (glob(pattern, 0, NULL, &g) != 0)
		return;
	for (size_t i = 0; i < g.gl_pathc; i++)
		unlink(g.gl_pathv[i]);
	globfree(&g);
}

static int
remove_folder(void **state)
{
	(void)state;
	remove_matching("*");
	return rmdir(folder);
}

static inline bool
count_session(void *arg, const struct session *s)
{
	*(uint64_t *)arg += s->id != 0;
	return true;
}

/* Records of sessions that can still be read. */
static inline uint64_t
count_sessions(void)
{
	uint64_t n = 0;
	struct reading r = {.folder = folder, .since = {INT64_MIN}, .until = {INT64_MAX}, .arg = &n};

	r.session = count_session;
	reading_run(&r);
	return n;
}

static struct ledger *
open_with(struct ledger_config cfg)
{
	char error[LEDGER_ERROR_MAX];
	struct ledger *l;

	cfg.folder = cfg.key_folder = folder;
	cfg.sensor = 5;
	cfg.session_days = 100;
	cfg.summary_days = 400;
	l = ledger_open(&cfg, error);
	if (!l)
		fail_msg("%s", error);
	return l;
}

static inline struct ledger *
open_ledger(int64_t commit_s, bool seal)
{
	return open_with((struct ledger_config){.commit_ns = SECOND(commit_s), .seal_last = seal});
}

static inline struct ledger *
open_persisting(int64_t commit_s)
{
	return open_with((struct ledger_config){.commit_ns = SECOND(commit_s), .persists = true});
}

static inline void
close_ledger(struct ledger *l)
{
	char error[LEDGER_ERROR_MAX];

	if (!ledger_close(l, error))
		fail_msg("%s", error);
}

/* A second of traffic: a session, now and then a pulse and a finding. */
static inline void
write_second(struct ledger *l, int64_t ns)
{
	struct session s = {.kind = SESSION_CLOSE, .gateway = 1, .proto = 6, .src_port = 40000, .dest_port = 443};
	struct finding f = {.detector = 1, .severity = SEVERITY_HIGH, .gateway = 1, .text = "something", .opens = true};
	struct ledger_seen seen = {.frames = (uint64_t)(ns / NS_PER_S), .bytes = 1000};

	s.time = s.start = s.last = (struct when){ns};
	s.id = session_id(&s, 5);
	s.sni = TEXT_LIT("vpn.example.org");
	f.time = s.time;
	ledger_session(l, &s);
	if (ns / NS_PER_S % 10 == 0)
		ledger_pulse(l, &(struct pulse){.time = s.time, .gateway = 1});
	if (ns / NS_PER_S % 100 == 0)
		ledger_finding(l, &f);
	if (ns / NS_PER_S % 200 == 0)
		ledger_closed(l, &(struct incident){.opened = s.time, .last = s.time, .gateway = 1});
	ledger_time(l, s.time, &seen);
}

/* One of its files. */
static inline struct database *
open_file(const char *file, bool writing)
{
	char name[128], error[DATABASE_ERROR_MAX];
	struct database *d;

	snprintf(name, sizeof(name), "%s/%s", folder, file);
	d = database_open(name, writing, error);
	if (!d)
		fail_msg("%s", error);
	return d;
}

static char said[8192];

static void
on_said(void *arg, enum verify_kind kind, const char *words)
{
	size_t n = strlen(said);

	(void)arg;
	if (kind > VERIFY_EXPIRED)
		snprintf(said + n, sizeof(said) - n, "%d %s\n", kind, words);
}

static inline struct verify
verify_now(struct anchor *anchor)
{
	struct verify v = {.folder = folder, .say = on_said, .anchor = anchor, .anchors = anchor != NULL};

	said[0] = '\0';
	assert_true(verify_folder(&v));
	return v;
}

#endif
