-- One row a customer. What your system does not know is said plainly: NULL where the column may be empty.
SELECT
    c.customer_no                 AS customer_id,
    c.name                        AS name,
    NULL                          AS segment,
    c.country                     AS country,
    code('site', 'HQ')            AS site,
    day_of(c.created_at)          AS customer_since,
    c.active                      AS active
FROM customer c
