WITH span AS (
    SELECT
        case_id,
        min(try_utc(start_timestamp))                   AS begun,
        max(try_utc(complete_timestamp))                AS ended,
        count(*) FILTER (WHERE start_timestamp IS NULL) AS untimed
    FROM operation_log
    GROUP BY case_id
)
SELECT
    o.case_id           AS work_order,
    o.part_desc         AS part,
    o.work_order_qty    AS quantity,
    s.begun             AS started_at,
    s.ended             AS finished_at,
    s.untimed
FROM orders o
LEFT JOIN span s ON s.case_id = o.case_id
