-- Ideas from the floor and what became of them.
SELECT
    i.no                    AS idea_id,
    code('site', i.site)    AS site,
    i.title                 AS title,
    i.raised                AS raised_on,
    i."by"                  AS raised_by,
    lower(i.status)         AS status,
    i.decided               AS decided_on,
    i.benefit_eur           AS benefit
FROM ideas i
