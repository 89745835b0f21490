-- The original due date is kept: on time means by the day that was agreed first.
SELECT
    c.ca_no                 AS corrective_action_id,
    c.nc_no                 AS nonconformity_id,
    code('site', c.site)    AS site,
    c.title                 AS title,
    c.owner                 AS owner,
    c.opened                AS opened_on,
    c.original_due          AS original_due_on,
    c.due                   AS due_on,
    c.closed                AS closed_on,
    c.checked               AS checked_on,
    c.effective             AS effective
FROM corrective_actions c
