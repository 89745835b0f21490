-- order_lines: six dates decide about months, so one pass groups by all of them; the rest is rolled up from that.
CREATE TEMP TABLE lines AS
SELECT m(ordered_on) AS ordered, m(requested_on) AS requested, m(first_promised_on) AS first_promised,
    m(promised_on) AS promised, m(delivered_on) AS delivered, m(trouble_on) AS trouble, site, product_family,
    count(*) AS n,
    count(*) FILTER (WHERE status <> 'cancelled') AS live,
    count(*) FILTER (WHERE status = 'delivered') AS done,
    count(*) FILTER (WHERE status = 'delivered' AND delivered_on <= promised_on) AS done_in_time,
    count(*) FILTER (WHERE status <> 'cancelled' AND delivered_on <= promised_on) AS in_time,
    count(*) FILTER (WHERE status <> 'cancelled' AND delivered_on <= promised_on
        AND quantity_delivered >= quantity_ordered) AS in_full,
    count(*) FILTER (WHERE status <> 'cancelled' AND delivered_on <= first_promised_on) AS first_in_time,
    count(*) FILTER (WHERE status <> 'cancelled' AND delivered_on <= requested_on) AS as_requested,
    count(*) FILTER (WHERE status <> 'cancelled' AND delivered_on > first_promised_on) AS late,
    count(*) FILTER (WHERE status <> 'cancelled' AND delivered_on > first_promised_on
        AND late_notice_on < first_promised_on) AS announced,
    count(*) FILTER (WHERE status <> 'cancelled' AND told_first) AS told
FROM order_lines GROUP BY ALL;

INSERT INTO answers BY NAME
UNPIVOT (
    SELECT delivered AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
        WHEN grouping(product_family) = 0 THEN 'product_family=' || product_family ELSE '' END AS cut,
        100.0 * sum(done_in_time) / nullif(sum(done), 0) AS on_time_delivery
    FROM lines WHERE delivered BETWEEN m(DATE '2024-01-01') AND m(DATE '2025-12-01')
    GROUP BY GROUPING SETS ((delivered), (delivered, site), (delivered, product_family))
) ON on_time_delivery INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
UNPIVOT (
    SELECT promised AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
        WHEN grouping(product_family) = 0 THEN 'product_family=' || product_family ELSE '' END AS cut,
        CASE WHEN promised >= m(DATE '2026-01-01') THEN 100.0 * sum(in_time) / nullif(sum(live), 0) END AS on_time_delivery,
        100.0 * sum(in_full) / nullif(sum(live), 0) AS otif
    FROM lines GROUP BY GROUPING SETS ((promised), (promised, site), (promised, product_family))
) ON on_time_delivery, otif INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
UNPIVOT (
    SELECT first_promised AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
        WHEN grouping(product_family) = 0 THEN 'product_family=' || product_family ELSE '' END AS cut,
        100.0 * sum(first_in_time) / nullif(sum(live), 0) AS on_time_first_promise,
        100.0 * sum(announced) / nullif(sum(late), 0) AS late_orders_announced
    FROM lines GROUP BY GROUPING SETS ((first_promised), (first_promised, site), (first_promised, product_family))
) ON on_time_first_promise, late_orders_announced INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
UNPIVOT (
    SELECT requested AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
        WHEN grouping(product_family) = 0 THEN 'product_family=' || product_family ELSE '' END AS cut,
        100.0 * sum(as_requested) / nullif(sum(live), 0) AS on_time_to_request
    FROM lines GROUP BY GROUPING SETS ((requested), (requested, site), (requested, product_family))
) ON on_time_to_request INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
UNPIVOT (
    SELECT trouble AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
        WHEN grouping(product_family) = 0 THEN 'product_family=' || product_family ELSE '' END AS cut,
        100.0 * sum(told) / nullif(sum(live), 0) AS we_told_first
    FROM lines GROUP BY GROUPING SETS ((trouble), (trouble, site), (trouble, product_family))
) ON we_told_first INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
SELECT 'order_lines_overdue' AS kpi, months.month, CASE WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut,
    coalesce(sum(live) FILTER (WHERE delivered IS NULL OR delivered > months.month), 0) AS value
FROM lines JOIN months ON promised <= months.month GROUP BY GROUPING SETS ((months.month), (months.month, site));

-- complaints, and complaints by 1,000 orders
CREATE TEMP TABLE complained AS
SELECT m(received_on) AS received, m(closed_on) AS closed, m(answer_due_on) AS due, site, product_family, reason,
    count(*) AS n, count(*) FILTER (WHERE closed_on <= answer_due_on) AS in_time,
    count(justified) AS judged, count(*) FILTER (WHERE justified) AS justified
FROM complaints GROUP BY ALL;
INSERT INTO answers BY NAME
WITH both_ AS (
    SELECT received AS month, site, product_family, sum(n) AS complaints, 0 AS orders FROM complained GROUP BY ALL
    UNION ALL SELECT ordered, site, product_family, 0, sum(n) FROM lines GROUP BY ALL
)
SELECT 'complaints_per_1000_orders' AS kpi, month, CASE WHEN grouping(site) = 0 THEN 'site=' || coalesce(site, '(none)')
    WHEN grouping(product_family) = 0 THEN 'product_family=' || coalesce(product_family, '(none)') ELSE '' END AS cut,
    1000.0 * sum(complaints) / nullif(sum(orders), 0) AS value
FROM both_ GROUP BY GROUPING SETS ((month), (month, site), (month, product_family));
INSERT INTO answers BY NAME
SELECT 'complaints_answered_on_time' AS kpi, due AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut,
    100.0 * sum(in_time) / sum(n) AS value
FROM complained GROUP BY GROUPING SETS ((due), (due, site));
INSERT INTO answers BY NAME
SELECT 'complaints_justified' AS kpi, closed AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
    WHEN grouping(reason) = 0 THEN 'reason=' || reason ELSE '' END AS cut, 100.0 * sum(justified) / nullif(sum(judged), 0) AS value
FROM complained GROUP BY GROUPING SETS ((closed), (closed, site), (closed, reason));
INSERT INTO answers BY NAME
SELECT 'complaints_open' AS kpi, months.month, CASE WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut,
    coalesce(sum(n) FILTER (WHERE closed IS NULL OR closed > months.month), 0) AS value
FROM complained JOIN months ON received <= months.month GROUP BY GROUPING SETS ((months.month), (months.month, site));

-- Days to the answer, open complaints counted as still running (Kaplan-Meier), over three months.
INSERT INTO answers BY NAME
WITH cases AS (
    SELECT m(received_on) AS received, site, reason, received_on, closed_on, count(*) AS n FROM complaints GROUP BY ALL
), lengths AS (
    SELECT three.month, site, reason, CASE WHEN closed_on < ends_on THEN closed_on ELSE ends_on END - received_on AS days,
        coalesce(closed_on < ends_on, false) AS ended, n
    FROM cases JOIN three ON received = counted
), steps AS (
    SELECT month, CASE WHEN grouping(site) = 0 THEN 'site=' || site WHEN grouping(reason) = 0 THEN 'reason=' || reason ELSE '' END AS cut,
        days, sum(n) AS cases, coalesce(sum(n) FILTER (WHERE ended), 0) AS ended
    FROM lengths WHERE days >= 0 GROUP BY GROUPING SETS ((month, days), (month, site, days), (month, reason, days))
), at_risk AS (
    SELECT *, sum(cases::DOUBLE) OVER (PARTITION BY month, cut ORDER BY days DESC ROWS UNBOUNDED PRECEDING) AS at_risk FROM steps
), curve AS (
    SELECT month, cut, days,
        exp(sum(CASE WHEN ended = at_risk THEN -1e9 ELSE ln(1.0 - ended / at_risk) END) OVER (PARTITION BY month, cut ORDER BY days ROWS UNBOUNDED PRECEDING)) AS left_
    FROM at_risk
)
SELECT 'complaint_answer_days' AS kpi, month, cut, min(days) FILTER (WHERE left_ <= 0.5 + 1e-12) AS value FROM curve GROUP BY ALL;

INSERT INTO answers BY NAME
SELECT 'win_rate' AS kpi, m(closed_on) AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut,
    100.0 * count(*) FILTER (WHERE stage = 'won') / count(*) AS value
FROM opportunities WHERE stage IN ('won', 'lost') GROUP BY GROUPING SETS ((m(closed_on)), (m(closed_on), site));
