-- What the audits found; the audit itself may not be in the register yet.
SELECT
    f.finding_no      AS finding_id,
    f.audit_no        AS audit_id,
    lower(f.grade)    AS grade,
    f.clause          AS clause,
    f.description     AS description,
    f.raised          AS raised_on,
    f.due             AS due_on,
    f.closed          AS closed_on
FROM findings f
