-- Every party; the company's own, employees and suppliers are parties, too, and stand in no order.
SELECT
    p.id                        AS customer_id,
    coalesce(p.name, p.code)    AS name,
    NULL                        AS segment,
    NULL                        AS country,
    code('site', 'no order')    AS site,
    day_of(p.create_date)       AS customer_since,
    p.active                    AS active
FROM party_party p
