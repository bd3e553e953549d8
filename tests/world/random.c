/*
 * random: numbers that repeat.  splitmix64 (Steele, Lea, Flood 2014); each actor has a stream of its own.
 * Integers only: no result depends on a floating-point unit.
 */
#include "world.h"

static uint64_t
mix(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

struct rng
rng_of(uint64_t seed, uint64_t actor)
{
	return (struct rng){mix(mix(seed + 1) ^ actor * UINT64_C(0x9e3779b97f4a7c15))};
}

uint64_t
rng_next(struct rng *r)
{
	return mix(r->s += UINT64_C(0x9e3779b97f4a7c15));
}

uint32_t
below(struct rng *r, uint32_t n)
{
	return (uint32_t)((rng_next(r) >> 32) * n >> 32);
}

int64_t
between(struct rng *r, int64_t a, int64_t b)
{
	return a + (int64_t)(rng_next(r) % (uint64_t)(b - a + 1));
}

bool
chance(struct rng *r, uint32_t per_mille)
{
	return below(r, 1000) < per_mille;
}

/* The sum of twelve uniform numbers has variance 1: near enough to a bell, and it ends. */
int64_t
around(struct rng *r, int64_t middle, int64_t sd)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < 12; i++)
		sum += below(r, 2001);
	sum -= 12000;
	sum = sum < -3000 ? -3000 : sum > 3000 ? 3000 : sum;
	return middle + sd * sum / 1000;
}

/* A uniform number cut into halves: doubled with probability 1/2, 1/4 ... below the median halved likewise. */
int64_t
skewed(struct rng *r, int64_t median, int64_t most)
{
	int64_t v = median;
	bool up = chance(r, 500);

	while (chance(r, 450) && v < most && v > 1)
		v = up ? v * 2 : v / 2;
	v += v * (int64_t)below(r, 900) / 1000 * (up ? 1 : -1);
	return v > most ? most : v < 1 ? 1 : v;
}
