/*
 * ledger_peers: the day's peers: counted as its records come, counted again from what is kept when the day is opened
 * again, written when it is sealed.
 */
#include "ledger/ledger_parts.h"
#include "ledger/reading.h"

static bool
count_session(void *arg, const struct session *s)
{
	peers_session(arg, s);
	return true;
}

/* False: no memory. */
bool
ledger_begin_peers(struct ledger *l)
{
	struct digest d = digest_of(l->key.secret, sizeof(l->key.secret));
	struct hash_key secret;
	struct reading r = {.until = {INT64_MAX}, .since = {INT64_MIN}, .session = count_session};

	memcpy(&secret, d.b, sizeof(secret));
	if (l->peers && l->peers_day == l->day.day)
		return true;
	if (!l->peers)
		l->peers = peers_new(&secret);
	if (!l->peers)
		return false;
	peers_clear(l->peers);
	l->peers_day = l->day.day;
	r.arg = l->peers;
	reading_day(&r, &l->day); /* what is damaged verify tells */
	return true;
}

static void
put_peer(struct statement *s, const struct ledger *l, const struct peer *p)
{
	static const char *const ROLES[] = {"other", "inbound", "outbound"};
	char text[PEER_TEXT_MAX];

	peer_print(p, text);
	statement_i64(s, l->day.commits + 1);
	statement_text(s, text);
	statement_text(s, ROLES[p->role % 3]);
	statement_i64(s, p->gateway);
	statement_i64(s, p->first.ns / NS_PER_US);
	statement_i64(s, p->last.ns / NS_PER_US);
	statement_i64(s, (int64_t)p->sessions);
	statement_i64(s, (int64_t)p->established);
	statement_i64(s, (int64_t)p->to_gateway);
	statement_i64(s, (int64_t)p->from_gateway);
	statement_i64(s, peer_programs(p));
	statement_text(s, *p->ja4 ? p->ja4 : NULL);
}

bool
ledger_put_peers(struct ledger *l)
{
	struct statement *s = statement_of(l->day.summary, DAY_INSERTS[TABLE_PEER]);

	for (uint32_t i = 0; i < peers_count(l->peers); i++) {
		put_peer(s, l, peers_at(l->peers, i));
		statement_next(s);
		statement_again(s);
	}
	return statement_end(s);
}
