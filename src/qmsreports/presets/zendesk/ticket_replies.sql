-- Public comments; notes among colleagues are not landed. Who is no end user is one of ours, the system (-1) a bot.
-- A comment that does not say its channel came through that of its ticket.
SELECT
    c.id                                  AS reply_id,
    c.ticket_id                           AS ticket_id,
    to_utc(c.created_at)                  AS replied_at,
    CASE
        WHEN c.author_id = '-1' OR coalesce(c.channel LIKE 'answer_bot%', false) THEN 'bot'
        WHEN u.role = 'end-user' THEN 'customer'
        ELSE 'agent'
    END                                   AS author,
    code('channel', coalesce(c.channel, t.channel))  AS channel,
    CASE
        WHEN t.ticket_id IS NULL THEN 'ticket ' || c.ticket_id || ' is not in tickets'
        WHEN u.author_id IS NULL AND c.author_id <> '-1' THEN 'user ' || c.author_id || ' is not in users'
    END                                   AS _reject,
    t.status = 'deleted'                  AS _deleted
FROM comments c
LEFT JOIN tickets t ON t.ticket_id = c.ticket_id
LEFT JOIN users u ON u.author_id = c.author_id
