-- A quality alert. With a vendor it came from there; what a customer found is no alert but a ticket in Odoo.
SELECT
    a.name                                                          AS nonconformity_id,
    code('site', 'all')                                             AS site,
    day_of(a.create_date)                                           AS detected_on,
    day_of(a.date_close)                                            AS closed_on,
    CASE WHEN a.partner_id IS NULL THEN 'internal' ELSE 'supplier' END  AS origin,
    CASE WHEN a.priority IN ('2', '3') THEN 'major' ELSE 'minor' END  AS grade,
    coalesce(a.team, 'not given')                                   AS process,
    coalesce(a.reason, a.name)                                      AS description,
    NULL                                                            AS cost
FROM alerts a
