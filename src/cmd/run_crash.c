/*
 * run_crash: see run_crash.h.  Must not fill the disk: so many files, and then no more until somebody took some away.
 */
#include "cmd/run_crash.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "sensor/batch.h"

bool
run_crash_wanted(const struct common *c)
{
	return config_number(&c->config, OPT_capture_crashes) && !config_number(&c->config, OPT_privacy_pseudonymize);
}

static unsigned
kept(const char *folder)
{
	DIR *dir = opendir(folder);
	unsigned n = 0;

	for (const struct dirent *e; dir && (e = readdir(dir));)
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

void
run_crash_keep(const struct keep *k, struct common *c, int fd, struct when at)
{
	char folder[PATH_MAX + 16], path[PATH_MAX + 64], words[PATH_MAX + 256];
	int n;

	if (fd < 0 || !k->ledger || !run_crash_wanted(c))
		return;
	snprintf(folder, sizeof(folder), "%s/crashes", k->folder);
	if (mkdir(folder, 0700) == 0 || (errno == EEXIST && kept(folder) < RUN_CRASHES_MAX)) {
		snprintf(path, sizeof(path), "%s/crash-%lld.pcap", folder, (long long)(at.ns / NS_PER_US));
		n = batch_save(fd, path);
		snprintf(words, sizeof(words),
			 n < 0 ? "%s: cannot be written: %s" :
				 "%s: %s%d frames that a tap worked on when it died; "
				 "they are worth a report",
			 path, n < 0 ? strerror(errno) : "", n);
	} else {
		snprintf(words, sizeof(words), "%s: there are %d crashes already; this one is not kept", folder,
			 RUN_CRASHES_MAX);
	}
	common_error(c, words);
}
