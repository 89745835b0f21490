-- A cancelled opportunity counts as lost.
SELECT
    coalesce(o.number, 'draft ' || o.id)    AS opportunity_id,
    o.party                                 AS customer_id,
    code('site', 'no order')                AS site,
    o.start_date                            AS opened_on,
    o.end_date                              AS closed_on,
    code('stage', o.state)                  AS stage,
    coalesce(o.amount, 0)                   AS value,
    unmapped('stage', o.state)              AS _reject
FROM sale_opportunity o
