-- Versions that changed the status of an issue, one row per change; what an issue began with is the status before the
-- first one. Those of an issue that was deleted go with it.
SELECT
    v.version || '/' || v.nth                   AS change_id,
    v.name                                      AS ticket_id,
    to_utc(v.creation)                          AS changed_at,
    code('state', v.old_status)                 AS from_status,
    code('state', v.new_status)                 AS to_status,
    CASE
        WHEN i.name IS NULL THEN 'issue ' || v.name || ' is not in issues'
        ELSE coalesce(unmapped('state', v.old_status), unmapped('state', v.new_status))
    END                                         AS _reject
FROM versions v
LEFT JOIN issues i ON i.name = v.name
