-- One line of an order. What the customer wished, what was promised first and what is promised now are kept apart.
WITH missed AS (
    SELECT
        order_no,
        line_no,
        CASE WHEN try_date(delivered) > try_date(first_promise) THEN try_date(first_promise) END AS trouble_on
    FROM order_line
)
SELECT
    l.order_no || '/' || l.line_no              AS order_line_id,
    l.order_no                                  AS order_id,
    l.customer_no                               AS customer_id,
    code('site', l.plant)                       AS site,
    l.item                                      AS product,
    code('family', l.family)                    AS product_family,
    code('channel', l.channel)                  AS channel,
    l.ordered                                   AS ordered_on,
    l.wished                                    AS requested_on,
    l.first_promise                             AS first_promised_on,
    l.promise                                   AS promised_on,
    NULL                                        AS late_notice_on,
    m.trouble_on                                AS trouble_on,
    CASE WHEN m.trouble_on IS NOT NULL THEN false END AS told_first,
    l.delivered                                 AS delivered_on,
    l.quantity                                  AS quantity_ordered,
    l.quantity_delivered                        AS quantity_delivered,
    l.net_value                                 AS net_value,
    code('line_state', l.state)                 AS status,
    coalesce(unmapped('channel', l.channel), unmapped('line_state', l.state)) AS _reject
FROM order_line l
LEFT JOIN missed m ON m.order_no = l.order_no AND m.line_no = l.line_no
