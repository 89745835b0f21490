"""What tasks hand to each other arrives as it was, through JSON as a scheduler keeps it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from qmsreports import stages
from qmsreports.errors import Finding
from qmsreports.records import Audit, FeedFailure, StagedTable
from qmsreports.settings import Settings


def by_way_of_json(values: object) -> list[dict[str, object]]:
    return list(json.loads(json.dumps(values)))


def staged(folder: Path) -> StagedTable:
    return StagedTable(
        source="crm",
        table="order_lines",
        path=str(folder / "order_lines.rows.parquet"),
        rows=4,
        rejects="",
        rejected=0,
        rows_in=5,
        refreshed=0,
        duplicates=1,
        load_ids=("so_item/1761730000.5@3f9a01c2",),
        complete=True,
    )


def test_records_arrive_as_they_were(tmp_path: Path) -> None:
    failure = FeedFailure("crm", "so_item", Finding("catalog/sources/crm/source.yaml:7", "column qty is gone", "x"))
    assert stages.unpack_failures(by_way_of_json(stages.pack_failures([failure]))) == [failure]
    one = staged(tmp_path)
    assert stages.unpack_staged(by_way_of_json(stages.pack_staged([one]))) == [one]
    audit = Audit("crm", "order_lines", "broken", "", 4, (), (), "the suite cannot be read")
    packed = by_way_of_json(stages.pack_audited([(one, audit)]))
    assert stages.unpack_audited(packed) == [(one, audit)]
    assert (tmp_path / "order_lines.rows.audit.json").is_file()  # quarantined rows are in the file, not in the message


def test_a_register_that_does_not_answer_hides_nothing_else(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "register.db").write_bytes(b"no database at all, of some length" * 40)
    with caplog.at_level(logging.WARNING, logger="qmsreports"):
        stages.note_failure("run 1", "disk full", settings=Settings(var=tmp_path))
    assert "the register could not be told why this task failed" in caplog.text
