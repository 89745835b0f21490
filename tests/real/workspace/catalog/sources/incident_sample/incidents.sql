-- Events of one minute are in the order of the file.
WITH steps AS (
    SELECT
        number,
        made_sla <> lag(made_sla) OVER (PARTITION BY number ORDER BY try_utc(sys_updated_at), _line) AS changed
    FROM events
),
changes AS (
    SELECT number, count(*) FILTER (WHERE changed) AS times
    FROM steps
    GROUP BY number
)
SELECT
    i.number                            AS incident,
    code('priority', i.priority)        AS priority,
    code('channel', i.contact_type)     AS channel,
    i.caller_id                         AS caller,
    i.opened_at,
    i.resolved_at,
    i.closed_at,
    i.made_sla,
    coalesce(c.times, 0)                AS sla_changes,
    i.reopen_count                      AS reopened,
    i.reassignment_count                AS reassigned
FROM incidents i
LEFT JOIN changes c ON c.number = i.number
