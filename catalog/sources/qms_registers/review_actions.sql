-- What earlier management reviews decided; the original due date is kept beside the present one.
SELECT
    a.action_no       AS action_id,
    a.review          AS review,
    a.title           AS title,
    a.owner           AS owner,
    a.decided         AS decided_on,
    a.original_due    AS original_due_on,
    a.due             AS due_on,
    a.done            AS done_on,
    a.progress        AS progress,
    a.evidence        AS evidence
FROM review_actions a
