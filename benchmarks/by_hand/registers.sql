-- Registers of the quality management system: small tables, one statement each.
INSERT INTO answers BY NAME
SELECT 'audit_findings_on_time' AS kpi, m(due_on) AS month, '' AS cut, 100.0 * count(*) FILTER (WHERE closed_on <= due_on) / count(*) AS value
FROM audit_findings WHERE grade IN ('major', 'minor') GROUP BY ALL;
INSERT INTO answers BY NAME
SELECT 'audit_findings_overdue' AS kpi, months.month, CASE WHEN grouping(grade) = 0 THEN 'grade=' || grade ELSE '' END AS cut,
    count(*) FILTER (WHERE closed_on IS NULL OR closed_on >= ends_on) AS value
FROM audit_findings JOIN months ON due_on < ends_on WHERE grade IN ('major', 'minor')
GROUP BY GROUPING SETS ((months.month), (months.month, grade));
INSERT INTO answers BY NAME
WITH both_ AS (
    SELECT m(raised_on) AS counted, count(*) AS findings, 0 AS audits FROM audit_findings WHERE grade IN ('major', 'minor') GROUP BY ALL
    UNION ALL SELECT m(done_on), 0, count(*) FROM audits GROUP BY ALL
)
SELECT 'audit_findings_per_audit' AS kpi, month, '' AS cut, 1.0 * sum(findings) / nullif(sum(audits), 0) AS value
FROM both_ JOIN twelve USING (counted) GROUP BY ALL;
INSERT INTO answers BY NAME
SELECT 'audit_programme_done' AS kpi, m(planned_on) AS month, '' AS cut, 100.0 * count(*) FILTER (WHERE done_on <= planned_on) / count(*) AS value
FROM audits WHERE kind IN ('internal', 'supplier') GROUP BY ALL;
INSERT INTO answers BY NAME
SELECT 'capa_effectiveness' AS kpi, twelve.month, CASE WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut,
    100.0 * count(*) FILTER (WHERE effective) / count(*) AS value
FROM corrective_actions JOIN twelve ON m(checked_on) = counted WHERE effective IS NOT NULL
GROUP BY GROUPING SETS ((twelve.month), (twelve.month, site));
INSERT INTO answers BY NAME
SELECT 'capa_on_time' AS kpi, m(original_due_on) AS month, '' AS cut,
    100.0 * count(*) FILTER (WHERE closed_on <= original_due_on) / count(*) AS value
FROM corrective_actions GROUP BY ALL;
INSERT INTO answers BY NAME
SELECT 'capa_overdue' AS kpi, months.month, CASE WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut,
    count(*) FILTER (WHERE closed_on IS NULL OR closed_on >= ends_on) AS value
FROM corrective_actions JOIN months ON original_due_on < ends_on GROUP BY GROUPING SETS ((months.month), (months.month, site));
INSERT INTO answers BY NAME
UNPIVOT (
    SELECT m(booked_on) AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut,
        100.0 * sum(amount) FILTER (WHERE category IN ('internal_failure', 'external_failure'))
            / nullif(sum(amount) FILTER (WHERE category = 'net_sales'), 0) AS cost_of_poor_quality,
        100.0 * sum(amount) FILTER (WHERE category <> 'net_sales')
            / nullif(sum(amount) FILTER (WHERE category = 'net_sales'), 0) AS cost_of_quality,
        sum(amount) FILTER (WHERE category = 'external_failure') AS external_failure_cost,
        sum(amount) FILTER (WHERE category = 'internal_failure') AS internal_failure_cost
    FROM costs GROUP BY GROUPING SETS ((m(booked_on)), (m(booked_on), site))
) ON cost_of_poor_quality, cost_of_quality, external_failure_cost, internal_failure_cost INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
UNPIVOT (
    SELECT month, CASE WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut,
        coalesce(sum(benefit) FILTER (WHERE status = 'done'), 0) AS ideas_benefit,
        100.0 * count(*) FILTER (WHERE status = 'done') / count(*) AS ideas_realised
    FROM improvement_ideas JOIN twelve ON m(decided_on) = counted GROUP BY GROUPING SETS ((month), (month, site))
) ON ideas_benefit, ideas_realised INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
UNPIVOT (
    SELECT m(detected_on) AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site WHEN grouping(origin) = 0 THEN 'origin=' || origin
        WHEN grouping(grade) = 0 THEN 'grade=' || grade WHEN grouping(process) = 0 THEN 'process=' || process ELSE '' END AS cut,
        count(*)::DOUBLE AS nonconformities, coalesce(sum(cost), 0)::DOUBLE AS nonconformity_cost
    FROM nonconformities
    GROUP BY GROUPING SETS ((m(detected_on)), (m(detected_on), site), (m(detected_on), origin), (m(detected_on), grade), (m(detected_on), process))
) ON nonconformities, nonconformity_cost INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
SELECT 'risk_actions_effective' AS kpi, twelve.month, '' AS cut, 100.0 * count(*) FILTER (WHERE effective) / count(*) AS value
FROM risks JOIN twelve ON m(done_on) = counted WHERE effective IS NOT NULL GROUP BY ALL;
INSERT INTO answers BY NAME
SELECT 'risk_actions_overdue' AS kpi, months.month, '' AS cut, count(*) FILTER (WHERE done_on IS NULL OR done_on >= ends_on) AS value
FROM risks JOIN months ON due_on < ends_on GROUP BY ALL;
INSERT INTO answers BY NAME
SELECT 'staffing' AS kpi, m(measured_on) AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
    WHEN grouping(title) = 0 THEN 'title=' || title ELSE '' END AS cut, 100.0 * sum(actual) / nullif(sum(planned), 0) AS value
FROM resources WHERE kind = 'staffing' GROUP BY GROUPING SETS ((m(measured_on)), (m(measured_on), site), (m(measured_on), title));
INSERT INTO answers BY NAME
SELECT 'training_fulfilled' AS kpi, m(measured_on) AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut,
    100.0 * sum(actual) / nullif(sum(planned), 0) AS value
FROM resources WHERE kind = 'training' GROUP BY GROUPING SETS ((m(measured_on)), (m(measured_on), site));
