-- ticket_backlog, version 1: Open tickets (count)
-- How many tickets were unresolved when the period ended?
WITH "tickets by month" AS (
  SELECT
    YEAR(LOCAL_DAY(opened_at)) * 12 + MONTH(LOCAL_DAY(opened_at)) AS "opened_at month",
    YEAR(LOCAL_DAY(resolved_at)) * 12 + MONTH(LOCAL_DAY(resolved_at)) AS "resolved_at month",
    channel,
    COUNT(*) AS "ticket_backlog v1 rows"
  FROM tickets
  GROUP BY ALL
)
SELECT
  windows.period,
  counted.channel,
  GROUPING(counted.channel) AS sliced,
  COALESCE(
    SUM(counted."ticket_backlog v1 rows") FILTER (WHERE counted."resolved_at month" IS NULL OR counted."resolved_at month" > windows.month),
    0
  ) AS value
FROM "tickets by month" AS counted
JOIN windows
  ON counted."opened_at month" <= windows.month
GROUP BY
  GROUPING SETS (
    (windows.period),
    (windows.period, counted.channel)
  )
