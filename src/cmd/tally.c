/*
 * tally: counts for the summary.  On the way of every session: no allocation, one probe of a small table.
 */
#include "cmd/tally.h"

#include <stdlib.h>

#include "sink/eve.h"

static void
copy_text(char *to, size_t n, struct text from)
{
	size_t len = from.len < n - 1 ? from.len : n - 1;

	for (size_t i = 0; i < len; i++) /* a terminal must not be told what to do by a server name */
		to[i] = from.p[i] > 0x20 && from.p[i] < 0x7f ? from.p[i] : '?';
	to[len] = '\0';
}

static struct tally_program *
program_of(struct tally *t, uint64_t key)
{
	uint32_t mask = 2 * TALLY_PROGRAMS - 1, at = (uint32_t)(key ^ key >> 32) & mask;

	for (; t->slot[at]; at = (at + 1) & mask)
		if (t->program[t->slot[at] - 1].key == key)
			return &t->program[t->slot[at] - 1];
	if (t->programs == TALLY_PROGRAMS)
		return NULL;
	t->slot[at] = ++t->programs;
	t->program[t->programs - 1].key = key;
	return &t->program[t->programs - 1];
}

static void
add_addr(struct tally_program *p, const struct addr *a)
{
	for (unsigned i = 0; i < p->addrs; i++)
		if (addr_same(&p->addr[i], a))
			return;
	if (p->addrs < TALLY_ADDRS)
		p->addr[p->addrs++] = *a;
}

static const struct addr NOBODY;

static void
add_program(struct tally *t, const struct session *s)
{
	struct tally_program *p = program_of(t, s->client_key);

	if (!p) {
		t->programs_left_out++;
		return;
	}
	if (p->sessions++ == 0)
		copy_text(p->ja4, sizeof(p->ja4), s->ja4);
	if (!*p->sni && s->sni.p)
		copy_text(p->sni, sizeof(p->sni), s->sni);
	if (s->version)
		p->version = s->version;
	add_addr(p, addr_same(&s->actor, &NOBODY) ? &s->src : &s->actor);
}

static void
add_version(struct tally *t, uint16_t version)
{
	for (uint32_t i = 0; i < t->versions; i++)
		if (t->version[i].version == version) {
			t->version[i].sessions++;
			return;
		}
	if (t->versions < TALLY_VERSIONS)
		t->version[t->versions++] = (struct tally_version){version, 1};
}

static void
add_tls(struct tally *t, const struct session *s)
{
	t->tls++;
	t->carrier[s->carrier < TALLY_CARRIERS ? s->carrier : 0]++;
	t->resumed += s->resumed >= RESUMED_SESSION_ID;
	t->established += s->established;
	if (s->version)
		add_version(t, s->version);
	if (s->client_hello)
		add_program(t, s);
	else
		t->no_client_hello++;
}

void
tally_session(struct tally *t, const struct session *s)
{
	if (s->kind != SESSION_CLOSE)
		return;
	t->sessions++;
	t->inbound += s->role == ROLE_INBOUND;
	t->outbound += s->role == ROLE_OUTBOUND;
	if (s->carrier != CARRIER_NONE && (s->client_hello || s->server_hello))
		add_tls(t, s);
	else
		t->other++;
}

void
tally_finding(struct tally *t, const struct finding *f)
{
	if (!eve_alerts(f)) {
		t->infos += f->suppressed == NULL;
		return;
	}
	t->alerts++;
	t->by_severity[f->severity <= SEVERITY_CRITICAL ? f->severity : SEVERITY_CRITICAL]++;
	if (t->findings < TALLY_FINDINGS)
		t->finding[t->findings++] = *f;
}

static int
by_sessions(const void *a, const void *b)
{
	const struct tally_program *x = a, *y = b;

	if (x->sessions != y->sessions)
		return x->sessions > y->sessions ? -1 : 1;
	return strcmp(x->ja4, y->ja4);
}

void
tally_sort(struct tally *t)
{
	qsort(t->program, t->programs, sizeof(t->program[0]), by_sessions);
}
