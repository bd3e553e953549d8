/*
 * run_seeds: gives every file of the folders named on the command line to a fuzz target, once, in order.
 * Must not generate anything: what a long fuzzing run finds becomes a seed, and this keeps it found.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED_MAX = 1 << 22 };

static int
run_file(const char *path)
{
	static uint8_t data[SEED_MAX];
	FILE *f = fopen(path, "rb");
	uint8_t *exact;
	size_t n;

	if (!f) {
		perror(path);
		return 1;
	}
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	exact = malloc(n ? n : 1); /* its own block, so that a read past the end is seen */
	memcpy(exact, data, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 0;
}

int
main(int argc, char **argv)
{
	int files = 0, bad = 0;

	for (int i = 1; i < argc; i++) {
		struct dirent **list;
		int n = scandir(argv[i], &list, NULL, alphasort);

		for (int k = 0; k < n; k++) {
			char path[4096];

			snprintf(path, sizeof(path), "%s/%s", argv[i], list[k]->d_name);
			if (list[k]->d_name[0] != '.') {
				bad += run_file(path);
				files++;
			}
			free(list[k]);
		}
		if (n >= 0)
			free(list);
	}
	printf("%d seeds\n", files);
	return bad || files == 0;
}
