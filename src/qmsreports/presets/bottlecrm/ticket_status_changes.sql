-- Activities that tell a change of a ticket's status. The first status is not among them: it is what the first change
-- came from, or, without any change, the status that the ticket has.
WITH first AS (
    SELECT
        entity_id,
        arg_min(
            CASE WHEN action = 'REOPENED' THEN 'Closed' ELSE json_extract_string(metadata, '$.before') END, created_at
        ) AS status
    FROM activity
    WHERE entity_type = 'Case' AND action IN ('STATUS_CHANGED', 'REOPENED')
    GROUP BY entity_id
),
deleted AS (
    SELECT DISTINCT entity_id FROM activity WHERE entity_type = 'Case' AND action = 'DELETE'
)
SELECT
    a.id                                                        AS change_id,
    a.entity_id                                                 AS ticket_id,
    a.created_at                                                AS changed_at,
    code('state', CASE a.action
        WHEN 'STATUS_CHANGED' THEN json_extract_string(a.metadata, '$.before')
        WHEN 'REOPENED' THEN 'Closed'
    END)                                                        AS from_status,
    code('state', CASE a.action
        WHEN 'STATUS_CHANGED' THEN json_extract_string(a.metadata, '$.after')
        WHEN 'REOPENED' THEN json_extract_string(a.metadata, '$.to_status')
        ELSE coalesce(f.status, c.status)
    END)                                                        AS to_status,
    a.entity_type <> 'Case' OR a.action NOT IN ('CREATE', 'STATUS_CHANGED', 'REOPENED')
        OR c.merged_into_id IS NOT NULL
        OR coalesce(c.is_sample OR NOT c.is_active, d.entity_id IS NOT NULL) AS _deleted,
    CASE WHEN c.id IS NULL THEN 'case ' || a.entity_id || ' is not in case' END AS _reject
FROM _driving a
LEFT JOIN first f ON f.entity_id = a.entity_id
LEFT JOIN "case" c ON c.id = a.entity_id
LEFT JOIN deleted d ON d.entity_id = a.entity_id
