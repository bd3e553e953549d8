/*
 * keep: see keep.h.  Must not touch a folder that holds another import of the same captures.
 */
#include "cmd/keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypt.h"
#include "ledger/request.h"

enum { PIECE = 1 << 16 };

static const int64_t DAY_NS = 86400 * NS_PER_S;

static int
fail(struct common *c, const char *path, const char *what)
{
	char words[512];

	snprintf(words, sizeof(words), "%.300s: %.180s", path, what);
	common_error(c, words);
	return EXIT_IO;
}

static bool
make_folder(const char *path)
{
	return mkdir(path, 0750) == 0 || errno == EEXIST;
}

/* An import that was cut short, by us: files of ours only. */
static void
remove_part(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	char path[PATH_MAX];

	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.' || snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) >= PATH_MAX)
			continue;
		if (strstr(e->d_name, ".sessions") || strstr(e->d_name, ".summary") || strstr(e->d_name, ".pcapng") ||
		    strstr(e->d_name, ".age.tar") || strncmp(e->d_name, "list-", 5) == 0 ||
		    strncmp(e->d_name, "snapshot-", 9) == 0 || strcmp(e->d_name, "seals") == 0)
			unlink(path);
		else if (strcmp(e->d_name, "evidence") == 0)
			remove_part(path);
	}
	if (dir)
		closedir(dir);
	rmdir(folder);
}

static int
open_ledger(struct keep *k, struct common *c, const char *root, bool import)
{
	struct pipeline_config p;
	char error[LEDGER_ERROR_MAX];
	struct ledger_config cfg = {.folder = k->folder,
				    .key_folder = root,
				    .commit_ns = import ? 0 : config_number(&c->config, OPT_ledger_commit),
				    .quota = import ? 0 : (uint64_t)config_number(&c->config, OPT_ledger_quota),
				    .seal_last = import,
				    .clear = import ? remove_part : NULL,
				    .persists = !import,
				    .snapshot_days = config_number(&c->config, OPT_ledger_snapshot) / DAY_NS};

	if (!import) {
		cfg.session_days = config_number(&c->config, OPT_ledger_sessions) / DAY_NS;
		cfg.summary_days = config_number(&c->config, OPT_ledger_summary) / DAY_NS;
	}
	if (!make_folder(root) || !make_folder(k->folder))
		return fail(c, k->folder, strerror(errno));
	if (!watch_pipeline(&c->watch, &p))
		return fail(c, k->folder, c->watch.error);
	cfg.sensor = p.sensor;
	k->ledger = ledger_open(&cfg, error);
	if (!k->ledger) {
		common_error(c, error);
		return EXIT_IO;
	}
	c->watch.setup.ledger = k->ledger;
	c->keep = k;
	return EXIT_DONE;
}

const char *
keep_folder(const struct common *c)
{
	const char *configured = config_text(&c->config, OPT_ledger_folder);

	return c->ledger ? c->ledger : *configured ? configured : NULL;
}

int
keep_open(struct keep *k, struct common *c)
{
	const char *root = keep_folder(c);
	int status;

	if (!root)
		return EXIT_DONE;
	snprintf(k->folder, sizeof(k->folder), "%s", root);
	status = open_ledger(k, c, root, false);
	if (status == EXIT_DONE && c->privacy.key && !requests_open(k->folder))
		return fail(c, k->folder, strerror(errno));
	return status;
}

static void
take_request(void *arg, const struct request *r)
{
	struct keep *k = arg;
	char trace[REQUEST_TRACE], words[128] = "failed\n";
	struct ledger_head head;

	request_trace(r, trace);
	ledger_setting(k->ledger, "reveal", trace);
	if (ledger_sync(k->ledger)) {
		head = ledger_head(k->ledger);
		snprintf(words, sizeof(words), "kept %s %lld %s\n", head.date, (long long)head.commit, head.hash);
	}
	request_answer(r, k->folder, words);
}

void
keep_requests(struct keep *k)
{
	if (k->ledger)
		requests_take(k->folder, k, take_request);
}

/* A file's digest onto those before it. */
static bool
add_file(uint8_t sum[CRYPT_SHA256], const char *path)
{
	uint8_t *piece = malloc(CRYPT_SHA256 + PIECE);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	while (piece && fd >= 0 && (n = read(fd, piece + CRYPT_SHA256, PIECE)) > 0) {
		memcpy(piece, sum, CRYPT_SHA256);
		crypt_sha256(piece, CRYPT_SHA256 + (size_t)n, sum);
	}
	if (fd >= 0)
		close(fd);
	free(piece);
	return n == 0;
}

static bool
name_import(struct keep *k, const char *root, const char **file, size_t files)
{
	uint8_t sum[CRYPT_SHA256] = {0};
	char hex[33];

	for (size_t i = 0; i < files; i++)
		if (!add_file(sum, file[i]))
			return true; /* what is wrong with it is told when it is read */
	sign_hex(hex, sum, sizeof(hex) / 2);
	return snprintf(k->final, sizeof(k->final), "%s/import-%s", root, hex) < PATH_MAX &&
	       snprintf(k->folder, sizeof(k->folder), "%s/import-%s.part", root, hex) < PATH_MAX;
}

int
keep_import(struct keep *k, struct common *c, const char **file, size_t files)
{
	const char *root = keep_folder(c);
	struct stat st;

	if (!root)
		return EXIT_DONE;
	for (size_t i = 0; i < files; i++)
		if (strcmp(file[i], "-") == 0 || (stat(file[i], &st) == 0 && !S_ISREG(st.st_mode)))
			return usage_error(c->command->name, "--ledger names the import by its files' bytes: it needs "
							     "files, not a pipe or standard input");
	if (!name_import(k, root, file, files))
		return fail(c, root, "the name is too long");
	if (!*k->folder)
		return EXIT_DONE;
	if (stat(k->final, &st) == 0)
		return fail(c, k->final, "these files were imported before; remove the folder to import it again");
	return open_ledger(k, c, root, true);
}

void
keep_discard(struct keep *k, struct common *c)
{
	char error[LEDGER_ERROR_MAX];

	c->watch.setup.ledger = NULL;
	ledger_close(k->ledger, error);
	k->ledger = NULL;
	if (*k->final)
		remove_part(k->folder);
}

/* Nothing was written yet. */
static int
close_early(struct keep *k, struct common *c, int status)
{
	keep_discard(k, c);
	return status;
}

int
keep_evidence(struct keep *k, struct common *c)
{
	const char *configured = config_text(&c->config, OPT_evidence_folder);
	char folder[PATH_MAX + 16], words[256];
	struct evidence_readers readers;

	if (config_number(&c->config, OPT_evidence_ring) == 0)
		return EXIT_DONE;
	if (!evidence_readers_parse(&readers, config_text(&c->config, OPT_evidence_recipient), words, sizeof(words)))
		return close_early(k, c, usage_error(c->command->name, words));
	if (!*configured && !k->ledger) {
		if (!c->quiet)
			fprintf(stderr, "evidence.ring is of no use: there is neither evidence.folder nor a ledger\n");
		return EXIT_DONE;
	}
	snprintf(folder, sizeof(folder), "%s%s", *configured ? configured : k->folder, *configured ? "" : "/evidence");
	if (watch_evidence(&c->watch, folder, &readers))
		return EXIT_DONE;
	common_error(c, c->watch.error);
	return close_early(k, c, EXIT_IO);
}

void
keep_poll(struct keep *k, struct common *c)
{
	const char *error = k->ledger ? ledger_error(k->ledger) : "";
	char words[LEDGER_ERROR_MAX + 160];

	if (k->ledger && c->watch.began)
		ledger_clock(k->ledger, clock_is_kept_right());
	if (!*error == !k->told)
		return;
	if (*error)
		snprintf(words, sizeof(words), "%s; the watch goes on, and the ledger is tried again", error);
	else
		snprintf(words, sizeof(words),
			 "%.300s: the ledger is written again; %" PRIu64 " rows were not kept so far", k->folder,
			 ledger_losses(k->ledger).rows);
	k->told = *error != '\0';
	common_error(c, words);
}

int
keep_close(struct keep *k, struct common *c, int so_far)
{
	char error[LEDGER_ERROR_MAX];

	if (!k->ledger)
		return so_far;
	c->watch.setup.ledger = NULL;
	if (!ledger_close(k->ledger, error)) {
		common_error(c, error);
		if (*k->final)
			remove_part(k->folder);
		return EXIT_IO;
	}
	if (*k->final && rename(k->folder, k->final) < 0)
		return fail(c, k->folder, strerror(errno));
	return so_far;
}
