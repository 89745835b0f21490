-- One row per change of a status; the status that an issue began with is the one before its first change. A status
-- that was removed from Redmine since is named by its number.
WITH meant AS (
    SELECT
        status_id,
        CASE
            WHEN unmapped('state', name) IS NULL THEN code('state', name)
            WHEN is_closed = 'true' THEN 'closed'
            ELSE 'open'
        END AS state
    FROM statuses
)
SELECT
    c.journal_id || '/' || c.nth                AS change_id,
    c.issue_id                                  AS ticket_id,
    to_utc(c.created_on)                        AS changed_at,
    f.state                                     AS from_status,
    t.state                                     AS to_status,
    CASE
        WHEN i.issue_id IS NULL THEN 'issue ' || c.issue_id || ' is not in issues'
        WHEN t.status_id IS NULL THEN 'status ' || c.new_value || ' is not in statuses'
    END                                         AS _reject
FROM status_changes c
LEFT JOIN issues i ON i.issue_id = c.issue_id
LEFT JOIN meant f ON f.status_id = c.old_value
LEFT JOIN meant t ON t.status_id = c.new_value
