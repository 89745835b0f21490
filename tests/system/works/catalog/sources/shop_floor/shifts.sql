SELECT
    machine || '/' || day || '/' || shift AS shift_id,
    code('site', plant)                   AS site,
    to_date(day)                          AS shift_on,
    produced                              AS produced,
    good                                  AS good
FROM shifts
