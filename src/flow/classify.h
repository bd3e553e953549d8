/*
 * classify: a second opinion on what a flow is, from nDPI.  The only part that knows nDPI.
 *
 * Advisory: no decision of ours rests on it.  It is fed our reordered bytes behind made-up IP and TCP
 * headers (nDPI 4.2 loses a ClientHello that arrives out of order or overlaps), for a bounded number of
 * pieces, and freed as soon as it has answered.  A budget of calls a second of packet time keeps a
 * flood of hellos from filling a core; what is skipped is counted.  Not in core.a: nDPI allocates.
 */
#ifndef FLOW_CLASSIFY_H
#define FLOW_CLASSIFY_H

#include "flow/flow.h"

struct classify;

struct classify_config {
	uint32_t calls_per_s; /* pieces given to nDPI in a second of packet time */
	uint32_t flows;       /* flows under examination at once */
};

/* NULL: nDPI could not start. */
struct classify *classify_new(const struct classify_config *cfg, struct counts *counts);
void classify_free(struct classify *c);
const char *classify_version(void);

/*
 * Gives one piece; *handle is 0 at first and the classifier's own after that.  Once it has answered, the handle
 * names an entry of a small table of distinct answers (CLASSIFY_DONE is set), so that a flow keeps 4 bytes.
 */
#define CLASSIFY_DONE UINT32_C(0x80000000)
void classify_feed(struct classify *c, const struct flow *f, const struct chunk *piece, uint32_t *handle);

/*
 * The same for the piece that completes a hello: `hello` is a number for what is in it but for what is drawn anew each
 * time.  Of an equal one from an equal place to the same server, the answer is known and nDPI is not asked, for a
 * minute at most and until classify_server has told of another way to answer.
 */
void
classify_hello(struct classify *c, const struct flow *f, const struct chunk *piece, uint64_t hello, uint32_t *handle);
void classify_server(struct classify *c, const struct flow *f, uint64_t hello, uint64_t server);

struct classify_answer {
	uint16_t master, app; /* nDPI protocol ids; 0: unknown */
	uint64_t risks;       /* bits of ndpi_risk_enum */
	bool is_tls;          /* nDPI says TLS, DTLS or QUIC */
	bool answered;
};

/* What it says of the flow by now; takes nDPI's guess when it had not decided, and then is done. */
void classify_answer(struct classify *c, const struct flow *f, uint32_t *handle, struct classify_answer *a);

/* Lets go of the handle. */
void classify_end(struct classify *c, uint32_t handle);

/* Bits of nDPI's risks that are asked for by number; nDPI appends new ones and renumbers none. */
#define CLASSIFY_RISKS(RISK)                                                                                           \
	RISK(URL_XSS, 1, NDPI_URL_POSSIBLE_XSS)                                                                        \
	RISK(URL_SQL, 2, NDPI_URL_POSSIBLE_SQL_INJECTION)                                                              \
	RISK(URL_RCE, 3, NDPI_URL_POSSIBLE_RCE_INJECTION)                                                              \
	RISK(BINARY_TRANSFER, 4, NDPI_BINARY_APPLICATION_TRANSFER)                                                     \
	RISK(SELF_SIGNED, 6, NDPI_TLS_SELFSIGNED_CERTIFICATE)                                                          \
	RISK(OBSOLETE_TLS, 7, NDPI_TLS_OBSOLETE_VERSION)                                                               \
	RISK(WEAK_CIPHER, 8, NDPI_TLS_WEAK_CIPHER)                                                                     \
	RISK(CERT_EXPIRED, 9, NDPI_TLS_CERTIFICATE_EXPIRED)                                                            \
	RISK(CERT_MISMATCH, 10, NDPI_TLS_CERTIFICATE_MISMATCH)                                                         \
	RISK(NUMERIC_HOST, 12, NDPI_HTTP_NUMERIC_IP_HOST)                                                              \
	RISK(DGA_NAME, 16, NDPI_SUSPICIOUS_DGA_DOMAIN)                                                                 \
	RISK(DNS_SUSPICIOUS, 23, NDPI_DNS_SUSPICIOUS_TRAFFIC)                                                          \
	RISK(REMOTE_DESKTOP, 30, NDPI_DESKTOP_OR_FILE_SHARING_SESSION)                                                 \
	RISK(UNCOMMON_ALPN, 31, NDPI_TLS_UNCOMMON_ALPN)                                                                \
	RISK(EXPLOIT, 40, NDPI_POSSIBLE_EXPLOIT)
#define RISK_NUMBER(name, bit, theirs) RISK_##name = (bit),
enum classify_risk_bit { CLASSIFY_RISKS(RISK_NUMBER) };

/* Names by id, for output: "TLS.Microsoft365"; risk bit 0..63 to its name, NULL when unknown. */
const char *classify_protocol(struct classify *c, uint16_t master, uint16_t app, char *buf, size_t n);
const char *classify_risk(unsigned bit);

#endif
