"""PostgreSQL: a connection that is lost while a table is read stops that table alone, and the next one is as it was."""

from __future__ import annotations

from pathlib import Path

from small_source import World, make_source
from sqlalchemy import create_engine

from qmsreports import sources


def test_a_connection_in_place_of_a_lost_one_has_the_same_settings(tmp_path: Path, postgresql_url: str) -> None:
    owner = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")

    def sql(statement: str) -> None:
        with owner.connect() as connection:
            connection.exec_driver_sql(statement)

    sql("DROP SCHEMA public CASCADE")
    sql("CREATE SCHEMA public")
    sql("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    sql("GRANT USAGE ON SCHEMA public TO reader")
    sql("CREATE TABLE many AS SELECT no, repeat('x', 1000) AS text FROM generate_series(1, 100000) no")
    sql("""CREATE TABLE "case" (no int, org text, until date, spare json)""")
    sql("""INSERT INTO "case" VALUES (1, 'north', 'infinity'), (2, 'south', NULL)""")
    sql("""ALTER TABLE "case" ENABLE ROW LEVEL SECURITY""")
    # without the setting, the policy shows the rows of another organisation
    sql("""CREATE POLICY own ON "case" USING (org = coalesce(current_setting('app.org', true), 'south'))""")
    sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    tables = [{"table": table, "key": ["no"]} for table in ("many", "case")]
    source = make_source(*tables).model_copy(update={"session": {"app.org": "north"}})
    world = World(tmp_path, source, postgresql_url.replace("postgres:@", "reader:@"))
    lost: list[bool] = []

    def lose(what: str, rows: int) -> None:
        if what == "shop: many" and rows and not lost:
            lost.append(True)
            sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")

    try:
        result = sources.land(
            world.source, connection=world.connection, landing=world.landing, state=world.state, tell=lose
        )
    finally:
        owner.dispose()
    assert lost and "table many: reading stopped" in world.one_failure(result)
    assert world.landed(result) == {"case": 1}
    assert [(row["no"], row["until"]) for row in world.rows("case")] == [(1, "infinity")]
