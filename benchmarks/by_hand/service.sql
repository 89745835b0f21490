-- tickets: one pass for everything that is counted.
CREATE TEMP TABLE counted AS
SELECT m(vienna(opened_at)) AS opened, m(vienna(resolved_at)) AS resolved, m(vienna(due_at)) AS due,
    m(vienna(reply_due_at)) AS reply_due, m(vienna(two_weeks_old_at)) AS old, channel, category, priority,
    count(*) AS n,
    count(*) FILTER (WHERE asked_for_human IS NULL) AS promised,
    count(*) FILTER (WHERE asked_for_human IS NULL AND first_reply_at <= reply_due_at) AS promise_kept,
    count(*) FILTER (WHERE asked_for_human) AS asked,
    count(*) FILTER (WHERE asked_for_human AND reached_human) AS asked_and_reached,
    count(*) FILTER (WHERE category IN ('technical', 'return')) AS complex,
    count(*) FILTER (WHERE category IN ('technical', 'return') AND reached_human) AS complex_by_human,
    count(*) FILTER (WHERE first_contact_resolved) AS first_contact,
    sum(reassigned) AS reassigned, count(reassigned) AS reassigned_known,
    count(*) FILTER (WHERE reopened >= 1) AS reopened,
    count(*) FILTER (WHERE resolved_at <= due_at) AS in_time,
    count(*) FILTER (WHERE second_channel_within_7_days) AS second_channel
FROM tickets GROUP BY ALL;

INSERT INTO answers BY NAME
UNPIVOT (
    SELECT opened AS month, CASE WHEN grouping(channel) = 0 THEN 'channel=' || channel
        WHEN grouping(category) = 0 THEN 'category=' || category ELSE '' END AS cut,
        100.0 * sum(asked_and_reached) / nullif(sum(asked), 0) AS bot_reached_human,
        100.0 * sum(second_channel) / sum(n) AS second_channel_share
    FROM counted GROUP BY GROUPING SETS ((opened), (opened, channel), (opened, category))
) ON bot_reached_human, second_channel_share INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
UNPIVOT (
    SELECT resolved AS month, CASE WHEN grouping(channel) = 0 THEN 'channel=' || channel
        WHEN grouping(category) = 0 THEN 'category=' || category ELSE '' END AS cut,
        100.0 * sum(complex_by_human) / nullif(sum(complex), 0) AS complex_cases_by_human,
        100.0 * sum(first_contact) / sum(n) AS first_contact_resolution,
        1.0 * sum(reassigned) / nullif(sum(reassigned_known), 0) AS reassignments_per_case,
        100.0 * sum(reopened) / sum(n) AS reopened_share
    FROM counted GROUP BY GROUPING SETS ((resolved), (resolved, channel), (resolved, category))
) ON complex_cases_by_human, first_contact_resolution, reassignments_per_case, reopened_share INTO NAME kpi VALUE value;
CREATE TEMP TABLE promises AS
SELECT reply_due AS month, CASE WHEN grouping(channel) = 0 THEN 'channel=' || channel ELSE '' END AS cut, sum(promised) AS n,
    100.0 * sum(promise_kept) / nullif(sum(promised), 0) AS value
FROM counted GROUP BY GROUPING SETS ((reply_due), (reply_due, channel));
INSERT INTO answers BY NAME SELECT 'answered_within_promise' AS kpi, month, cut, value FROM promises;
INSERT INTO answers BY NAME
SELECT 'channel_gap_response' AS kpi, month, '' AS cut, max(value) - min(value) AS value
FROM promises WHERE cut <> '' AND n >= 10 GROUP BY ALL;
INSERT INTO answers BY NAME
SELECT 'resolved_within_target' AS kpi, due AS month, CASE WHEN grouping(channel) = 0 THEN 'channel=' || channel
    WHEN grouping(priority) = 0 THEN 'priority=' || priority ELSE '' END AS cut, 100.0 * sum(in_time) / sum(n) AS value
FROM counted GROUP BY GROUPING SETS ((due), (due, channel), (due, priority));
INSERT INTO answers BY NAME
SELECT begun.kpi, months.month, CASE WHEN grouping(channel) = 0 THEN 'channel=' || channel
    WHEN grouping(priority) = 0 THEN 'priority=' || priority ELSE '' END AS cut,
    coalesce(sum(n) FILTER (WHERE resolved IS NULL OR resolved > months.month), 0) AS value
FROM (
    SELECT 'ticket_backlog' AS kpi, opened AS began, resolved, channel, priority, sum(n) AS n FROM counted GROUP BY ALL
    UNION ALL SELECT 'tickets_overdue', due, resolved, channel, priority, sum(n) FROM counted GROUP BY ALL
    UNION ALL SELECT 'old_tickets', old, resolved, channel, priority, sum(n) FROM counted GROUP BY ALL
) begun JOIN months ON began <= months.month
GROUP BY GROUPING SETS ((begun.kpi, months.month), (begun.kpi, months.month, channel), (begun.kpi, months.month, priority));

-- Working time: the three ends of a ticket are looked up once for both KPIs of each.
CREATE TEMP TABLE desk AS
SELECT m(vienna(opened_at)) AS month, channel, category, first_reply_at, resolved_at,
    o.worked + o.is_open * (epoch(opened_at) - o.starts) AS began,
    f.worked + f.is_open * (epoch(first_reply_at) - f.starts) AS replied,
    r.worked + r.is_open * (epoch(resolved_at) - r.starts) AS solved
FROM tickets
LEFT JOIN half_hours o ON o.slot = epoch_us(opened_at) // 1800000000
LEFT JOIN half_hours f ON f.slot = epoch_us(first_reply_at) // 1800000000
LEFT JOIN half_hours r ON r.slot = epoch_us(resolved_at) // 1800000000;
INSERT INTO answers BY NAME
WITH lengths AS (
    SELECT month, channel, CASE WHEN first_reply_at < ends_at THEN replied ELSE ends_worked END - began AS seconds
    FROM desk JOIN worked_months USING (month)
), both_ AS (
    SELECT month, CASE WHEN grouping(channel) = 0 THEN 'channel=' || channel ELSE '' END AS cut,
        quantile_cont(seconds, [0.5, 0.9]) AS q
    FROM lengths WHERE seconds >= 0 GROUP BY GROUPING SETS ((month), (month, channel))
)
UNPIVOT (SELECT month, cut, q[1] / 60.0 AS first_response_median, q[2] / 3600.0 AS first_response_p90 FROM both_)
ON first_response_median, first_response_p90 INTO NAME kpi VALUE value;
INSERT INTO answers BY NAME
WITH lengths AS (
    SELECT month, channel, category, CASE WHEN resolved_at < ends_at THEN solved ELSE ends_worked END - began AS seconds,
        coalesce(resolved_at < ends_at, false) AS ended
    FROM desk JOIN worked_months USING (month)
), steps AS (
    SELECT month, CASE WHEN grouping(channel) = 0 THEN 'channel=' || channel
        WHEN grouping(category) = 0 THEN 'category=' || category ELSE '' END AS cut,
        seconds, count(*) AS cases, count(*) FILTER (WHERE ended) AS ended
    FROM lengths WHERE seconds >= 0 GROUP BY GROUPING SETS ((month, seconds), (month, channel, seconds), (month, category, seconds))
), at_risk AS (
    SELECT *, sum(cases::DOUBLE) OVER (PARTITION BY month, cut ORDER BY seconds DESC ROWS UNBOUNDED PRECEDING) AS at_risk FROM steps
), curve AS (
    SELECT month, cut, seconds,
        exp(sum(CASE WHEN ended = at_risk THEN -1e9 ELSE ln(1.0 - ended / at_risk) END) OVER (PARTITION BY month, cut ORDER BY seconds ROWS UNBOUNDED PRECEDING)) AS left_
    FROM at_risk
)
UNPIVOT (
    SELECT month, cut, min(seconds) FILTER (WHERE left_ <= 0.5 + 1e-12) / 3600.0 AS resolution_median,
        min(seconds) FILTER (WHERE left_ <= 0.1 + 1e-12) / 3600.0 AS resolution_p90
    FROM curve GROUP BY ALL
) ON resolution_median, resolution_p90 INTO NAME kpi VALUE value;

INSERT INTO answers BY NAME
WITH due AS (
    SELECT m(vienna(due_at)) AS month, channel, count(*) AS n, count(*) FILTER (WHERE told_at <= due_at) AS in_time
    FROM ticket_updates GROUP BY ALL
)
SELECT 'updates_on_time' AS kpi, month, CASE WHEN grouping(channel) = 0 THEN 'channel=' || channel ELSE '' END AS cut,
    100.0 * sum(in_time) / sum(n) AS value
FROM due GROUP BY GROUPING SETS ((month), (month, channel));

-- surveys
CREATE TEMP TABLE voices AS
SELECT m(answered_on) AS answered, m(invited_on) AS invited, site, channel, survey, handled_by, count(*) AS n,
    count(*) FILTER (WHERE ease_score BETWEEN 1 AND 7) AS ease_n, sum(ease_score) FILTER (WHERE ease_score BETWEEN 1 AND 7) AS ease,
    count(*) FILTER (WHERE satisfaction_score BETWEEN 1 AND 5) AS satisfied_n,
    count(*) FILTER (WHERE satisfaction_score BETWEEN 4 AND 5) AS satisfied,
    count(*) FILTER (WHERE understood_score BETWEEN 1 AND 5) AS understood_n,
    count(*) FILTER (WHERE understood_score BETWEEN 4 AND 5) AS understood
FROM survey_answers GROUP BY ALL;
INSERT INTO answers BY NAME
SELECT 'ces' AS kpi, answered AS month, CASE WHEN grouping(channel) = 0 THEN 'channel=' || channel ELSE '' END AS cut,
    1.0 * sum(ease) / nullif(sum(ease_n), 0) AS value
FROM voices WHERE survey = 'support' GROUP BY GROUPING SETS ((answered), (answered, channel));
INSERT INTO answers BY NAME
SELECT 'csat' AS kpi, answered AS month, CASE WHEN grouping(channel) = 0 THEN 'channel=' || channel
    WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut, 100.0 * sum(satisfied) / nullif(sum(satisfied_n), 0) AS value
FROM voices WHERE survey IN ('delivery', 'support') GROUP BY GROUPING SETS ((answered), (answered, channel), (answered, site));
CREATE TEMP TABLE satisfied_year AS
SELECT month, CASE WHEN grouping(channel) = 0 THEN 'channel=' || channel WHEN grouping(survey) = 0 THEN 'survey=' || survey ELSE '' END AS cut,
    sum(satisfied_n) AS n, 100.0 * sum(satisfied) / nullif(sum(satisfied_n), 0) AS value
FROM voices JOIN twelve ON answered = counted WHERE survey IN ('delivery', 'support')
GROUP BY GROUPING SETS ((month), (month, channel), (month, survey));
INSERT INTO answers BY NAME SELECT 'csat_year' AS kpi, month, cut, value FROM satisfied_year;
INSERT INTO answers BY NAME
SELECT 'channel_gap_csat' AS kpi, month, '' AS cut, max(value) - min(value) AS value
FROM satisfied_year WHERE cut LIKE 'channel=%' AND n >= 20 GROUP BY ALL;
INSERT INTO answers BY NAME
SELECT 'csat_of_care' AS kpi, month, CASE WHEN grouping(handled_by) = 0 THEN 'handled_by=' || coalesce(handled_by, '(none)') ELSE '' END AS cut,
    100.0 * sum(satisfied) / nullif(sum(satisfied_n), 0) AS value
FROM voices JOIN twelve ON answered = counted WHERE survey = 'support' GROUP BY GROUPING SETS ((month), (month, handled_by));
INSERT INTO answers BY NAME
SELECT 'understood_me' AS kpi, answered AS month, CASE WHEN grouping(survey) = 0 THEN 'survey=' || survey
    WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut, 100.0 * sum(understood) / nullif(sum(understood_n), 0) AS value
FROM voices GROUP BY GROUPING SETS ((answered), (answered, survey), (answered, site));
INSERT INTO answers BY NAME
WITH both_ AS (
    SELECT invited AS month, site, channel, sum(n) AS answers, 0 AS sent FROM voices GROUP BY ALL
    UNION ALL SELECT m(sent_on), site, channel, 0, count(*) FROM survey_invitations GROUP BY ALL
)
SELECT 'survey_response_rate' AS kpi, month, CASE WHEN grouping(site) = 0 THEN 'site=' || site
    WHEN grouping(channel) = 0 THEN 'channel=' || channel ELSE '' END AS cut, 100.0 * sum(answers) / nullif(sum(sent), 0) AS value
FROM both_ GROUP BY GROUPING SETS ((month), (month, site), (month, channel));

-- Net promoter score: the latest answer of each customer in the month; within a site, the latest at that site.
INSERT INTO answers BY NAME
WITH latest AS (
    SELECT m(answered_on) AS month, CASE WHEN grouping(site) = 0 THEN 'site=' || site ELSE '' END AS cut,
        arg_max(recommend_score, (answered_on, answer_id)) AS score
    FROM survey_answers
    WHERE survey = 'relationship' AND recommend_score BETWEEN 0 AND 10 AND customer_id IS NOT NULL
    GROUP BY GROUPING SETS ((m(answered_on), customer_id), (m(answered_on), customer_id, site))
)
SELECT 'nps' AS kpi, month, cut, 100.0 * (count(*) FILTER (WHERE score >= 9) - count(*) FILTER (WHERE score <= 6)) / count(*) AS value
FROM latest GROUP BY ALL;
