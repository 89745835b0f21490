-- A folded stage is the end, so resolved and closed are the same moment. The first reply is the first message that the
-- customer sees by somebody with a user of ours. Odoo shows no history of stages, so whether
-- a ticket was reopened is not known.
WITH replies AS (
    SELECT
        m.ticket_id,
        min(try_utc(m.date)) FILTER (
            m.message_type <> 'auto_comment' AND a.partner_id IS NOT NULL AND a.partner_share IS NULL
        )                                                              AS by_agent,
        min(try_utc(m.date)) FILTER (m.message_type = 'auto_comment')  AS by_bot
    FROM messages m
    LEFT JOIN partners a ON a.partner_id = m.author_id
    GROUP BY m.ticket_id
)
SELECT
    coalesce(t.ticket_ref, t.ticket_id)                           AS ticket_id,
    coalesce(p.commercial_partner_id, t.partner_id)               AS customer_id,
    code('site', 'all')                                           AS site,
    code('channel', 'ticket')                                     AS channel,
    coalesce(t.team, 'not given')                                 AS category,
    code('priority', coalesce(t.priority, '0'))                   AS priority,
    to_utc(t.create_date)                                         AS opened_at,
    r.by_agent                                                    AS first_reply_at,
    r.by_bot                                                      AS first_bot_reply_at,
    CASE WHEN s.fold = 'true' THEN to_utc(t.close_date) END       AS resolved_at,
    CASE WHEN s.fold = 'true' THEN to_utc(t.close_date) END       AS closed_at,
    NULL                                                          AS due_at,
    NULL                                                          AS reply_due_at,
    try_utc(t.create_date) + INTERVAL 14 DAY                      AS two_weeks_old_at,
    CASE WHEN s.fold = 'true' THEN 'closed' ELSE code('state', s.name) END  AS status,
    NULL                                                          AS reopened,
    NULL                                                          AS reassigned,
    NULL                                                          AS begun_by_bot,
    r.by_agent IS NOT NULL                                        AS reached_human,
    NULL                                                          AS asked_for_human,
    NULL                                                          AS second_channel_within_7_days,
    NULL                                                          AS first_contact_resolved,
    CASE WHEN s.fold IS NULL THEN unmapped('state', s.name) END   AS _reject
FROM tickets t
LEFT JOIN ticket_stages s ON s.stage_id = t.stage_id
LEFT JOIN replies r ON r.ticket_id = t.ticket_id
LEFT JOIN partners p ON p.partner_id = t.partner_id
