-- A stop of a machine; a stop that still lasts has no end.
SELECT
    s.stop_id                       AS downtime_id,
    code('site', s.plant)           AS site,
    s.machine                       AS machine,
    s.from_utc                      AS started_at,
    s.to_utc                        AS ended_at,
    code('stop_reason', s.why_code) AS reason,
    s.is_planned                    AS planned,
    unmapped('stop_reason', s.why_code) AS _reject
FROM stop s
