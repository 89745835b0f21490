-- Public notes of journals: by the author of the issue, who is the customer, or by one of ours. Notes of an issue that
-- was deleted go with it; one whose issue is not landed yet waits in quarantine and comes in with it.
SELECT
    n.journal_id                                                                AS reply_id,
    n.issue_id                                                                  AS ticket_id,
    to_utc(n.created_on)                                                        AS replied_at,
    CASE WHEN n.user_id = i.author_id THEN 'customer' ELSE 'agent' END          AS author,
    code('channel', coalesce(i.channel, 'not given'))                           AS channel,
    CASE
        WHEN i.issue_id IS NULL THEN 'issue ' || n.issue_id || ' is not in issues'
        ELSE unmapped('channel', i.channel)
    END                                                                         AS _reject
FROM notes n
LEFT JOIN issues i ON i.issue_id = n.issue_id
