-- The desk promises when it will write again, and notes when it did. The promises of a deleted ticket
-- go with it; those of a ticket that never was are refused.
SELECT
    p.promise_id              AS update_id,
    p.ticket_no               AS ticket_id,
    code('channel', t.via)    AS channel,
    p.given_local             AS promised_at,
    p.due_local               AS due_at,
    p.told_local              AS told_at,
    CASE WHEN t.ticket_no IS NULL THEN 'ticket ' || p.ticket_no || ' is not in ticket' END AS _reject
FROM update_promise p
LEFT JOIN ticket t ON t.ticket_no = p.ticket_no
