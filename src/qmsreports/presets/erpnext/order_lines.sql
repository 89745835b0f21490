-- A line of goods of a submitted sales order. It is delivered when its delivery notes (returns come off) reach its
-- quantity, or when the order was closed or completed with less. ERPNext keeps the date promised now, not the first one.
WITH delivered AS (
    SELECT
        row_name,
        sum(try_cast(qty AS DOUBLE))                                          AS quantity,
        max(try_date(posting_date)) FILTER (WHERE try_cast(qty AS DOUBLE) > 0)  AS last_on
    FROM delivery_lines
    WHERE docstatus = '1' AND row_name IS NOT NULL
    GROUP BY row_name
),
lines AS (
    SELECT
        l.row_name,
        l.status IN ('Closed', 'Completed')                        AS is_over,
        coalesce(try_date(l.promised_on), try_date(l.delivery_date))  AS promised_on,
        CASE WHEN d.quantity >= try_cast(l.qty AS DOUBLE) OR (l.status IN ('Closed', 'Completed') AND d.quantity > 0)
            THEN d.last_on END                                     AS delivered_on
    FROM order_lines l
    LEFT JOIN delivered d ON d.row_name = l.row_name
)
SELECT
    l.row_name                                              AS order_line_id,
    l.order_no                                              AS order_id,
    l.customer                                              AS customer_id,
    code('site', l.warehouse)                               AS site,
    l.item_code                                             AS product,
    code('family', coalesce(l.item_group, 'not given'))     AS product_family,
    code('channel', 'order')                                AS channel,
    l.transaction_date                                      AS ordered_on,
    l.delivery_date                                         AS requested_on,
    s.promised_on                                           AS first_promised_on,
    s.promised_on                                           AS promised_on,
    NULL                                                    AS late_notice_on,
    CASE WHEN s.delivered_on > s.promised_on THEN s.promised_on END  AS trouble_on,
    CASE WHEN s.delivered_on > s.promised_on THEN false END          AS told_first,
    s.delivered_on                                          AS delivered_on,
    l.qty                                                   AS quantity_ordered,
    coalesce(d.quantity, 0)                                 AS quantity_delivered,
    l.base_net_amount                                       AS net_value,
    CASE
        WHEN l.docstatus = '2' OR (l.status = 'Closed' AND s.delivered_on IS NULL) THEN 'cancelled'
        WHEN s.delivered_on IS NOT NULL THEN 'delivered'
        ELSE 'open'
    END                                                     AS status,
    CASE
        WHEN l.docstatus = '0' THEN 'the order is not submitted yet'
        WHEN i.is_stock_item = '0' THEN 'a service: nothing is delivered'
        WHEN l.delivered_by_supplier = '1' THEN 'the supplier delivers it to the customer'
        ELSE unmapped('site', l.warehouse)
    END                                                     AS _reject
FROM order_lines l
LEFT JOIN lines s ON s.row_name = l.row_name
LEFT JOIN delivered d ON d.row_name = l.row_name
LEFT JOIN items i ON i.item_code = l.item_code
