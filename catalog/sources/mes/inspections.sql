-- A unit has as many opportunities for a defect as its inspection plan has characteristics; incoming goods have one.
-- Incoming goods are checked without a work order; every other check has one, and the family comes from there.
SELECT
    c.check_id                     AS inspection_id,
    c.wo_no                        AS production_order_id,
    code('site', c.plant)          AS site,
    code('family', w.family)       AS product_family,
    day_of(c.checked)              AS inspected_on,
    code('stage', c.stage)         AS stage,
    c.units                        AS units_inspected,
    c.bad_units                    AS units_defective,
    try_cast(c.units AS DOUBLE) * CASE w.family WHEN 'CIR' THEN 8 WHEN 'DRA' THEN 9 WHEN 'DOS' THEN 14 WHEN 'BOO' THEN 12
        ELSE 1 END                 AS opportunities,
    c.defects                      AS defects,
    code('defect', c.defect_code)  AS defect_type,
    CASE
        WHEN c.wo_no IS NOT NULL AND w.wo_no IS NULL THEN 'work order ' || c.wo_no || ' is not in wo'
        ELSE coalesce(unmapped('defect', c.defect_code), unmapped('family', w.family))
    END                            AS _reject
FROM qc_check c
LEFT JOIN wo w ON w.wo_no = c.wo_no
