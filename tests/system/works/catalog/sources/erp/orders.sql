SELECT
    o.no            AS order_id,
    c.site          AS site,
    to_date(o.due)  AS due_on,
    to_date(o.done) AS done_on,
    o.pieces        AS pieces
FROM ord o
LEFT JOIN cust c USING (cust_no)
