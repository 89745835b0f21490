-- Mails and calls kept with an issue: received from the customer, sent by one of ours. Their text is not landed.
SELECT
    m.mail                                                              AS reply_id,
    m.name                                                              AS ticket_id,
    to_utc(m.communication_date)                                        AS replied_at,
    CASE WHEN m.sent_or_received = 'Received' THEN 'customer' ELSE 'agent' END  AS author,
    code('channel', coalesce(m.communication_medium, 'not given'))      AS channel,
    CASE
        WHEN i.name IS NULL THEN 'issue ' || m.name || ' is not in issues'
        ELSE unmapped('channel', m.communication_medium)
    END                                                                 AS _reject
FROM mails m
LEFT JOIN issues i ON i.name = m.name
