-- An account is a customer, also before its first order. The loser of a merge is deleted; what hung on it hangs on the winner.
SELECT
    a.account_id                                 AS customer_id,
    a.name                                       AS name,
    NULL                                         AS segment,
    CASE
        WHEN length(code('country', a.billing_country)) = 2 THEN upper(code('country', a.billing_country))
    END                                          AS country,
    code('site', 'all')                          AS site,
    day_of(a.created_date)                       AS customer_since,
    true                                         AS active,
    a.is_deleted                                 AS _deleted
FROM accounts a
