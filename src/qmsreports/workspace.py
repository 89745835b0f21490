"""One workspace, opened: settings, catalog, register and lake together, each only when it is asked for."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from qmsreports.errors import CouldNotRun, ExitCode, Finding, UserError, did_you_mean
from qmsreports.settings import Settings

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.catalog.source import Source
    from qmsreports.kpi.engine import Opener
    from qmsreports.lake import Lake
    from qmsreports.register.store import Register


class Workspace:
    """The stores of one workspace. Closing gives the register's connections back."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        opened = self.__dict__.get("register")
        if opened is not None:
            opened.close()

    @cached_property
    def register(self) -> Register:
        """The records, migrated to the newest schema; made where there are none yet, but only in a workspace."""
        from qmsreports.register.store import Register

        if not self.has_register:
            self._refuse_no_catalog()
        register = Register(self.settings.register_url)
        register.migrate()
        return register

    @property
    def has_register(self) -> bool:
        """Whether there is a register; one on a server is taken to be there."""
        url = self.settings.register_url
        return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).is_file()

    @cached_property
    def catalog(self) -> Catalog:
        """The files as :attr:`written`, with the organisation's time zone, sites, fiscal year and approvals as they
        were approved: while an edit of them waits, no stage counts by it.
        """
        written = self.written
        if not self.has_register:  # nothing is approved, and looking makes none
            return written
        from qmsreports.catalog.history import History
        from qmsreports.catalog.organised import KIND, as_approved, differing
        from qmsreports.register.catalog_records import CatalogRecords

        own = written.organisation
        history = History(CatalogRecords(self.register).definitions(KIND), own.approvals)
        approved = history.organisation
        counts = own if approved is None or not differing(approved, own) else as_approved(own, approved)
        earlier = tuple(year for year in history.fiscal_years if year != counts.fiscal)
        if counts is own and not earlier:
            return written
        return replace(written, organisation=counts, earlier_years=earlier)

    def _refuse_no_catalog(self) -> None:
        if not self.settings.catalog.is_dir():
            raise CouldNotRun(
                Finding(
                    str(self.settings.catalog),
                    "there is no catalog here",
                    "run in a workspace or set QMSREPORTS_CATALOG",
                )
            )

    @cached_property
    def written(self) -> Catalog:
        """What people adjust, loaded and checked; :class:`UserError` with every finding when it does not hold."""
        self._refuse_no_catalog()
        return _loaded(self.settings.catalog, self.settings.catalog.absolute(), _content(self.settings.catalog))

    @cached_property
    def lake(self) -> Lake:
        """The canonical tables."""
        from qmsreports.lake import Lake

        return Lake(self.settings.lake_url)

    @property
    def engine(self) -> Opener:
        """What computes KPI values, as the settings choose it; nothing is started before it is opened."""
        from qmsreports.kpi.engine import engine_of

        chosen = self.settings
        return engine_of(chosen.engine, spark=chosen.spark, spark_lake=chosen.spark_lake)

    @property
    def staging(self) -> Path:
        """Where rows wait in canonical shape between conform and publish."""
        return (self.settings.var / "staging").absolute()

    @property
    def packs(self) -> Path:
        """Where packs lie, each in a folder of its own."""
        return (self.settings.var / "packs").absolute()

    def source(self, name: str) -> Source:
        """Return a declared source; :class:`UserError` (exit 2) with a suggestion for an unknown name."""
        try:
            return self.written.sources[name]
        except KeyError:
            raise UserError(
                Finding("", f'there is no source "{name}"', did_you_mean(name, self.written.sources)),
                exit_code=ExitCode.USAGE,
            ) from None


def _content(folder: Path) -> tuple[tuple[str, bytes | None], ...]:
    """Return every file of a folder with what it holds; None for one that cannot be read."""
    return tuple((str(path), _bytes(path)) for path in sorted(folder.rglob("*")) if path.is_file())


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


@lru_cache(maxsize=2)  # every stage of a run asks; the same bytes at the same place are the same catalog
def _loaded(folder: Path, _place: Path, _files: tuple[tuple[str, bytes | None], ...]) -> Catalog:
    from qmsreports.catalog.load import load_catalog

    return load_catalog(folder)
