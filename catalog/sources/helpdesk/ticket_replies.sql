-- The messages that a deleted ticket leaves behind go with it; one of a ticket that never was is refused.
SELECT
    m.msg_id                   AS reply_id,
    m.ticket_no                AS ticket_id,
    m.sent_local               AS replied_at,
    code('sender', m.sender)   AS author,
    code('channel', m.via)     AS channel,
    CASE WHEN t.ticket_no IS NULL THEN 'ticket ' || m.ticket_no || ' is not in ticket' END AS _reject
FROM message m
LEFT JOIN ticket t ON t.ticket_no = m.ticket_no
