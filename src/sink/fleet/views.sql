-- views: the hunt's questions over many sensors, for the subset of ClickHouse 18.16.
--
--     SELECT * FROM gatewitness.where_seen WHERE what = 'net' AND value = '203.0.113.0/24'
--     SELECT * FROM gatewitness.where_seen WHERE what = 'ja4' AND value = 't13d1516h2_8daaf6152771_02713d6af862'
--     SELECT * FROM gatewitness.where_days WHERE what = 'program' AND value = '3904d22c0bfaff60'
--     SELECT * FROM gatewitness.alert_elsewhere WHERE other_sensor != sensor AND day > today() - 7
--     SELECT * FROM gatewitness.identity_travels WHERE networks > 1
--     SELECT * FROM gatewitness.coverage WHERE day = yesterday() ORDER BY lost_percent DESC
--     SELECT * FROM gatewitness.silent
--     SELECT * FROM gatewitness.heads WHERE sensor = 'ams-3'     -- against what its own `gatewitness verify` says
--
-- Give `enable_optimize_predicate_expression = 1` where it is not the default (before 19.1): then a view reads only what its
-- question asks for.

-- Where else was this network, client program, resumption identity, certificate, name?
CREATE VIEW IF NOT EXISTS gatewitness.where_seen AS
SELECT
    what, value, sensor, site, gateway_name,
    uniqMerge(sessions) AS sessions,
    uniqMerge(networks) AS networks,
    toDateTime(intDiv(minMerge(first_us), 1000000), 'UTC') AS first,
    toDateTime(intDiv(maxMerge(last_us), 1000000), 'UTC') AS last
FROM gatewitness.seen
GROUP BY what, value, sensor, site, gateway_name;

-- The same by day: since when, and does it go on?
CREATE VIEW IF NOT EXISTS gatewitness.where_days AS
SELECT
    what, value, day, sensor, gateway_name,
    uniqMerge(sessions) AS sessions
FROM gatewitness.seen
GROUP BY what, value, day, sensor, gateway_name;

-- Alerts once each, newest first; tests of sinks are none.
CREATE VIEW IF NOT EXISTS gatewitness.alerts_once AS
SELECT
    day, toDateTime(intDiv(time_us, 1000000), 'UTC') AS time, sensor, site, gateway_name, detector, severity, severity_level,
    confidence, src, src_net, dest, dest_net, dest_port, message, incident, finding, event_id, sessions, ja4, client_key,
    id_offered, cert_sha256
FROM gatewitness.alerts FINAL
WHERE test = 0;

-- What an alert is about, at every sensor that saw it: its actor's network, and the program that the actor used.
CREATE VIEW IF NOT EXISTS gatewitness.alert_elsewhere AS
SELECT day, time, sensor, detector, severity, event_id, what, value, other_sensor, other_sessions, other_first, other_last
FROM
(
    SELECT
        day, toDateTime(intDiv(time_us, 1000000), 'UTC') AS time, sensor, detector, severity, event_id,
        about.1 AS what, about.2 AS value
    FROM gatewitness.alerts FINAL
    ARRAY JOIN arrayFilter(p -> p.2 != '', [('net', src_net), ('net', dest_net), ('ja4', ja4), ('program', client_key)]) AS about
    WHERE test = 0
)
ALL INNER JOIN
(
    SELECT what, value, sensor AS other_sensor, sessions AS other_sessions, first AS other_first, last AS other_last
    FROM gatewitness.where_seen
) USING what, value;

-- Resumption identities that came from more than one network, or to more than one sensor: a session that was stolen, or a
-- client that moved.
CREATE VIEW IF NOT EXISTS gatewitness.identity_travels AS
SELECT
    value AS identity,
    uniqMerge(networks) AS networks,
    uniq(sensor) AS sensors,
    uniqMerge(sessions) AS sessions,
    groupUniqArray(sensor) AS at,
    toDateTime(intDiv(minMerge(first_us), 1000000), 'UTC') AS first,
    toDateTime(intDiv(maxMerge(last_us), 1000000), 'UTC') AS last
FROM gatewitness.seen
WHERE what = 'identity'
GROUP BY value
HAVING networks > 1 OR sensors > 1;

-- What each sensor saw of what was there, by day.  Counters begin anew with a sensor's run, which `time - uptime` tells apart.
CREATE VIEW IF NOT EXISTS gatewitness.coverage AS
SELECT
    day, sensor, site,
    count() AS runs,
    length(groupUniqArrayArray(run_hours)) AS hours,
    sum(run_frames) AS frames,
    sum(run_dropped) AS dropped,
    round(if(frames + dropped = 0, 0, 100 * dropped / (frames + dropped)), 3) AS lost_percent,
    sum(run_gaps) AS gaps,
    max(run_last) AS last
FROM
(
    SELECT
        day, sensor, site,
        intDiv(time_us - uptime_s * 1000000, 60000000) AS run,
        max(frames) - min(frames) AS run_frames,
        max(kernel_drops) - min(kernel_drops) + max(interface_drops) - min(interface_drops) AS run_dropped,
        max(gaps) - min(gaps) AS run_gaps,
        groupUniqArray(toHour(toDateTime(intDiv(time_us, 1000000), 'UTC'))) AS run_hours,
        toDateTime(intDiv(max(time_us), 1000000), 'UTC') AS run_last
    FROM gatewitness.stats
    GROUP BY day, sensor, site, run
)
GROUP BY day, sensor, site;

-- Sensors that said something within a month, and nothing for an hour.
CREATE VIEW IF NOT EXISTS gatewitness.silent AS
SELECT sensor, any(site) AS site, toDateTime(intDiv(max(time_us), 1000000), 'UTC') AS last, intDiv(now() - last, 60) AS minutes
FROM gatewitness.stats
WHERE day >= today() - 31
GROUP BY sensor
HAVING minutes >= 60;

-- The head of each sensor's chain as it was told, by its day: what a board's ledger must still contain.
CREATE VIEW IF NOT EXISTS gatewitness.heads AS
SELECT sensor, ledger_date, max(ledger_commit) AS commits, argMax(ledger_head, ledger_commit) AS head, max(told_us) AS told_us
FROM
(
    SELECT sensor, ledger_date, ledger_commit, ledger_head, time_us AS told_us FROM gatewitness.stats WHERE ledger_commit > 0
    UNION ALL
    SELECT sensor, ledger_date, ledger_commit, ledger_head, time_us AS told_us FROM gatewitness.alerts WHERE ledger_commit > 0
)
GROUP BY sensor, ledger_date;
