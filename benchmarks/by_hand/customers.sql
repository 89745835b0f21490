-- customer_months: what one customer went through in one month; counted from the month on that definitions begin with.
CREATE TEMP TABLE lived AS
SELECT m(month_on) AS month, m(watched_until) AS watched, site, segment, bad_experience,
    count(*) FILTER (WHERE active) AS active,
    count(*) FILTER (WHERE active AND bad_experience) AS bad,
    count(*) FILTER (WHERE active AND every_promise_kept IS NOT NULL) AS promised,
    count(*) FILTER (WHERE active AND every_promise_kept) AS kept,
    count(*) FILTER (WHERE repeat_customer AND recommend_score BETWEEN 0 AND 10) AS asked,
    count(*) FILTER (WHERE repeat_customer AND recommend_score BETWEEN 9 AND 10) AS promoters,
    count(*) FILTER (WHERE repeat_customer AND recommend_score BETWEEN 0 AND 6) AS detractors,
    count(*) FILTER (WHERE active AND reordered_within_90_days) AS again,
    count(*) FILTER (WHERE active AND bad_experience AND reordered_within_90_days) AS again_after_bad
FROM customer_months GROUP BY ALL;
INSERT INTO answers BY NAME
UNPIVOT (
    SELECT month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
        WHEN grouping(segment) = 0 THEN 'segment=' || coalesce(segment, '(none)') ELSE '' END AS cut,
        100.0 * sum(bad) / nullif(sum(active), 0) AS bad_experience_share,
        100.0 * sum(kept) / nullif(sum(promised), 0) AS every_promise_kept,
        100.0 * (sum(promoters) - sum(detractors)) / nullif(sum(asked), 0) AS nps_repeat_customers
    FROM lived WHERE month >= m(DATE '2024-11-01') GROUP BY GROUPING SETS ((month), (month, site), (month, segment))
) ON bad_experience_share, every_promise_kept, nps_repeat_customers INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
UNPIVOT (
    SELECT watched AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
        WHEN grouping(segment) = 0 THEN 'segment=' || coalesce(segment, '(none)')
        WHEN grouping(bad_experience) = 0 THEN 'bad_experience=' || bad_experience ELSE '' END AS cut,
        100.0 * sum(again) / nullif(sum(active), 0) AS reorder_rate,
        100.0 * sum(again_after_bad) / nullif(sum(bad), 0) AS reorder_after_bad_experience
    FROM lived WHERE watched >= m(DATE '2025-02-01')
    GROUP BY GROUPING SETS ((watched), (watched, site), (watched, segment), (watched, bad_experience))
) ON reorder_rate, reorder_after_bad_experience INTO NAME kpi VALUE value;
