/*
 * Snapshots of what was learnt: any bytes, given the right hash, load without harm, and records can be judged after.
 */
#include <stdlib.h>

#include "detect/snapshot.h"
#include "session/session.h"

enum { MEMORY = DETECT_MEMORY_MIN, SEAL = sizeof(uint64_t) };

static void
no_finding(void *arg, const struct finding *f, const struct session *s)
{
	(void)s;
	*(size_t *)arg += f->number_count + f->session_count;
}

static void
no_close(void *arg, const struct incident *i)
{
	*(size_t *)arg += i->event_count;
}

static void
judge_some(struct detect *d, const struct detect_sink *to)
{
	const struct exchange exchange[] = {
		{400, 9000, 0, 10, 10}, {173, 1800, 10, 10, 10}, {25000, 30000, 10, 10, 10}};
	struct session s = {.gateway = 1, .role = ROLE_INBOUND, .carrier = CARRIER_TCP, .client_key = 7, .proto = 6};

	s.exchange = exchange;
	s.exchanges = s.exchange_count = 3;
	s.established = s.client_hello = s.server_hello = true;
	s.request_max = 25000;
	for (unsigned i = 0; i < 8; i++) {
		s.id = i;
		s.kind = SESSION_CLOSE;
		s.start = s.last = s.time = (struct when){INT64_C(1748736000) * NS_PER_S + i * NS_PER_S};
		s.role = i & 1 ? ROLE_OUTBOUND : ROLE_INBOUND;
		s.cert_sha256 = TEXT_LIT("00");
		s.id_offered = s.id_issued = i / 2;
		s.flight_in = (uint16_t)(100 * i);
		detect_session(d, &s, to);
		detect_pulse(d, &(struct pulse){.gateway = 1, .time = s.time, .packets_to = i, .syns_to = i}, to);
	}
	detect_idle(d, (struct when){INT64_MAX}, to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct detect_config cfg = {.memory = MEMORY, .incident_idle_ns = 3600 * NS_PER_S, .table = {3, 4}};
	uint8_t *memory = malloc(MEMORY + 64), *bytes = malloc(size + SEAL);
	struct carve carve = {memory, memory + MEMORY + 64};
	struct counts counts = {0};
	struct snapshot_report report;
	size_t sum = 0;
	struct detect_sink to = {&sum, no_finding, no_close};
	struct detect *d = detect_new(&carve, &cfg, &counts);
	uint64_t seal;

	if (size)
		memcpy(bytes, data, size);
	seal = snapshot_seal(bytes, size);
	memcpy(bytes + size, &seal, SEAL);
	detect_load(d, cur_of(bytes, size + SEAL), &report);
	judge_some(d, &to);
	free(bytes);
	free(memory);
	return 0;
}
