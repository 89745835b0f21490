-- Comments that the caller may read; work notes are not landed. Who is not the caller is one of ours.
SELECT
    j.entry_id                                              AS reply_id,
    i.number                                                AS ticket_id,
    to_utc(j.sys_created_on)                                AS replied_at,
    CASE
        WHEN j.sys_created_by = i.caller THEN 'customer'
        WHEN j.sys_created_by IN ('system', 'virtual.agent') THEN 'bot'
        ELSE 'agent'
    END                                                     AS author,
    code('channel', coalesce(i.contact_type, 'not given'))  AS channel,
    CASE
        WHEN i.sys_id IS NULL THEN 'incident ' || j.sys_id || ' is not in incidents'
        ELSE unmapped('channel', i.contact_type)
    END                                                     AS _reject,
    d.sys_id IS NOT NULL AND (i.sys_id IS NULL OR try_utc(d.deleted_at) >= try_utc(i.sys_updated_on))  AS _deleted
FROM journal j
LEFT JOIN incidents i ON i.sys_id = j.sys_id
LEFT JOIN deletions d ON d.sys_id = j.sys_id
