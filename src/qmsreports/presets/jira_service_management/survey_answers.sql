-- Stars that a customer gave to a resolved request: 1 to 5. Jira keeps no day of the invitation and lands no comment.
SELECT
    r.issue_id                                              AS answer_id,
    NULL                                                    AS invitation_id,
    coalesce(q.organization, q.reporter)                    AS customer_id,
    code('site', 'all')                                     AS site,
    'support'                                               AS survey,
    code('channel', 'all')                                  AS channel,
    NULL                                                    AS invited_on,
    day_of(r.rated)                                         AS answered_on,
    NULL                                                    AS recommend_score,
    r.rating                                                AS satisfaction_score,
    NULL                                                    AS ease_score,
    NULL                                                    AS understood_score,
    NULL                                                    AS comment,
    r.issue_id                                              AS ticket_id,
    NULL                                                    AS handled_by,
    NULL                                                    AS segment,
    CASE
        WHEN q.issue_id IS NULL THEN 'request ' || r.issue_id || ' is not in requests'
        WHEN r.rated IS NULL THEN 'the rating has no date'
    END                                                     AS _reject
FROM ratings r
LEFT JOIN requests q ON q.issue_id = r.issue_id
