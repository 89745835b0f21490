"""Load packages: dlt writes them, this module keeps dlt to itself and to its folder.

One visit is one package: all rows of all tables, then the notes of the visit, then (last of all) the completion record.
dlt keeps the package on local disk until it is loaded, so a visit that was killed is finished by the next one.

dlt's own pipeline state is not used. It is written to the landing zone before the completion record and to the local
folder after the package is committed; a kill between the two leaves a state that knows more, or less, than the landing
zone holds. The notes of a visit travel inside the package, as rows, and count exactly when its rows count.

dlt reads settings from the home folder, from ``.dlt`` in the current folder and, where Airflow is installed, from
Airflow's secrets (which imports Airflow, five seconds). It is given a context of its own instead, for the time of the
visit: no telemetry, no log lines, no file outside ``state``.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import Any

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.landing import remove_cut_short, remove_unfinished
from qmsreports.sources.database import without_secrets
from qmsreports.sources.feed import Unreadable

Parts = Callable[[], Iterator[tuple[str, Any]]]
"""Yields (landed table, Arrow table); called once for each attempt."""

_SETTINGS = {
    "runtime": {"dlthub_telemetry": False, "log_level": "CRITICAL"},
    "providers": {"enable_airflow_secrets": False},
    "restore_from_destination": False,
    # files of one table may differ in columns and types; nothing is converted, a new file begins instead
    "data_writer": {"arrow_concat_promote_options": "default"},
    "load": {"delete_completed_jobs": True, "workers": 4, "raise_on_max_retries": 2},
}

_one_at_a_time = RLock()  # dlt's context is one per process


class Packages:
    """Writes the load packages of one source; ``folder`` holds a package only while it is under way."""

    def __init__(self, source: str, landing: str, folder: Path) -> None:
        self.source = source
        self.landing = landing
        self.folder = folder
        self._shown = without_secrets(landing, landing)

    def interrupted(self) -> bool:
        """Whether an earlier visit left something behind."""
        return self.folder.exists()

    def resume(self) -> str:
        """Load what an interrupted visit had already read and return its load id; empty when that was not much.

        What cannot be loaded any more is thrown away: the landing zone does not know it, so it is simply read again.
        """
        load_id = ""
        remove_cut_short(self.landing, self.source)
        with _quiet(self.folder):
            try:
                pipeline = self._pipeline()
                if pipeline.has_pending_data:
                    pipeline.normalize()
                    load_id = _load_id(pipeline.load())
            except Exception as error:
                self._refuse_full_disk(error)
        self.clear()
        if not load_id:
            remove_unfinished(self.landing, self.source)
        return load_id

    def write(self, parts: Parts) -> str:
        """Write one package and return its load id.

        :class:`Unreadable` out of ``parts`` comes through; a landing zone or disk that cannot be written is
        :class:`CouldNotRun`. Either way nothing of this package counts.
        """
        with _quiet(self.folder):
            import dlt

            def rows() -> Iterator[Any]:
                for table, batch in parts():
                    columns: Any = {name: {"timezone": False} for name in _without_zone(batch)}
                    hints = dlt.mark.make_hints(table_name=table, columns=columns)
                    yield dlt.mark.with_hints(batch, hints, create_table_variant=True)

            try:
                pipeline = self._pipeline()
                resource = dlt.resource(rows, name=self.source, write_disposition="append")
                source = dlt.source(lambda: resource, name=self.source)()
                load_id = _load_id(pipeline.run(source, loader_file_format="parquet"))
            except Exception as error:
                for cause in _causes(error):
                    if isinstance(cause, Unreadable):
                        self.clear()
                        raise cause from None
                    if isinstance(cause, KeyboardInterrupt):  # a person or a scheduler ended the run
                        raise KeyboardInterrupt from None
                self._refuse_full_disk(error)
                raise self._unwritable(error) from None
        self.clear()
        return load_id

    def clear(self) -> None:
        """Remove the working folder; what counts is in the landing zone."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _pipeline(self) -> Any:
        import dlt
        from dlt.destinations import filesystem

        return dlt.pipeline(
            pipeline_name=self.source,
            pipelines_dir=str(self.folder),
            destination=filesystem(bucket_url=self.landing),
            dataset_name=self.source,
        )

    def _refuse_full_disk(self, error: BaseException) -> None:
        """Raise when the disk is full, after giving back what the unfinished package took, landed or not."""
        for cause in _causes(error):
            if getattr(cause, "errno", None) == errno.ENOSPC or "No space left on device" in str(cause):
                self.clear()
                remove_unfinished(self.landing, self.source)
                raise CouldNotRun(
                    Finding(
                        f"source {self.source}",
                        f"no space left while writing to {self._shown} or {self.folder.parent}",
                        "nothing of this run counts: free some space and run again",
                    )
                ) from None

    def _unwritable(self, error: BaseException) -> BaseException:
        """Return what to raise: a line for people where the system refused, the error itself where it is our fault."""
        for cause in _causes(error):
            if isinstance(cause, OSError):
                return CouldNotRun(
                    Finding(
                        f"source {self.source}",
                        f"the landing zone {self._shown} cannot be written ({cause.strerror or type(cause).__name__})",
                        "check the folder and its permissions, then run again",
                    )
                )
        return error


def _without_zone(batch: Any) -> list[str]:
    """Names of columns with local times: dlt would call them UTC unless it is told otherwise."""
    import pyarrow as pa

    return [field.name for field in batch.schema if pa.types.is_timestamp(field.type) and field.type.tz is None]


def _load_id(info: Any) -> str:
    return str(info.loads_ids[-1]) if info is not None and info.loads_ids else ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@contextmanager
def _quiet(folder: Path) -> Iterator[None]:
    """Give dlt a context of its own and take it back afterwards."""
    from dlt.common.configuration.container import Container
    from dlt.common.configuration.providers import EnvironProvider
    from dlt.common.configuration.providers.dictionary import DictionaryProvider
    from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext
    from dlt.common.pipeline import PipelineContext
    from dlt.common.runtime.run_context import RunContext

    class Apart(RunContext):
        """A context that looks into no folder but the visit's own."""

        run_dir = local_dir = settings_dir = data_dir = global_dir = property(lambda _: str(folder))

        def initial_providers(self) -> list[Any]:
            settings = DictionaryProvider()
            settings._config_doc = _SETTINGS
            return [settings, EnvironProvider()]  # the environment may hold the landing zone's credentials

    with _one_at_a_time, Container().injectable_context(PluggableRunContext(Apart(str(folder)))):
        try:
            yield
        finally:
            with suppress(Exception):
                Container()[PipelineContext].deactivate()
