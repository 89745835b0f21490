-- How an issue stands is in the list, how it came there in its journals. closed_on stays when an issue is reopened, so
-- it counts only while the status is a closed one. Redmine knows no bots and no customers beside the author.
WITH meant AS (
    SELECT
        status_id,
        CASE
            WHEN unmapped('state', name) IS NULL THEN code('state', name)
            WHEN is_closed = 'true' THEN 'closed'
            ELSE 'open'
        END AS state
    FROM statuses
),
changed AS (
    SELECT
        c.issue_id,
        try_utc(c.created_on)                                        AS changed_at,
        coalesce(f.state IN ('resolved', 'closed'), false)           AS was_settled,
        coalesce(t.state IN ('resolved', 'closed'), false)           AS is_settled,
        coalesce(t.state = 'closed', false)                          AS is_closed
    FROM status_changes c
    LEFT JOIN meant f ON f.status_id = c.old_value
    LEFT JOIN meant t ON t.status_id = c.new_value
),
work AS (
    SELECT
        issue_id,
        max(changed_at) FILTER (WHERE NOT is_settled)           AS last_at,
        max(changed_at) FILTER (WHERE NOT is_closed)            AS last_open_at,
        count(*) FILTER (WHERE was_settled AND NOT is_settled)  AS reopened
    FROM changed
    GROUP BY issue_id
),
settled AS (
    SELECT
        c.issue_id,
        min(c.changed_at) FILTER (WHERE c.is_settled AND c.changed_at >= coalesce(w.last_at, c.changed_at))
            AS resolved_at,
        min(c.changed_at) FILTER (WHERE c.is_closed AND c.changed_at >= coalesce(w.last_open_at, c.changed_at))
            AS closed_at
    FROM changed c
    JOIN work w ON w.issue_id = c.issue_id
    GROUP BY c.issue_id
),
said AS (
    SELECT
        n.issue_id,
        min(try_utc(n.created_on)) FILTER (WHERE n.user_id IS DISTINCT FROM i.author_id)  AS by_agent,
        count(*) FILTER (WHERE n.user_id = i.author_id)                                   AS by_author
    FROM notes n
    JOIN issues i ON i.issue_id = n.issue_id
    GROUP BY n.issue_id
),
handed AS (
    SELECT issue_id, count(*) AS times
    FROM assignments
    WHERE old_value IS NOT NULL AND new_value IS NOT NULL
    GROUP BY issue_id
)
SELECT
    i.issue_id                                                          AS ticket_id,
    i.customer                                                          AS customer_id,
    code('site', 'all')                                                 AS site,
    code('channel', coalesce(i.channel, 'not given'))                   AS channel,
    coalesce(i.tracker, 'not given')                                    AS category,
    code('priority', i.priority)                                        AS priority,
    to_utc(i.created_on)                                                AS opened_at,
    s.by_agent                                                          AS first_reply_at,
    NULL                                                                AS first_bot_reply_at,
    CASE WHEN m.state IN ('resolved', 'closed')
        THEN coalesce(x.resolved_at, try_utc(i.closed_on), try_utc(i.created_on)) END  AS resolved_at,
    CASE WHEN m.state = 'closed'
        THEN coalesce(x.closed_at, try_utc(i.closed_on), try_utc(i.created_on)) END    AS closed_at,
    to_utc(i.due_date || ' 23:59:59')                                   AS due_at,
    NULL                                                                AS reply_due_at,
    try_utc(i.created_on) + INTERVAL 14 DAY                             AS two_weeks_old_at,
    m.state                                                             AS status,
    coalesce(w.reopened, 0)                                             AS reopened,
    coalesce(h.times, 0)                                                AS reassigned,
    false                                                               AS begun_by_bot,
    s.by_agent IS NOT NULL                                              AS reached_human,
    NULL                                                                AS asked_for_human,
    NULL                                                                AS second_channel_within_7_days,
    CASE WHEN m.state IN ('resolved', 'closed') THEN
        coalesce(s.by_author, 0) = 0 AND coalesce(h.times, 0) = 0 AND coalesce(w.reopened, 0) = 0
    END                                                                 AS first_contact_resolved,
    coalesce(unmapped('channel', coalesce(i.channel, 'not given')), unmapped('priority', i.priority),
        CASE WHEN m.status_id IS NULL THEN 'status "' || i.status || '" is not in statuses' END)  AS _reject
FROM issues i
LEFT JOIN meant m ON m.status_id = i.status_id
LEFT JOIN work w ON w.issue_id = i.issue_id
LEFT JOIN settled x ON x.issue_id = i.issue_id
LEFT JOIN said s ON s.issue_id = i.issue_id
LEFT JOIN handed h ON h.issue_id = i.issue_id
