/*
 * classify_none: the same face without nDPI (`make NDPI=no`): every flow was asked about already, nobody has an opinion.
 *
 * Must not guess what nDPI would have said.
 */
#include "flow/classify.h"

struct classify *
classify_new(const struct classify_config *cfg, struct counts *counts)
{
	(void)cfg;
	(void)counts;
	return NULL;
}

void
classify_free(struct classify *c)
{
	(void)c;
}

const char *
classify_version(void)
{
	return "none";
}

void
classify_feed(struct classify *c, const struct flow *f, const struct chunk *piece, uint32_t *handle)
{
	(void)c;
	(void)f;
	(void)piece;
	*handle = CLASSIFY_DONE;
}

void
classify_hello(struct classify *c, const struct flow *f, const struct chunk *piece, uint64_t hello, uint32_t *handle)
{
	(void)hello;
	classify_feed(c, f, piece, handle);
}

void
classify_server(struct classify *c, const struct flow *f, uint64_t hello, uint64_t server)
{
	(void)c;
	(void)f;
	(void)hello;
	(void)server;
}

void
classify_answer(struct classify *c, const struct flow *f, uint32_t *handle, struct classify_answer *a)
{
	(void)c;
	(void)f;
	(void)handle;
	*a = (struct classify_answer){0};
}

void
classify_end(struct classify *c, uint32_t handle)
{
	(void)c;
	(void)handle;
}

const char *
classify_protocol(struct classify *c, uint16_t master, uint16_t app, char *buf, size_t n)
{
	(void)c;
	(void)master;
	(void)app;
	(void)buf;
	(void)n;
	return NULL;
}

const char *
classify_risk(unsigned bit)
{
	(void)bit;
	return NULL;
}
