-- People, training and equipment by month; each row says its own unit.
SELECT
    r.no                    AS resource_id,
    code('site', r.site)    AS site,
    lower(r.kind)           AS kind,
    r.title                 AS title,
    r.month                 AS measured_on,
    r.planned               AS planned,
    r.actual                AS actual,
    r.unit                  AS unit
FROM resources r
