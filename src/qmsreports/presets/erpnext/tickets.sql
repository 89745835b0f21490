-- How an issue stands; its versions tell how it came there, where changes are tracked, as they are by default. Whoever
-- raised it is the customer: the mail that opened it is one of the customer's messages.
WITH changes AS (
    SELECT
        name,
        try_utc(creation)                                                       AS changed_at,
        coalesce(code('state', old_status) IN ('resolved', 'closed'), false)    AS was_settled,
        coalesce(code('state', new_status) IN ('resolved', 'closed'), false)    AS is_settled,
        coalesce(code('state', new_status) = 'closed', false)                   AS is_closed
    FROM versions
),
work AS (
    SELECT
        name,
        max(changed_at) FILTER (WHERE NOT is_settled)           AS last_at,
        max(changed_at) FILTER (WHERE NOT is_closed)            AS last_open_at,
        count(*) FILTER (WHERE was_settled AND NOT is_settled)  AS reopened
    FROM changes
    GROUP BY name
),
settled AS (
    SELECT
        c.name,
        min(c.changed_at) FILTER (WHERE c.is_settled AND c.changed_at >= coalesce(w.last_at, c.changed_at))
            AS resolved_at,
        min(c.changed_at) FILTER (WHERE c.is_closed AND c.changed_at >= coalesce(w.last_open_at, c.changed_at))
            AS closed_at
    FROM changes c
    JOIN work w ON w.name = c.name
    GROUP BY c.name
),
said AS (
    SELECT
        name,
        min(try_utc(communication_date)) FILTER (WHERE sent_or_received = 'Sent')  AS by_agent,
        count(*) FILTER (WHERE sent_or_received = 'Received')                      AS by_customer,
        min_by(communication_medium, try_utc(communication_date))                  AS first_medium
    FROM mails
    GROUP BY name
),
stands AS (
    SELECT
        i.name,
        code('state', i.status)                                                                AS state,
        CASE WHEN i.via_customer_portal = '1' THEN 'portal' ELSE coalesce(s.first_medium, 'not given') END AS channel
    FROM issues i
    LEFT JOIN said s ON s.name = i.name
)
SELECT
    i.name                                                              AS ticket_id,
    i.customer                                                          AS customer_id,
    code('site', 'all')                                                 AS site,
    code('channel', t.channel)                                          AS channel,
    coalesce(i.issue_type, 'not given')                                 AS category,
    code('priority', coalesce(i.priority, 'not given'))                 AS priority,
    to_utc(i.creation)                                                  AS opened_at,
    coalesce(try_utc(i.first_responded_on), s.by_agent)                 AS first_reply_at,
    NULL                                                                AS first_bot_reply_at,
    CASE WHEN t.state IN ('resolved', 'closed')
        THEN coalesce(x.resolved_at, try_utc(i.resolved_on), try_utc(i.modified)) END  AS resolved_at,
    CASE WHEN t.state = 'closed'
        THEN coalesce(x.closed_at, try_utc(i.resolved_on), try_utc(i.modified)) END    AS closed_at,
    to_utc(i.resolution_by)                                             AS due_at,
    to_utc(i.response_by)                                               AS reply_due_at,
    try_utc(i.creation) + INTERVAL 14 DAY                               AS two_weeks_old_at,
    t.state                                                             AS status,
    coalesce(w.reopened, 0)                                             AS reopened,
    NULL                                                                AS reassigned,
    false                                                               AS begun_by_bot,
    coalesce(try_utc(i.first_responded_on), s.by_agent) IS NOT NULL     AS reached_human,
    NULL                                                                AS asked_for_human,
    NULL                                                                AS second_channel_within_7_days,
    CASE WHEN t.state IN ('resolved', 'closed') THEN
        coalesce(s.by_customer, 0) <= 1 AND coalesce(w.reopened, 0) = 0
    END                                                                 AS first_contact_resolved,
    coalesce(unmapped('channel', t.channel), unmapped('priority', i.priority), unmapped('state', i.status))  AS _reject
FROM issues i
JOIN stands t ON t.name = i.name
LEFT JOIN work w ON w.name = i.name
LEFT JOIN settled x ON x.name = i.name
LEFT JOIN said s ON s.name = i.name
