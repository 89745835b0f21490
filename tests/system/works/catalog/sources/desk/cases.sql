SELECT
    case_no         AS case_id,
    site            AS site,
    to_utc(opened)  AS opened_at,
    to_utc(replied) AS replied_at
FROM cases
