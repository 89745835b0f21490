"""A database behind a SQLAlchemy URL: reached, or refused in one line that repeats nothing of the URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qmsreports.sources.feed import Unreadable

FORM = "write it like sqlite:////folder/file.db or postgresql+psycopg://user:password@host/database"
_ENCODED = "signs such as @ / : ? in user and password are percent-encoded there (@ is %40)"
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
"""The driver that comes with the product, for URLs that name none."""


def engine_of(connection: str) -> Any:
    """Return an engine for a URL; :class:`Unreadable` where it is none, or its driver is not installed."""
    import sqlalchemy as sa

    try:
        url = sa.make_url(connection)
    except sa.exc.ArgumentError:
        raise Unreadable("the connection is not a database URL", FORM) from None
    except ValueError:
        raise Unreadable("the port of the connection is no number", f"check the password: {_ENCODED}") from None
    if "@" in (url.host or ""):
        raise Unreadable("the host of the connection holds an @", f"check the password: {_ENCODED}")
    try:
        return sa.create_engine(url.set(drivername=_DRIVERS.get(url.drivername, url.drivername)), poolclass=sa.NullPool)
    except sa.exc.ArgumentError:
        raise Unreadable("the connection is not a database URL", FORM) from None
    except ImportError as error:
        raise Unreadable(
            f"the driver of this kind of database is not installed ({error.name})",
            f"install it, or name one that is: {url.get_backend_name()}+driver://",
        ) from None
    except (TypeError, ValueError):
        raise _odd_options() from None


def connected(engine: Any) -> Any:
    """Return a connection; SQLAlchemy's own errors come through.

    Values of PostgreSQL that Python has no date or time for (infinity, years before 1 or beyond 9999, 24:00) are read
    as PostgreSQL writes them, where psycopg would stop; so are intervals. Bits of MySQL are numbers: b'1' is 1.
    """
    import sqlalchemy as sa

    try:
        connection = engine.connect()
    except sa.exc.SQLAlchemyError:
        raise
    except (TypeError, ValueError, OSError):
        raise _odd_options() from None
    _takes_all(engine, connection.connection.dbapi_connection)
    return connection


def told_again(engine: Any, statements: Sequence[tuple[str, Mapping[str, str]]]) -> None:
    """Tell each further connection of an engine what the first one was told, with the values to bind.

    SQLAlchemy puts a new connection in place of one that was lost. Without its settings it would not be one for reading
    only, and row-level security would show it other rows.
    """
    import sqlalchemy as sa

    def tell(raw: Any, _record: Any) -> None:
        _takes_all(engine, raw)
        cursor = raw.cursor()
        for statement, given in statements:
            written = sa.text(statement).compile(dialect=engine.dialect)
            values = written.construct_params(dict(given))
            cursor.execute(
                str(written), [values[name] for name in written.positiontup or ()] if written.positional else values
            )
        cursor.close()
        raw.commit()

    sa.event.listen(engine, "connect", tell)


def _odd_options() -> Unreadable:
    return Unreadable(
        "the driver does not take what the connection says",
        "check host, port and the options after its ?; where PostgreSQL does not know how its texts are encoded "
        "(SQL_ASCII), client_encoding=latin1 says it there",
    )


def _takes_all(engine: Any, raw: Any) -> None:
    """Let the driver give each value as its database has it, where it would stop or give something else."""
    if engine.driver == "psycopg":
        _as_postgresql_writes(raw)
    elif engine.driver == "pymysql":
        from pymysql.constants import FIELD_TYPE

        raw.decoders[FIELD_TYPE.BIT] = lambda bits: int.from_bytes(bits, "big")  # else no text that a person could read


def _as_postgresql_writes(connection: Any) -> None:
    from psycopg import DataError
    from psycopg.types import datetime as read
    from psycopg.types.string import TextLoader

    def lenient(loader: Any) -> Any:
        class Lenient(loader):  # type: ignore[misc]  # made of each of psycopg's
            def load(self, data: Any) -> Any:
                try:
                    return super().load(data)
                except DataError:
                    return bytes(data).decode()

        return Lenient

    loaders = {"date": read.DateLoader, "time": read.TimeLoader, "timetz": read.TimetzLoader}
    loaders |= {"timestamp": read.TimestampLoader, "timestamptz": read.TimestamptzLoader}
    for name, loader in loaders.items():
        connection.adapters.register_loader(name, lenient(loader))
    connection.adapters.register_loader("interval", TextLoader)  # psycopg makes 30 days of a month
