-- oee, version 1: Overall equipment effectiveness (percent)
-- What part of the planned machine time made good pieces at the planned speed?
WITH "machine_shifts by month" AS (
  SELECT
    YEAR(shift_on) * 12 + MONTH(shift_on) AS "shift_on month",
    site,
    SUM(running_minutes) AS "oee v1 availability_numerator",
    SUM(planned_busy_minutes) AS "oee v1 availability_denominator",
    SUM(earned_minutes) AS "oee v1 effectiveness_numerator",
    SUM(running_minutes) AS "oee v1 effectiveness_denominator",
    SUM(good_minutes) AS "oee v1 quality_numerator",
    SUM(earned_minutes) AS "oee v1 quality_denominator",
    COUNT(planned_busy_minutes) AS "oee v1 n"
  FROM machine_shifts
  GROUP BY ALL
), sums AS (
  SELECT
    windows.period,
    counted.site,
    GROUPING(counted.site) AS sliced,
    COALESCE(SUM(counted."oee v1 availability_numerator"), 0) AS availability_numerator,
    COALESCE(SUM(counted."oee v1 availability_denominator"), 0) AS availability_denominator,
    COALESCE(SUM(counted."oee v1 effectiveness_numerator"), 0) AS effectiveness_numerator,
    COALESCE(SUM(counted."oee v1 effectiveness_denominator"), 0) AS effectiveness_denominator,
    COALESCE(SUM(counted."oee v1 quality_numerator"), 0) AS quality_numerator,
    COALESCE(SUM(counted."oee v1 quality_denominator"), 0) AS quality_denominator,
    COALESCE(SUM(counted."oee v1 n"), 0) AS n
  FROM "machine_shifts by month" AS counted
  JOIN windows
    ON windows.month = counted."shift_on month"
  GROUP BY
    GROUPING SETS (
      (windows.period),
      (windows.period, counted.site)
    )
)
SELECT
  period,
  site,
  sliced,
  availability_numerator,
  availability_denominator,
  effectiveness_numerator,
  effectiveness_denominator,
  quality_numerator,
  quality_denominator,
  n,
  100.0 * availability_numerator / NULLIF(availability_denominator, 0) * effectiveness_numerator / NULLIF(effectiveness_denominator, 0) * quality_numerator / NULLIF(quality_denominator, 0) AS value
FROM sums
