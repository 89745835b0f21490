SELECT
  YEAR(delivered_on) * 12 + MONTH(delivered_on) AS "delivered_on month",
  YEAR(ordered_on) * 12 + MONTH(ordered_on) AS "ordered_on month",
  YEAR(promised_on) * 12 + MONTH(promised_on) AS "promised_on month",
  product_family,
  site,
  COUNT(*) AS "complaints_per_1000_orders v1 denominator",
  COUNT_IF(status = 'delivered' AND delivered_on <= promised_on) AS "on_time_delivery v1 numerator",
  COUNT_IF(status = 'delivered') AS "on_time_delivery v1 denominator",
  COUNT_IF(status <> 'cancelled' AND delivered_on <= promised_on) AS "on_time_delivery v2 numerator",
  COUNT_IF(status <> 'cancelled') AS "on_time_delivery v2 denominator",
  COUNT_IF(status <> 'cancelled' AND delivered_on <= promised_on AND quantity_delivered >= quantity_ordered) AS "otif v1 numerator",
  COUNT_IF(status <> 'cancelled') AS "otif v1 denominator"
FROM order_lines
WHERE
  (
    delivered_on >= CAST('2025-10-01' AS DATE) AND delivered_on < CAST('2026-01-01' AS DATE)
  )
  OR (
    ordered_on >= CAST('2025-10-01' AS DATE) AND ordered_on < CAST('2026-04-01' AS DATE)
  )
  OR (
    promised_on >= CAST('2025-10-01' AS DATE) AND promised_on < CAST('2026-04-01' AS DATE)
  )
GROUP BY ALL
