-- Plan and due are days; what was made is empty until the order is finished.
SELECT
    w.wo_no                       AS production_order_id,
    code('site', w.plant)         AS site,
    w.item                        AS product,
    code('family', w.family)      AS product_family,
    w.plan_start                  AS planned_start_on,
    w.due                         AS due_on,
    w.done                        AS completed_on,
    w.qty_plan                    AS quantity_planned,
    w.qty_good                    AS quantity_good,
    w.qty_scrap                   AS quantity_scrap,
    code('order_state', w.state)  AS status,
    unmapped('family', w.family)  AS _reject
FROM wo w
