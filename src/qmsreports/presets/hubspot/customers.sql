-- A company is a customer, also before its first order. One that was merged into another is there no more.
SELECT
    c.company_id                                 AS customer_id,
    coalesce(c.name, 'company ' || c.company_id) AS name,
    NULL                                         AS segment,
    CASE WHEN length(code('country', c.country)) = 2 THEN upper(code('country', c.country)) END  AS country,
    code('site', 'all')                          AS site,
    day_of(c.created_at)                         AS customer_since,
    true                                         AS active
FROM companies c
