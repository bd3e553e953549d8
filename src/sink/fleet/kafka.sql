-- kafka: the same tables filled by ClickHouse from a topic, where sensors send with `kind = kafka`, `format = fleet`.
-- The subset of ClickHouse 18.16.  Change broker, topic and group, and add consumers where one core does not keep up
-- (kafka_num_consumers).  Every column of tables.sql that a sensor sends stands here once; a row's `kind` says where it belongs.

CREATE TABLE IF NOT EXISTS gatewitness.fleet_topic
(
    kind String, day Date, sensor String, site String, gateway UInt8, gateway_name String, time_us UInt64, start_us UInt64,
    last_us UInt64, id String, role String, src String, src_net String, src_port UInt16, dest String,
    dest_net String, dest_port UInt16, proto UInt8, actor String, vlan UInt16, end String, midstream UInt8,
    one_sided UInt8, packets_out UInt32, packets_in UInt32, bytes_out UInt64, bytes_in UInt64, gap_bytes UInt64,
    rtt_src_us UInt64, rtt_dest_us UInt64, src_country String, src_as UInt32, dest_country String, dest_as UInt32,
    src_list String, pseudonyms UInt8, privacy_key String, carrier String, prelude String, version String,
    cipher String, tls_group String, sni String, alpn String, ja3 String, ja3s String, ja4 String, client_key String,
    server_key String, established UInt8, resumed String, id_offered String, id_issued String, identity_key String,
    handshake_us UInt64, server_us UInt64, cert_sha256 String, cert_subject String, cert_issuer String,
    cert_serial String, cert_san Array(String), cert_not_before_us UInt64, cert_not_after_us UInt64,
    client_cert_sha256 String, client_cert_subject String, exchanges UInt32, request_bytes UInt64,
    response_bytes UInt64, request_max UInt32, response_max UInt32, event_id String, test UInt8, finding String,
    incident String, detector String, severity String, severity_level UInt8, confidence UInt8, coverage UInt8,
    attack String, opens UInt8, worsens UInt8, learning UInt8, degraded UInt8, chain String, chain_incident String,
    expected String, benign String, message String, session String, sessions Array(String), ledger_date String,
    ledger_commit UInt64, ledger_head String, opened_us UInt64, findings UInt32, program String, frames UInt64,
    frame_bytes UInt64, kernel_drops UInt64, interface_drops UInt64, gaps UInt64, flows_open UInt64, uptime_s UInt64
)
ENGINE = Kafka SETTINGS
    kafka_broker_list = 'localhost:9092',
    kafka_topic_list = 'gatewitness',
    kafka_group_name = 'clickhouse',
    kafka_format = 'JSONEachRow',
    kafka_row_delimiter = '\n';

CREATE MATERIALIZED VIEW IF NOT EXISTS gatewitness.sessions_feed TO gatewitness.sessions AS
SELECT
    day, sensor, site, gateway, gateway_name, time_us, start_us, last_us, id, role, src, src_net, src_port, dest,
    dest_net, dest_port, proto, actor, vlan, end, midstream, one_sided, packets_out, packets_in, bytes_out, bytes_in,
    gap_bytes, rtt_src_us, rtt_dest_us, src_country, src_as, dest_country, dest_as, src_list, pseudonyms,
    privacy_key, carrier, prelude, version, cipher, tls_group, sni, alpn, ja3, ja3s, ja4, client_key, server_key,
    established, resumed, id_offered, id_issued, identity_key, handshake_us, server_us, cert_sha256, cert_subject,
    cert_issuer, cert_serial, cert_san, cert_not_before_us, cert_not_after_us, client_cert_sha256,
    client_cert_subject, exchanges, request_bytes, response_bytes, request_max, response_max
FROM gatewitness.fleet_topic
WHERE kind = 'session';

CREATE MATERIALIZED VIEW IF NOT EXISTS gatewitness.alerts_feed TO gatewitness.alerts AS
SELECT
    day, sensor, site, gateway, gateway_name, time_us, event_id, test, finding, incident, detector, severity,
    severity_level, confidence, coverage, attack, opens, worsens, learning, degraded, chain, chain_incident,
    expected, benign, message, session, sessions, src, src_net, src_port, dest, dest_net, dest_port, proto, actor,
    src_country, src_as, dest_country, dest_as, version, sni, ja3, ja4, client_key, id_offered, id_issued,
    cert_sha256, ledger_date, ledger_commit, ledger_head
FROM gatewitness.fleet_topic
WHERE kind = 'alert';

CREATE MATERIALIZED VIEW IF NOT EXISTS gatewitness.incidents_feed TO gatewitness.incidents AS
SELECT
    day, sensor, site, gateway, gateway_name, time_us, event_id, opened_us, incident, severity, severity_level, src,
    src_net, findings, message
FROM gatewitness.fleet_topic
WHERE kind = 'incident';

CREATE MATERIALIZED VIEW IF NOT EXISTS gatewitness.stats_feed TO gatewitness.stats AS
SELECT
    day, sensor, site, time_us, event_id, program, frames, frame_bytes, kernel_drops, interface_drops, gaps, flows_open,
    uptime_s, ledger_date, ledger_commit, ledger_head
FROM gatewitness.fleet_topic
WHERE kind IN ('stats', 'heartbeat');
