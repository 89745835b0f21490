-- Comments that the customer sees: without notes among colleagues, and without comments on accounts, deals and the like.
-- Who has no account of ours wrote through the customers' portal.
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
)
SELECT
    m.id                                                        AS reply_id,
    coalesce(e.current_id, m.object_id)                         AS ticket_id,
    m.commented_on                                              AS replied_at,
    CASE WHEN m.commented_by_id IS NULL THEN 'customer' ELSE 'agent' END AS author,
    code('channel', 'ticket')                                   AS channel,
    coalesce(k.model <> 'case' OR k.app_label <> 'cases', true) OR m.is_internal
        OR c.id IS NULL OR c.is_sample OR NOT c.is_active       AS _deleted
FROM comment m
LEFT JOIN django_content_type k ON k.id = m.content_type_id
LEFT JOIN ended e ON e.case_id = m.object_id
LEFT JOIN "case" c ON c.id = coalesce(e.current_id, m.object_id)
