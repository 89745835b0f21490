-- One line of goods of a confirmed sale. It is delivered when its moves to the customer are done and come to its
-- quantity, or when the sale is done with less; what is promised are the days of its moves, first and now.
WITH moved AS (
    SELECT
        try_cast(split_part(m.origin, ',', 2) AS BIGINT)                     AS line,
        sum(m.quantity) FILTER (m.state = 'done')                            AS delivered,
        max(m.effective_date) FILTER (m.state = 'done')                      AS last_on,
        max(m.planned_date)                                                  AS planned_on,
        max(coalesce(m.origin_planned_date, m.planned_date))                 AS first_planned_on
    FROM stock_move m
    JOIN stock_location l ON l.id = m.to_location AND l.type = 'customer'
    WHERE m.origin LIKE 'sale.line,%' AND m.state <> 'cancelled'
    GROUP BY 1
),
lines AS (
    SELECT
        i.id,
        CASE WHEN m.delivered >= i.quantity OR s.state = 'done' THEN m.last_on END AS delivered_on,
        coalesce(m.first_planned_on, s.shipping_date)                              AS first_promised_on
    FROM sale_line i
    LEFT JOIN sale_sale s ON s.id = i.sale
    LEFT JOIN moved m ON m.line = i.id
)
SELECT
    i.id                                                  AS order_line_id,
    s.number                                              AS order_id,
    s.party                                               AS customer_id,
    code('site', w.name)                                  AS site,
    coalesce(p.code, t.name)                              AS product,
    code('family', t.name)                                AS product_family,
    code('channel', 'order')                              AS channel,
    s.sale_date                                           AS ordered_on,
    s.shipping_date                                       AS requested_on,
    l.first_promised_on                                   AS first_promised_on,
    coalesce(m.planned_on, s.shipping_date)               AS promised_on,
    NULL                                                  AS late_notice_on,
    CASE WHEN l.delivered_on > l.first_promised_on THEN l.first_promised_on END AS trouble_on,
    CASE WHEN l.delivered_on > l.first_promised_on THEN false END               AS told_first,
    l.delivered_on                                        AS delivered_on,
    i.quantity                                            AS quantity_ordered,
    m.delivered                                           AS quantity_delivered,
    round(i.quantity * i.unit_price, 2)                   AS net_value,
    CASE
        WHEN s.state = 'cancelled' THEN 'cancelled'
        WHEN l.delivered_on IS NOT NULL THEN 'delivered'
        ELSE 'open'
    END                                                   AS status,
    CASE
        WHEN i.type <> 'line' THEN 'a line of text, not of goods'
        WHEN t.type = 'service' THEN 'a service: nothing is delivered'
        WHEN s.state IN ('draft', 'quotation') THEN 'the sale is not confirmed yet'
        ELSE unmapped('site', w.name)
    END                                                   AS _reject
FROM sale_line i
LEFT JOIN lines l ON l.id = i.id
LEFT JOIN sale_sale s ON s.id = i.sale
LEFT JOIN moved m ON m.line = i.id
LEFT JOIN stock_location w ON w.id = s.warehouse
LEFT JOIN product_product p ON p.id = i.product
LEFT JOIN product_template t ON t.id = p.template
