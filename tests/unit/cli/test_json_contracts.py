"""What scripts rely on: each field of the JSON contracts of the design, by name, type and closed vocabulary.

Fields may be added, never renamed or taken away. The names below are copied from the design, not from the code.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.unit.pack.pack_workspace import BUILT

MAYBE = (int, float, type(None))
OCTOBER = ("--period", "2026-10")


def holds(entry: dict[str, Any], **types: Any) -> None:
    """Every field is there and of its type; ``bool`` is no number."""
    assert set(types) <= set(entry), set(types) - set(entry)
    for name, kind in types.items():
        assert isinstance(entry[name], kind), (name, entry[name])
        assert isinstance(entry[name], bool) == (kind is bool), (name, entry[name])


def test_kpi_values(desk: Any) -> None:
    found = desk.json("kpi", "values", "otif", *OCTOBER)
    assert isinstance(found, list)
    (one,) = found
    names = {"kpi": str, "version": int, "period": str, "slice": dict, "unit": str, "status": str}
    numbers = dict.fromkeys(("value", "numerator", "denominator", "low", "high", "target", "near"), MAYBE)
    holds(one, **names, **numbers, n=int, provisional=bool, restated=bool)
    # the 24th value of the fixture is 88 + 23 % 3, in percent as the KPI's unit is
    assert (one["kpi"], one["period"], one["unit"], one["value"]) == ("otif", "2026-10", "percent", 90.0)
    assert (one["slice"], one["target"], one["restated"]) == ({}, 95.0, False)


def test_spc(desk: Any, tmp_path: Path) -> None:
    path = tmp_path / "kpi.csv"
    path.write_text("month,value\n2025-01,9\n2025-02,\n2025-03,11\n2025-04,10\n")
    found = desk.json("spc", str(path), "--date", "month", "--value", "value", "--target", "10", "--better", "higher")
    holds(found, rules=str, segments=list, points=list, variation=str, assurance=str)
    for segment in found["segments"]:
        holds(segment, **{"from": str, "to": str, "trial": bool}, mean=MAYBE, lower=MAYBE, upper=MAYBE)
    for point in found["points"]:
        holds(point, date=str, value=MAYBE, mean=MAYBE, lower=MAYBE, upper=MAYBE, signal=str, kind=str)
    runs = {f"{name}_{side}" for name in ("two_of_three", "run") for side in ("high", "low")}
    signals = {"none", "above_limit", "below_limit", "trend_up", "trend_down", *runs}
    kinds = {"common_cause", "improvement", "concern", "neutral_high", "neutral_low"}
    assert {point["signal"] for point in found["points"]} <= signals
    assert {point["kind"] for point in found["points"]} <= kinds
    sides = {f"{word}_{side}" for word in ("improvement", "concern", "neutral") for side in ("high", "low")}
    assert found["variation"] in {"common_cause", *sides}
    assert found["assurance"] in {"pass", "fail", "hit_or_miss", "none"}


def test_review_ledger(desk: Any) -> None:
    found = desk.json("review", "ledger", *OCTOBER)
    assert found
    for entry in found:
        holds(entry, standard=str, edition=str, clause=str, label=str, state=str, evidence=list)
        holds(entry, considered_by=(str, type(None)), last_considered=(str, type(None)))
        assert entry["state"] in {"data", "considered", "missing"}
        assert all(isinstance(line, str) for line in entry["evidence"])
    assert {entry["edition"] for entry in found} == {"2015", "2026"}


def test_kpi_list(desk: Any) -> None:
    found = {entry["kpi"]: entry for entry in desk.json("kpi", "list")}
    for entry in found.values():
        holds(entry, kpi=str, title=str, unit=str, better=str, owner=str, feeds=list, version=(int, type(None)))
        holds(entry, state=str)
        assert entry["better"] in {"higher", "lower", "neither"}
    assert found["on_time_delivery"]["unit"] == "percent"


def test_pack_list(desk: Any) -> None:
    assert desk.json("pack", "list") == []
    desk.made.build()
    desk.made.series("otif", [91.0] * 24, target=95.0, at=BUILT + timedelta(hours=1))
    desk.made.build(BUILT + timedelta(days=1))
    found = desk.json("pack", "list")
    for entry in found:
        holds(entry, pack=str, period=str, edition=int, status=str)
    assert [(entry["edition"], entry["status"]) for entry in found] == [(1, "superseded"), (2, "draft")]  # oldest first


def test_pack_build(desk: Any) -> None:
    found = desk.json("pack", "build", "monthly", *OCTOBER)
    holds(found, pack=str, period=str, files=list, status=str)
    assert (found["pack"], found["period"], found["status"]) == ("monthly", "2026-10", "draft")
    assert found["files"]
    for file in found["files"]:
        holds(file, path=str, sha256=str, bytes=int)
        content = (Path(found["folder"]) / file["path"]).read_bytes()
        assert (file["sha256"], file["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
