-- Messages that the customer sees. Those of a ticket that was deleted go with it.
SELECT
    m.message_id                           AS reply_id,
    coalesce(t.ticket_ref, t.ticket_id)    AS ticket_id,
    to_utc(m.date)                         AS replied_at,
    CASE
        WHEN m.message_type = 'auto_comment' THEN 'bot'
        WHEN a.partner_id IS NOT NULL AND a.partner_share IS NULL THEN 'agent'
        ELSE 'customer'
    END                                    AS author,
    code('channel', 'ticket')              AS channel,
    CASE WHEN t.ticket_id IS NULL THEN 'ticket ' || m.ticket_id || ' is not in tickets' END  AS _reject
FROM messages m
LEFT JOIN tickets t ON t.ticket_id = m.ticket_id
LEFT JOIN partners a ON a.partner_id = m.author_id
