-- A finished step; which product it was made for stands on the work order. `finished` is an instant in UTC: the night
-- shift's last hour belongs to the day on the clock of the plant.
SELECT
    s.step_id                  AS operation_id,
    s.wo_no                    AS production_order_id,
    code('site', s.plant)      AS site,
    s.machine                  AS machine,
    s.step_name                AS step,
    code('family', w.family)   AS product_family,
    day_of(s.finished)         AS finished_on,
    s.qty_in                   AS quantity_in,
    s.qty_ok_first             AS quantity_first_pass,
    s.qty_rework               AS quantity_rework,
    s.qty_scrap                AS quantity_scrap,
    CASE
        WHEN w.wo_no IS NULL THEN 'work order ' || s.wo_no || ' is not in wo'
        ELSE unmapped('family', w.family)
    END                        AS _reject
FROM wo_step s
LEFT JOIN wo w ON w.wo_no = s.wo_no
