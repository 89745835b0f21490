-- A line of a submitted purchase receipt, against the day to which the supplier committed in the purchase order. A
-- cancelled receipt did not happen.
SELECT
    r.receipt_row                               AS receipt_id,
    r.supplier                                  AS supplier,
    code('site', coalesce(r.warehouse, 'all'))  AS site,
    r.item_code                                 AS material,
    p.schedule_date                             AS committed_on,
    r.posting_date                              AS received_on,
    coalesce(r.received_qty, '0')               AS quantity_received,
    coalesce(r.rejected_qty, '0')               AS quantity_rejected,
    CASE
        WHEN r.docstatus = '0' THEN 'the receipt is not submitted yet'
        WHEN r.is_return = '1' THEN 'a return to the supplier'
        ELSE unmapped('site', r.warehouse)
    END                                         AS _reject,
    r.docstatus = '2'                           AS _deleted
FROM receipt_lines r
LEFT JOIN purchase_lines p ON p.purchase_row = r.purchase_row
