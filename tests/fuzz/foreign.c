/*
 * foreign: logs that say they are Zeek's or Suricata's.  What is taken of them joins, is the same after a journey through
 * JSON, and can be judged.
 */
#include "../common/there_and_back.h"
#include "cmd/join.h"

static struct detect *detect;
static size_t sum;

static void
judge(void *arg, const struct session *joined)
{
	const struct detect_sink to = {&sum, no_finding, no_close};
	static char line[2][LINE];
	struct session s = *joined;

	(void)arg;
	if (!s.lacks || !s.source.p)
		abort();
	s.gateway = 1;
	s.role = s.src_port % 2 ? ROLE_INBOUND : ROLE_OUTBOUND;
	s.id = session_id(&s, 0);
	there_and_back(&s, line);
	detect_session(detect, &s, &to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct detect_config cfg = {
		.memory = DETECT_MEMORY_MIN, .incident_idle_ns = 3600 * NS_PER_S, .table = {3, 4}};
	uint8_t *memory = malloc(DETECT_MEMORY_MIN + 64);
	struct carve carve = {memory, memory + DETECT_MEMORY_MIN + 64};
	struct counts counts = {0};
	static struct foreign f;
	struct join *j = join_new(4, NULL, judge);
	const char *p = (const char *)data, *end = p + size;
	char why[FOREIGN_WHY];

	detect = detect_new(&carve, &cfg, &counts);
	while (p < end) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));

		stop = stop ? stop : end;
		if (foreign_line(&f, p, (size_t)(stop - p), why)) {
			if (f.part != FOREIGN_OTHER && !join_add(j, &f))
				abort();
		} else if (strlen(why) == 0) {
			abort();
		}
		foreign_free(&f);
		p = stop < end ? stop + 1 : end;
	}
	join_end(j);
	join_free(j);
	detect_idle(detect, (struct when){INT64_MAX}, &(struct detect_sink){&sum, no_finding, no_close});
	free(memory);
	return 0;
}
