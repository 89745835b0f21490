-- What a stage means is said by "codes", or else by its pipeline, which knows open and closed only.
-- HubSpot knows one end, so resolved and closed are the same moment.
WITH meaning AS (
    SELECT
        stage,
        CASE
            WHEN unmapped('state', stage) IS NULL THEN code('state', stage)
            WHEN ticket_state = 'CLOSED' THEN 'closed'
            ELSE 'open'
        END AS state
    FROM stages
),
moves AS (
    SELECT
        s.ticket_id,
        m.state IN ('resolved', 'closed') AS settled,
        lag(m.state IN ('resolved', 'closed')) OVER (PARTITION BY s.ticket_id ORDER BY try_utc(s.changed_at)) AS was_settled
    FROM ticket_stages s
    JOIN meaning m ON m.stage = s.stage
),
work AS (
    SELECT ticket_id, count(*) FILTER (WHERE was_settled AND NOT settled) AS reopened FROM moves GROUP BY ticket_id
),
handed AS (
    SELECT ticket_id, greatest(count(owner) - 1, 0) AS times FROM ticket_owners GROUP BY ticket_id
)
SELECT
    t.ticket_id                                                   AS ticket_id,
    t.company_id                                                  AS customer_id,
    code('site', 'all')                                           AS site,
    code('channel', coalesce(t.source, 'none'))                   AS channel,
    coalesce(t.category, 'not given')                             AS category,
    code('priority', coalesce(t.priority, 'MEDIUM'))              AS priority,
    to_utc(t.created_at)                                          AS opened_at,
    least(try_utc(t.first_email_at), try_utc(t.first_message_at)) AS first_reply_at,
    NULL                                                          AS first_bot_reply_at,
    CASE WHEN m.state IN ('resolved', 'closed') THEN to_utc(t.closed_at) END  AS resolved_at,
    CASE WHEN m.state = 'closed' THEN to_utc(t.closed_at) END     AS closed_at,
    NULL                                                          AS due_at,
    NULL                                                          AS reply_due_at,
    try_utc(t.created_at) + INTERVAL 14 DAY                       AS two_weeks_old_at,
    m.state                                                       AS status,
    coalesce(w.reopened, 0)                                       AS reopened,
    coalesce(h.times, 0)                                          AS reassigned,
    NULL                                                          AS begun_by_bot,
    t.first_email_at IS NOT NULL OR t.first_message_at IS NOT NULL  AS reached_human,
    NULL                                                          AS asked_for_human,
    NULL                                                          AS second_channel_within_7_days,
    NULL                                                          AS first_contact_resolved,
    coalesce(
        unmapped('channel', t.source), unmapped('priority', t.priority),
        CASE WHEN m.stage IS NULL THEN 'stage ' || coalesce(t.stage, 'none') || ' is in no pipeline' END
    )                                                             AS _reject
FROM tickets t
LEFT JOIN meaning m ON m.stage = t.stage
LEFT JOIN work w ON w.ticket_id = t.ticket_id
LEFT JOIN handed h ON h.ticket_id = t.ticket_id
