-- Every event that names a status: the first one has none before it.
SELECT
    s.id                          AS change_id,
    s.ticket_id                   AS ticket_id,
    to_utc(s.created_at)          AS changed_at,
    code('state', s.previous)     AS from_status,
    code('state', s.status)       AS to_status,
    CASE WHEN t.ticket_id IS NULL THEN 'ticket ' || s.ticket_id || ' is not in tickets' END AS _reject,
    t.status = 'deleted'          AS _deleted
FROM status_changes s
LEFT JOIN tickets t ON t.ticket_id = s.ticket_id
