"""Kept paintings: the bytes that painting gives, painted once, and never trusted with what is sealed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from chart_samples import series

from qmsreports.pack.charts import kept, process_chart
from qmsreports.pack.charts.drawing import Drawing
from qmsreports.pack.charts.kept import KeptCharts


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Alternative texts of the charts that were really painted."""
    done: list[str] = []
    paint = kept.paint

    def noted(drawing: Drawing, alt: str) -> str:
        done.append(alt)
        return paint(drawing, alt)

    monkeypatch.setattr(kept, "paint", noted)
    return done


def chart(painter: KeptCharts, alt: str = "On time", *, last: float = 97.0) -> str:
    return process_chart(series([95, 96, 94, last]), alt=alt, painter=painter)


def test_a_chart_is_painted_once_for_all_builds(tmp_path: Path, painted: list[str]) -> None:
    plain = process_chart(series([95, 96, 94, 97]), alt="On time")
    assert [chart(KeptCharts(tmp_path, "1")) for _ in range(3)] == [plain] * 3
    assert painted == ["On time"]


def test_another_value_text_or_maker_is_painted(tmp_path: Path, painted: list[str]) -> None:
    first = chart(KeptCharts(tmp_path, "1"))
    assert chart(KeptCharts(tmp_path, "1"), last=97.1) != first
    assert chart(KeptCharts(tmp_path, "1"), "Late") != first
    assert chart(KeptCharts(tmp_path, "2")) == first
    assert painted == ["On time", "On time", "Late", "On time"]


@pytest.mark.parametrize("harm", ["cut short", "emptied", "touched", "no text"])
def test_a_broken_painting_is_painted_again_and_mended(tmp_path: Path, painted: list[str], harm: str) -> None:
    first = chart(KeptCharts(tmp_path, "1"))
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut short": whole[:-10],
            "emptied": b"",
            "touched": whole.replace(b"On time", b"Of time"),
            "no text": hashlib.sha256(b"\xff").hexdigest().encode() + b"\n\xff",
        }[harm]
    )
    assert chart(KeptCharts(tmp_path, "1")) == first
    assert path.read_bytes() == whole
    assert len(painted) == 2


def test_what_cannot_be_kept_is_painted_all_the_same(tmp_path: Path, painted: list[str]) -> None:
    (tmp_path / "file").write_text("no folder")
    keeper = KeptCharts(tmp_path / "file", "1")
    assert chart(keeper) == chart(keeper)
    keeper.tidy()
    assert len(painted) == 2


def test_what_was_used_longest_ago_goes_first(tmp_path: Path, painted: list[str]) -> None:
    keeper = KeptCharts(tmp_path, "1", most=2)
    for age, alt in ((300, "a"), (200, "b"), (100, "c")):
        before = set(tmp_path.iterdir())
        chart(keeper, alt)
        (new,) = set(tmp_path.iterdir()) - before
        os.utime(new, (1_700_000_000 - age, 1_700_000_000 - age))
    chart(keeper, "a")  # used again, so it is the newest now
    keeper.tidy()
    assert len(list(tmp_path.iterdir())) == 2
    (tmp_path / ".now.svg.17-1").write_bytes(b"half")  # another build is at work
    (tmp_path / ".old.svg.18-1").write_bytes(b"half")  # a killed one never ends it
    os.utime(tmp_path / ".old.svg.18-1", (1_700_000_000, 1_700_000_000))
    keeper.tidy()
    assert {path.name for path in tmp_path.iterdir() if path.suffix != ".svg"} == {".now.svg.17-1"}
    painted.clear()
    for alt in ("a", "c", "b"):
        chart(keeper, alt)
    assert painted == ["b"]
