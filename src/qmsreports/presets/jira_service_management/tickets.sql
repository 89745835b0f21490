-- How a request stands is in the search, how it came there in its change log. Its number stays when it is moved to
-- another project, its key does not: so the number is the ticket's.
WITH meant AS (
    SELECT
        status_id,
        CASE WHEN unmapped('state', name) IS NULL THEN code('state', name) ELSE code('category', category) END AS state
    FROM statuses
),
changes AS (
    SELECT
        c.issue_id,
        CASE WHEN regexp_full_match(c.created, '[0-9]{11,14}')
            THEN try_utc(CAST(epoch_ms(CAST(c.created AS BIGINT)) AS VARCHAR) || 'Z')
            ELSE try_utc(c.created) END                       AS changed_at,
        coalesce(f.state IN ('resolved', 'closed'), false)    AS was_settled,
        coalesce(t.state IN ('resolved', 'closed'), false)    AS is_settled,
        coalesce(t.state = 'closed', false)                   AS is_closed
    FROM status_changes c
    LEFT JOIN meant f ON f.status_id = c.old_id
    LEFT JOIN meant t ON t.status_id = c.new_id
),
work AS (
    SELECT
        issue_id,
        max(changed_at) FILTER (WHERE NOT is_settled)           AS last_at,
        max(changed_at) FILTER (WHERE NOT is_closed)            AS last_open_at,
        count(*) FILTER (WHERE was_settled AND NOT is_settled)  AS reopened
    FROM changes
    GROUP BY issue_id
),
settled AS (
    SELECT
        c.issue_id,
        min(c.changed_at) FILTER (WHERE c.is_settled AND c.changed_at >= coalesce(w.last_at, c.changed_at))
            AS resolved_at,
        min(c.changed_at) FILTER (WHERE c.is_closed AND c.changed_at >= coalesce(w.last_open_at, c.changed_at))
            AS closed_at
    FROM changes c
    JOIN work w ON w.issue_id = c.issue_id
    GROUP BY c.issue_id
),
said AS (
    SELECT
        c.issue_id,
        try_utc(c.created)                                                           AS said_at,
        coalesce(c.author = r.reporter, false) OR coalesce(c.author_type = 'customer', false)  AS by_customer,
        coalesce(c.author_type = 'app', false)                                       AS by_bot
    FROM comments c
    JOIN requests r ON r.issue_id = c.issue_id
),
replies AS (
    SELECT
        issue_id,
        min(said_at) FILTER (WHERE NOT by_customer AND NOT by_bot)    AS by_agent,
        min(said_at) FILTER (WHERE by_bot AND NOT by_customer)        AS by_bot,
        count(*) FILTER (WHERE by_customer)                           AS by_customer
    FROM said
    GROUP BY issue_id
),
handed AS (
    SELECT issue_id, count(*) AS times
    FROM assignments
    WHERE old_id IS NOT NULL AND new_id IS NOT NULL
    GROUP BY issue_id
)
SELECT
    r.issue_id                                                          AS ticket_id,
    r.organization                                                      AS customer_id,
    code('site', 'all')                                                 AS site,
    code('channel', 'all')                                              AS channel,
    coalesce(r.type, 'not given')                                       AS category,
    code('priority', coalesce(r.priority, 'not given'))                 AS priority,
    to_utc(r.created)                                                   AS opened_at,
    p.by_agent                                                          AS first_reply_at,
    p.by_bot                                                            AS first_bot_reply_at,
    CASE WHEN m.state IN ('resolved', 'closed')
        THEN coalesce(x.resolved_at, try_utc(r.resolved), try_utc(r.created)) END  AS resolved_at,
    CASE WHEN m.state = 'closed'
        THEN coalesce(x.closed_at, try_utc(r.resolved), try_utc(r.created)) END    AS closed_at,
    to_utc(r.due || ' 23:59:59')                                        AS due_at,
    NULL                                                                AS reply_due_at,
    try_utc(r.created) + INTERVAL 14 DAY                                AS two_weeks_old_at,
    m.state                                                             AS status,
    coalesce(w.reopened, 0)                                             AS reopened,
    coalesce(h.times, 0)                                                AS reassigned,
    NULL                                                                AS begun_by_bot,
    p.by_agent IS NOT NULL                                              AS reached_human,
    NULL                                                                AS asked_for_human,
    NULL                                                                AS second_channel_within_7_days,
    CASE WHEN m.state IN ('resolved', 'closed') THEN
        coalesce(p.by_customer, 0) = 0 AND coalesce(h.times, 0) = 0 AND coalesce(w.reopened, 0) = 0
    END                                                                 AS first_contact_resolved,
    CASE
        WHEN m.status_id IS NULL THEN 'status ' || r.status_id || ' is not in statuses'
        ELSE unmapped('priority', coalesce(r.priority, 'not given'))
    END                                                                 AS _reject
FROM requests r
LEFT JOIN meant m ON m.status_id = r.status_id
LEFT JOIN work w ON w.issue_id = r.issue_id
LEFT JOIN settled x ON x.issue_id = r.issue_id
LEFT JOIN replies p ON p.issue_id = r.issue_id
LEFT JOIN handed h ON h.issue_id = r.issue_id
