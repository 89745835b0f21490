"""A draft in a file of its own: what is wrong with it is said with its own lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_measure_again import MORNING, SMALL, Line, line  # noqa: F401 - a fixture

from qmsreports.errors import UserError
from qmsreports.stages.evidence import backtest


def test_a_column_that_is_not_there_is_named_with_the_line_of_the_draft(line: Line, tmp_path: Path) -> None:  # noqa: F811
    text = (SMALL / "kpis" / "on_time.yaml").read_text().replace("field: urgent", "field: urgnt")
    path = tmp_path / "draft.yaml"
    path.write_text("# a draft\n# to try\n" + text)
    (at,) = [number for number, row in enumerate(path.read_text().splitlines(), 1) if "urgnt" in row]
    with pytest.raises(UserError) as raised:
        backtest("on_time", last=2, until="2026-03", at=MORNING, against=str(path), settings=line.settings)
    assert [str(finding) for finding in raised.value.findings] == [
        f'{path}:{at}: table orders has no column "urgnt"; did you mean "urgent"?'
    ]
