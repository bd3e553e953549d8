/*
 * print: fingerprints of hellos and certificates, computed once for each distinct one and shared.
 *
 * An intern table within a fixed share: equal bytes give one entry with a count of users; entries that
 * nobody uses stay as a cache until room is needed, oldest first.  A hello's entry is found by the hash
 * of what goes into it (all but random, session id, key shares, tickets, SNI), so that a thousand visits
 * of one client program cost one MD5 and two SHA-256.  Internal to src/tls.
 */
#ifndef TLS_PRINT_H
#define TLS_PRINT_H

#include "base/hash.h"
#include "base/pool.h"
#include "tls/hello.h"

struct prints;

size_t prints_bytes(size_t share); /* memory for a share, all inclusive */
struct prints *prints_new(struct carve *c, size_t share, const struct hash_key *key);

/* Hellos whose fingerprint was there, and those whose was computed: how good a cache it is, nothing of the traffic. */
struct print_uses {
	uint64_t reused, computed;
};
struct print_uses print_uses(const struct prints *p);

/* What is kept of a distinct ClientHello shape.  Texts are views into the entry. */
struct print_client {
	struct text ja3, ja3_string, ja4, ja4_r, key_text;
	struct text alpns, versions_offered;
	uint64_t key;     /* client key: see tls_facts */
	uint16_t version; /* legacy_version */
	bool grease;
};

struct print_server {
	struct text ja3s, ja3s_string;
	uint64_t key;
};

/*
 * Handles; 0: no room even after dropping what nobody uses, or nothing to keep (a hello beyond SHAPE_MAX, a text beyond
 * INTERN_MAX, an empty chain).  Each call is one use; print_drop ends it, and takes 0.  Absent texts have p == NULL:
 * an SSLv2 hello has no JA3.
 */
/* carrier gives JA4's first letter: 't', 'q' (QUIC), 'd' (DTLS), none (CARRIER_UDP: any other datagrams). */
uint32_t print_client(struct prints *p, const struct hello *h, enum tls_carrier carrier);
uint32_t print_server(struct prints *p, const struct hello_server *h);
uint32_t print_text(struct prints *p, const void *bytes, size_t n);
/* A certificate chain: list is the body of the Certificate message's list (TLS <= 1.2), 3-byte lengths. */
uint32_t print_chain(struct prints *p, struct cur list);
uint32_t print_cert(struct prints *p, struct cur der); /* a chain of one: SSLv2 */
void print_again(struct prints *p, uint32_t handle);   /* one more use of what is in use; takes 0 */
void print_drop(struct prints *p, uint32_t handle);

void print_client_get(const struct prints *p, uint32_t handle, struct print_client *out);
/* A number for what a hello's print and its name are of: equal for equal bytes, whatever their handles. */
uint64_t print_hello(const struct prints *p, uint32_t client, uint32_t sni);
/* A keyed hash of the bytes that an entry is of, nobody's but this process's; 0 for 0. */
uint64_t print_said(const struct prints *p, uint32_t handle);
void print_server_get(const struct prints *p, uint32_t handle, struct print_server *out);
struct text print_text_get(const struct prints *p, uint32_t handle);
bool print_cert_get(const struct prints *p, uint32_t handle, struct tls_cert *out);

#endif
