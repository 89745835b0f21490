-- Comments that the customer sees: without notes among colleagues, and without comments on accounts, deals and the like.
-- Who has no account of ours wrote through the customers' portal. BottleCRM deletes a ticket for good and leaves its
-- comments behind; the deletion is an activity. A comment whose ticket is neither here nor deleted came while the two
-- tables were read: it waits in quarantine and comes in with its ticket.
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
deleted AS (
    SELECT DISTINCT entity_id FROM activity WHERE entity_type = 'Case' AND action = 'DELETE'
)
SELECT
    m.id                                                        AS reply_id,
    coalesce(e.current_id, m.object_id)                         AS ticket_id,
    m.commented_on                                              AS replied_at,
    CASE WHEN m.commented_by_id IS NULL THEN 'customer' ELSE 'agent' END AS author,
    code('channel', 'ticket')                                   AS channel,
    coalesce(k.model <> 'case' OR k.app_label <> 'cases', true) OR m.is_internal
        OR coalesce(c.is_sample OR NOT c.is_active, d.entity_id IS NOT NULL) AS _deleted,
    CASE WHEN c.id IS NULL THEN 'case ' || m.object_id || ' is not in case' END AS _reject
FROM comment m
LEFT JOIN django_content_type k ON k.id = m.content_type_id
LEFT JOIN ended e ON e.case_id = m.object_id
LEFT JOIN "case" c ON c.id = coalesce(e.current_id, m.object_id)
LEFT JOIN deleted d ON d.entity_id = coalesce(e.current_id, m.object_id)
