-- Quality costs by kind, and the net sales that they are compared with.
SELECT
    c.no                                    AS cost_id,
    code('site', c.site)                    AS site,
    c.booked                                AS booked_on,
    lower(replace(c.category, ' ', '_'))    AS category,
    c.amount_eur                            AS amount
FROM costs c
