-- Won or lost on the day on which the stage was last changed; the close date of those that were entered as closed, or
-- whose stage has no history. That day is written by hand and may lie in the future of an open one, so it does not count there.
WITH moved AS (
    SELECT opportunity_id, max(try_utc(created_date)) AS last_at FROM stage_changes GROUP BY opportunity_id
)
SELECT
    o.opportunity_id                                AS opportunity_id,
    coalesce(a.master_record_id, o.account_id)      AS customer_id,
    code('site', 'all')                             AS site,
    day_of(o.created_date)                          AS opened_on,
    CASE
        WHEN o.is_closed = 'true' THEN coalesce(day_of(m.last_at), to_date(o.close_date))
    END                                             AS closed_on,
    CASE WHEN o.is_won = 'true' THEN 'won' WHEN o.is_closed = 'true' THEN 'lost' ELSE 'open' END  AS stage,
    coalesce(o.amount, '0')                         AS value,
    CASE WHEN o.account_id IS NULL THEN 'no account yet' END AS _reject,
    o.is_deleted                                    AS _deleted
FROM opportunities o
LEFT JOIN moved m ON m.opportunity_id = o.opportunity_id
LEFT JOIN accounts a ON a.account_id = o.account_id
