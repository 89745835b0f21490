"""``qmsreports pack build --with`` and ``pack diff`` as they are typed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.pack.pack_workspace import BUILT


def test_an_edition_is_compared_with_the_one_before(desk: Any) -> None:
    first = desk.made.build()
    assert desk.type("pack", "diff", "monthly-2026-10-e1", "monthly-2026-10") == (
        "monthly-2026-10-e1 and monthly-2026-10-e1 say the same, made by the same"
    )
    values = [88.0 + (index % 3) for index in range(24)]
    desk.made.series("otif", [*values[:-1], 93.0], target=95.0, at=BUILT + timedelta(hours=1))
    second = desk.made.build(BUILT + timedelta(days=1))
    assert (first.edition, second.edition) == (1, 2)

    found = desk.json("pack", "diff", "monthly-2026-10-e1", "monthly-2026-10")
    assert (found["before"], found["after"]) == ("monthly-2026-10-e1", "monthly-2026-10-e2")
    assert found["causes"] == {"late_data": 1}
    (one,) = found["differences"]
    assert (one["kpi"], one["period"], one["before"], one["after"], one["why"]) == (
        "otif",
        "2026-10",
        90.0,
        93.0,
        "late data",
    )
    assert desk.type("pack", "diff", "monthly-2026-10-e1", "monthly-2026-10-e2").startswith("Late data:\n")

    line = desk.type("pack", "diff", "monthly-2026-10-e1", "monthly-2026-10-e3", expect=2)
    assert line.startswith('there is no pack "monthly-2026-10-e3"; did you mean')
    model = first.folder / "model.json"
    model.write_text(model.read_text() + " ")
    assert "was changed after it was sealed" in desk.type(
        "pack", "diff", first.folder.name, "monthly-2026-10", expect=1
    )


def test_slides_are_made_where_they_are_asked_for_and_rebuild_alike(desk: Any) -> None:
    month = ("monthly", "--period", "2026-10")
    assert not [file for file in desk.json("pack", "build", *month)["files"] if file["path"].endswith(".pptx")]
    found = desk.json("pack", "build", *month, "--with", "pptx")
    assert "monthly-2026-10-e2.pptx" in [file["path"] for file in found["files"]]
    assert desk.json("pack", "build", *month)["edition"] == 2  # has what is wanted, and more
    assert "8 files match their seal and rebuild alike" in desk.type("pack", "verify", *month)
    assert desk.json("pack", "diff", "monthly-2026-10-e1", "monthly-2026-10-e2")["causes"] == {"record": 1}


@pytest.mark.parametrize("command", [("run", "review"), ("pack", "build")])
def test_a_period_of_another_kind_is_refused_before_anything_is_computed(desk: Any, command: tuple[str, str]) -> None:
    said = desk.type(*command, "monthly", "--period", "2026-Q3", expect=2)
    assert said == "review monthly looks back on a month, and 2026-Q3 is none; name one, as 2026-09"
    assert desk.json("run", "list") == []


def test_the_seal_and_the_journal_for_scripts(desk: Any) -> None:
    month = ("monthly", "--period", "2026-10")
    built = desk.made.build()
    found = desk.json("pack", "verify", *month)
    assert (found["pack"], found["period"], found["edition"], found["sound"]) == ("monthly", "2026-10", 1, True)
    assert found["files"] == len(list(built.folder.iterdir()))
    assert [finding for finding in found["findings"] if not finding["warning"]] == []
    page = next(built.folder.glob("*.html"))
    page.write_bytes(page.read_bytes() + b" ")
    found = json.loads(desk.type("pack", "verify", *month, "--json", expect=1))
    assert found["sound"] is False
    assert found["findings"][0]["where"] == str(page)
    assert found["findings"][0]["what"].startswith("the file was changed after it was sealed")
    desk.type("review", "open", "--period", "2026-10", "--on", "2026-11-12", "--by", "M. Huber")
    newest, count = desk.log()[-1].hash, len(desk.log())
    assert desk.json("audit", "verify") == {"entries": count, "newest": newest, "sound": True, "findings": []}
    assert desk.type("audit", "verify") == f"{count} entries, chain unbroken, newest hash {newest}"


def test_each_edition_is_verified_and_delivered_by_its_number(desk: Any) -> None:
    month = ("monthly", "--period", "2026-10")
    desk.type("pack", "build", *month)
    desk.type("pack", "approve", *month, "--by", "M. Huber")
    (first,) = desk.json("pack", "deliver", *month)["delivered_to"]
    said = ("--cause", "Steel.", "--action", "Shift.", "--effect", "Over 90 %.", "--by-when", "2026-12-01")
    desk.type("review", "comment", "otif", "--period", "2026-10", *said, "--by", "E. Novak")
    assert desk.json("pack", "build", *month)["edition"] == 2
    listed = desk.json("pack", "list")
    assert [row["status"] for row in listed] == ["approved", "draft"]
    assert (listed[0]["approved_by"], [one["to"] for one in listed[0]["delivered"]]) == ("M. Huber", [first])
    assert (listed[1]["replaces"], listed[1]["delivered"]) == ("monthly-2026-10-e1", [])
    assert "comment" in listed[1]["reason"]
    assert desk.type("pack", "list").splitlines()[1].split() == [
        *("monthly", "2026-10", "1", "approved", "M.", "Huber", "2026-11-03", first)
    ]

    assert desk.json("pack", "verify", *month)["edition"] == 2
    found = desk.json("pack", "verify", *month, "--edition", "1")
    assert (found["edition"], found["sound"], found["findings"]) == (1, True, [])
    assert desk.type("pack", "verify", *month, "--edition", "1").startswith("pack monthly 2026-10 edition 1: 7 files")
    found = desk.json("pack", "deliver", *month)  # the newest approved one, though a draft is newer
    assert (found["edition"], found["delivered_to"]) == (1, [first])
    line = "pack monthly 2026-10 is draft; approve it first"
    assert desk.type("pack", "deliver", *month, "--edition", "2", expect=1) == line
    line = "pack monthly 2026-10 edition 1 is approved; nothing to do"
    assert desk.type("pack", "approve", *month, "--edition", "1", "--by", "M. Huber", expect=1) == line
    line = "pack monthly 2026-10 has no edition 3; there is 1, 2"
    assert desk.type("pack", "verify", *month, "--edition", "3", expect=2) == line

    page = next(path for path in desk.made.folder.rglob("monthly-2026-10-e1.html") if path.parent.name.endswith("ed"))
    page.write_bytes(page.read_bytes() + b" ")
    assert "was changed after it was sealed" in desk.type("pack", "verify", *month, "--edition", "1", expect=1)
    assert desk.json("pack", "verify", *month)["sound"] is True


def test_an_end_that_was_cut_off_the_audit_log_is_found(desk: Any) -> None:
    month = ("monthly", "--period", "2026-10")
    for person in ("M. Huber", "E. Novak"):
        desk.type("review", "attend", "--period", "2026-10", "--person", person, "--by", "M. Huber")
    built = desk.json("pack", "build", *month)
    folder = Path(built["folder"])
    sealed = json.loads((folder / "manifest.json").read_text())["journal"]
    whole = [entry.hash for entry in desk.log()][: sealed["entries"]]
    assert len(whole) > 2
    assert sealed == {"entries": len(whole), "hash": whole[-1]}
    desk.type("review", "attend", "--period", "2026-10", "--person", "A. Berger", "--by", "M. Huber")
    assert desk.json("audit", "verify")["sound"] is True  # the log went on

    cut(desk, "DELETE FROM journal WHERE id > 1")
    found = json.loads(desk.type("audit", "verify", "--json", expect=1))
    assert (found["entries"], found["newest"], found["sound"]) == (1, whole[0], False)
    line = f"had {len(whole)} entries when pack monthly-2026-10-e1 was sealed, the newest {whole[-1][:12]}…; it has 1"
    assert said_of_journal(found) == [line]
    assert line in desk.type("pack", "verify", *month, expect=1)

    while len(desk.log()) < len(whole):  # the chain is continued with entries of another kind
        desk.type("review", "attend", "--period", "2026-10", "--person", f"X. {len(desk.log())}", "--by", "M. Huber")
    (what,) = said_of_journal(json.loads(desk.type("audit", "verify", "--json", expect=1)))
    assert what.endswith("; that entry is not there")

    for table in ("pack_files", "packs"):
        cut(desk, f"DELETE FROM {table}")  # the folders still know
    assert said_of_journal(json.loads(desk.type("audit", "verify", "--json", expect=1))) == [what]


def test_an_approval_without_its_entry_is_found(desk: Any) -> None:
    month = ("monthly", "--period", "2026-10")
    desk.type("pack", "build", *month)
    desk.type("pack", "approve", *month, "--by", "M. Huber")
    (target,) = desk.json("pack", "deliver", *month)["delivered_to"]
    cut(desk, "DELETE FROM journal")
    said = said_of_journal(json.loads(desk.type("audit", "verify", "--json", expect=1)))
    assert [what for what in said if "sealed" not in what] == [
        'has no entry "approve pack monthly 2026-10 edition 1", which the register has',
        f'has no entry "deliver pack monthly 2026-10 edition 1 to {target}", which the register has',
    ]


def said_of_journal(found: Any) -> list[str]:
    """What is said of the log itself; the rows that it covered are named beside it."""
    return [one["what"] for one in found["findings"] if one["where"] == "journal"]


def cut(desk: Any, statement: str) -> None:
    """Change the register as somebody would who may do anything with its file."""
    with closing(sqlite3.connect(desk.made.folder / "register.db")) as register, register:
        for (name,) in register.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            register.execute(f"DROP TRIGGER {name}")
        register.execute(statement)


def test_a_preview_is_no_edition(desk: Any) -> None:
    found = desk.json("pack", "preview", "--period", "2026-10")
    assert [Path(file).name for file in found["files"]] == [
        "monthly-2026-10-preview.pdf",
        "monthly-2026-10-preview.html",
    ]
    assert all(Path(file).is_file() for file in found["files"])
    assert desk.json("pack", "list") == []
    assert desk.type("pack", "preview", "montly", expect=2).endswith('did you mean "monthly"?')


def test_watching_a_preview_ends_with_ctrl_c_and_without_an_error(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([None, None, KeyboardInterrupt()])

    def sleep(seconds: float) -> None:
        assert seconds == 1.0
        if (ends := next(looks)) is not None:
            raise ends

    monkeypatch.setattr("qmsreports.cli.pack.time.sleep", sleep)
    said = desk.type("pack", "preview", "--period", "2026-10", "--watch").splitlines()
    assert [Path(line).suffix for line in said[:2]] == [".pdf", ".html"]
    assert said[-1] == "watching; Ctrl-C ends it"  # nothing changed until the second look
    assert desk.type("pack", "preview", "--period", "2001-01", "--watch", expect=1).startswith("pack monthly 2001-01: ")
