SELECT
    md5(concat_ws('|', o.case_id, o.activity, o.resource, o.start_timestamp, o.complete_timestamp, o.span, o.worker_id,
        o.report_type, o.qty_completed, o.qty_rejected, o.qty_for_mrb))     AS report_id,
    o.case_id               AS work_order,
    o.activity,
    o.start_timestamp       AS started_written,
    o.complete_timestamp    AS finished_written
FROM damaged_log o
