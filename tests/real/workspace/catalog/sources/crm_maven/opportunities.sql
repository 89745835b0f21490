SELECT
    d.opportunity_id,
    d.sales_agent                       AS agent,
    code('office', t.regional_office)   AS office,
    code('product', d.product)          AS product,
    d.product                           AS product_written,
    d.account,
    code('stage', d.deal_stage)         AS stage,
    d.engage_date                       AS engaged_on,
    d.close_date                        AS closed_on,
    d.close_value                       AS value
FROM sales_pipeline d
LEFT JOIN sales_teams t ON t.sales_agent = d.sales_agent
