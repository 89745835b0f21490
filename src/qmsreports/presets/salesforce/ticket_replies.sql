-- E-mails of a case, received and sent. A draft (status 5) is none yet. Those of a deleted case go with it.
SELECT
    e.email_id                                                      AS reply_id,
    t.case_number                                                   AS ticket_id,
    to_utc(coalesce(e.message_date, e.created_date))                AS replied_at,
    CASE
        WHEN e.incoming = 'true' THEN 'customer'
        ELSE coalesce(code('author', u.user_type), 'agent')
    END                                                             AS author,
    'email'                                                         AS channel,
    CASE
        WHEN e.status = '5' THEN 'a draft: not sent yet'
        WHEN t.case_id IS NULL THEN 'case ' || e.case_id || ' is not in cases'
    END                                                             AS _reject,
    e.is_deleted = 'true' OR coalesce(t.is_deleted = 'true', false) AS _deleted
FROM emails e
LEFT JOIN cases t ON t.case_id = e.case_id
LEFT JOIN users u ON u.user_id = e.user_id
