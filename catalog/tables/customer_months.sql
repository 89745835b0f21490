-- A promise is a delivery by the day promised last, or a case solved by its due time. It is broken when it was kept late,
-- or not at all although the newest order in the books is later than the promise.
WITH books AS (
    SELECT
        CAST(date_trunc('month', min(ordered_on)) AS DATE)  AS first_month,
        CAST(date_trunc('month', max(ordered_on)) AS DATE)  AS last_month,
        max(ordered_on)                                     AS known_until
    FROM order_lines
),
months AS (
    SELECT CAST(unnest(generate_series(first_month, last_month, INTERVAL 1 MONTH)) AS DATE) AS month_on
    FROM books
),
promises AS (
    SELECT customer_id, promised_on AS day, delivered_on AS kept_on, 'line' AS kind
    FROM order_lines
    WHERE status <> 'cancelled' AND promised_on IS NOT NULL
    UNION ALL
    SELECT
        customer_id,
        local_day(due_at),
        CASE WHEN resolved_at <= due_at THEN local_day(due_at) ELSE local_day(resolved_at) + 1 END,
        'case'
    FROM tickets
    WHERE due_at IS NOT NULL
),
judged AS (
    SELECT
        p.customer_id,
        CAST(date_trunc('month', p.day) AS DATE)                                    AS month_on,
        count(*)                                                                    AS promised,
        count(*) FILTER (WHERE p.kind = 'line' AND coalesce(p.kept_on > p.day, p.day < b.known_until)) AS late_lines,
        count(*) FILTER (WHERE p.kind = 'case' AND coalesce(p.kept_on > p.day, p.day < b.known_until)) AS breached_cases
    FROM promises p
    CROSS JOIN books b
    GROUP BY ALL
),
complained AS (
    SELECT customer_id, CAST(date_trunc('month', received_on) AS DATE) AS month_on, count(*) AS justified_complaints
    FROM complaints
    WHERE justified
    GROUP BY ALL
),
said AS (
    SELECT
        customer_id,
        CAST(date_trunc('month', answered_on) AS DATE)                          AS month_on,
        arg_max(recommend_score, (answered_on, answer_id))                      AS recommend_score
    FROM survey_answers
    WHERE recommend_score IS NOT NULL
    GROUP BY ALL
),
bought AS (
    SELECT customer_id, CAST(date_trunc('month', ordered_on) AS DATE) AS month_on, count(*) AS lines
    FROM order_lines
    WHERE status <> 'cancelled'
    GROUP BY ALL
),
grid AS (
    SELECT
        c.customer_id,
        c.site,
        c.segment,
        m.month_on,
        CAST(m.month_on + INTERVAL 1 MONTH - INTERVAL 1 DAY AS DATE)            AS last_day,
        coalesce(j.promised, 0)                                                 AS promised,
        coalesce(j.late_lines, 0)                                               AS late_lines,
        coalesce(j.breached_cases, 0)                                           AS breached_cases,
        coalesce(k.justified_complaints, 0)                                     AS justified_complaints,
        s.recommend_score,
        CASE WHEN b.lines > 0 THEN 1 ELSE 0 END                                 AS ordered
    FROM customers c
    JOIN months m ON coalesce(c.customer_since, m.month_on) < m.month_on + INTERVAL 1 MONTH
    LEFT JOIN judged j ON j.customer_id = c.customer_id AND j.month_on = m.month_on
    LEFT JOIN complained k ON k.customer_id = c.customer_id AND k.month_on = m.month_on
    LEFT JOIN said s ON s.customer_id = c.customer_id AND s.month_on = m.month_on
    LEFT JOIN bought b ON b.customer_id = c.customer_id AND b.month_on = m.month_on
),
again AS (
    SELECT g.customer_id, g.month_on
    FROM grid g
    JOIN order_lines o
        ON o.customer_id = g.customer_id AND o.status <> 'cancelled'
        AND o.ordered_on > g.last_day AND o.ordered_on <= g.last_day + 90
    GROUP BY ALL
),
year_of AS (
    SELECT
        *,
        sum(ordered) OVER twelve                                                AS months_ordered,
        sum(promised) OVER twelve                                               AS promised_12,
        sum(late_lines + breached_cases) OVER twelve                            AS broken_12
    FROM grid
    WINDOW twelve AS (PARTITION BY customer_id ORDER BY month_on ROWS BETWEEN 11 PRECEDING AND CURRENT ROW)
)
SELECT
    y.customer_id || '/' || strftime(y.month_on, '%Y-%m')                       AS customer_month_id,
    y.customer_id                                                               AS customer_id,
    y.site                                                                      AS site,
    y.segment                                                                   AS segment,
    y.month_on                                                                  AS month_on,
    y.months_ordered > 0                                                        AS active,
    y.months_ordered > 1                                                        AS repeat_customer,
    y.late_lines                                                                AS late_lines,
    y.breached_cases                                                            AS breached_cases,
    y.justified_complaints                                                      AS justified_complaints,
    coalesce(y.recommend_score <= 6, false)                                     AS detractor,
    y.late_lines + y.breached_cases + y.justified_complaints > 0
        OR coalesce(y.recommend_score <= 6, false)                              AS bad_experience,
    CAST(y.promised_12 AS BIGINT)                                               AS promises_12_months,
    CASE WHEN y.promised_12 > 0 THEN y.broken_12 = 0 END                        AS every_promise_kept,
    y.recommend_score                                                           AS recommend_score,
    CAST(y.month_on + INTERVAL 4 MONTH - INTERVAL 1 DAY AS DATE)                AS watched_until,
    a.customer_id IS NOT NULL                                                   AS reordered_within_90_days
FROM year_of y
LEFT JOIN again a ON a.customer_id = y.customer_id AND a.month_on = y.month_on
