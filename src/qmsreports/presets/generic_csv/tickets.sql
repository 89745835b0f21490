-- One line of the file is one ticket. What an export does not tell (bots, a second channel) stays empty: it is not
-- known, which is not no. Where your system writes nothing for "never", write coalesce(t.reopened, '0') here.
SELECT
    t.number                                          AS ticket_id,
    t.customer                                        AS customer_id,
    code('site', t.site)                              AS site,
    code('channel', t.channel)                        AS channel,
    coalesce(t.category, 'not given')                 AS category,
    code('priority', t.priority)                      AS priority,
    to_utc(t.opened)                                  AS opened_at,
    to_utc(t.first_reply)                             AS first_reply_at,
    NULL                                              AS first_bot_reply_at,
    to_utc(t.resolved)                                AS resolved_at,
    to_utc(t.closed)                                  AS closed_at,
    to_utc(t.due)                                     AS due_at,
    NULL                                              AS reply_due_at,
    try_utc(t.opened) + INTERVAL 14 DAY               AS two_weeks_old_at,
    code('status', t.status)                          AS status,
    t.reopened                                        AS reopened,
    t.handed_over                                     AS reassigned,
    NULL                                              AS begun_by_bot,
    t.first_reply IS NOT NULL                         AS reached_human,
    NULL                                              AS asked_for_human,
    NULL                                              AS second_channel_within_7_days,
    NULL                                              AS first_contact_resolved,
    unmapped('channel', t.channel)                    AS _reject
FROM tickets t
