"""Building: same arguments, same bytes; nothing half; nobody else's folder touched."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from qmsreports import demo
from qmsreports.demo import building
from qmsreports.errors import CouldNotRun, ExitCode, UserError
from qmsreports.period import Period

SHORT = Period.parse("2023-12")  # two months: a build of a third of a second


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    first = demo.build(tmp_path / "a", through=SHORT)
    second = demo.build(tmp_path / "b", through=SHORT)
    assert contents(first.folder) == contents(second.folder)
    assert first.rows == second.rows


def test_another_seed_gives_another_company(tmp_path: Path) -> None:
    first = demo.build(tmp_path / "a", through=SHORT)
    second = demo.build(tmp_path / "b", through=SHORT, seed=7)
    assert (first.folder / "crm.db").read_bytes() != (second.folder / "crm.db").read_bytes()


def test_a_complete_build_is_reused_untouched(tmp_path: Path) -> None:
    first = demo.build(tmp_path / "demo", through=SHORT)
    (first.folder / "notes.txt").write_text("mine")
    times = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    second = demo.build(tmp_path / "demo", through=SHORT)
    assert second.reused and not first.reused
    assert second.rows == first.rows
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")} == times


@pytest.mark.parametrize("name", ["crm.db", "production/machine_shifts_2023-11-02.csv", "planted.json"])
def test_a_missing_file_is_built_again(tmp_path: Path, name: str) -> None:
    demo.build(tmp_path / "demo", through=SHORT)
    whole = contents(tmp_path / "demo")
    (tmp_path / "demo" / name).unlink()
    assert not demo.build(tmp_path / "demo", through=SHORT).reused
    assert contents(tmp_path / "demo") == whole


def test_rows_grow_with_scale(tmp_path: Path) -> None:
    once = demo.build(tmp_path / "a", through=SHORT).rows
    thrice = demo.build(tmp_path / "b", through=SHORT, scale=3).rows
    growing = [name for name in once if not name.startswith("qms_registers/")]
    for name in growing:
        assert thrice[name] == pytest.approx(3 * once[name], rel=0.12), name
    assert sum(thrice[name] for name in growing) == pytest.approx(3 * sum(once[name] for name in growing), rel=0.02)


def test_progress_names_every_table_with_its_rows(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    report = demo.build(tmp_path / "demo", through=SHORT, tell=lambda what, rows: told.append((what, rows)))
    assert [rows for _, rows in told] == list(report.rows.values())
    assert told[0][0] == "crm: account"


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), CouldNotRun),
        (sqlite3.OperationalError("database or disk is full"), CouldNotRun),
        (RuntimeError("killed"), RuntimeError),
    ],
)
def test_a_failure_leaves_the_old_company(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception, raised: type[Exception]
) -> None:
    demo.build(tmp_path / "demo", through=SHORT)
    before = contents(tmp_path / "demo")

    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(building, "write_workbook", fail)  # the databases are written by then
    with pytest.raises(raised) as caught:
        demo.build(tmp_path / "demo", through=Period.parse("2024-01"))
    assert contents(tmp_path / "demo") == before
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    if raised is CouldNotRun:
        assert isinstance(caught.value, CouldNotRun)
        assert caught.value.exit_code == ExitCode.COULD_NOT_RUN
        assert len(caught.value.findings) == 1


def test_a_failed_swap_puts_the_old_company_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo.build(tmp_path / "demo", through=SHORT)
    before = contents(tmp_path / "demo")
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name.endswith(".building"):
            raise OSError(errno.EIO, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(CouldNotRun, match="Input/output error"):
        demo.build(tmp_path / "demo", through=Period.parse("2024-01"))
    assert contents(tmp_path / "demo") == before


def test_what_a_kill_left_beside_is_cleared(tmp_path: Path) -> None:
    demo.build(tmp_path / "demo", through=SHORT)
    (tmp_path / "demo").rename(tmp_path / ".demo.replaced")  # killed between the two renames
    (tmp_path / ".demo.building").mkdir()
    (tmp_path / ".demo.building" / "crm.db").write_bytes(b"half")
    demo.build(tmp_path / "demo", through=SHORT)
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
    assert (tmp_path / "demo" / "crm.db").stat().st_size > 100_000


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")
    with pytest.raises(UserError, match="holds something other than the demo company"):
        demo.build(tmp_path, through=SHORT)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    assert demo.build(tmp_path / "demo", through=SHORT).total > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 0}, "scale 0 is no size; give a whole number from 1 on"),
        ({"through": Period.parse("2023-10")}, "cannot be read as of 2023-10; give a month from 2023-11 to 2029-12"),
        ({"through": Period.parse("2026-Q3")}, "cannot be read as of 2026-Q3; give a month from 2023-11 to 2029-12"),
    ],
)
def test_arguments_that_make_no_sense(tmp_path: Path, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as caught:
        demo.build(tmp_path / "demo", **arguments)  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert caught.value.exit_code == ExitCode.USAGE
    assert not (tmp_path / "demo").exists()


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file")
    with pytest.raises(UserError, match="holds something other"):
        demo.build(tmp_path / "demo", through=SHORT)
    with pytest.raises(CouldNotRun):
        demo.build(tmp_path / "demo" / "below", through=SHORT)
