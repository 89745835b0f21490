-- What the statements below lean on: months as numbers (12 x year + month), local days, periods, open hours.
-- Given from outside: the canonical tables as views, holidays(day), and months(period, month, ends_on, ends_at).

CREATE MACRO m(d) AS year(d) * 12 + month(d);

-- Local time of the organisation, as a timestamp without zone: the offsets in force, newest first.
CREATE MACRO vienna(t) AS make_timestamp(epoch_us(t) + CASE
    WHEN t >= TIMESTAMPTZ '2026-10-25 01:00:00+00' THEN 3600000000 WHEN t >= TIMESTAMPTZ '2026-03-29 01:00:00+00' THEN 7200000000
    WHEN t >= TIMESTAMPTZ '2025-10-26 01:00:00+00' THEN 3600000000 WHEN t >= TIMESTAMPTZ '2025-03-30 01:00:00+00' THEN 7200000000
    WHEN t >= TIMESTAMPTZ '2024-10-27 01:00:00+00' THEN 3600000000 WHEN t >= TIMESTAMPTZ '2024-03-31 01:00:00+00' THEN 7200000000
    WHEN t >= TIMESTAMPTZ '2023-10-29 01:00:00+00' THEN 3600000000 ELSE 7200000000 END);

CREATE TEMP TABLE answers (kpi VARCHAR, month BIGINT, cut VARCHAR, value DOUBLE);

-- Each period with the months of its rolling year and quarter.
CREATE TEMP TABLE twelve AS SELECT p.month, p.month - i AS counted FROM months p, range(12) t(i);
CREATE TEMP TABLE three AS SELECT p.month, p.month - i AS counted, p.ends_on FROM months p, range(3) t(i);

-- Open seconds of the support desk before every half hour: open time from a to b is W(b) - W(a).
CREATE TEMP TABLE half_hours AS
WITH slots AS (
    SELECT i AS slot, i * 1800.0 AS starts, vienna(to_timestamp(i * 1800)) AS here
    FROM range(1693526400 // 1800, 1793750400 // 1800) t(i)
), opened AS (
    SELECT slot, starts, (isodow(here) <= 5 AND hour(here) BETWEEN 8 AND 16 AND here::DATE < DATE '2026-11-01'
        OR isodow(here) <= 5 AND here::TIME >= TIME '07:30' AND hour(here) <= 16 AND here::DATE >= DATE '2026-11-01'
        OR isodow(here) = 6 AND here::TIME >= TIME '09:00' AND here::TIME < TIME '12:30' AND here::DATE >= DATE '2026-11-01')
        AND here::DATE NOT IN (SELECT day FROM holidays) AS is_open
    FROM slots
)
SELECT slot, starts, is_open::INTEGER AS is_open, (sum(is_open::INTEGER) OVER (ORDER BY slot) - is_open::INTEGER) * 1800.0 AS worked
FROM opened;
CREATE TEMP TABLE worked_months AS
SELECT months.*, worked AS ends_worked FROM months JOIN half_hours ON slot = epoch(ends_at)::BIGINT // 1800;
