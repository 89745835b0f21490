-- A ticket's status and times are in the ticket; how it went is in its activities. A ticket merged into another leaves,
-- and what was written in it belongs to the one that goes on: BottleCRM moves it there without touching updated_at. What
-- was written before that one was opened is no reply to it.
WITH RECURSIVE goes_on(case_id, current_id) AS (
    SELECT id, merged_into_id FROM "case" WHERE merged_into_id IS NOT NULL
    UNION
    SELECT g.case_id, c.merged_into_id
    FROM goes_on g
    JOIN "case" c ON c.id = g.current_id AND c.merged_into_id IS NOT NULL
),
ended AS (
    SELECT g.case_id, g.current_id
    FROM goes_on g
    JOIN "case" c ON c.id = g.current_id AND c.merged_into_id IS NULL
),
said AS (
    SELECT
        coalesce(e.current_id, m.object_id)  AS case_id,
        m.commented_by_id IS NOT NULL        AS by_agent,
        try_utc(m.commented_on)              AS said_at
    FROM comment m
    JOIN django_content_type k ON k.id = m.content_type_id AND k.app_label = 'cases' AND k.model = 'case'
    LEFT JOIN ended e ON e.case_id = m.object_id
    WHERE NOT m.is_internal
),
replies AS (
    SELECT
        s.case_id,
        min(s.said_at) FILTER (WHERE s.by_agent AND s.said_at >= try_utc(c.created_at))  AS by_agent,
        count(*) FILTER (WHERE NOT s.by_agent)                                           AS by_customer
    FROM said s
    JOIN "case" c ON c.id = s.case_id
    GROUP BY s.case_id
),
changes AS (
    SELECT
        entity_id,
        try_utc(created_at)                                     AS changed_at,
        CASE WHEN action = 'REOPENED' THEN 'closed' ELSE code('state', json_extract_string(metadata, '$.before')) END
            = 'closed'                                          AS was_settled,
        code('state', json_extract_string(metadata, CASE WHEN action = 'REOPENED' THEN '$.to_status' ELSE '$.after' END))
            = 'closed'                                          AS is_settled
    FROM activity
    WHERE entity_type = 'Case' AND action IN ('STATUS_CHANGED', 'REOPENED')
),
work AS (
    SELECT
        entity_id,
        max(changed_at) FILTER (WHERE NOT is_settled)           AS last_at,
        count(*) FILTER (WHERE was_settled AND NOT is_settled)  AS reopened
    FROM changes
    GROUP BY entity_id
),
settled AS (
    SELECT c.entity_id, min(c.changed_at) AS settled_at
    FROM changes c
    JOIN work w ON w.entity_id = c.entity_id
    WHERE c.is_settled AND c.changed_at > coalesce(w.last_at, TIMESTAMPTZ '1970-01-01')
    GROUP BY c.entity_id
),
handed AS (
    SELECT entity_id, count(*) - 1 AS times
    FROM activity
    WHERE entity_type = 'Case' AND action = 'ASSIGN' AND json_extract(metadata, '$.added') IS NOT NULL
    GROUP BY entity_id
),
ends AS (
    SELECT c.id, coalesce(c.resolved_at, s.settled_at, c.created_at) AS resolved_at
    FROM "case" c
    LEFT JOIN settled s ON s.entity_id = c.id
    WHERE code('state', c.status) = 'closed'
)
SELECT
    c.id                                                                AS ticket_id,
    c.account_id                                                        AS customer_id,
    code('site', 'all')                                                 AS site,
    code('channel', 'ticket')                                           AS channel,
    coalesce(c.case_type, 'not given')                                  AS category,
    code('priority', c.priority)                                        AS priority,
    c.created_at                                                        AS opened_at,
    r.by_agent                                                          AS first_reply_at,
    NULL                                                                AS first_bot_reply_at,
    d.resolved_at                                                       AS resolved_at,
    d.resolved_at                                                       AS closed_at,
    c.created_at + to_hours(c.sla_resolution_hours)
        + to_seconds(c.sla_paused_seconds)                              AS due_at,
    c.created_at + to_hours(c.sla_first_response_hours)                 AS reply_due_at,
    c.created_at + INTERVAL 14 DAY                                      AS two_weeks_old_at,
    code('state', c.status)                                             AS status,
    coalesce(w.reopened, 0)                                             AS reopened,
    coalesce(h.times, 0)                                                AS reassigned,
    false                                                               AS begun_by_bot,
    r.by_agent IS NOT NULL                                              AS reached_human,
    NULL                                                                AS asked_for_human,
    NULL                                                                AS second_channel_within_7_days,
    CASE WHEN d.id IS NOT NULL THEN
        coalesce(r.by_customer, 0) = 0 AND coalesce(h.times, 0) = 0 AND coalesce(w.reopened, 0) = 0
    END                                                                 AS first_contact_resolved,
    unmapped('state', c.status)                                         AS _reject,
    c.merged_into_id IS NOT NULL OR c.is_sample OR NOT c.is_active      AS _deleted
FROM _driving c
LEFT JOIN replies r ON r.case_id = c.id
LEFT JOIN work w ON w.entity_id = c.id
LEFT JOIN ends d ON d.id = c.id
LEFT JOIN handed h ON h.entity_id = c.id
