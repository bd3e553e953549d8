/*
 * ask_reload: `gatewitness reload`: SIGHUP to a running sensor, and what came of it.
 *
 * Whom the signal goes to is not for the socket to say: the kernel knows who opened it, and whose child that is.
 */
#include "cmd/asking.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "sensor/json_in.h"

enum { TRIES = 150, TRIES_A_SECOND = 5 };

/* What the sensor says of reloads.  False: it was told why there is no answer. */
struct answer {
	int64_t times;
	bool fine;
	char words[512];
};

static bool
listen_to(struct asking *a, struct answer *to)
{
	struct json *j = asking_ask(a) == EXIT_DONE ? json_in(a->text, a->n) : NULL;
	const char *words;

	if (!j)
		return false;
	words = json_in_text(j, "reload").p;
	to->times = json_in_number(j, "reloads");
	to->fine = json_in_number(j, "reload_fine") == 1;
	snprintf(to->words, sizeof(to->words), "%.500s", words ? words : "");
	json_in_free(j);
	return true;
}

/* The monitor, which started the desk; 0: none. */
static pid_t
parent_of(pid_t pid)
{
	char path[64], line[256];
	long parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "PPid:", 5) == 0)
			parent = strtol(line + 5, NULL, 10);
	if (f)
		fclose(f);
	return parent > 1 ? (pid_t)parent : 0;
}

static int
send_signal(const struct asking *a)
{
	pid_t desk = asking_desk(a), monitor = desk ? parent_of(desk) : 0;

	if (!desk)
		return EXIT_IO;
	if (!monitor || kill(monitor, SIGHUP) < 0)
		return asking_failed(a, monitor ? strerror(errno) : "who started the sensor is not to be seen here");
	return EXIT_DONE;
}

static int
reload(struct asking *a)
{
	struct answer before, now;
	int status = listen_to(a, &before) ? send_signal(a) : EXIT_IO;

	if (status != EXIT_DONE)
		return status;
	for (unsigned i = 0; i < TRIES; i++) {
		nanosleep(&(struct timespec){.tv_nsec = NS_PER_S / TRIES_A_SECOND}, NULL);
		if (!listen_to(a, &now))
			return EXIT_IO;
		if (now.times == before.times)
			continue;
		fprintf(now.fine ? stdout : stderr, "%s%s\n", now.fine ? "" : "gatewitness: ", now.words);
		return now.fine ? EXIT_DONE : EXIT_USAGE;
	}
	return asking_failed(a, "the sensor was asked and did not answer");
}

static int
take_option(void *arg, int id, const char *value)
{
	struct asking *a = arg;

	if (id == ARGS_FILE)
		return usage_error("reload",
				   "takes no files; the sensor is found by -c FILE, --ledger DIR or --socket PATH");
	if (id != ASKING_SOCKET)
		return common_option(a->common, id, value);
	a->given = value;
	return EXIT_DONE;
}

static int
reload_run(int argc, char **argv)
{
	struct asking *a = calloc(1, sizeof(*a));
	int status = EXIT_IO;

	if (a && (a->common = common_new(&CMD_RELOAD)))
		status = args_take(&CMD_RELOAD, argc, argv, take_option, a);
	if (status == EXIT_DONE)
		status = asking_find(a);
	if (status == EXIT_DONE)
		status = reload(a);
	if (a && a->common)
		common_free(a->common);
	free(a);
	return status;
}

static const struct arg_option OPTIONS[] = {
	ASKING_OPTIONS,
	{0, NULL, NULL, NULL},
};

const struct command CMD_RELOAD = {
	"reload",
	"[-c FILE]",
	"makes the running sensor read its configuration again",
	OPTIONS,
	"Sends SIGHUP to the sensor that has this control socket (as status finds it), and says what came\n"
	"of it: suppressions, maintenance, facts, lists and places are in force from now on; frames are not\n"
	"interrupted. Where there is a mistake, it is told, and what was in force stays.\n"
	"\n"
	"examples:\n"
	"  gatewitness reload -c /etc/gatewitness/gatewitness.conf\n"
	"  gatewitness reload --ledger /var/lib/gatewitness\n"
	"\n"
	"exit code: 0 in force; 1 no sensor answers, or it is not ours to ask; 2 wrong usage, or a mistake in the\n"
	"configuration\n",
	reload_run,
};
