-- The audit of the field "state". What an incident began with is the value before the first change.
SELECT
    a.audit_id                                              AS change_id,
    i.number                                                AS ticket_id,
    to_utc(a.sys_created_on)                                AS changed_at,
    code('state', a.oldvalue)                               AS from_status,
    code('state', a.newvalue)                               AS to_status,
    CASE
        WHEN i.sys_id IS NULL THEN 'incident ' || a.sys_id || ' is not in incidents'
        ELSE coalesce(unmapped('state', a.oldvalue), unmapped('state', a.newvalue))
    END                                                     AS _reject,
    d.sys_id IS NOT NULL AND (i.sys_id IS NULL OR try_utc(d.deleted_at) >= try_utc(i.sys_updated_on))  AS _deleted
FROM audit a
LEFT JOIN incidents i ON i.sys_id = a.sys_id
LEFT JOIN deletions d ON d.sys_id = a.sys_id
