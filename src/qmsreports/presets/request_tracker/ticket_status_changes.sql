-- A ticket's first status is not in the transaction that created it: it is what the first change came from, or, without
-- any change, the status it has. Changes of deleted tickets, and of those merged into another, leave with them.
WITH first AS (
    SELECT
        ticket_id,
        arg_min(from_status, try_cast(id AS BIGINT))             AS status,
        arg_max(to_status, try_cast(id AS BIGINT)) = 'deleted'   AS is_deleted
    FROM status_changes
    WHERE kind = 'Status'
    GROUP BY ticket_id
),
merged AS (
    SELECT DISTINCT ticket_id FROM merges WHERE NOT regexp_matches(into_ticket, '/ticket/' || ticket_id || '$')
)
SELECT
    s.id                                                         AS change_id,
    s.ticket_id                                                  AS ticket_id,
    to_utc(s.created)                                            AS changed_at,
    CASE WHEN s.kind = 'Status' THEN code('state', s.from_status) END AS from_status,
    code('state', CASE WHEN s.kind = 'Status' THEN s.to_status ELSE coalesce(f.status, t.status) END) AS to_status,
    CASE
        WHEN t.ticket_id IS NULL THEN 'ticket ' || s.ticket_id || ' is not in tickets'
        ELSE coalesce(unmapped('state', s.from_status), unmapped('state', s.to_status))
    END                                                          AS _reject,
    m.ticket_id IS NOT NULL OR coalesce(f.is_deleted, false)     AS _deleted
FROM _driving s
LEFT JOIN first f ON f.ticket_id = s.ticket_id
LEFT JOIN merged m ON m.ticket_id = s.ticket_id
LEFT JOIN tickets t ON t.ticket_id = s.ticket_id
