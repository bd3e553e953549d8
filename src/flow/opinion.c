/*
 * opinion: one place a face; the later takes it.
 * The hash that makes a face is public: who wants two faces in one place only makes nDPI work within its budget.
 */
#include "flow/opinion.h"

static inline uint32_t
place(uint64_t face)
{
	return (uint32_t)(face >> 32) % OPINIONS;
}

uint32_t
opinion_of(const struct opinions *o, uint64_t face, struct when now)
{
	const struct opinion *p = &o->of[place(face)];
	int64_t age = when_since(now, p->given);

	return p->face == face && age >= 0 && age < OPINION_S * NS_PER_S ? p->answer : 0;
}

void
opinion_keep(struct opinions *o, uint64_t face, uint32_t answer, struct when now)
{
	struct opinion *p = &o->of[place(face)];

	if (p->face != face)
		p->server = 0;
	p->face = face;
	p->answer = answer;
	p->given = now;
}

void
opinion_server(struct opinions *o, uint64_t face, uint64_t server)
{
	struct opinion *p = &o->of[place(face)];

	if (p->face != face)
		return;
	if (p->server && p->server != server)
		p->answer = 0;
	p->server = server;
}
