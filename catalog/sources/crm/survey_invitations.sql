-- Everybody who was asked, whether or not an answer came.
SELECT
    s.send_id                    AS invitation_id,
    s.acc_no                     AS customer_id,
    code('site', s.plant_code)   AS site,
    code('survey', s.kind)       AS survey,
    code('channel', s.via)       AS channel,
    s.sent                       AS sent_on,
    code('segment', a.seg)       AS segment
FROM survey_send s
LEFT JOIN account a ON a.acc_no = s.acc_no
