-- first_response_p90, version 1: First response, slowest tenth (hours)
-- Within how many working hours did nine out of ten customers hear from a person?
WITH cases AS (
  SELECT
    YEAR(LOCAL_DAY(entry.opened_at)) * 12 + MONTH(LOCAL_DAY(entry.opened_at)) AS month,
    entry.channel,
    began_in.worked + began_in.open * (
      EPOCH_SECONDS(entry.opened_at) - began_in.starts
    ) AS began,
    ended_in.worked + ended_in.open * (
      EPOCH_SECONDS(entry.first_reply_at) - ended_in.starts
    ) AS ended,
    entry.first_reply_at AS ended_at
  FROM tickets AS entry
  LEFT JOIN open_time_support_desk AS began_in
    ON began_in.slot = TIME_SLOT_SUPPORT_DESK(entry.opened_at)
  LEFT JOIN open_time_support_desk AS ended_in
    ON ended_in.slot = TIME_SLOT_SUPPORT_DESK(entry.first_reply_at)
), lengths AS (
  SELECT
    windows.period,
    cases.channel,
    CASE WHEN cases.ended_at < windows.ends_at THEN cases.ended ELSE windows.ends_worked END - cases.began AS amount
  FROM cases
  JOIN windows
    ON windows.month = cases.month
)
SELECT
  period,
  channel,
  GROUPING(channel) AS sliced,
  COUNT(*) AS n,
  QUANTILE_CONT(amount, 0.9) / 3600.0 AS value
FROM lengths
WHERE
  amount >= 0
GROUP BY
  GROUPING SETS (
    (period),
    (period, channel)
  )
