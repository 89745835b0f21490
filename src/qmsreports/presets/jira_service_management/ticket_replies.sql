-- Comments that the customer may read. Whoever raised the request and every portal account is the customer, apps are
-- bots, everybody else is one of ours. Comments of a request that was deleted go with it.
SELECT
    c.comment_id                AS reply_id,
    c.issue_id                  AS ticket_id,
    to_utc(c.created)           AS replied_at,
    CASE
        WHEN c.author = r.reporter OR c.author_type = 'customer' THEN 'customer'
        WHEN c.author_type = 'app' THEN 'bot'
        ELSE 'agent'
    END                         AS author,
    code('channel', 'all')      AS channel,
    CASE WHEN r.issue_id IS NULL THEN 'request ' || c.issue_id || ' is not in requests' END  AS _reject
FROM comments c
LEFT JOIN requests r ON r.issue_id = c.issue_id
