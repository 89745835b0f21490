-- A quality check counts as one piece with one characteristic: Odoo says whether it passed, not how many pieces
-- it looked at.
SELECT
    c.check_id                                          AS inspection_id,
    NULL                                                AS production_order_id,
    code('site', 'all')                                 AS site,
    code('family', g.category)                          AS product_family,
    day_of(c.control_date)                              AS inspected_on,
    CASE k.picking_type_code WHEN 'incoming' THEN 'incoming' WHEN 'outgoing' THEN 'final' ELSE 'in_process' END AS stage,
    1                                                   AS units_inspected,
    CASE WHEN c.quality_state = 'fail' THEN 1 ELSE 0 END  AS units_defective,
    1                                                   AS opportunities,
    CASE WHEN c.quality_state = 'fail' THEN 1 ELSE 0 END  AS defects,
    NULL                                                AS defect_type,
    CASE WHEN c.quality_state NOT IN ('pass', 'fail') THEN 'not done yet' END  AS _reject
FROM checks c
LEFT JOIN pickings k ON k.picking_id = c.picking_id
LEFT JOIN products g ON g.product_id = c.product_id
