"""What a command does for a line is on record as a run, also where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from qmsreports.errors import UserError


@contextmanager
def recorded(run_id: str, kind: str, period: str) -> Iterator[list[str]]:
    """Keep a record of the run, also of one that fails; what is added to the list are its findings.

    ``kind``: ingest | measure | review | release. A process that is killed leaves a run that has not ended.
    """
    from qmsreports import stages
    from qmsreports.cli.clock import now

    findings: list[str] = []
    stages.begin_run(run_id, kind=kind, period=period, at=now())
    try:
        yield findings
    except BaseException as error:
        with suppress(UserError):  # a register on a full disk must not hide what filled it
            stages.end_run(run_id, status="failed", message=stages.one_line(error), at=now())
        raise
    stages.end_run(run_id, status="findings" if findings else "done", message="; ".join(findings), at=now())
