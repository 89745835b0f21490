-- Which survey and which site an answer belongs to stands on the invitation. `replied` is an instant in UTC: an answer
-- given at 23:30 UTC counts on the next day in Vienna.
SELECT
    r.reply_id                   AS answer_id,
    r.send_id                    AS invitation_id,
    r.acc_no                     AS customer_id,
    code('site', s.plant_code)   AS site,
    code('survey', s.kind)       AS survey,
    code('channel', s.via)       AS channel,
    s.sent                       AS invited_on,
    day_of(r.replied)            AS answered_on,
    r.q_recommend                AS recommend_score,
    r.q_satisfied                AS satisfaction_score,
    r.q_easy                     AS ease_score,
    r.q_understood               AS understood_score,
    r.remark                     AS comment,
    s.case_no                    AS ticket_id,
    code('care', s.care)         AS handled_by,
    code('segment', a.seg)       AS segment,
    CASE WHEN s.send_id IS NULL THEN 'invitation ' || coalesce(r.send_id, '(none)') || ' is not in survey_send' END
                                 AS _reject
FROM survey_reply r
LEFT JOIN survey_send s ON s.send_id = r.send_id
LEFT JOIN account a ON a.acc_no = r.acc_no
