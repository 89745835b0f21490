-- Risks and opportunities in one register; no site means that all sites are concerned.
SELECT
    r.risk_no               AS risk_id,
    lower(r.kind)           AS kind,
    r.title                 AS title,
    code('site', r.site)    AS site,
    r.owner                 AS owner,
    r.identified            AS identified_on,
    r.likelihood            AS likelihood,
    r.severity              AS severity,
    r.treatment             AS treatment,
    r.due                   AS due_on,
    r.done                  AS done_on,
    r.effective             AS effective,
    r.reviewed              AS reviewed_on
FROM risks r
