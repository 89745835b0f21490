-- Companies that ServiceNow marks as customers, under its own id: incidents refer to it.
SELECT
    c.sys_id                                                AS customer_id,
    c.name                                                  AS name,
    NULL                                                    AS segment,
    NULL                                                    AS country,
    code('site', 'all')                                     AS site,
    day_of(c.sys_created_on)                                AS customer_since,
    true                                                    AS active,
    coalesce(try_utc(d.deleted_at) >= try_utc(c.sys_updated_on), false)  AS _deleted
FROM companies c
LEFT JOIN deletions d ON d.sys_id = c.sys_id
