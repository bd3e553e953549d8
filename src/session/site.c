/*
 * site: a handful of addresses, so a walk over them is the table; asked once a connection and once a record.
 * Must not be asked for each packet.
 */
#include "session/site.h"

void
site_set(struct site *s, const struct gateway_addr *addrs, size_t n)
{
	s->count = n < GATEWAY_ADDRS_MAX ? n : GATEWAY_ADDRS_MAX;
	memcpy(s->addr, addrs, s->count * sizeof(*addrs));
}

uint8_t
site_gateway(const struct site *s, const struct addr *a)
{
	for (size_t i = 0; i < s->count; i++)
		if (addr_same(&s->addr[i].addr, a))
			return s->addr[i].gateway;
	return 0;
}

void
site_role(const struct site *s, struct session *record)
{
	uint8_t src = site_gateway(s, &record->src), dest = site_gateway(s, &record->dest);

	record->gateway = dest ? dest : src;
	record->role = dest ? ROLE_INBOUND : src ? ROLE_OUTBOUND : ROLE_OTHER;
}

bool
site_called(const struct session *s)
{
	if (s->role != ROLE_OUTBOUND)
		return false;
	if (s->client_hello)
		return true;
	return s->proto == PROTO_TCP ? !s->midstream : s->dest_port < 1024 && s->src_port >= 1024;
}
