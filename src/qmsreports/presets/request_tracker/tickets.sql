-- How a ticket stands is in the ticket; when we first replied and how it went is in its transactions. Deleted tickets
-- and those merged into another leave; what was written in them before the merge belongs to the one that goes on. What
-- was written before that one was opened is no reply to it.
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
said AS (
    SELECT
        coalesce(e.current_id, m.ticket_id)  AS ticket_id,
        m.kind,
        m.author,
        try_utc(m.created)                   AS said_at
    FROM messages m
    LEFT JOIN ended e ON e.ticket_id = m.ticket_id
),
of_customer AS (
    SELECT DISTINCT s.ticket_id, s.author
    FROM said s
    JOIN tickets t ON t.ticket_id = s.ticket_id
    WHERE list_contains(json_extract_string(t.requestors, '$[*].id'), s.author)
),
replies AS (
    SELECT
        s.ticket_id,
        count(*)                                                                    AS messages,
        min(s.said_at) FILTER (
            WHERE s.kind = 'Correspond' AND c.author IS NULL AND s.said_at >= try_utc(t.created)
        )                                                                           AS by_agent,
        count(*) FILTER (WHERE c.author IS NOT NULL)                                AS by_customer
    FROM said s
    LEFT JOIN tickets t ON t.ticket_id = s.ticket_id
    LEFT JOIN of_customer c ON c.ticket_id = s.ticket_id AND c.author = s.author
    GROUP BY s.ticket_id
),
changes AS (
    SELECT
        ticket_id,
        try_utc(created)                                                AS changed_at,
        try_cast(id AS BIGINT)                                          AS nth,
        code('state', from_status) IN ('resolved', 'closed')            AS was_settled,
        code('state', to_status) IN ('resolved', 'closed')              AS is_settled,
        to_status
    FROM status_changes
    WHERE kind = 'Status'
),
work AS (
    SELECT
        ticket_id,
        max(nth) FILTER (WHERE NOT is_settled)                  AS last_nth,
        count(*) FILTER (WHERE was_settled AND NOT is_settled)  AS reopened,
        arg_max(to_status, nth)                                 AS last_status
    FROM changes
    GROUP BY ticket_id
),
settled AS (
    SELECT c.ticket_id, min(c.changed_at) AS settled_at
    FROM changes c
    JOIN work w ON w.ticket_id = c.ticket_id
    WHERE c.is_settled AND c.nth > coalesce(w.last_nth, 0)
    GROUP BY c.ticket_id
),
handed AS (
    SELECT ticket_id, count(*) AS times
    FROM owner_changes
    WHERE code('owner', from_owner) <> 'nobody' AND code('owner', to_owner) <> 'nobody'
    GROUP BY ticket_id
)
SELECT
    t.ticket_id                                                                 AS ticket_id,
    t.organization                                                              AS customer_id,
    code('site', 'all')                                                         AS site,
    code('channel', 'ticket')                                                   AS channel,
    t.queue                                                                     AS category,
    CASE
        WHEN try_cast(t.priority AS INTEGER) >= 100 THEN 'high'
        WHEN try_cast(t.priority AS INTEGER) >= 50 THEN 'normal'
        ELSE 'low'
    END                                                                         AS priority,
    to_utc(t.created)                                                           AS opened_at,
    r.by_agent                                                                  AS first_reply_at,
    NULL                                                                        AS first_bot_reply_at,
    CASE WHEN code('state', t.status) IN ('resolved', 'closed')
        THEN coalesce(s.settled_at, try_utc(t.created)) END                     AS resolved_at,
    CASE WHEN code('state', t.status) = 'closed'
        THEN coalesce(s.settled_at, try_utc(t.created)) END                     AS closed_at,
    to_utc(t.due)                                                               AS due_at,
    NULL                                                                        AS reply_due_at,
    try_utc(t.created) + INTERVAL 14 DAY                                        AS two_weeks_old_at,
    code('state', t.status)                                                     AS status,
    coalesce(w.reopened, 0)                                                     AS reopened,
    coalesce(h.times, 0)                                                        AS reassigned,
    false                                                                       AS begun_by_bot,
    r.by_agent IS NOT NULL                                                      AS reached_human,
    NULL                                                                        AS asked_for_human,
    NULL                                                                        AS second_channel_within_7_days,
    CASE WHEN code('state', t.status) IN ('resolved', 'closed') THEN
        coalesce(r.by_customer, 0) <= 1 AND coalesce(h.times, 0) = 0 AND coalesce(w.reopened, 0) = 0
    END                                                                         AS first_contact_resolved,
    CASE
        WHEN r.messages IS NULL THEN 'its history is hidden: the account needs ShowTicket in this queue'
        ELSE unmapped('state', t.status)
    END                                                                         AS _reject,
    e.ticket_id IS NOT NULL OR coalesce(w.last_status = 'deleted', false)       AS _deleted
FROM tickets t
LEFT JOIN ended e ON e.ticket_id = t.ticket_id
LEFT JOIN replies r ON r.ticket_id = t.ticket_id
LEFT JOIN work w ON w.ticket_id = t.ticket_id
LEFT JOIN settled s ON s.ticket_id = t.ticket_id
LEFT JOIN handed h ON h.ticket_id = t.ticket_id
