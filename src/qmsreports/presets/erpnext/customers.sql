-- Every customer, under the name by which all documents refer to it; a renamed one comes in under its new name.
SELECT
    c.name                                                                            AS customer_id,
    c.customer_name                                                                   AS name,
    CASE WHEN unmapped('segment', c.customer_group) IS NULL THEN code('segment', c.customer_group) END  AS segment,
    NULL                                                                              AS country,
    code('site', 'all')                                                               AS site,
    day_of(c.creation)                                                                AS customer_since,
    c.disabled IS DISTINCT FROM '1'                                                   AS active
FROM customers c
