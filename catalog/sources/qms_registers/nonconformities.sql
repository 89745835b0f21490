-- Every nonconformity, whoever found it.
SELECT
    n.nc_no                 AS nonconformity_id,
    code('site', n.site)    AS site,
    n.detected              AS detected_on,
    n.closed                AS closed_on,
    lower(n.origin)         AS origin,
    lower(n.grade)          AS grade,
    n.process               AS process,
    n.description           AS description,
    n.cost_eur              AS cost
FROM nonconformities n
