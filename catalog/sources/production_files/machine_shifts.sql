-- One machine in one shift. Earned and good minutes are kept beside the counts, so that overall equipment effectiveness
-- sums before it divides: 420 good pieces of 0.8 minutes earn 336 minutes.
SELECT
    concat_ws('/', code('site', m.plant), m.machine, to_date(m.shift_date, '%d.%m.%Y'), code('shift', m.shift))
                                            AS machine_shift_id,
    code('site', m.plant)                   AS site,
    m.machine                               AS machine,
    to_date(m.shift_date, '%d.%m.%Y')       AS shift_on,
    code('shift', m.shift)                  AS shift,
    m.planned_busy_min                      AS planned_busy_minutes,
    m.run_min                               AS running_minutes,
    round(try_cast(m.planned_busy_min AS DOUBLE) - try_cast(m.run_min AS DOUBLE), 3) AS stopped_minutes,
    m.min_per_item                          AS planned_minutes_per_item,
    m.produced                              AS quantity_produced,
    m.good                                  AS quantity_good,
    round(try_cast(m.produced AS DOUBLE) * try_cast(m.min_per_item AS DOUBLE), 3)  AS earned_minutes,
    round(try_cast(m.good AS DOUBLE) * try_cast(m.min_per_item AS DOUBLE), 3)      AS good_minutes
FROM machine_shifts m
