SELECT
    e.number            AS incident,
    e.sys_mod_count     AS version,
    e.sys_updated_at    AS updated_at,
    e.opened_at,
    e.incident_state    AS state,
    e.made_sla,
    e.caller_id         AS caller,
    e.u_symptom         AS symptom,
    e.assigned_to
FROM events e
