-- nps, version 1: Net promoter score (points)
-- How many more customers would recommend us than would advise against us?
WITH chosen AS (
  SELECT
    windows.period,
    entry.site,
    entry.channel,
    entry.segment,
    GROUPING(entry.site, entry.channel, entry.segment) AS sliced,
    ARG_MAX(entry.recommend_score, ROW(entry.answered_on, entry.answer_id)) AS answer
  FROM survey_answers AS entry
  JOIN windows
    ON windows.month = YEAR(entry.answered_on) * 12 + MONTH(entry.answered_on)
  WHERE
    (
      entry.survey = 'relationship'
      AND NOT entry.recommend_score IS NULL
      AND entry.recommend_score >= 0
      AND entry.recommend_score <= 10
    )
    AND NOT entry.customer_id IS NULL
  GROUP BY
    GROUPING SETS (
      (windows.period, entry.customer_id),
      (windows.period, entry.customer_id, entry.site),
      (windows.period, entry.customer_id, entry.channel),
      (windows.period, entry.customer_id, entry.segment)
    )
), boxes AS (
  SELECT
    period,
    site,
    channel,
    segment,
    sliced,
    COUNT(*) FILTER (WHERE answer >= 9 AND answer <= 10) AS promoters,
    COUNT(*) FILTER (WHERE answer >= 0 AND answer <= 6) AS detractors,
    COUNT(*) AS n
  FROM chosen
  GROUP BY
    period,
    site,
    channel,
    segment,
    sliced
)
SELECT
  period,
  site,
  channel,
  segment,
  sliced,
  promoters,
  detractors,
  n,
  100.0 * (
    promoters - detractors
  ) / NULLIF(n, 0) AS value
FROM boxes
