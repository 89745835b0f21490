-- Inputs of the review that somebody looked at and had nothing to report on.
SELECT
    c.no            AS statement_id,
    c.clause        AS clause,
    c.period        AS period,
    c.statement     AS statement,
    c."by"          AS considered_by,
    c."on"          AS considered_on
FROM considered_inputs c
