/*
 * read: capture files to sessions, flags and alerts.
 *
 *	files --look--> gateways		seekable input only, the first quarter million frames at most
 *	files --frames--> watch --> EVE lines, summary
 */
#include "cmd/common.h"

#include <stdlib.h>

#include "sensor/input.h"

enum { LOOK_FRAMES = 256 << 10, LOOK_STEP = 4096, FILES_MAX = 4096, SHOW_EVERY = 256 };

struct reading {
	struct common *common;
	const char **file;
	size_t files;
	struct progress progress;
	struct progress_state state;
	struct when first, last;
	int64_t began;
	int exit;
};

/* Looks for the gateways in files that can be read again.  Standard input settles as it goes. */
static bool
look_at(struct gateways *finder, const char *path, uint64_t *frames)
{
	struct frame batch[PIPELINE_BATCH];
	struct input in;
	bool clear = false;
	size_t n;

	if (!input_open(&in, path))
		return false;
	while (in.seekable && !clear && *frames < LOOK_FRAMES && (n = input_frames(&in, batch, PIPELINE_BATCH)) > 0) {
		for (size_t i = 0; i < n; i++)
			gateways_look(finder, &batch[i]);
		if (*frames / LOOK_STEP != (*frames + n) / LOOK_STEP)
			clear = gateways_clear(finder);
		*frames += n;
	}
	input_close(&in);
	return clear;
}

static void
look(struct reading *r)
{
	struct gateway_guess guess[GATEWAY_GUESSES] = {{.port = 0}};
	static const struct hash_key KEY = {3, 4};
	struct watch *w = &r->common->watch;
	struct gateways *finder = watch_settled(w) ? NULL : gateways_new(&KEY);
	uint64_t frames = 0;

	if (!finder)
		return;
	for (size_t i = 0; i < r->files && !look_at(finder, r->file[i], &frames); i++)
		continue;
	if (frames)
		watch_settle(w, guess, gateways_guess(finder, guess, GATEWAY_GUESSES));
	gateways_free(finder);
}

static void
fail(struct reading *r, const char *words)
{
	progress_clear(&r->progress);
	common_error(r->common, words);
	r->exit = EXIT_IO;
}

static void
note_time(struct reading *r, const struct frame *first, const struct frame *last)
{
	if (r->first.ns == 0)
		r->first = first->time;
	if (when_before(r->last, last->time))
		r->last = last->time;
}

static void
read_frames(struct reading *r, struct input *in)
{
	struct frame batch[PIPELINE_BATCH];
	struct watch *w = &r->common->watch;
	uint64_t before = r->state.done;
	size_t n;

	for (unsigned round = 1; (n = input_frames(in, batch, PIPELINE_BATCH)) > 0 && !watch_failed(w); round++) {
		note_time(r, &batch[0], &batch[n - 1]);
		watch_frames(w, batch, n);
		r->state.frames += n;
		if (round % SHOW_EVERY == 0) {
			r->state.done = before + in->read;
			progress_show(&r->progress, &r->state);
		}
	}
	r->state.done = before + in->read;
}

/* A link type that nobody here reads is input that failed, even when the file is whole. */
static void
check_links(struct reading *r, const char *path, uint64_t before)
{
	uint64_t n = watch_counts(&r->common->watch)->not_link - before;
	char words[512];

	if (n == 0)
		return;
	snprintf(words, sizeof(words), "%.300s: %s frame%s of an unknown link type", path, words_number(n).text,
		 n == 1 ? "" : "s");
	fail(r, words);
}

static void
read_file(struct reading *r, const char *path)
{
	uint64_t unknown = watch_counts(&r->common->watch)->not_link;
	struct input in;

	if (!input_open(&in, path)) {
		fail(r, in.error);
		return;
	}
	r->state.file = in.path;
	if (!watch_capture(&r->common->watch, path))
		fail(r, r->common->watch.error);
	else
		read_frames(r, &in);
	if (in.failed)
		fail(r, in.error);
	check_links(r, in.path, unknown);
	input_close(&in);
}

/* Sizes of all files for the percentage; an unknown one makes the sum unknown. */
static void
measure(struct reading *r)
{
	struct input in;

	if (!r->progress.on)
		return;
	for (size_t i = 0; i < r->files; i++) {
		if (strcmp(r->file[i], "-") == 0 || !input_open(&in, r->file[i])) {
			r->state.size = 0;
			return;
		}
		r->state.size += in.size;
		input_close(&in);
	}
}

static void
summarise(struct reading *r)
{
	struct summary s = {.files = r->file,
			    .file_count = r->files,
			    .bytes = r->state.done,
			    .first = r->first,
			    .last = r->last,
			    .took_ns = clock_now_ns() - r->began};

	progress_clear(&r->progress);
	if (!r->common->quiet)
		summary_print(r->common, &s);
}

static int
read_all(struct reading *r)
{
	r->began = clock_now_ns();
	look(r);
	progress_begin(&r->progress, &r->common->err, !r->common->quiet);
	measure(r);
	for (size_t i = 0; i < r->files && !watch_failed(&r->common->watch); i++)
		read_file(r, r->file[i]);
	if (!watch_failed(&r->common->watch))
		watch_end(&r->common->watch);
	r->exit = common_close(r->common, r->exit);
	summarise(r);
	return r->exit;
}

static int
take_file(struct reading *r, const char *path)
{
	if (r->files == FILES_MAX)
		return usage_error("read", "too many files");
	r->file[r->files++] = path;
	return EXIT_DONE;
}

static int
take_arguments(struct reading *r, int argc, char **argv)
{
	struct args a = args_of(&CMD_READ, argc, argv);
	const char *value;
	int id, status = EXIT_DONE;

	while (status == EXIT_DONE && (id = args_next(&a, &value)) != ARGS_END) {
		if (id == ARGS_BAD)
			return EXIT_USAGE;
		if (id == ARGS_HELP) {
			help_print(&CMD_READ);
			return -1;
		}
		status = id == ARGS_FILE ? take_file(r, value) : common_option(r->common, id, value);
	}
	if (status == EXIT_DONE && r->files == 0)
		return usage_error("read", "no capture named; - is standard input");
	return status;
}

static int
read_run(int argc, char **argv)
{
	const char **file = calloc(FILES_MAX, sizeof(*file));
	struct reading r = {.common = common_new(&CMD_READ), .file = file};
	int status = r.common && file ? take_arguments(&r, argc, argv) : EXIT_IO;

	if (status == EXIT_DONE && (status = common_open(r.common, NULL)) == EXIT_DONE)
		status = read_all(&r);
	if (r.common)
		common_free(r.common);
	free(file);
	return status < 0 ? EXIT_DONE : status;
}

static const struct arg_option OPTIONS[] = {COMMON_OPTIONS, {0, NULL, NULL, NULL}};

const struct command CMD_READ = {
	"read",
	"[OPTION]... CAPTURE...",
	"capture files to sessions, flags and alerts",
	OPTIONS,
	"Reads pcap and pcapng files in the order given; - is standard input. Without -g it looks\n"
	"for the likely gateways first and says which it took. A summary goes to standard error,\n"
	"EVE lines only where --eve (or eve.file) says.\n"
	"\n"
	"examples:\n"
	"  gatewitness read -g 192.0.2.10 --eve eve.json friday.pcap saturday.pcap\n"
	"  zcat big.pcap.gz | gatewitness read --eve - - | jq 'select(.event_type==\"alert\")'\n"
	"  gatewitness read --set detect.learn=0s --set memory.limit=1GiB month.pcapng\n"
	"\n"
	"exit code: 0 done (alerts do not change it); 1 an input or output failed or was cut, what\n"
	"was read before is kept; 2 wrong usage or configuration\n",
	read_run,
};
