/*
 * bundle_parts: what a ledger and its evidence hold of an incident, as files in memory.  What is not there is told, and
 * left out.  Must not write into the ledger, nor make a key.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/bundle_parts.h"
#include "cmd/term.h"
#include "ledger/day.h"
#include "ledger/evidence_name.h"
#include "ledger/judged.h"
#include "ledger/reading.h"
#include "ledger/verify.h"

/* A part begins: text written to b->to is in it. */
static bool
begin_part(struct bundling *b, const char *name)
{
	struct part *p = &b->part[b->parts];

	*p = (struct part){.name = name};
	b->to = open_memstream(&p->memory, &p->len);
	return b->to != NULL;
}

static bool
end_part(struct bundling *b)
{
	bool fine = !ferror(b->to);

	fine = fclose(b->to) == 0 && fine;
	b->parts++;
	return fine;
}

static bool
bytes_part(struct bundling *b, const char *name, const struct bytes *bytes)
{
	if (!begin_part(b, name))
		return false;
	fwrite(bytes->p, 1, bytes->n, b->to);
	return end_part(b);
}

static bool
story_parts(struct bundling *b)
{
	struct term t = {.width = 100};

	if (!begin_part(b, "explanation.txt"))
		return false;
	t.to = b->to;
	story_print(&t, &b->story);
	if (!end_part(b) || !begin_part(b, "incident.json"))
		return false;
	t.to = b->to;
	story_json(&t, &b->story);
	return end_part(b);
}

/* The lines that were written when it happened say more than the ledger's rows. */
static bool
findings_part(struct bundling *b)
{
	if (b->story.text)
		return bytes_part(b, "findings.json", &b->retold.findings);
	if (!begin_part(b, "findings.json"))
		return false;
	for (size_t i = 0; i < b->story.findings; i++) {
		char *line = json_in_dump(b->story.finding[i]);

		fprintf(b->to, "%s\n", line ? line : "");
		free(line);
	}
	return end_part(b);
}

static void
on_minute(void *arg, const struct reading_minute *m)
{
	struct bundling *b = arg;
	char line[1024];
	struct out o = out_of(line, sizeof(line));

	if (when_before(m->end, b->begin) || when_before(b->end, m->begin))
		return;
	OUT_LIT(&o, "{\"begin\":\"");
	out_time(&o, m->begin);
	OUT_LIT(&o, "\",\"end\":\"");
	out_time(&o, m->end);
	OUT_LIT(&o, "\"");
	if (m->cause) {
		OUT_LIT(&o, ",\"cause\":");
		json_text(&o, m->cause);
	}
	fwrite(line, 1, out_len(&o), b->to);
	fprintf(b->to,
		",\"frames\":%" PRId64 ",\"bytes\":%" PRId64 ",\"lost_ring\":%" PRId64 ",\"lost_interface\":%" PRId64
		",\"lost_upstream\":%" PRId64 ",\"lost_memory\":%" PRId64 ",\"records\":%" PRId64 "}\n",
		m->frames, m->bytes, m->lost_ring, m->lost_interface, m->lost_upstream, m->lost_memory, m->rows);
}

static bool
coverage_part(struct bundling *b)
{
	if (!begin_part(b, "coverage.json"))
		return false;
	reading_coverage(b->retold.folder, b, on_minute);
	return end_part(b);
}

static void
on_evidence(void *arg, struct when at, const char *name, const char *value)
{
	struct bundling *b = arg;
	char wanted[40];

	(void)at;
	snprintf(wanted, sizeof(wanted), "evidence.%016" PRIx64, b->retold.incident);
	if (strcmp(name, "evidence.folder") == 0)
		snprintf(b->evidence, sizeof(b->evidence), "%s", value);
	else if (strcmp(name, wanted) == 0)
		snprintf(b->told[evidence_is_sealed(value)], sizeof(b->told[0]), "%s", value);
}

static void
print_open_day(struct bundling *b, int64_t day)
{
	char error[DATABASE_ERROR_MAX], date[CHAIN_DATE], hex[65];
	struct day d;

	if (!day_read(&d, b->retold.folder, day, error))
		return;
	chain_date(date, day);
	sign_hex(hex, d.head.b, sizeof(d.head.b));
	fprintf(b->to, "open %s commits=%" PRId64 " rows=%" PRId64 " head=%s\n", date, d.commits, d.rows, hex);
	day_close(&d);
}

/* The seals of its days as they stand in the ledger; of a day that is not sealed yet the head; what was told of the
   capture. */
static bool
chain_part(struct bundling *b)
{
	char path[PATH_MAX + 8], *line = NULL, last[CHAIN_DATE] = "";
	int64_t first = chain_day(b->begin), end = chain_day(b->end), *days, day;
	size_t room = 0, n;
	ssize_t len;
	FILE *seals;

	if (!begin_part(b, "chain.txt"))
		return false;
	snprintf(path, sizeof(path), "%s/seals", b->retold.folder);
	seals = fopen(path, "re");
	while (seals && (len = getline(&line, &room, seals)) > 0) {
		char date[CHAIN_DATE] = "";

		sscanf(line, "gatewitness-seal 1 %10[0-9-]", date);
		if (chain_parse_date(&day, date) && day >= first && day <= end)
			fwrite(line, 1, (size_t)len, b->to);
		if (*date)
			memcpy(last, date, sizeof(last));
	}
	free(line);
	if (seals)
		fclose(seals);
	days = days_in(b->retold.folder, &n);
	for (size_t i = 0; i < n; i++)
		if (days[i] >= first && days[i] <= end && (!chain_parse_date(&day, last) || days[i] > day))
			print_open_day(b, days[i]);
	free(days);
	for (unsigned sealed = 0; sealed < 2; sealed++)
		if (*b->told[sealed])
			fprintf(b->to, "evidence.%016" PRIx64 " %s\n", b->retold.incident, b->told[sealed]);
	return end_part(b);
}

static void
on_said(void *arg, enum verify_kind kind, const char *words)
{
	struct bundling *b = arg;

	fprintf(b->to, "%-8s %s\n", verify_word(kind), words);
}

static bool
verification_part(struct bundling *b)
{
	struct verify v = {.folder = b->retold.folder, .arg = b, .say = on_said};

	if (!begin_part(b, "verification.txt"))
		return false;
	verify_folder(&v);
	fprintf(b->to, "%s\n", verify_fine(&v) ? "whole" : "NOT WHOLE");
	return end_part(b);
}

/* Not there: the bundle does without, and its maker is told. */
static bool
capture_part(struct bundling *b, bool sealed)
{
	struct part *p = &b->part[b->parts];
	char folder[PATH_MAX], path[PATH_MAX];
	struct stat st = {0};
	int fd;

	if (!*b->told[sealed])
		return true;
	if (!evidence_place(folder, b->retold.folder, b->evidence) ||
	    !evidence_path(path, folder, b->retold.incident, sealed))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0) {
		fprintf(stderr, "%s: %s; the bundle is without\n", path, fd < 0 ? strerror(errno) : "is empty");
		if (fd >= 0)
			close(fd);
		return true;
	}
	*p = (struct part){.name = sealed ? "evidence.age.tar" : "evidence.pcapng", .len = (size_t)st.st_size};
	p->mapped = mmap(NULL, p->len, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (p->mapped == MAP_FAILED)
		return false;
	b->parts++;
	return true;
}

/* Two, where evidence.recipient was set while the incident went on: what came before then is in clear. */
static bool
capture_parts(struct bundling *b)
{
	if (!*b->told[false] && !*b->told[true])
		fprintf(stderr, "no capture of this incident was kept (evidence.ring); the bundle is without\n");
	return capture_part(b, false) && capture_part(b, true);
}

static bool
configuration_part(struct bundling *b)
{
	if (!begin_part(b, "configuration.conf"))
		return false;
	fputs(b->retold.configuration ? b->retold.configuration : "# the ledger holds none\n", b->to);
	return end_part(b);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct part *)a)->name, ((const struct part *)b)->name);
}

/* The key lies beside the days, or above an import. */
static bool
read_key(const struct bundling *b, struct sign_key *key)
{
	char above[PATH_MAX + 8], error[512];

	snprintf(above, sizeof(above), "%s/..", b->retold.folder);
	if (sign_read(key, b->retold.folder, error, sizeof(error)) || sign_read(key, above, error, sizeof(error)))
		return true;
	fprintf(stderr, "%s: the bundle is not signed\n", error);
	return false;
}

static bool
public_part(struct bundling *b, const struct sign_key *key)
{
	char hex[2 * SIGN_KEY + 1];

	sign_hex(hex, key->public, SIGN_KEY);
	if (!begin_part(b, "seal.pub"))
		return false;
	fprintf(b->to, "%s%s\n", BUNDLE_PUBLIC, hex);
	return end_part(b);
}

static bool
manifest_part(struct bundling *b, unsigned listed)
{
	if (!begin_part(b, "MANIFEST"))
		return false;
	fprintf(b->to, "%s%016" PRIx64 "\n", BUNDLE_FIRST, b->retold.incident);
	for (unsigned i = 0; i < listed; i++) {
		struct digest d = digest_of(part_bytes(&b->part[i]).p, b->part[i].len);
		char hex[65];

		sign_hex(hex, d.b, sizeof(d.b));
		fprintf(b->to, "%s %zu %s\n", hex, b->part[i].len, b->part[i].name);
	}
	return end_part(b);
}

static bool
signature_part(struct bundling *b, const struct sign_key *key)
{
	const struct part *manifest = &b->part[b->parts - 1];
	uint8_t signature[SIGN_BYTES];
	char hex[2 * SIGN_BYTES + 1];

	if (!sign_make(key, manifest->memory, manifest->len, signature) || !begin_part(b, "MANIFEST.sig"))
		return false;
	sign_hex(hex, signature, sizeof(signature));
	fprintf(b->to, "%s%s\n", BUNDLE_SIGNATURE, hex);
	return end_part(b);
}

bool
bundle_parts(struct bundling *b)
{
	struct sign_key key;
	bool has_key = read_key(b, &key), fine;

	judged_read(
		&(struct judged){.folder = b->retold.folder, .arg = b, .prefix = "evidence.", .setting = on_evidence});
	fine = capture_parts(b) && chain_part(b) && configuration_part(b) && coverage_part(b) && story_parts(b) &&
	       findings_part(b) && bytes_part(b, "sessions.json", &b->retold.sessions) && verification_part(b) &&
	       (!has_key || public_part(b, &key));
	if (!fine)
		return false;
	qsort(b->part, b->parts, sizeof(b->part[0]), by_name);
	fine = manifest_part(b, b->parts) && (!has_key || signature_part(b, &key));
	qsort(b->part, b->parts, sizeof(b->part[0]), by_name);
	return fine;
}

void
bundle_parts_free(struct bundling *b)
{
	for (unsigned i = 0; i < b->parts; i++) {
		free(b->part[i].memory);
		if (b->part[i].mapped)
			munmap((void *)(uintptr_t)b->part[i].mapped, b->part[i].len);
	}
}
