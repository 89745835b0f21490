-- Every stage that a ticket was in; the first has none before it. Those of a ticket that was archived or
-- merged go with it. A stage that no pipeline has any more counts as open.
WITH meaning AS (
    SELECT
        s.ticket_id,
        s.stage,
        s.changed_at,
        CASE
            WHEN unmapped('state', s.stage) IS NULL THEN code('state', s.stage)
            WHEN p.ticket_state = 'CLOSED' THEN 'closed'
            ELSE 'open'
        END AS state
    FROM ticket_stages s
    LEFT JOIN stages p ON p.stage = s.stage
),
moves AS (
    SELECT *, lag(state) OVER (PARTITION BY ticket_id ORDER BY try_utc(changed_at)) AS before FROM meaning
)
SELECT
    d.ticket_id || ' ' || d.changed_at  AS change_id,
    d.ticket_id                         AS ticket_id,
    to_utc(d.changed_at)                AS changed_at,
    m.before                            AS from_status,
    m.state                             AS to_status,
    CASE WHEN t.ticket_id IS NULL THEN 'ticket ' || d.ticket_id || ' is not in tickets' END  AS _reject
FROM _driving d
JOIN moves m ON m.ticket_id = d.ticket_id AND m.changed_at = d.changed_at AND m.stage = d.stage
LEFT JOIN tickets t ON t.ticket_id = d.ticket_id
