-- HubSpot sets the close date when a deal is won or lost; before that it is a plan, which does not count here.
SELECT
    d.deal_id                                       AS opportunity_id,
    d.company_id                                    AS customer_id,
    code('site', 'all')                             AS site,
    day_of(d.created_at)                            AS opened_on,
    CASE WHEN d.is_closed = 'true' THEN day_of(d.close_at) END  AS closed_on,
    CASE WHEN d.is_won = 'true' THEN 'won' WHEN d.is_closed = 'true' THEN 'lost' ELSE 'open' END  AS stage,
    coalesce(d.amount, '0')                         AS value,
    CASE WHEN d.company_id IS NULL THEN 'no company yet' END  AS _reject
FROM deals d
