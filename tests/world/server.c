/*
 * server: what a server shows of itself: habits drawn by seed, and a certificate that is one in form only: names,
 * times and sizes are right, keys and signatures are noise.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

enum { CERT_MAX = 2048 };

/* DER is written from its end to its beginning, so that every length is known when it is due. */
struct der {
	uint8_t bytes[CERT_MAX];
	size_t at; /* first byte written */
};

static void
der_bytes(struct der *d, const void *bytes, size_t n)
{
	d->at -= n;
	memcpy(d->bytes + d->at, bytes, n);
}

static void
der_noise(struct der *d, struct rng *r, size_t n)
{
	while (n-- > 0)
		d->bytes[--d->at] = (uint8_t)rng_next(r);
}

/* What was written since `end` becomes the content of a tag. */
static void
der_wrap(struct der *d, uint8_t tag, size_t end)
{
	size_t n = end - d->at;

	d->bytes[--d->at] = (uint8_t)n;
	if (n > 255)
		d->bytes[--d->at] = (uint8_t)(n >> 8);
	if (n > 127)
		d->bytes[--d->at] = n > 255 ? 0x82 : 0x81;
	d->bytes[--d->at] = tag;
}

static void
der_name(struct der *d, const char *cn)
{
	static const uint8_t oid[] = {0x06, 3, 0x55, 4, 3};
	size_t end = d->at;

	der_bytes(d, cn, strlen(cn));
	der_wrap(d, 0x0c, end);
	der_bytes(d, oid, sizeof(oid));
	der_wrap(d, 0x30, end);
	der_wrap(d, 0x31, end);
	der_wrap(d, 0x30, end);
}

/* UTCTime of a day since 1970 (Howard Hinnant's days to civil). */
static void
der_day(struct der *d, int64_t day)
{
	int64_t z = day + 719468, era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, y = yoe + era * 400;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int64_t month = mp < 10 ? mp + 3 : mp - 9;
	char text[64];
	size_t end = d->at;

	y += month <= 2;
	snprintf(text, sizeof(text), "%02d%02d%02d000000Z", (int)(y % 100), (int)month,
		 (int)(doy - (153 * mp + 2) / 5 + 1));
	der_bytes(d, text, 13);
	der_wrap(d, 0x17, end);
}

static void
der_extensions(struct der *d, const char *name)
{
	static const uint8_t san[] = {0x06, 3, 0x55, 0x1d, 0x11};
	size_t end = d->at;

	der_bytes(d, name, strlen(name));
	der_wrap(d, 0x82, end);
	der_wrap(d, 0x30, end);
	der_wrap(d, 0x04, end);
	der_bytes(d, san, sizeof(san));
	der_wrap(d, 0x30, end);
	der_wrap(d, 0x30, end);
	der_wrap(d, 0xa3, end);
}

static void
der_key(struct der *d, struct rng *r)
{
	static const uint8_t rsa[] = {0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0};
	static const uint8_t exponent[] = {2, 3, 1, 0, 1};
	size_t end = d->at, number;

	der_bytes(d, exponent, sizeof(exponent));
	number = d->at;
	der_noise(d, r, 255);
	der_bytes(d, "\x00\xc1", 2);
	der_wrap(d, 0x02, number);
	der_wrap(d, 0x30, end);
	der_bytes(d, "", 1);
	der_wrap(d, 0x03, end);
	der_bytes(d, rsa, sizeof(rsa));
	der_wrap(d, 0x30, end);
}

static void
der_certificate(struct der *d, struct rng *r, const char *name, const char *issuer, int64_t from, int64_t days)
{
	static const uint8_t algorithm[] = {0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0};
	static const uint8_t version[] = {0xa0, 3, 2, 1, 2};
	size_t end = d->at, tbs, part;

	der_noise(d, r, 256);
	der_bytes(d, "", 1);
	der_wrap(d, 0x03, end);
	der_bytes(d, algorithm, sizeof(algorithm));
	tbs = d->at;
	der_extensions(d, name);
	der_key(d, r);
	der_name(d, name);
	part = d->at;
	der_day(d, from + days);
	der_day(d, from);
	der_wrap(d, 0x30, part);
	der_name(d, issuer);
	der_bytes(d, algorithm, sizeof(algorithm));
	part = d->at;
	der_noise(d, r, 15);
	der_bytes(d, "\x04", 1);
	der_wrap(d, 0x02, part);
	der_bytes(d, version, sizeof(version));
	der_wrap(d, 0x30, tbs);
	der_wrap(d, 0x30, end);
}

void
server_make(struct world *w, struct tls_server *s, struct rng *r, const char *name, uint32_t days, uint32_t issuer)
{
	struct der d = {.at = CERT_MAX};
	char ca[40];
	uint8_t *cert;

	snprintf(ca, sizeof(ca), "Example Issuing CA %u", (unsigned)issuer);
	der_certificate(&d, r, name, ca, WORLD_BEGIN / DAY(1) - 40 + days, 90);
	s->name = name;
	s->cert_len = (uint16_t)(CERT_MAX - d.at);
	cert = world_alloc(w, s->cert_len); /* also when it is replaced: it may still be in a flight */
	memcpy(cert, d.bytes + d.at, s->cert_len);
	s->cert = cert;
}
