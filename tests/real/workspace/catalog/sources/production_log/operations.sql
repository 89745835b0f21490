-- The log numbers nothing: the hash of the whole report is its key.
WITH timed AS (
    SELECT DISTINCT _at AS place, worker_id, resource,
        try_utc(start_timestamp) AS begun, try_utc(complete_timestamp) AS ended
    FROM operation_log
    WHERE start_timestamp IS NOT NULL AND complete_timestamp IS NOT NULL
),
elsewhere AS (
    SELECT one.place, count(*) AS reports
    FROM timed one
    JOIN timed other ON other.worker_id = one.worker_id AND other.resource <> one.resource
        AND one.begun < other.ended AND other.begun < one.ended
    GROUP BY one.place
)
SELECT
    md5(concat_ws('|', o.case_id, o.activity, o.resource, coalesce(o.start_timestamp, CAST(o._line AS VARCHAR)),
        o.complete_timestamp, o.span, o.worker_id, o.report_type, o.qty_completed, o.qty_rejected, o.qty_for_mrb))
                                                        AS operation_id,
    o.case_id                                           AS work_order,
    o.activity,
    o.resource                                          AS machine,
    o.worker_id                                         AS worker,
    o.part_desc                                         AS part,
    o.start_timestamp                                   AS started_at,
    o.complete_timestamp                                AS finished_at,
    o.span                                              AS span_written,
    CASE WHEN regexp_full_match(o.span, '\d{3}:\d{2}')
        THEN 60 * CAST(o.span[1:3] AS INTEGER) + CAST(o.span[5:6] AS INTEGER) END       AS span_minutes,
    date_diff('minute', try_utc(o.start_timestamp), try_utc(o.complete_timestamp))      AS clock_minutes,
    o.qty_completed                                     AS quantity_completed,
    o.qty_rejected                                      AS quantity_rejected,
    o.qty_for_mrb                                       AS quantity_mrb,
    try_cast(o.qty_completed AS DOUBLE) + try_cast(o.qty_rejected AS DOUBLE) + try_cast(o.qty_for_mrb AS DOUBLE)
                                                        AS quantity_in,
    CASE WHEN o.rework = 'Y' THEN 0 ELSE try_cast(o.qty_completed AS DOUBLE) END        AS quantity_first_pass,
    coalesce(o.rework = 'Y', false)                     AS rework,
    coalesce(e.reports, 0)                              AS elsewhere
FROM _driving o
LEFT JOIN elsewhere e ON e.place = o._at
