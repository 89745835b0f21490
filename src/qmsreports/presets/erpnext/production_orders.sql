-- A work order; its loss in process is what was scrapped, where the release keeps one.
SELECT
    w.name                                                                          AS production_order_id,
    code('site', w.fg_warehouse)                                                    AS site,
    w.production_item                                                               AS product,
    code('family', w.production_item)                                               AS product_family,
    day_of(coalesce(w.planned_start_date, w.creation))                              AS planned_start_on,
    coalesce(w.expected_delivery_date, day_of(coalesce(w.planned_end_date, w.planned_start_date, w.creation)))
                                                                                    AS due_on,
    CASE WHEN code('production_state', w.status) = 'completed' THEN day_of(w.actual_end_date) END  AS completed_on,
    w.qty                                                                           AS quantity_planned,
    w.produced_qty                                                                  AS quantity_good,
    w.process_loss_qty                                                              AS quantity_scrap,
    CASE WHEN w.docstatus = '2' THEN 'cancelled' ELSE code('production_state', w.status) END       AS status,
    CASE WHEN w.docstatus = '0' THEN 'the work order is not submitted yet'
        ELSE coalesce(unmapped('production_state', w.status), unmapped('site', w.fg_warehouse)) END  AS _reject
FROM work_orders w
