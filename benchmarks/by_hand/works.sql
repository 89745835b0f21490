-- production
INSERT INTO answers BY NAME
WITH months_ AS (
    SELECT m(finished_on) AS month, site, product_family, sum(quantity_in) AS entered, sum(quantity_first_pass) AS first_pass,
        sum(quantity_rework) AS rework, sum(quantity_scrap) AS scrap,
        sum(quantity_in) FILTER (WHERE step = 'machining') AS in1, sum(quantity_first_pass) FILTER (WHERE step = 'machining') AS ok1,
        sum(quantity_in) FILTER (WHERE step = 'assembly') AS in2, sum(quantity_first_pass) FILTER (WHERE step = 'assembly') AS ok2,
        sum(quantity_in) FILTER (WHERE step = 'painting') AS in3, sum(quantity_first_pass) FILTER (WHERE step = 'painting') AS ok3,
        sum(quantity_in) FILTER (WHERE step = 'testing') AS in4, sum(quantity_first_pass) FILTER (WHERE step = 'testing') AS ok4
    FROM operations GROUP BY ALL
)
UNPIVOT (
    SELECT month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
        WHEN grouping(product_family) = 0 THEN 'product_family=' || product_family ELSE '' END AS cut,
        100.0 * sum(first_pass) / nullif(sum(entered), 0) AS first_pass_yield,
        100.0 * sum(rework) / nullif(sum(entered), 0) AS rework_share,
        100.0 * sum(scrap) / nullif(sum(entered), 0) AS scrap_rate,
        100.0 * sum(ok1) / nullif(sum(in1), 0) * sum(ok2) / nullif(sum(in2), 0) * sum(ok3) / nullif(sum(in3), 0)
            * sum(ok4) / nullif(sum(in4), 0) AS rolled_throughput_yield
    FROM months_ GROUP BY GROUPING SETS ((month), (month, site), (month, product_family))
) ON first_pass_yield, rework_share, scrap_rate, rolled_throughput_yield INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
WITH months_ AS (
    SELECT m(due_on) AS month, site, product_family, count(*) AS n, count(*) FILTER (WHERE completed_on <= due_on) AS in_time
    FROM production_orders WHERE status <> 'cancelled' GROUP BY ALL
)
SELECT 'schedule_adherence' AS kpi, month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
    WHEN grouping(product_family) = 0 THEN 'product_family=' || product_family ELSE '' END AS cut, 100.0 * sum(in_time) / sum(n) AS value
FROM months_ GROUP BY GROUPING SETS ((month), (month, site), (month, product_family));
INSERT INTO answers BY NAME
WITH months_ AS (
    SELECT m(inspected_on) AS month, site, product_family, sum(units_defective) AS defective, sum(units_inspected) AS inspected,
        sum(defects) AS defects, sum(opportunities) AS opportunities
    FROM inspections WHERE stage = 'final' GROUP BY ALL
)
UNPIVOT (
    SELECT month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
        WHEN grouping(product_family) = 0 THEN 'product_family=' || coalesce(product_family, '(none)') ELSE '' END AS cut,
        1e6 * sum(defective) / nullif(sum(inspected), 0) AS defects_ppm, 1e6 * sum(defects) / nullif(sum(opportunities), 0) AS dpmo
    FROM months_ GROUP BY GROUPING SETS ((month), (month, site), (month, product_family))
) ON defects_ppm, dpmo INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
WITH months_ AS (
    SELECT m(shift_on) AS month, site, machine, sum(running_minutes) AS running, sum(planned_busy_minutes) AS busy,
        sum(earned_minutes) AS earned, sum(good_minutes) AS good, sum(stopped_minutes) AS stopped
    FROM machine_shifts GROUP BY ALL
)
UNPIVOT (
    SELECT month, CASE WHEN grouping(site) = 0 THEN 'site=' || site WHEN grouping(machine) = 0 THEN 'machine=' || machine ELSE '' END AS cut,
        100.0 * sum(running) / nullif(sum(busy), 0) * sum(earned) / nullif(sum(running), 0) * sum(good) / nullif(sum(earned), 0) AS oee,
        100.0 * sum(stopped) / nullif(sum(busy), 0) AS downtime_share
    FROM months_ GROUP BY GROUPING SETS ((month), (month, site), (month, machine))
) ON oee, downtime_share INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
WITH lengths AS (
    SELECT month, site, CASE WHEN ended_at < ends_at THEN epoch(ended_at) ELSE epoch(ends_at) END - epoch(started_at) AS seconds,
        coalesce(ended_at < ends_at, false) AS ended
    FROM downtimes JOIN months ON month = m(vienna(started_at)) WHERE reason = 'breakdown'
), steps AS (
    SELECT month, CASE WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut, seconds, count(*) AS cases,
        count(*) FILTER (WHERE ended) AS ended
    FROM lengths WHERE seconds >= 0 GROUP BY GROUPING SETS ((month, seconds), (month, site, seconds))
), at_risk AS (
    SELECT *, sum(cases::DOUBLE) OVER (PARTITION BY month, cut ORDER BY seconds DESC ROWS UNBOUNDED PRECEDING) AS at_risk FROM steps
), curve AS (
    SELECT month, cut, seconds,
        exp(sum(CASE WHEN ended = at_risk THEN -1e9 ELSE ln(1.0 - ended / at_risk) END) OVER (PARTITION BY month, cut ORDER BY seconds ROWS UNBOUNDED PRECEDING)) AS left_
    FROM at_risk
)
SELECT 'repair_time' AS kpi, month, cut, min(seconds) FILTER (WHERE left_ <= 0.5 + 1e-12) / 60.0 AS value FROM curve GROUP BY ALL;

-- suppliers
CREATE TEMP TABLE supplied AS
SELECT m(received_on) AS received, m(committed_on) AS committed, site, supplier, count(*) AS n,
    count(*) FILTER (WHERE quantity_rejected > 0) AS rejected_n, sum(quantity_rejected) AS rejected, sum(quantity_received) AS quantity,
    count(*) FILTER (WHERE received_on <= committed_on) AS in_time
FROM receipts GROUP BY ALL;
INSERT INTO answers BY NAME
WITH by_receipt AS (
    SELECT received AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
        WHEN grouping(supplier) = 0 THEN 'supplier=' || supplier ELSE '' END AS cut,
        100.0 * sum(rejected_n) / sum(n) AS rejected_deliveries, 1e6 * sum(rejected) / nullif(sum(quantity), 0) AS supplier_ppm
    FROM supplied GROUP BY GROUPING SETS ((received), (received, site), (received, supplier))
), by_commitment AS (
    SELECT committed AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
        WHEN grouping(supplier) = 0 THEN 'supplier=' || supplier ELSE '' END AS cut, 100.0 * sum(in_time) / sum(n) AS supplier_on_time
    FROM supplied GROUP BY GROUPING SETS ((committed), (committed, site), (committed, supplier))
)
UNPIVOT (
    SELECT *, 0.4 * supplier_on_time + 0.6 * (100 - rejected_deliveries) AS supplier_score
    FROM by_receipt FULL JOIN by_commitment USING (month, cut)
) ON rejected_deliveries, supplier_ppm, supplier_on_time, supplier_score INTO NAME kpi VALUE value;
