-- What a stage means is its kind, whatever the organisation calls it. closed_on of an open deal is the day on which it is
-- expected to close, and no closing day.
SELECT
    o.id                                                        AS opportunity_id,
    o.account_id                                                AS customer_id,
    code('site', 'all')                                         AS site,
    day_of(o.created_at)                                        AS opened_on,
    CASE WHEN s.kind IN ('won', 'lost') THEN o.closed_on END    AS closed_on,
    code('stage', s.kind)                                       AS stage,
    coalesce(o.amount, 0)                                       AS value,
    CASE
        WHEN o.account_id IS NULL THEN 'the deal has no account yet'
        WHEN s.kind IS NULL THEN 'stage "' || o.stage || '" is none of its pipeline'
        ELSE unmapped('currency', o.currency)
    END                                                         AS _reject,
    o.is_sample OR NOT o.is_active                              AS _deleted
FROM opportunity o
LEFT JOIN opportunity_pipeline_stage s ON s.pipeline_id = o.pipeline_id AND s.code = o.stage
