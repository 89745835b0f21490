-- on_time_delivery, version 2: On-time delivery (percent)
-- Of the order lines promised for this period, how many arrived by the promised day?
WITH "order_lines by month" AS (
  SELECT
    YEAR(promised_on) * 12 + MONTH(promised_on) AS "promised_on month",
    product_family,
    site,
    COUNT(*) FILTER (WHERE status <> 'cancelled' AND delivered_on <= promised_on) AS "on_time_delivery v2 numerator",
    COUNT(*) FILTER (WHERE status <> 'cancelled') AS "on_time_delivery v2 denominator"
  FROM order_lines
  GROUP BY ALL
), sums AS (
  SELECT
    windows.period,
    counted.site,
    counted.product_family,
    GROUPING(counted.site, counted.product_family) AS sliced,
    COALESCE(SUM(counted."on_time_delivery v2 numerator"), 0) AS numerator,
    COALESCE(SUM(counted."on_time_delivery v2 denominator"), 0) AS denominator
  FROM "order_lines by month" AS counted
  JOIN windows
    ON windows.month = counted."promised_on month"
  GROUP BY
    GROUPING SETS (
      (windows.period),
      (windows.period, counted.site),
      (windows.period, counted.product_family)
    )
)
SELECT
  period,
  site,
  product_family,
  sliced,
  numerator,
  denominator,
  100.0 * numerator / NULLIF(denominator, 0) AS value
FROM sums
