"""Alembic environment: runs on the engine of the open register, never on a URL from a file."""

from __future__ import annotations

from alembic import context

from qmsreports.register.models import Base


def run() -> None:
    engine = context.config.attributes["engine"]
    with engine.connect() as plain:
        connection = plain.execution_options(qms_write=True)
        context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()
        if connection.in_transaction():
            connection.commit()


run()
