-- Public notes of journals: by the author of the issue, who is the customer, or by one of ours. Notes of an issue that
-- was deleted go with it; those of one that is landed later come back with it.
SELECT
    n.journal_id                                                                AS reply_id,
    n.issue_id                                                                  AS ticket_id,
    to_utc(n.created_on)                                                        AS replied_at,
    CASE WHEN n.user_id = i.author_id THEN 'customer' ELSE 'agent' END          AS author,
    code('channel', coalesce(i.channel, 'not given'))                           AS channel,
    unmapped('channel', i.channel)                                              AS _reject,
    i.issue_id IS NULL                                                          AS _deleted
FROM notes n
LEFT JOIN issues i ON i.issue_id = n.issue_id
