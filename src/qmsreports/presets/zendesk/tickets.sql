-- The export tells how a ticket stands; when we first replied and how it went is in its events.
-- Deleted tickets stay in the export with their status alone. A merged ticket is closed like any other.
WITH said AS (
    SELECT
        c.ticket_id,
        try_utc(c.created_at)                                       AS said_at,
        coalesce(u.role = 'end-user', false)                        AS by_customer,
        c.author_id = '-1' OR coalesce(c.channel LIKE 'answer_bot%', false)  AS by_bot
    FROM comments c
    LEFT JOIN users u ON u.author_id = c.author_id
),
replies AS (
    SELECT
        ticket_id,
        min(said_at) FILTER (WHERE NOT by_customer AND NOT by_bot)  AS by_agent,
        min(said_at) FILTER (WHERE by_bot)                          AS by_bot,
        count(*) FILTER (WHERE by_customer)                         AS by_customer
    FROM said
    GROUP BY ticket_id
),
changes AS (
    SELECT
        ticket_id,
        try_utc(created_at)               AS changed_at,
        previous IN ('solved', 'closed')  AS was_settled,
        status IN ('solved', 'closed')    AS is_settled,
        status = 'closed'                 AS is_closed
    FROM status_changes
),
work AS (
    SELECT
        ticket_id,
        max(changed_at) FILTER (WHERE NOT is_settled)           AS last_at,
        count(*) FILTER (WHERE was_settled AND NOT is_settled)  AS reopened
    FROM changes
    GROUP BY ticket_id
),
settled AS (
    SELECT
        c.ticket_id,
        min(c.changed_at)                              AS resolved_at,
        min(c.changed_at) FILTER (WHERE c.is_closed)   AS closed_at
    FROM changes c
    JOIN work w ON w.ticket_id = c.ticket_id
    WHERE c.is_settled AND c.changed_at >= coalesce(w.last_at, c.changed_at)
    GROUP BY c.ticket_id
),
elsewhere AS (
    SELECT t.ticket_id, bool_or(try_utc(c.created_at) <= try_utc(t.created_at) + INTERVAL 7 DAY) AS within_7_days
    FROM tickets t
    JOIN comments c ON c.ticket_id = t.ticket_id
    JOIN users u ON u.author_id = c.author_id AND u.role = 'end-user'
    WHERE code('channel', c.channel) <> code('channel', t.channel)
    GROUP BY t.ticket_id
),
handed AS (
    SELECT ticket_id, count(*) AS times FROM assignments GROUP BY ticket_id
)
SELECT
    t.ticket_id                                                          AS ticket_id,
    coalesce(o.external_id, t.organization_id)                           AS customer_id,
    code('site', 'all')                                                  AS site,
    code('channel', t.channel)                                           AS channel,
    coalesce(t.type, 'not given')                                        AS category,
    code('priority', coalesce(t.priority, 'normal'))                     AS priority,
    to_utc(t.created_at)                                                 AS opened_at,
    r.by_agent                                                           AS first_reply_at,
    r.by_bot                                                             AS first_bot_reply_at,
    CASE WHEN t.status IN ('solved', 'closed') THEN s.resolved_at END    AS resolved_at,
    CASE WHEN t.status = 'closed' THEN s.closed_at END                   AS closed_at,
    to_utc(t.due_at)                                                     AS due_at,
    NULL                                                                 AS reply_due_at,
    try_utc(t.created_at) + INTERVAL 14 DAY                              AS two_weeks_old_at,
    code('state', t.status)                                              AS status,
    coalesce(w.reopened, 0)                                              AS reopened,
    coalesce(h.times, 0)                                                 AS reassigned,
    coalesce(t.channel LIKE 'answer_bot%', false)                        AS begun_by_bot,
    r.by_agent IS NOT NULL                                               AS reached_human,
    NULL                                                                 AS asked_for_human,
    coalesce(e.within_7_days, false)                                     AS second_channel_within_7_days,
    CASE WHEN t.status IN ('solved', 'closed') THEN
        coalesce(r.by_customer, 0) <= 1 AND coalesce(h.times, 0) = 0 AND coalesce(w.reopened, 0) = 0
    END                                                                  AS first_contact_resolved,
    unmapped('channel', t.channel)                                       AS _reject,
    t.status = 'deleted'                                                 AS _deleted
FROM tickets t
LEFT JOIN organizations o ON o.organization_id = t.organization_id
LEFT JOIN replies r ON r.ticket_id = t.ticket_id
LEFT JOIN work w ON w.ticket_id = t.ticket_id
LEFT JOIN settled s ON s.ticket_id = t.ticket_id
LEFT JOIN elsewhere e ON e.ticket_id = t.ticket_id
LEFT JOIN handed h ON h.ticket_id = t.ticket_id
