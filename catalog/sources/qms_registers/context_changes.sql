-- External and internal issues, needs of interested parties, climate.
SELECT
    c.no                                 AS change_id,
    lower(replace(c.kind, ' ', '_'))     AS kind,
    c.title                              AS title,
    c.noticed                            AS noticed_on,
    c.effect                             AS effect,
    c.owner                              AS owner
FROM context c
