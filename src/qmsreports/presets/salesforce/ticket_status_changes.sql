-- Every change of a case's status that the field history tracks; the status a case is made with is no change.
-- The history of a deleted case goes with it.
SELECT
    s.id                          AS change_id,
    t.case_number                 AS ticket_id,
    to_utc(s.created_date)        AS changed_at,
    code('state', s.old_value)    AS from_status,
    code('state', s.new_value)    AS to_status,
    CASE
        WHEN t.case_id IS NULL THEN 'case ' || s.case_id || ' is not in cases'
        ELSE coalesce(unmapped('state', s.old_value), unmapped('state', s.new_value))
    END                           AS _reject,
    coalesce(t.is_deleted = 'true', false)  AS _deleted
FROM status_changes s
LEFT JOIN cases t ON t.case_id = s.case_id
