-- Tryton records no day of an answer: the day on which the complaint last changed stands for it, once it is settled.
-- An answer is due two weeks after the complaint: put your own term here.
WITH placed AS (
    SELECT i.id AS line, s.id AS sale, w.name AS warehouse
    FROM sale_line i
    JOIN sale_sale s ON s.id = i.sale
    JOIN stock_location w ON w.id = s.warehouse
),
site_of AS (
    SELECT c.id, min(o.warehouse) AS warehouse
    FROM sale_complaint c
    JOIN placed o ON c.origin IN ('sale.line,' || o.line, 'sale.sale,' || o.sale)
    GROUP BY c.id
)
SELECT
    coalesce(c.number, 'draft ' || c.id)                               AS complaint_id,
    c.customer                                                         AS customer_id,
    CASE WHEN c.origin LIKE 'sale.line,%' THEN split_part(c.origin, ',', 2) END AS order_line_id,
    code('site', coalesce(s.warehouse, 'no order'))                    AS site,
    NULL                                                               AS product_family,
    code('channel', 'complaint')                                       AS channel,
    c.date                                                             AS received_on,
    CASE WHEN c.state IN ('done', 'rejected', 'cancelled') THEN day_of(c.write_date) END AS closed_on,
    c.date + 14                                                        AS answer_due_on,
    code('reason', t.name)                                             AS reason,
    CASE WHEN c.state IN ('approved', 'done') THEN true WHEN c.state = 'rejected' THEN false END AS justified,
    unmapped('reason', t.name)                                         AS _reject
FROM sale_complaint c
LEFT JOIN site_of s ON s.id = c.id
LEFT JOIN sale_complaint_type t ON t.id = c.type
