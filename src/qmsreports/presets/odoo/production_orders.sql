-- What is due without a deadline is due when it was planned to start. Scrap is what was scrapped on the order itself.
WITH scrapped AS (
    SELECT production_id, sum(CAST(quantity AS DOUBLE)) AS quantity FROM scraps WHERE state = 'done' GROUP BY production_id
)
SELECT
    o.name                                                         AS production_order_id,
    code('site', 'all')                                            AS site,
    coalesce(g.default_code, g.name)                               AS product,
    code('family', g.category)                                     AS product_family,
    day_of(o.date_start)                                           AS planned_start_on,
    coalesce(day_of(o.date_deadline), day_of(o.date_start))        AS due_on,
    CASE WHEN o.state = 'done' THEN day_of(o.date_finished) END    AS completed_on,
    o.quantity                                                     AS quantity_planned,
    CASE WHEN o.state = 'done' THEN o.produced END                 AS quantity_good,
    CASE WHEN o.state = 'done' THEN coalesce(s.quantity, 0) END    AS quantity_scrap,
    code('production_state', o.state)                              AS status,
    unmapped('production_state', o.state)                          AS _reject
FROM productions o
LEFT JOIN scrapped s ON s.production_id = o.production_id
LEFT JOIN products g ON g.product_id = o.product_id
