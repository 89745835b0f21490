-- An organisation is a customer; its external id is the number that the CRM knows it by.
SELECT
    coalesce(o.external_id, o.organization_id)   AS customer_id,
    o.name                                       AS name,
    NULL                                         AS segment,
    NULL                                         AS country,
    code('site', 'all')                          AS site,
    day_of(o.created_at)                         AS customer_since,
    true                                         AS active,
    o.deleted_at IS NOT NULL                     AS _deleted
FROM organizations o
