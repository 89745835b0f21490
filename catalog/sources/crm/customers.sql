-- One customer per account.
SELECT
    a.acc_no                     AS customer_id,
    a.display_name               AS name,
    code('segment', a.seg)       AS segment,
    a.country                    AS country,
    code('site', a.plant_code)   AS site,
    a.since                      AS customer_since,
    a.is_active                  AS active
FROM account a
