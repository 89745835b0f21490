-- An answer belongs to the company of the contact who gave it.
SELECT
    s.submission_id                                              AS answer_id,
    NULL                                                         AS invitation_id,
    c.company_id                                                 AS customer_id,
    code('site', 'all')                                          AS site,
    code('survey', s.survey)                                     AS survey,
    code('survey_channel', coalesce(s.channel, 'none'))          AS channel,
    NULL                                                         AS invited_on,
    day_of(s.submitted_at)                                       AS answered_on,
    CASE WHEN s.survey = 'NPS' THEN s.score END                  AS recommend_score,
    CASE WHEN s.survey = 'CSAT' THEN code('csat', s.score) END   AS satisfaction_score,
    CASE WHEN s.survey = 'CES' THEN s.score END                  AS ease_score,
    NULL                                                         AS understood_score,
    s.words                                                      AS comment,
    NULL                                                         AS ticket_id,
    NULL                                                         AS handled_by,
    NULL                                                         AS segment,
    coalesce(
        unmapped('survey', s.survey), unmapped('survey_channel', s.channel),
        CASE WHEN s.survey = 'CSAT' THEN unmapped('csat', s.score) END,
        CASE WHEN c.company_id IS NULL THEN 'the contact belongs to no company' END
    )                                                            AS _reject
FROM surveys s
LEFT JOIN contacts c ON c.contact_id = s.contact_id
