-- ERPNext keeps neither origin nor grade of a non conformance: "codes" says what all of them count as. The day on which
-- it was closed is that of its last change of status.
WITH closing AS (
    SELECT name, max(try_utc(creation)) AS last_at
    FROM non_conformance_versions
    GROUP BY name
)
SELECT
    n.name                                                  AS nonconformity_id,
    code('site', 'all')                                     AS site,
    day_of(n.creation)                                      AS detected_on,
    CASE WHEN n.status IN ('Resolved', 'Cancelled') THEN day_of(CAST(coalesce(c.last_at, try_utc(n.modified)) AS VARCHAR)) END
                                                            AS closed_on,
    code('origin', 'all')                                   AS origin,
    code('grade', 'all')                                    AS grade,
    n.procedure                                             AS process,
    n.subject                                               AS description,
    NULL                                                    AS cost,
    n.status = 'Cancelled'                                  AS _deleted
FROM non_conformances n
LEFT JOIN closing c ON c.name = n.name
