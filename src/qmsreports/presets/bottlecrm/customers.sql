-- An account is a customer. Demonstration rows of BottleCRM's packs are none.
SELECT
    a.id                      AS customer_id,
    a.name                    AS name,
    NULL                      AS segment,
    a.country                 AS country,
    code('site', 'all')       AS site,
    day_of(a.created_at)      AS customer_since,
    a.is_active               AS active,
    a.is_sample               AS _deleted
FROM accounts a
