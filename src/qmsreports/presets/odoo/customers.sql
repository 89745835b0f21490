-- Every company, and every person of no company; the company itself, suppliers and users are among them.
-- Archived ones are not active.
SELECT
    p.customer_id                           AS customer_id,
    p.name                                  AS name,
    NULL                                    AS segment,
    upper(c.code)                           AS country,
    code('site', 'all')                     AS site,
    day_of(p.create_date)                   AS customer_since,
    p.active IS NOT NULL                    AS active,
    CASE WHEN p.name IS NULL THEN 'no name' END  AS _reject
FROM customers p
LEFT JOIN countries c ON c.country_id = p.country_id
