-- One row per change of a status, by the numbers of the statuses; what a request began with is the one before its first
-- change. Times come as text or as milliseconds.
WITH meant AS (
    SELECT
        status_id,
        CASE WHEN unmapped('state', name) IS NULL THEN code('state', name) ELSE code('category', category) END AS state
    FROM statuses
)
SELECT
    c.history_id || '/' || c.nth                            AS change_id,
    c.issue_id                                              AS ticket_id,
    CASE WHEN regexp_full_match(c.created, '[0-9]{11,14}')
        THEN to_utc(CAST(epoch_ms(CAST(c.created AS BIGINT)) AS VARCHAR) || 'Z')
        ELSE to_utc(c.created) END                          AS changed_at,
    f.state                                                 AS from_status,
    t.state                                                 AS to_status,
    CASE
        WHEN r.issue_id IS NULL THEN 'request ' || c.issue_id || ' is not in requests'
        WHEN t.status_id IS NULL THEN 'status ' || c.new_id || ' is not in statuses'
    END                                                     AS _reject
FROM status_changes c
LEFT JOIN requests r ON r.issue_id = c.issue_id
LEFT JOIN meant f ON f.status_id = c.old_id
LEFT JOIN meant t ON t.status_id = c.new_id
