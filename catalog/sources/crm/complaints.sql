-- Customers have our word that a final answer comes within two weeks.
-- A complaint may name an order line; the family of its item comes from there.
SELECT
    c.cmp_no                           AS complaint_id,
    c.acc_no                           AS customer_id,
    c.so_no || '/' || c.pos            AS order_line_id,
    code('site', c.plant_code)         AS site,
    code('family', i.item_family)      AS product_family,
    code('channel', c.via)             AS channel,
    c.received                         AS received_on,
    c.closed                           AS closed_on,
    try_date(c.received) + 14          AS answer_due_on,
    code('reason', c.reason_code)      AS reason,
    c.justified                        AS justified,
    unmapped('family', i.item_family)  AS _reject
FROM complaint c
LEFT JOIN so_item i ON i.so_no = c.so_no AND i.pos = c.pos
