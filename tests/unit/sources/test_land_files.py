"""Folders of CSV files: what lands, what is recognised, and what is refused with file and line."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_source import World, all_files, make_source

from qmsreports import landing
from qmsreports.records import LandResult

FEED = {
    "table": "shifts",
    "files": "shifts_*.csv",
    "format": "csv",
    "separator": ";",
    "decimal": ",",
    "key": ["Machine", "Day"],
    "needs": ["Minutes"],
}
HEADER = "Machine;Day;Minutes;Note\n"


class Folder(World):
    """A folder of files as the source."""

    @property
    def files(self) -> Path:
        return self.folder / "in"

    def write(self, name: str, content: str | bytes, *, after: int = 0) -> None:
        """Write a file, ``after`` seconds later than the others: the clock of the test machine does not matter."""
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, (1_790_000_000 + after, 1_790_000_000 + after))

    def warned(self, result: LandResult) -> list[str]:
        return [str(warning) for warning in result.warnings]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    world = Folder(tmp_path, make_source(FEED, kind="files"), str(tmp_path / "in"))
    world.write("shifts_1.csv", HEADER + "M1;01.10.2026;412,5;\nM2;01.10.2026;1.440,0;ok\n")
    world.write("shifts_2.csv", HEADER + 'M1;02.10.2026;n/a;"two\nlines; one cell"\nM2;02.10.2026;7;3,5 kg\n')
    return world


def test_cells_land_as_text_with_file_and_line(folder: Folder) -> None:
    assert folder.landed() == {"shifts": 4}
    rows = [tuple(row.values()) for row in folder.rows("shifts")]
    assert rows == [
        ("M1", "01.10.2026", "412.5", None, "shifts_1.csv", 2),
        ("M2", "01.10.2026", "1440.0", "ok", "shifts_1.csv", 3),
        ("M1", "02.10.2026", "n/a", "two\nlines; one cell", "shifts_2.csv", 3),
        ("M2", "02.10.2026", "7", "3,5 kg", "shifts_2.csv", 4),
    ]
    assert folder.tables("shifts")[0].column_names == ["machine", "day", "minutes", "note", "_file", "_line"]


def test_without_a_decimal_comma_nothing_is_touched(folder: Folder) -> None:
    folder.source = make_source({**FEED, "decimal": "."}, kind="files")
    folder.land()
    assert [row["minutes"] for row in folder.rows("shifts")] == ["412,5", "1.440,0", "n/a", "7"]


def test_an_unchanged_folder_is_not_read_again(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.land()
    before = all_files(folder.folder)
    monkeypatch.setattr("qmsreports.sources.csvs.Csvs.content", lambda *_: pytest.fail("a file was read"))
    assert folder.landed() == {}
    assert all_files(folder.folder) == before


def test_new_files_land_and_small_ones_share_a_file(folder: Folder) -> None:
    folder.land()
    for number in range(3, 9):
        folder.write(f"shifts_{number}.csv", HEADER + f"M1;{number:02}.10.2026;1;\n")
    assert folder.landed() == {"shifts": 6}
    assert len(landing.completed(folder.landing, "shop", "shifts")) == 2


def test_a_file_written_twice_within_one_whole_second_lands_twice(folder: Folder) -> None:
    """SFTP and S3 tell whole seconds, and both versions have the same length."""

    def written(minutes: str) -> None:
        path = folder.files / "shifts_3.csv"
        path.write_text(HEADER + f"M1;03.10.2026;{minutes};\n")
        os.utime(path, (second, second))

    second = int(time.time()) + 1  # the clock of the server is ahead of ours
    written("411")
    assert folder.landed() == {"shifts": 5}
    written("412")
    assert folder.landed() == {"shifts": 1}
    assert folder.landed() == {}
    second = 1_790_000_900  # what was written long ago is known by its time
    written("413")
    assert folder.landed() == {"shifts": 1}
    before = all_files(folder.folder)
    assert folder.landed() == {}
    assert all_files(folder.folder) == before


def test_a_renamed_a_repeated_and_a_touched_file_land_once(folder: Folder) -> None:
    folder.land()
    (folder.files / "shifts_1.csv").rename(folder.files / "shifts_1_final.csv")
    folder.write("shifts_2_copy.csv", (folder.files / "shifts_2.csv").read_bytes())
    os.utime(folder.files / "shifts_2.csv", (1_790_000_500, 1_790_000_500))
    result = folder.land()
    assert folder.landed(result) == {}
    assert folder.warned(result) == [
        f"in/{name}: the content was landed before under another name; it is not landed again"
        for name in ("shifts_1_final.csv", "shifts_2_copy.csv")
    ]
    before = all_files(folder.folder)
    assert not folder.land().warnings
    assert all_files(folder.folder) == before
    assert len(folder.rows("shifts")) == 4


def test_files_that_are_gone_are_said_once_and_their_rows_stay(folder: Folder) -> None:
    folder.write("shifts_3.csv", HEADER)
    folder.land()
    (folder.files / "shifts_3.csv").unlink()  # had no rows
    assert folder.warned(folder.land()) == []
    (folder.files / "shifts_2.csv").rename(folder.files / "shifts_4.csv")
    (folder.files / "shifts_1.csv").unlink()
    told = folder.land()
    assert folder.warned(told)[0] == (
        "source shop, table shifts: a file is gone since the last visit (shifts_1.csv); nothing where they were only "
        "cleared away: the 2 rows stay; rows that must go need deletions: keys"
    )
    assert len(folder.warned(told)) == 2  # and that the other one has a new name
    assert len(folder.rows("shifts")) == 4
    assert folder.warned(folder.land()) == []
    folder.write("shifts_1.csv", HEADER + "M1;01.10.2026;412,5;\nM2;01.10.2026;1.440,0;ok\n", after=5)
    assert folder.landed() == {}  # it comes back as it was


def test_a_file_that_is_being_written_anew_is_not_gone(folder: Folder) -> None:
    folder.source = make_source({**FEED, "settle_seconds": 60}, kind="files")
    folder.land()
    folder.write("shifts_1.csv", HEADER + "M1;01.10.2026;4;\n", after=90)
    at = datetime.fromtimestamp(1_790_000_100, UTC)
    assert folder.warned(folder.land(at=at)) == []


def test_a_file_that_is_gone_takes_its_keys_along_where_keys_tell(folder: Folder) -> None:
    folder.source = make_source({**FEED, "deletions": "keys"}, kind="files")
    folder.land()
    (folder.files / "shifts_1.csv").unlink()
    told = folder.land()
    assert folder.warned(told) == []
    newest = folder.tables("shifts__keys")[-1].to_pylist()
    assert [row["machine"] for row in newest] == ["M1", "M2"]


def test_two_copies_in_one_visit_land_once(folder: Folder) -> None:
    folder.write("shifts_3.csv", (folder.files / "shifts_2.csv").read_bytes())
    assert folder.landed() == {"shifts": 4}


def test_a_corrected_file_lands_again_and_so_does_its_first_version_when_it_comes_back(folder: Folder) -> None:
    folder.land()
    first = (folder.files / "shifts_1.csv").read_bytes()
    folder.write("shifts_1.csv", first.replace(b"412,5", b"400,5"), after=60)
    assert folder.landed() == {"shifts": 2}
    folder.write("shifts_1.csv", first, after=120)
    assert folder.landed() == {"shifts": 2}
    minutes = [row["minutes"] for row in folder.rows("shifts") if row["_file"] == "shifts_1.csv" and row["_line"] == 2]
    assert minutes == ["412.5", "400.5", "412.5"]


def test_empty_files_among_others_are_said_once_and_stop_nothing(folder: Folder) -> None:
    folder.write("shifts_3.csv", "")
    folder.write("shifts_4.csv", HEADER)
    result = folder.land()
    assert not result.failures
    assert folder.landed(result) == {"shifts": 4}
    told = "nothing is landed; deliver it again if it should have rows"
    assert folder.warned(result) == [
        f"in/shifts_3.csv: the file is empty; {told}",
        f"in/shifts_4.csv: the file has a header and no row; {told}",
    ]
    assert not folder.land().warnings
    folder.write("shifts_3.csv", HEADER + "M1;03.10.2026;1;\n", after=60)
    assert folder.landed() == {"shifts": 1}


def test_a_file_that_had_rows_and_is_empty_now(folder: Folder) -> None:
    folder.land()
    folder.write("shifts_1.csv", HEADER, after=60)
    assert folder.one_failure().startswith(
        "in/shifts_1.csv: source shop, table shifts: the file is suddenly empty (2 rows before) (last good load 20"
    )


def test_a_file_that_may_be_empty_takes_its_keys_along(folder: Folder) -> None:
    folder.source = make_source({**FEED, "deletions": "keys", "may_be_empty": True}, kind="files")
    folder.land()
    for file in sorted(folder.files.glob("*.csv")):
        folder.write(file.name, HEADER, after=60)
    result = folder.land()
    assert not result.failures
    assert folder.tables("shifts__keys")[-1].num_rows == 0


def test_other_columns_in_later_files_are_said(folder: Folder) -> None:
    folder.land()
    folder.write("shifts_3.csv", "Day;Machine;Minutes;Shift\n03.10.2026;M1;1;F\n")
    result = folder.land()
    assert folder.warned(result) == [
        "source shop, table shifts: other columns than before (new: shift; gone: note); the mappings do not use them"
    ]
    assert folder.rows("shifts")[-1]["machine"] == "M1"


def test_a_byte_order_mark_quotes_and_blank_lines_do_no_harm(folder: Folder) -> None:
    folder.write(
        "shifts_3.csv", b"\xef\xbb\xbf\r\n" + HEADER.encode() + b'\r\n"M1";03.10.2026;"1";"say ""yes"""\r\n\r\n'
    )
    assert folder.landed() == {"shifts": 5}
    assert folder.rows("shifts")[-1]["note"] == 'say "yes"'


def test_keys_tell_which_rows_were_deleted(folder: Folder) -> None:
    folder.source = make_source({**FEED, "deletions": "keys"}, kind="files")
    assert folder.landed() == {"shifts": 4, "shifts__keys": 4}
    folder.write("shifts_1.csv", HEADER + "M1;01.10.2026;412,5;\n", after=60)
    assert folder.landed() == {"shifts": 1, "shifts__keys": 3}
    assert folder.landed() == {}


def test_a_folder_behind_any_url(tmp_path: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/drop/shifts_1.csv", (HEADER + "M1;01.10.2026;1;\n").encode())
    world = World(tmp_path, make_source(FEED, kind="files"), "memory://drop")
    try:
        assert world.landed() == {"shifts": 1}
        assert world.landed() == {}
    finally:
        memory.rm("/drop", recursive=True)


# --- what is refused -------------------------------------------------------------------------------------------------
def told(folder: Folder) -> str:
    """The only failure, without the part that every message has."""
    line = folder.one_failure()
    assert "source shop, table shifts: " in line or line.startswith("source shop: ")
    line = line.removeprefix("source shop: ")
    return line.replace("source shop, table shifts: ", "").replace(" (never landed so far)", "")


def test_a_row_with_too_many_or_too_few_values(folder: Folder) -> None:
    folder.write("shifts_2.csv", HEADER + "M1;02.10.2026;1;x\nM2;02.10.2026;1\n")
    line = "values where the header has 4; mend the line (a separator inside a text needs quotes)"
    assert told(folder) == f"in/shifts_2.csv:3: 3 {line}"
    folder.write("shifts_2.csv", HEADER + "M1;02.10.2026;1;x;y\n", after=60)
    assert told(folder) == f"in/shifts_2.csv:2: 5 {line}"
    assert folder.rows("shifts") == []


def test_a_quote_that_never_ends(folder: Folder) -> None:
    folder.write("shifts_2.csv", HEADER + 'M1;02.10.2026;1;"x\n')
    assert told(folder) == "in/shifts_2.csv:2: not readable as CSV (unexpected end of data); mend the line"


def test_a_file_of_utf_8_that_is_declared_as_something_else_is_told_by_its_mark(folder: Folder) -> None:
    folder.source = make_source({**FEED, "encoding": "cp1252"}, kind="files")
    folder.write("shifts_2.csv", (HEADER + "M1;02.10.2026;1;Müller\n").encode("utf-8-sig"))
    assert told(folder) == (
        "in/shifts_2.csv begins with the mark of UTF-8 and is declared as cp1252; write encoding: utf-8"
    )


def test_the_line_of_a_fault_in_utf_16(folder: Folder) -> None:
    folder.source = make_source({**FEED, "encoding": "utf-16"}, kind="files")
    for name in ("shifts_1.csv", "shifts_2.csv"):
        folder.write(name, (HEADER + "M1;02.10.2026;1;x\n").encode("utf-16") + b"\x00\xd8;\x00")
    assert told(folder).startswith("in/shifts_1.csv:3: the file is not utf-16 text; ")


def test_a_file_that_holds_fewer_rows_than_before_is_said(folder: Folder) -> None:
    folder.write("shifts_2.csv", HEADER + "M1;03.10.2026;1;x\nM2;03.10.2026;2;x\nM3;03.10.2026;3;x\n")
    assert folder.land().warnings == ()
    folder.write("shifts_2.csv", HEADER + "M1;03.10.2026;1;x\nM3;03.10.2026;3;x\n", after=60)
    (said,) = map(str, folder.land().warnings)
    assert said.endswith(
        "in/shifts_2.csv: the file holds 2 rows and held 3; nothing where they were only cleared away: those that it "
        "no longer holds stay; rows that must go need deletions: keys"
    )


def test_another_encoding_than_declared(folder: Folder) -> None:
    folder.write("shifts_2.csv", (HEADER + "M1;02.10.2026;1;x\nM2;02.10.2026;1;Müller\n").encode("cp1252"))
    assert told(folder) == (
        "in/shifts_2.csv:3: the file is not utf-8 text; declare its encoding or deliver it as declared"
    )
    folder.source = make_source({**FEED, "encoding": "cp1252"}, kind="files")
    assert folder.landed() == {"shifts": 4}
    assert folder.rows("shifts")[-1]["note"] == "Müller"


def test_an_encoding_that_does_not_exist(folder: Folder) -> None:
    folder.source = make_source({**FEED, "encoding": "utf-88"}, kind="files")
    assert told(folder) == '"utf-88" is no encoding; write utf-8, cp1252 or latin-1'


def test_another_separator_than_declared(folder: Folder) -> None:
    folder.write("shifts_1.csv", HEADER.replace(";", ",") + "M1,01.10.2026,1,\n")
    assert told(folder) == 'the header of in/shifts_1.csv has no ";" but ","; write separator: ","'


def test_a_renamed_column(folder: Folder) -> None:
    folder.write("shifts_2.csv", HEADER.replace("Minutes", "Minute") + "M1;02.10.2026;1;x\n")
    assert told(folder) == (
        'in/shifts_2.csv:1: there is no column "Minutes"; did you mean "minute"?; '
        "mend it at the source, or change source.yaml and the mappings"
    )


def test_no_file_matches(folder: Folder) -> None:
    folder.source = make_source({**FEED, "files": "schichten_*.csv"}, kind="files")
    assert told(folder) == (
        'no file matches "schichten_*.csv"; mend the pattern or the connection; the folder holds "shifts_1.csv" '
        "and 1 more"
    )
    for path in folder.files.iterdir():
        path.unlink()
    assert told(folder).endswith("the folder is empty: check the connection and what delivers the files")


def test_a_missing_folder(folder: Folder) -> None:
    folder.connection = f"file://{folder.folder}/elsewhere"
    assert told(folder) == "file://<folder>/elsewhere does not exist; check the connection"


def test_a_connection_that_nothing_understands(folder: Folder) -> None:
    folder.connection = "carrier-pigeon://user:geheim@loft/birds"
    assert told(folder) == (
        "carrier-pigeon://loft/birds is no place for files that is known here; "
        "write a folder, sftp://…, s3://… or another address that fsspec knows"
    )
    folder.connection = "smb://user:geheim@host/share"
    assert told(folder).startswith("what reads smb:// is not installed; ")


def test_one_broken_table_leaves_the_others_alone(folder: Folder) -> None:
    folder.write("stops_1.csv", "No;Minutes\nS1;5\n")
    stops = {**FEED, "table": "stops", "files": "stops_*.csv", "key": ["No"]}
    folder.source = make_source(FEED, stops, kind="files")
    folder.write("shifts_2.csv", HEADER + "M1\n")
    result = folder.land()
    assert [failure.table for failure in result.failures] == ["shifts"]
    assert folder.landed(result) == {"stops": 1}
    assert folder.rows("shifts") == []


def test_a_column_that_is_declared_itself_is_no_suggestion(tmp_path: Path) -> None:
    feed = {"table": "tickets", "files": "*.csv", "format": "csv", "key": ["no"], "needs": ["opened", "reopened"]}
    world = Folder(tmp_path, make_source(feed, kind="files"), str(tmp_path / "in"))
    world.write("a.csv", "no,opened_at,reopened\n1,2026-10-01,0\n")
    assert 'there is no column "opened"; did you mean "opened_at"?' in world.one_failure()
    world.write("a.csv", "no,reopened\n1,0\n", after=9)
    assert 'there is no column "opened"; known: no, reopened' in world.one_failure()
