-- One line per item; who ordered, where and through which channel stands on the order.
-- Three promises are kept apart: what the customer wished, what we promised first, what we promise now.
-- A line is trouble for the customer from the day it was first promised for and did not come, or from the first
-- complaint about it; we told first when our notice went out before that day.
WITH told AS (
    SELECT so_no, pos, min(try_date(received)) AS first_complaint
    FROM complaint
    WHERE so_no IS NOT NULL
    GROUP BY so_no, pos
),
missed AS (
    SELECT
        i.so_no,
        i.pos,
        least(
            CASE WHEN try_date(i.delivered) > try_date(i.commit_first) THEN try_date(i.commit_first) END,
            t.first_complaint
        ) AS trouble_on
    FROM so_item i
    LEFT JOIN told t ON t.so_no = i.so_no AND t.pos = i.pos
)
SELECT
    i.so_no || '/' || i.pos            AS order_line_id,
    i.so_no                            AS order_id,
    o.acc_no                           AS customer_id,
    code('site', o.plant_code)         AS site,
    i.item_code                        AS product,
    code('family', i.item_family)      AS product_family,
    code('channel', o.entry_channel)   AS channel,
    o.ordered                          AS ordered_on,
    i.wished                           AS requested_on,
    i.commit_first                     AS first_promised_on,
    i.commit_now                       AS promised_on,
    i.late_notice                      AS late_notice_on,
    m.trouble_on                       AS trouble_on,
    CASE WHEN m.trouble_on IS NOT NULL THEN
        coalesce(try_date(i.late_notice) < m.trouble_on, false)
    END                                AS told_first,
    i.delivered                        AS delivered_on,
    i.qty                              AS quantity_ordered,
    i.qty_delivered                    AS quantity_delivered,
    i.net_eur                          AS net_value,
    code('line_state', i.state)        AS status,
    CASE
        WHEN o.so_no IS NULL THEN 'order ' || i.so_no || ' is not in sales_order'
        ELSE unmapped('family', i.item_family)
    END                                AS _reject
FROM so_item i
LEFT JOIN sales_order o ON o.so_no = i.so_no
LEFT JOIN missed m ON m.so_no = i.so_no AND m.pos = i.pos
