-- The file says nowhere when the survey was held. One day stands for it, said here and not found in the data.
SELECT
    a.id                AS answer_id,
    DATE '2017-06-30'   AS answered_on,
    a.nps               AS recommend_score,
    a.satisfaction      AS satisfaction_score,
    a.intention         AS intention_score,
    a.explication       AS comment,
    a.nb_passage_ks     AS visits,
    a.ca_ticket         AS basket
FROM answers a
