-- A line of goods of a confirmed order. Delivered on the day of the last move to the customer by which its quantity was
-- reached; what came back counts off the quantity, not off the day. Odoo keeps no earlier promise, only the one of now.
WITH moved AS (
    SELECT
        m.line_id,
        sum(CAST(m.quantity AS DOUBLE)) FILTER (m.state = 'done' AND t.usage = 'customer')  AS sent,
        sum(CAST(m.quantity AS DOUBLE)) FILTER (m.state = 'done' AND f.usage = 'customer' AND t.usage <> 'customer') AS back,
        max(try_utc(m.date)) FILTER (m.state = 'done' AND t.usage = 'customer')              AS last_at,
        min(try_utc(m.date_deadline)) FILTER (m.state <> 'cancel' AND t.usage = 'customer')  AS deadline
    FROM moves m
    LEFT JOIN locations f ON f.location_id = m.from_id
    LEFT JOIN locations t ON t.location_id = m.to_id
    GROUP BY m.line_id
),
lines AS (
    SELECT l.line_id, CASE WHEN m.sent >= CAST(l.quantity AS DOUBLE) THEN day_of(m.last_at) END AS delivered_on
    FROM order_lines l
    LEFT JOIN moved m ON m.line_id = l.line_id
)
SELECT
    o.name || '/' || i.line_id                               AS order_line_id,
    o.name                                                   AS order_id,
    coalesce(p.commercial_partner_id, o.partner_id)          AS customer_id,
    code('warehouse', coalesce(o.warehouse, 'none'))         AS site,
    coalesce(g.default_code, g.name)                         AS product,
    code('family', g.category)                               AS product_family,
    code('channel', 'order')                                 AS channel,
    day_of(o.date_order)                                     AS ordered_on,
    NULL                                                     AS requested_on,
    NULL                                                     AS first_promised_on,
    coalesce(day_of(o.commitment_date), day_of(m.deadline))  AS promised_on,
    NULL                                                     AS late_notice_on,
    NULL                                                     AS trouble_on,
    NULL                                                     AS told_first,
    l.delivered_on                                           AS delivered_on,
    i.quantity                                               AS quantity_ordered,
    coalesce(m.sent, 0) - coalesce(m.back, 0)                AS quantity_delivered,
    i.price_subtotal                                         AS net_value,
    CASE
        WHEN o.state = 'cancel' THEN 'cancelled'
        WHEN l.delivered_on IS NOT NULL THEN 'delivered'
        ELSE 'open'
    END                                                      AS status,
    CASE
        WHEN i.display_type IS NOT NULL THEN 'a heading or a note, not goods'
        WHEN g.type = 'service' THEN 'a service: nothing is delivered'
        WHEN o.state IN ('draft', 'sent') THEN 'the order is not confirmed yet'
        ELSE unmapped('warehouse', o.warehouse)
    END                                                      AS _reject
FROM order_lines i
LEFT JOIN lines l ON l.line_id = i.line_id
LEFT JOIN moved m ON m.line_id = i.line_id
LEFT JOIN orders o ON o.order_id = i.order_id
LEFT JOIN products g ON g.product_id = i.product_id
LEFT JOIN partners p ON p.partner_id = o.partner_id
