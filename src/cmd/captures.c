/*
 * captures: the loop over capture files that read and tune share.
 *
 *	files --look--> gateways		seekable input only, the first quarter million frames at most
 *	files --frames--> watch
 */
#include "cmd/captures.h"

#include "sensor/input.h"

enum { LOOK_FRAMES = 256 << 10, LOOK_STEP = 4096, SHOW_EVERY = 256 };

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
look(struct captures *c)
{
	struct gateway_guess guess[GATEWAY_GUESSES] = {{.port = 0}};
	static const struct hash_key KEY = {3, 4};
	struct watch *w = &c->common->watch;
	struct gateways *finder = watch_settled(w) ? NULL : gateways_new(&KEY);
	uint64_t frames = 0;

	if (!finder)
		return;
	for (size_t i = 0; i < c->files && !look_at(finder, c->file[i], &frames); i++)
		continue;
	if (frames)
		watch_settle(w, guess, gateways_guess(finder, guess, GATEWAY_GUESSES));
	gateways_free(finder);
}

void
captures_fail(struct captures *c, const char *words)
{
	progress_clear(&c->progress);
	common_error(c->common, words);
	c->exit = EXIT_IO;
}

void
captures_note(struct captures *c, struct when first, struct when last)
{
	if (c->first.ns == 0)
		c->first = first;
	if (when_before(c->last, last))
		c->last = last;
}

static void
read_frames(struct captures *c, struct input *in)
{
	struct frame batch[PIPELINE_BATCH];
	struct watch *w = &c->common->watch;
	uint64_t before = c->state.done;
	size_t n;

	for (unsigned round = 1; (n = input_frames(in, batch, PIPELINE_BATCH)) > 0 && !watch_failed(w); round++) {
		captures_note(c, batch[0].time, batch[n - 1].time);
		watch_frames(w, batch, n);
		watch_post(w, clock_now_ns());
		c->state.frames += n;
		if (round % SHOW_EVERY == 0) {
			c->state.done = before + in->read;
			progress_show(&c->progress, &c->state);
		}
	}
	c->state.done = before + in->read;
}

/* A link type that nobody here reads is input that failed, even when the file is whole. */
bool
captures_unknown(char words[512], const char *path, uint64_t frames)
{
	snprintf(words, 512, "%.300s: %s frame%s of an unknown link type", path, words_number(frames).text,
		 frames == 1 ? "" : "s");
	return frames != 0;
}

static void
read_file(struct captures *c, const char *path)
{
	uint64_t before = watch_counts(&c->common->watch)->not_link;
	char words[512];
	struct input in;

	if (!input_open(&in, path)) {
		captures_fail(c, in.error);
		return;
	}
	c->state.file = in.path;
	if (!watch_capture(&c->common->watch, path))
		captures_fail(c, c->common->watch.error);
	else
		read_frames(c, &in);
	if (in.failed)
		captures_fail(c, in.error);
	if (captures_unknown(words, in.path, watch_counts(&c->common->watch)->not_link - before))
		captures_fail(c, words);
	input_close(&in);
}

/* Sizes of all files for the percentage; an unknown one makes the sum unknown. */
static void
measure(struct captures *c)
{
	struct input in;

	if (!c->progress.on)
		return;
	for (size_t i = 0; i < c->files; i++) {
		if (strcmp(c->file[i], "-") == 0 || !input_open(&in, c->file[i])) {
			c->state.size = 0;
			return;
		}
		c->state.size += in.size;
		input_close(&in);
	}
}

void
captures_begin(struct captures *c)
{
	c->began = clock_now_ns();
	look(c);
	progress_begin(&c->progress, &c->common->err, !c->common->quiet);
	measure(c);
}

int
captures_read(struct captures *c)
{
	captures_begin(c);
	for (size_t i = 0; i < c->files && !watch_failed(&c->common->watch); i++)
		read_file(c, c->file[i]);
	if (!watch_failed(&c->common->watch))
		watch_end(&c->common->watch);
	progress_clear(&c->progress);
	return c->exit;
}
