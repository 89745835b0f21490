-- How an incident stands, with ServiceNow's own counts of reopening and handing over; when it was resolved and closed is
-- in its audit, and in its own fields where the audit was not kept.
WITH changes AS (
    SELECT
        sys_id,
        try_utc(sys_created_on)                                                AS changed_at,
        coalesce(code('state', newvalue) IN ('resolved', 'closed'), false)     AS is_settled,
        coalesce(code('state', newvalue) = 'closed', false)                    AS is_closed,
        coalesce(code('state', oldvalue) IN ('resolved', 'closed'), false)     AS was_settled
    FROM audit
),
work AS (
    SELECT
        sys_id,
        max(changed_at) FILTER (WHERE NOT is_settled)           AS last_at,
        max(changed_at) FILTER (WHERE NOT is_closed)            AS last_open_at,
        count(*) FILTER (WHERE was_settled AND NOT is_settled)  AS reopened
    FROM changes
    GROUP BY sys_id
),
settled AS (
    SELECT
        c.sys_id,
        min(c.changed_at) FILTER (WHERE c.is_settled AND c.changed_at >= coalesce(w.last_at, c.changed_at))
            AS resolved_at,
        min(c.changed_at) FILTER (WHERE c.is_closed AND c.changed_at >= coalesce(w.last_open_at, c.changed_at))
            AS closed_at
    FROM changes c
    JOIN work w ON w.sys_id = c.sys_id
    GROUP BY c.sys_id
),
said AS (
    SELECT
        j.sys_id,
        min(try_utc(j.sys_created_on)) FILTER (
            WHERE j.sys_created_by IS DISTINCT FROM i.caller
                AND j.sys_created_by NOT IN ('system', 'virtual.agent'))       AS by_agent,
        min(try_utc(j.sys_created_on)) FILTER (
            WHERE j.sys_created_by IN ('system', 'virtual.agent'))             AS by_bot,
        count(*) FILTER (WHERE j.sys_created_by = i.caller)                    AS by_caller
    FROM journal j
    JOIN incidents i ON i.sys_id = j.sys_id
    GROUP BY j.sys_id
),
stands AS (
    SELECT
        sys_id,
        code('state', state)                          AS state,
        coalesce(try_cast(reopen_count AS INTEGER), 0)        AS reopened,
        coalesce(try_cast(reassignment_count AS INTEGER), 0)  AS reassigned
    FROM incidents
)
SELECT
    i.number                                                            AS ticket_id,
    i.company                                                           AS customer_id,
    code('site', 'all')                                                 AS site,
    code('channel', coalesce(i.contact_type, 'not given'))              AS channel,
    coalesce(i.category, 'not given')                                   AS category,
    code('priority', i.priority)                                        AS priority,
    to_utc(i.opened_at)                                                 AS opened_at,
    s.by_agent                                                          AS first_reply_at,
    s.by_bot                                                            AS first_bot_reply_at,
    CASE WHEN t.state IN ('resolved', 'closed')
        THEN coalesce(x.resolved_at, try_utc(i.resolved_at), try_utc(i.closed_at)) END  AS resolved_at,
    CASE WHEN t.state = 'closed' THEN coalesce(x.closed_at, try_utc(i.closed_at)) END   AS closed_at,
    to_utc(i.due_date)                                                  AS due_at,
    NULL                                                                AS reply_due_at,
    try_utc(i.opened_at) + INTERVAL 14 DAY                              AS two_weeks_old_at,
    t.state                                                             AS status,
    greatest(t.reopened, coalesce(w.reopened, 0))                       AS reopened,
    t.reassigned                                                        AS reassigned,
    coalesce(i.contact_type = 'virtual_agent', false)                   AS begun_by_bot,
    s.by_agent IS NOT NULL                                              AS reached_human,
    NULL                                                                AS asked_for_human,
    NULL                                                                AS second_channel_within_7_days,
    CASE WHEN t.state IN ('resolved', 'closed') THEN
        coalesce(s.by_caller, 0) = 0 AND t.reassigned = 0 AND greatest(t.reopened, coalesce(w.reopened, 0)) = 0
    END                                                                 AS first_contact_resolved,
    coalesce(unmapped('channel', i.contact_type), unmapped('state', i.state), unmapped('priority', i.priority))
                                                                        AS _reject,
    coalesce(try_utc(d.deleted_at) >= try_utc(i.sys_updated_on), false) AS _deleted
FROM incidents i
JOIN stands t ON t.sys_id = i.sys_id
LEFT JOIN work w ON w.sys_id = i.sys_id
LEFT JOIN settled x ON x.sys_id = i.sys_id
LEFT JOIN said s ON s.sys_id = i.sys_id
LEFT JOIN deletions d ON d.sys_id = i.sys_id
