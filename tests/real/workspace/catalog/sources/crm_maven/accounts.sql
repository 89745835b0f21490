SELECT a.account, a.sector, a.office_location AS country
FROM accounts a
