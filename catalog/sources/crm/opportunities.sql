-- A deal is open, won or lost; its value is what was agreed once it is won.
SELECT
    d.deal_id                    AS opportunity_id,
    d.acc_no                     AS customer_id,
    code('site', d.plant_code)   AS site,
    d.opened                     AS opened_on,
    d.closed                     AS closed_on,
    code('deal_phase', d.phase)  AS stage,
    d.amount_eur                 AS value
FROM deal d
