-- The audit programme: what is planned and what was held.
SELECT
    a.audit_no               AS audit_id,
    code('site', a.site)     AS site,
    lower(a.kind)            AS kind,
    a.scope                  AS scope,
    a.planned                AS planned_on,
    a.done                   AS done_on,
    a.lead                   AS lead
FROM audits a
