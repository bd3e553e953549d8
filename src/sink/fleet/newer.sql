-- newer: what a ClickHouse of today does better than the subset of tables.sql.  UNTESTED here: Debian's server is 18.16.
-- Statements are by version; leave out what yours does not know.  Run it after tables.sql, while no sensor sends.

-- 19.6: retention without a job of one's own.
ALTER TABLE gatewitness.sessions MODIFY TTL day + INTERVAL 100 DAY;
ALTER TABLE gatewitness.alerts MODIFY TTL day + INTERVAL 400 DAY;
ALTER TABLE gatewitness.incidents MODIFY TTL day + INTERVAL 400 DAY;
ALTER TABLE gatewitness.stats MODIFY TTL day + INTERVAL 400 DAY;
ALTER TABLE gatewitness.seen MODIFY TTL day + INTERVAL 400 DAY;

-- 19.10: texts with few values as numbers of a dictionary, hashes under a codec that finds their 4 bits a digit.
ALTER TABLE gatewitness.sessions
    MODIFY COLUMN site LowCardinality(String), MODIFY COLUMN gateway_name LowCardinality(String),
    MODIFY COLUMN role LowCardinality(String), MODIFY COLUMN end LowCardinality(String),
    MODIFY COLUMN carrier LowCardinality(String), MODIFY COLUMN version LowCardinality(String),
    MODIFY COLUMN cipher LowCardinality(String), MODIFY COLUMN tls_group LowCardinality(String),
    MODIFY COLUMN alpn LowCardinality(String), MODIFY COLUMN resumed LowCardinality(String),
    MODIFY COLUMN ja3 LowCardinality(String), MODIFY COLUMN ja3s LowCardinality(String),
    MODIFY COLUMN ja4 LowCardinality(String), MODIFY COLUMN client_key LowCardinality(String),
    MODIFY COLUMN server_key LowCardinality(String), MODIFY COLUMN identity_key LowCardinality(String),
    MODIFY COLUMN id String CODEC(ZSTD(3)),
    MODIFY COLUMN id_offered String CODEC(ZSTD(3)), MODIFY COLUMN id_issued String CODEC(ZSTD(3)),
    MODIFY COLUMN time_us UInt64 CODEC(DoubleDelta, ZSTD(1)), MODIFY COLUMN last_us UInt64 CODEC(Delta, ZSTD(1));

-- 20.1: sessions of one client or session id without reading a day.
ALTER TABLE gatewitness.sessions ADD INDEX by_id id TYPE bloom_filter(0.01) GRANULARITY 4;
ALTER TABLE gatewitness.sessions ADD INDEX by_src src TYPE bloom_filter(0.01) GRANULARITY 4;

-- 22.2: a message that is sent twice is dropped by its token (insert_deduplication_token) also without replication.
ALTER TABLE gatewitness.sessions MODIFY SETTING non_replicated_deduplication_window = 1000;
ALTER TABLE gatewitness.alerts MODIFY SETTING non_replicated_deduplication_window = 1000;
ALTER TABLE gatewitness.incidents MODIFY SETTING non_replicated_deduplication_window = 1000;
ALTER TABLE gatewitness.stats MODIFY SETTING non_replicated_deduplication_window = 1000;
