-- What a supplier delivered, with what incoming inspection rejected of it.
SELECT
    g.gr_no                 AS receipt_id,
    g.supplier              AS supplier,
    code('site', g.plant)   AS site,
    g.material              AS material,
    g.committed             AS committed_on,
    g.received              AS received_on,
    g.qty                   AS quantity_received,
    g.qty_rejected          AS quantity_rejected
FROM goods_in g
