-- A case. First replies are e-mails sent and published comments by people of ours; drafts (status 5) were never sent.
-- Salesforce knows one end only, so resolved and closed are the same moment; it is emptied when a case is reopened.
WITH said AS (
    SELECT
        e.case_id,
        coalesce(try_utc(e.message_date), try_utc(e.created_date))                      AS said_at,
        CASE WHEN e.incoming = 'true' THEN 'customer' ELSE coalesce(code('author', u.user_type), 'agent') END AS author,
        true                                                                            AS by_email
    FROM emails e
    LEFT JOIN users u ON u.user_id = e.user_id
    WHERE e.is_deleted = 'false' AND e.status <> '5'
    UNION ALL
    SELECT c.case_id, try_utc(c.created_date), coalesce(code('author', u.user_type), 'agent'), false
    FROM case_comments c
    LEFT JOIN users u ON u.user_id = c.user_id
    WHERE c.is_deleted = 'false' AND c.is_published = 'true'
),
replies AS (
    SELECT
        s.case_id,
        min(s.said_at) FILTER (WHERE s.author = 'agent')     AS by_agent,
        min(s.said_at) FILTER (WHERE s.author = 'bot')       AS by_bot,
        count(*) FILTER (WHERE s.author = 'customer')        AS by_customer,
        bool_or(s.by_email AND s.author = 'customer' AND s.said_at <= try_utc(t.created_date) + INTERVAL 7 DAY) AS wrote_soon
    FROM said s
    JOIN cases t ON t.case_id = s.case_id
    GROUP BY s.case_id
),
work AS (
    SELECT
        case_id,
        count(*) FILTER (
            WHERE code('state', old_value) IN ('resolved', 'closed') AND code('state', new_value) NOT IN ('resolved', 'closed')
        ) AS reopened
    FROM status_changes
    GROUP BY case_id
),
handed AS (
    SELECT case_id, count(*) FILTER (WHERE regexp_matches(old_value, '^005[0-9A-Za-z]{12}([0-9A-Za-z]{3})?$')) AS times
    FROM owner_changes
    GROUP BY case_id
)
SELECT
    t.case_number                                                   AS ticket_id,
    coalesce(a.master_record_id, t.account_id)                      AS customer_id,
    code('site', 'all')                                             AS site,
    code('channel', coalesce(t.origin, 'Email'))                    AS channel,
    coalesce(t.type, 'not given')                                   AS category,
    code('priority', coalesce(t.priority, 'Medium'))                AS priority,
    to_utc(t.created_date)                                          AS opened_at,
    r.by_agent                                                      AS first_reply_at,
    r.by_bot                                                        AS first_bot_reply_at,
    CASE WHEN t.is_closed = 'true' THEN to_utc(t.closed_date) END   AS resolved_at,
    CASE WHEN t.is_closed = 'true' THEN to_utc(t.closed_date) END   AS closed_at,
    NULL                                                            AS due_at,
    NULL                                                            AS reply_due_at,
    try_utc(t.created_date) + INTERVAL 14 DAY                       AS two_weeks_old_at,
    CASE WHEN t.is_closed = 'true' THEN 'closed' ELSE code('state', t.status) END  AS status,
    coalesce(w.reopened, 0)                                         AS reopened,
    coalesce(h.times, 0)                                            AS reassigned,
    NULL                                                            AS begun_by_bot,
    r.by_agent IS NOT NULL                                          AS reached_human,
    NULL                                                            AS asked_for_human,
    code('channel', coalesce(t.origin, 'Email')) <> 'email' AND coalesce(r.wrote_soon, false)
                                                                    AS second_channel_within_7_days,
    CASE WHEN t.is_closed = 'true' THEN
        coalesce(r.by_customer, 0) + CASE WHEN code('channel', coalesce(t.origin, 'Email')) = 'email' THEN 0 ELSE 1 END <= 1
        AND coalesce(h.times, 0) = 0 AND coalesce(w.reopened, 0) = 0
    END                                                             AS first_contact_resolved,
    coalesce(
        unmapped('channel', t.origin), unmapped('priority', t.priority),
        CASE WHEN t.is_closed = 'false' THEN unmapped('state', t.status) END
    )                                                               AS _reject,
    t.is_deleted                                                    AS _deleted
FROM cases t
LEFT JOIN replies r ON r.case_id = t.case_id
LEFT JOIN work w ON w.case_id = t.case_id
LEFT JOIN handed h ON h.case_id = t.case_id
LEFT JOIN accounts a ON a.account_id = t.account_id
