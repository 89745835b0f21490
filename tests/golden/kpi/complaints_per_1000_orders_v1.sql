-- complaints_per_1000_orders, version 1: Complaints per 1,000 order lines (per_1000)
-- How many complaints did we receive for every 1,000 order lines entered in the same period?
WITH "complaints by month" AS (
  SELECT
    YEAR(received_on) * 12 + MONTH(received_on) AS "received_on month",
    product_family,
    site,
    COUNT(*) AS "complaints_per_1000_orders v1 numerator"
  FROM complaints
  GROUP BY ALL
), "order_lines by month" AS (
  SELECT
    YEAR(ordered_on) * 12 + MONTH(ordered_on) AS "ordered_on month",
    product_family,
    site,
    COUNT(*) AS "complaints_per_1000_orders v1 denominator"
  FROM order_lines
  GROUP BY ALL
), sums AS (
  SELECT
    windows.period,
    counted.site,
    counted.product_family,
    GROUPING(counted.site, counted.product_family) AS sliced,
    COALESCE(SUM(counted.numerator), 0) AS numerator,
    COALESCE(SUM(counted.denominator), 0) AS denominator
  FROM (
    SELECT
      "received_on month" AS month,
      site,
      product_family,
      "complaints_per_1000_orders v1 numerator" AS numerator,
      0 AS denominator
    FROM "complaints by month"
    UNION ALL
    SELECT
      "ordered_on month" AS month,
      site,
      product_family,
      0 AS numerator,
      "complaints_per_1000_orders v1 denominator" AS denominator
    FROM "order_lines by month"
  ) AS counted
  JOIN windows
    ON windows.month = counted.month
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
  1000.0 * numerator / NULLIF(denominator, 0) AS value
FROM sums
