/*
 * run_cuts: gives a fuzz target every capture named, cut at every byte of its first 4 KiB and at 200 places chosen by
 * a generator with a fixed seed, and whole.  Each cut is a block of its own, so that a read past its end is seen.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 4096, PLACES = 200 };

static void
run_cut(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size ? size : 1);

	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static uint64_t
xorshift(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint64_t state = UINT64_C(88172645463325252);
	uint8_t *data;
	size_t size, cuts = 0;

	if (!f || fseek(f, 0, SEEK_END) != 0) {
		perror(path);
		exit(1);
	}
	size = (size_t)ftell(f);
	rewind(f);
	data = malloc(size + 1);
	if (fread(data, 1, size, f) != size)
		exit(1);
	fclose(f);
	for (size_t n = 0; n <= size && n <= HEAD; n++, cuts++)
		run_cut(data, n);
	for (unsigned i = 0; i < PLACES; i++, cuts++)
		run_cut(data, xorshift(&state) % (size + 1));
	run_cut(data, size);
	free(data);
	return cuts + 1;
}

int
main(int argc, char **argv)
{
	size_t cuts = 0;

	for (int i = 1; i < argc; i++)
		cuts += run_file(argv[i]);
	printf("%zu cuts of %d captures\n", cuts, argc - 1);
	return argc < 2;
}
