-- An organization is a customer, under Jira's own number: requests refer to it. Jira tells no more of it than its name.
SELECT
    o.organization_id       AS customer_id,
    o.name                  AS name,
    NULL                    AS segment,
    NULL                    AS country,
    code('site', 'all')     AS site,
    NULL                    AS customer_since,
    true                    AS active
FROM organizations o
