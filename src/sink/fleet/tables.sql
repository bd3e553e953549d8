-- tables: what the sensors of a fleet send in the format `fleet`, straight from `kind = clickhouse` or by Kafka (kafka.sql).
-- The subset of ClickHouse 18.16 (Debian 12); newer.sql has what later versions do better.
--
-- A row that was sent twice is the same row: ReplacingMergeTree keeps one of those with equal keys when parts are merged, and
-- what counts in between counts ids, not rows.  Partitions are days, so that retention is DROP PARTITION.

CREATE DATABASE IF NOT EXISTS gatewitness;

CREATE TABLE IF NOT EXISTS gatewitness.sessions
(
    sensor String, site String, gateway UInt8, gateway_name String,
    day Date,
    time_us UInt64, start_us UInt64, last_us UInt64,
    id String, role String,
    src String, src_net String, src_port UInt16,
    dest String, dest_net String, dest_port UInt16, proto UInt8, actor String, vlan UInt16,
    end String, midstream UInt8, one_sided UInt8,
    packets_out UInt32, packets_in UInt32, bytes_out UInt64, bytes_in UInt64, gap_bytes UInt64,
    rtt_src_us UInt64, rtt_dest_us UInt64,
    src_country String, src_as UInt32, dest_country String, dest_as UInt32, src_list String,
    pseudonyms UInt8, privacy_key String,
    carrier String, prelude String, version String, cipher String, tls_group String, sni String, alpn String,
    ja3 String, ja3s String, ja4 String, client_key String, server_key String,
    established UInt8, resumed String, id_offered String, id_issued String, identity_key String,
    handshake_us UInt64, server_us UInt64,
    cert_sha256 String, cert_subject String, cert_issuer String, cert_serial String, cert_san Array(String),
    cert_not_before_us UInt64, cert_not_after_us UInt64, client_cert_sha256 String, client_cert_subject String,
    exchanges UInt32, request_bytes UInt64, response_bytes UInt64, request_max UInt32, response_max UInt32
)
ENGINE = ReplacingMergeTree
PARTITION BY day
ORDER BY (sensor, src_net, start_us, id);

CREATE TABLE IF NOT EXISTS gatewitness.alerts
(
    sensor String, site String, gateway UInt8, gateway_name String,
    day Date,
    time_us UInt64, event_id String, test UInt8,
    finding String, incident String, detector String, severity String, severity_level UInt8,
    confidence UInt8, coverage UInt8, attack String, opens UInt8, worsens UInt8, learning UInt8, degraded UInt8,
    chain String, chain_incident String, expected String, benign String, message String,
    session String, sessions Array(String),
    src String, src_net String, src_port UInt16,
    dest String, dest_net String, dest_port UInt16, proto UInt8, actor String,
    src_country String, src_as UInt32, dest_country String, dest_as UInt32,
    version String, sni String, ja3 String, ja4 String, client_key String,
    id_offered String, id_issued String, cert_sha256 String,
    ledger_date String, ledger_commit UInt64, ledger_head String
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (day, sensor, event_id);

CREATE TABLE IF NOT EXISTS gatewitness.incidents
(
    sensor String, site String, gateway UInt8, gateway_name String,
    day Date,
    time_us UInt64, event_id String, opened_us UInt64,
    incident String, severity String, severity_level UInt8, src String, src_net String, findings UInt32, message String
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (day, sensor, event_id);

CREATE TABLE IF NOT EXISTS gatewitness.stats
(
    sensor String, site String,
    day Date,
    time_us UInt64, event_id String, program String,
    frames UInt64, frame_bytes UInt64, kernel_drops UInt64, interface_drops UInt64, gaps UInt64,
    flows_open UInt64, uptime_s UInt64,
    ledger_date String, ledger_commit UInt64, ledger_head String
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (day, sensor, time_us, event_id);

-- seen: every value that the hunt asks after, by day, sensor and gateway: a question over a hundred days reads a few kB of it
-- instead of every session.  Ids are counted as a set, so what was sent twice counts once.
--     what: net (of the side that is not the gateway), ja4, ja3, program (client_key), identity (under its key), certificate,
--     client_certificate, name (server name asked for)
CREATE TABLE IF NOT EXISTS gatewitness.seen
(
    what String, value String, day Date, sensor String, site String, gateway_name String,
    sessions AggregateFunction(uniq, String),
    networks AggregateFunction(uniq, String),
    first_us AggregateFunction(min, UInt64),
    last_us AggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (what, value, day, sensor, gateway_name, site);

CREATE MATERIALIZED VIEW IF NOT EXISTS gatewitness.seen_feed TO gatewitness.seen AS
SELECT
    pair.1 AS what, pair.2 AS value, day, sensor, site, gateway_name,
    uniqState(id) AS sessions,
    uniqState(if(role = 'outbound', dest_net, src_net)) AS networks,
    minState(start_us) AS first_us,
    maxState(last_us) AS last_us
FROM gatewitness.sessions
ARRAY JOIN arrayFilter(p -> p.2 != '', [
    ('net', if(role = 'outbound', dest_net, src_net)),
    ('ja4', ja4),
    ('ja3', ja3),
    ('program', client_key),
    ('identity', if(id_offered != '', concat(identity_key, ':', id_offered), '')),
    ('identity', if(id_issued != '', concat(identity_key, ':', id_issued), '')),
    ('certificate', cert_sha256),
    ('client_certificate', client_cert_sha256),
    ('name', sni)]) AS pair
GROUP BY what, value, day, sensor, site, gateway_name;
