/*
 * reveal: the address behind a pseudonym, and the trace of who wanted to know it and why.
 *
 *	nobody writes the ledger	the trace goes into its chain from here
 *	a sensor writes it		the sensor is asked to (ledger/request.h), and answers
 *
 * Must not print the address before the trace is kept.
 */
#include "cmd/common.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/ledgers.h"
#include "ledger/lock.h"
#include "ledger/reading.h"
#include "ledger/request.h"

enum { ID_REASON = 300, ID_WAIT };

struct revealing {
	const char *dir, *pseudonym, *key_file, *reason;
	int64_t wait_ns;
	bool json;
	char *folder;
	struct privacy privacy;
	struct config config;
	bool known; /* the ledger has pseudonyms under this key */
	char has[17];
	struct request request;
};

static int
fail(const char *words, int status)
{
	fprintf(stderr, "gatewitness: %s\n", words);
	return status;
}

static int
find_ledger(struct revealing *r)
{
	struct ledgers all;
	char error[512];

	if (!ledgers_find(&all, r->dir, error, sizeof(error)))
		return fail(error, EXIT_IO);
	if (all.n > 1)
		snprintf(error, sizeof(error), "%.200s: holds %zu ledgers; name one, such as %.200s", r->dir, all.n,
			 all.folder[all.n - 1]);
	else
		r->folder = strdup(all.folder[0]);
	if (all.n > 1)
		fail(error, EXIT_USAGE);
	ledgers_free(&all);
	return r->folder ? EXIT_DONE : EXIT_USAGE;
}

static void
take_id(void *arg, struct when t, const char *value)
{
	struct revealing *r = arg;

	(void)t;
	snprintf(r->has, sizeof(r->has), "%s", value);
	r->known |= strtoull(value, NULL, 16) == r->privacy.key->id;
}

static int
take_key(struct revealing *r)
{
	char words[PRIVACY_ERROR_MAX + 256], id[17];

	config_init(&r->config);
	if (!privacy_ask(&r->privacy, &r->config, r->key_file, words))
		return fail(words, EXIT_USAGE);
	reading_settings(r->folder, "privacy_key", r, take_id);
	if (r->known)
		return EXIT_DONE;
	privacy_id(id, r->privacy.key->id);
	if (*r->has)
		snprintf(words, sizeof(words), "%.200s: its clients are pseudonyms under key %s, and %.200s is key %s",
			 r->folder, r->has, r->key_file, id);
	else
		snprintf(words, sizeof(words), "%.200s: has no pseudonyms: its addresses are clear", r->folder);
	return fail(words, EXIT_USAGE);
}

/* Where the seal's key is: an import's lies a folder above. */
static void
key_folder(const struct revealing *r, char to[PATH_MAX])
{
	char path[PATH_MAX];
	struct stat st;
	bool here = snprintf(path, sizeof(path), "%s/seal.key", r->folder) < PATH_MAX && stat(path, &st) == 0;

	snprintf(to, PATH_MAX, "%s%s", r->folder, here ? "" : "/..");
}

static int
trace_here(const struct revealing *r)
{
	char error[LEDGER_ERROR_MAX], trace[REQUEST_TRACE], folder[PATH_MAX];
	const struct ledger_config cfg = {.folder = r->folder, .key_folder = folder, .visit = r->request.at};
	struct ledger *l;
	bool fine;

	key_folder(r, folder);
	l = ledger_open(&cfg, error);
	if (!l)
		return fail(error, EXIT_IO);
	request_trace(&r->request, trace);
	ledger_setting(l, "reveal", trace);
	fine = ledger_sync(l);
	return ledger_close(l, error) && fine ? EXIT_DONE : fail(error, EXIT_IO);
}

static int
trace_there(struct revealing *r)
{
	char error[REQUEST_ERROR] = "";

	if (!request_put(&r->request, r->folder, error) ||
	    !request_wait(&r->request, r->folder, (unsigned)(r->wait_ns / NS_PER_S), error))
		return fail(error, EXIT_IO);
	return EXIT_DONE;
}

static int
print(const struct revealing *r)
{
	struct addr a = pseudonym_reveal(r->privacy.key, &r->request.pseudonym);
	char clear[ADDR_TEXT_MAX], hidden[ADDR_TEXT_MAX];

	addr_print(&a, clear);
	addr_print(&r->request.pseudonym, hidden);
	if (r->json)
		printf("{\"pseudonym\":\"%s\",\"address\":\"%s\"}\n", hidden, clear);
	else
		printf("%s\n", clear);
	return fflush(stdout) == 0 ? EXIT_DONE : fail("standard output: cannot be written", EXIT_IO);
}

static int
reveal(struct revealing *r)
{
	int status = find_ledger(r);

	if (status == EXIT_DONE)
		status = take_key(r);
	if (status != EXIT_DONE)
		return status;
	r->request.at = clock_wall();
	r->request.uid = getuid();
	snprintf(r->request.reason, sizeof(r->request.reason), "%s", r->reason);
	status = lock_is_held(r->folder) ? trace_there(r) : trace_here(r);
	return status == EXIT_DONE ? print(r) : status;
}

static int
take_wait(struct revealing *r, const char *value)
{
	static const struct option SPAN = {.type = OPTION_TIME, .range = "1s..1d"};

	return option_parse(&SPAN, value, &r->wait_ns) ? usage_error("reveal", "--wait is no time such as 30s or 5m") :
							 EXIT_DONE;
}

static int
take_file(struct revealing *r, const char *value)
{
	if (r->pseudonym)
		return usage_error("reveal", "one pseudonym at a time: each leaves a trace of its own");
	if (r->dir)
		r->pseudonym = value;
	else
		r->dir = value;
	return EXIT_DONE;
}

static int
take_option(void *arg, int id, const char *value)
{
	struct revealing *r = arg;

	switch (id) {
	case OPT_PRIVACY_KEY:
		r->key_file = value;
		return EXIT_DONE;
	case ID_REASON:
		r->reason = value;
		return EXIT_DONE;
	case ID_WAIT:
		return take_wait(r, value);
	case OPT_JSON:
		r->json = true;
		return EXIT_DONE;
	default:
		return take_file(r, value);
	}
}

static int
check(struct revealing *r)
{
	if (!r->pseudonym)
		return usage_error("reveal", "name the folder of the ledger, then the pseudonym");
	if (!addr_parse(&r->request.pseudonym, r->pseudonym))
		return usage_error("reveal", "the pseudonym is no address such as 51.112.64.114");
	if (!r->key_file)
		return usage_error("reveal", "no key: --privacy-key FILE");
	if (!r->reason || !request_reason_ok(r->reason))
		return usage_error("reveal",
				   "no reason: --reason \"TEXT\", one line of at most 200 bytes; it is kept in "
				   "the ledger with who asked and when");
	return EXIT_DONE;
}

static int
reveal_run(int argc, char **argv)
{
	struct revealing *r = calloc(1, sizeof(*r));
	int status = EXIT_IO;

	if (!r)
		return EXIT_IO;
	r->wait_ns = 30 * NS_PER_S;
	status = args_take(&CMD_REVEAL, argc, argv, take_option, r);
	if (status == EXIT_DONE)
		status = check(r);
	if (status == EXIT_DONE)
		status = reveal(r);
	privacy_close(&r->privacy);
	free(r->folder);
	free(r);
	return status;
}

static const struct arg_option OPTIONS[] = {
	PRIVACY_OPTION,
	{ID_REASON, "reason", "TEXT", "why; kept in the ledger, with who and when"},
	{ID_WAIT, "wait", "TIME", "for a sensor that writes the ledger: how long, 30s unless told"},
	{OPT_JSON, "json", NULL, "one JSON object"},
	{0, NULL, NULL, NULL},
};

const struct command CMD_REVEAL = {
	"reveal",
	"--privacy-key FILE --reason TEXT DIR PSEUDONYM",
	"the address behind a pseudonym, with a trace of who asked",
	OPTIONS,
	"Where privacy.pseudonymize is on, addresses of clients are pseudonyms. This prints the address\n"
	"behind one, to whoever has the key, after the ledger's chain has a row that says who (the\n"
	"system's user), when, which pseudonym and why. A sensor that writes the ledger is asked to take\n"
	"the row; without its answer nothing is printed.\n"
	"\n"
	"examples:\n"
	"  gatewitness reveal --privacy-key key --reason 'case 2025-117' /var/lib/gatewitness 51.112.64.114\n"
	"  gatewitness hunt --where 'src = 203.0.113.7' --privacy-key key DIR    # the other way, without a trace\n"
	"\n"
	"exit code: 0 done; 1 the trace cannot be kept, and nothing was printed; 2 wrong usage or key\n",
	reveal_run,
};
