SELECT p.product, p.series, p.sales_price AS price
FROM products p
