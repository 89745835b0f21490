-- What was written to or by the customer: the message that opened a ticket, and correspondence. Comments are notes among
-- colleagues and are not landed. Who asked for the ticket is the customer, anybody else one of ours.
WITH RECURSIVE merged AS (
    SELECT DISTINCT ticket_id, regexp_extract(into_ticket, '/ticket/(\d+)$', 1) AS into_id FROM merges
),
goes_on(ticket_id, current_id) AS (
    SELECT ticket_id, into_id FROM merged WHERE ticket_id <> into_id
    UNION
    SELECT g.ticket_id, m.into_id
    FROM goes_on g
    JOIN merged m ON m.ticket_id = g.current_id AND m.into_id <> m.ticket_id
),
ended AS (
    SELECT g.ticket_id, g.current_id
    FROM goes_on g
    WHERE g.current_id NOT IN (SELECT ticket_id FROM merged WHERE into_id <> ticket_id)
),
deleted AS (
    SELECT ticket_id, arg_max(to_status, try_cast(id AS BIGINT)) = 'deleted' AS is_deleted
    FROM status_changes
    WHERE kind = 'Status'
    GROUP BY ticket_id
)
SELECT
    m.id                                        AS reply_id,
    coalesce(e.current_id, m.ticket_id)         AS ticket_id,
    to_utc(m.created)                           AS replied_at,
    CASE
        WHEN list_contains(json_extract_string(t.requestors, '$[*].id'), m.author) THEN 'customer'
        ELSE 'agent'
    END                                         AS author,
    code('channel', 'ticket')                   AS channel,
    CASE WHEN t.ticket_id IS NULL THEN 'ticket ' || coalesce(e.current_id, m.ticket_id) || ' is not in tickets' END
                                                AS _reject,
    coalesce(d.is_deleted, false)               AS _deleted
FROM messages m
LEFT JOIN ended e ON e.ticket_id = m.ticket_id
LEFT JOIN tickets t ON t.ticket_id = coalesce(e.current_id, m.ticket_id)
LEFT JOIN deleted d ON d.ticket_id = coalesce(e.current_id, m.ticket_id)
