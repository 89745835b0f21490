-- Good pieces are those that came out of production and are in stock; Tryton keeps no scrap of a production.
WITH made AS (
    SELECT production_output AS production, sum(quantity) AS quantity
    FROM stock_move
    WHERE state = 'done'
    GROUP BY 1
)
SELECT
    coalesce(o.number, 'draft ' || o.id)                                     AS production_order_id,
    code('site', w.name)                                                     AS site,
    coalesce(p.code, t.name)                                                 AS product,
    code('family', t.name)                                                   AS product_family,
    coalesce(o.planned_start_date, o.planned_date, try_date(o.create_date))  AS planned_start_on,
    coalesce(o.planned_date, o.planned_start_date, try_date(o.create_date))  AS due_on,
    CASE WHEN o.state = 'done' THEN o.effective_date END                     AS completed_on,
    coalesce(o.quantity, 0)                                                  AS quantity_planned,
    CASE WHEN o.state = 'done' THEN coalesce(m.quantity, 0) END              AS quantity_good,
    NULL                                                                     AS quantity_scrap,
    code('production_state', o.state)                                        AS status,
    coalesce(unmapped('production_state', o.state), unmapped('site', w.name),
        CASE WHEN o.product IS NULL THEN 'no product yet' END)               AS _reject
FROM production o
LEFT JOIN made m ON m.production = o.id
LEFT JOIN stock_location w ON w.id = o.warehouse
LEFT JOIN product_product p ON p.id = o.product
LEFT JOIN product_template t ON t.id = p.template
