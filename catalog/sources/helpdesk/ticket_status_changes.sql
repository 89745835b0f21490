-- The history that a deleted ticket leaves behind goes with it; that of a ticket that never was is refused.
SELECT
    l.log_id                     AS change_id,
    l.ticket_no                  AS ticket_id,
    l.at_local                   AS changed_at,
    code('state', l.old_state)   AS from_status,
    code('state', l.new_state)   AS to_status,
    CASE WHEN t.ticket_no IS NULL THEN 'ticket ' || l.ticket_no || ' is not in ticket' END AS _reject
FROM state_log l
LEFT JOIN ticket t ON t.ticket_no = l.ticket_no
