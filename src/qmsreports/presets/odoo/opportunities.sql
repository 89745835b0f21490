-- Won: in a stage of that meaning. Lost: archived with probability 0; Odoo hides these unless they are asked for.
SELECT
    l.lead_id                                                AS opportunity_id,
    coalesce(p.commercial_partner_id, l.partner_id)          AS customer_id,
    code('site', 'all')                                      AS site,
    day_of(l.create_date)                                    AS opened_on,
    CASE WHEN s.is_won = 'true' OR l.active IS NULL THEN day_of(l.date_closed) END  AS closed_on,
    CASE WHEN s.is_won = 'true' THEN 'won' WHEN l.active IS NULL THEN 'lost' ELSE 'open' END  AS stage,
    coalesce(l.expected_revenue, '0')                        AS value,
    CASE
        WHEN l.partner_id IS NULL THEN 'no customer yet'
        WHEN l.active IS NULL AND coalesce(s.is_won, 'false') <> 'true' AND CAST(l.probability AS DOUBLE) > 0
            THEN 'archived, neither won nor lost'
    END                                                      AS _reject
FROM leads l
LEFT JOIN lead_stages s ON s.stage_id = l.stage_id
LEFT JOIN partners p ON p.partner_id = l.partner_id
