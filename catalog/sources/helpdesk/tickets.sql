-- The ticket row knows only how things stand now; when we first replied and how it went is in its messages and log.
-- A matter needed a second channel when the customer wrote through another one within a week; it was solved at first
-- contact when the customer wrote once, nobody handed it on and it did not come back.
-- Times are local to Vienna; conform reads them in the zone of the source, and an offset in the text wins.
WITH replies AS (
    SELECT
        ticket_no,
        min(try_utc(sent_local)) FILTER (WHERE sender = 'A')   AS first_by_agent,
        min(try_utc(sent_local)) FILTER (WHERE sender = 'B')   AS first_by_bot,
        count(*) FILTER (WHERE sender = 'A')                   AS by_agents,
        count(*) FILTER (WHERE sender = 'C')                   AS by_customer
    FROM message
    GROUP BY ticket_no
),
asked AS (
    SELECT ticket_no, via, min(try_utc(sent_local)) AS first_at
    FROM message
    WHERE sender = 'C'
    GROUP BY ticket_no, via
),
elsewhere AS (
    SELECT t.ticket_no, bool_or(a.first_at <= try_utc(t.opened_local) + INTERVAL 7 DAY) AS within_7_days
    FROM ticket t
    JOIN asked a ON a.ticket_no = t.ticket_no AND a.via <> t.via
    GROUP BY t.ticket_no
),
changes AS (
    SELECT
        ticket_no,
        try_utc(at_local)         AS changed_at,
        old_state IN ('R', 'C')   AS was_settled,
        new_state IN ('R', 'C')   AS is_settled,
        new_state = 'C'           AS is_closed
    FROM state_log
),
work AS (
    SELECT
        ticket_no,
        max(changed_at) FILTER (WHERE NOT is_settled)           AS last_at,
        count(*) FILTER (WHERE was_settled AND NOT is_settled)  AS reopened
    FROM changes
    GROUP BY ticket_no
),
settled AS (
    -- Resolved is the moment after which nobody worked on it again: a reopened ticket starts anew.
    SELECT
        c.ticket_no,
        min(c.changed_at)                               AS resolved_at,
        min(c.changed_at) FILTER (WHERE c.is_closed)    AS closed_at
    FROM changes c
    JOIN work w ON w.ticket_no = c.ticket_no
    WHERE c.is_settled AND c.changed_at >= coalesce(w.last_at, c.changed_at)
    GROUP BY c.ticket_no
)
SELECT
    t.ticket_no                                                  AS ticket_id,
    t.cust_ref                                                   AS customer_id,
    code('site', t.site_code)                                    AS site,
    code('channel', t.via)                                       AS channel,
    t.topic                                                      AS category,
    code('priority', t.prio)                                     AS priority,
    t.opened_local                                               AS opened_at,
    r.first_by_agent                                             AS first_reply_at,
    r.first_by_bot                                               AS first_bot_reply_at,
    CASE WHEN t.state IN ('R', 'C') THEN s.resolved_at END       AS resolved_at,
    CASE WHEN t.state = 'C' THEN s.closed_at END                 AS closed_at,
    t.due_local                                                  AS due_at,
    t.reply_due_local                                            AS reply_due_at,
    try_utc(t.opened_local) + INTERVAL 14 DAY                    AS two_weeks_old_at,
    code('state', t.state)                                       AS status,
    coalesce(w.reopened, 0)                                      AS reopened,
    t.handovers                                                  AS reassigned,
    t.bot_started                                                AS begun_by_bot,
    coalesce(r.by_agents, 0) > 0                                 AS reached_human,
    CASE WHEN t.bot_started = 1 THEN t.wants_person END          AS asked_for_human,
    coalesce(e.within_7_days, false)                             AS second_channel_within_7_days,
    CASE WHEN t.state IN ('R', 'C') THEN
        coalesce(r.by_customer, 0) <= 1 AND t.handovers = 0 AND coalesce(w.reopened, 0) = 0
    END                                                          AS first_contact_resolved
FROM ticket t
LEFT JOIN replies r ON r.ticket_no = t.ticket_no
LEFT JOIN work w ON w.ticket_no = t.ticket_no
LEFT JOIN settled s ON s.ticket_no = t.ticket_no
LEFT JOIN elsewhere e ON e.ticket_no = t.ticket_no
