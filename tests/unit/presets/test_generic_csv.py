"""The preset for exports: European files into tickets, values worked out by hand."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from preset_line import PresetLine

HEAD = (
    "number;customer;site;channel;category;priority;opened;first_reply;resolved;closed;due;status"
    ";reopened;handed_over\n"
)


def test_a_european_export_becomes_tickets(tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "tickets_2026-10.csv").write_text(
        HEAD
        + "T1;A00012;Headquarters;Phone;Pump leaks, again;High;25.10.2026 02:30;-;;;01.11.2026 12:00;Open;1;2\n"
        + "T2;;Headquarters;Fax;Leak;Low;01.10.2026 08:00;;;;;Open;0;0\n"
        + "T3;A1;Headquarters;E-mail;Leak;Low;31.02.2026 08:00;;;;;Open;0;0\n",
        encoding="utf-8",
    )
    line = PresetLine(tmp_path, "generic_csv", str(exports))
    refused = line.run()
    (ticket,) = line.rows("tickets")
    assert ticket["ticket_id"] == "T1"
    assert ticket["opened_at"] == datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "the first of the two half past twos"
    assert ticket["due_at"] == datetime(2026, 11, 1, 11, tzinfo=UTC)
    assert (ticket["channel"], ticket["priority"], ticket["status"]) == ("phone", "high", "open")
    assert (ticket["reopened"], ticket["reassigned"], ticket["reached_human"]) == (1, 2, False)
    assert ticket["site"] == "linz" and ticket["category"] == "Pump leaks, again"
    assert len(refused["tickets"]) == 2
    assert refused["tickets"][0] == 'channel "Fax" is not among the codes of the source'
    assert "31.02.2026" in refused["tickets"][1]
    (exports / "tickets_2026-11.csv").write_text(
        HEAD
        + "T1;A00012;Headquarters;Phone;Leak;High;25.10.2026 02:30;25.10.2026 03:00;26.10.2026 08:00;;;Resolved;1;2\n"
    )
    line.run()
    (ticket,) = line.rows("tickets")
    assert ticket["first_reply_at"] == datetime(2026, 10, 25, 2, tzinfo=UTC)
    assert (ticket["status"], ticket["reached_human"]) == ("resolved", True)


def test_what_an_export_leaves_empty_is_not_known(tmp_path: Path) -> None:
    """A desk that writes nothing may mean never or may not know: shares and means leave such a ticket out."""
    exports = tmp_path / "exports"
    exports.mkdir()
    row = "T{};;Headquarters;Phone;Leak;Low;01.10.2026 08:00;;;;;Open;{}\n"
    told = [row.format(1, ";"), row.format(2, "0;3"), row.format(3, "n/a;0")]
    (exports / "tickets_2026-10.csv").write_text(HEAD + "".join(told), encoding="utf-8")
    line = PresetLine(tmp_path, "generic_csv", str(exports))
    assert not line.run().get("tickets")
    found = {ticket["ticket_id"]: (ticket["reopened"], ticket["reassigned"]) for ticket in line.rows("tickets")}
    assert found == {"T1": (None, None), "T2": (0, 3), "T3": (None, 0)}


def test_an_export_that_is_being_written_is_left_for_the_next_run(tmp_path: Path) -> None:
    """At six the export holds one row and half of another one, written 20 s before; by seven it is whole."""
    exports = tmp_path / "exports"
    exports.mkdir()
    export, six = exports / "tickets_2026-10.csv", datetime(2026, 11, 2, 6, tzinfo=UTC)
    row = "T{};;Headquarters;Phone;Leak;Low;01.10.2026 08:00;;;;;Open;0;0\n"
    line = PresetLine(tmp_path, "generic_csv", str(exports))

    def written(text: str, at: datetime) -> None:
        export.write_text(text, encoding="utf-8")
        os.utime(export, (at.timestamp(), at.timestamp()))

    written(HEAD + row.format(1) + row.format(2)[:-9], six - timedelta(seconds=20))
    (failure,) = line.land(at=six).failures
    assert failure.finding.what.endswith(
        "every file is still being written, or was until 60 s before this run (never landed so far)"
    )
    assert failure.finding.todo == "nothing: the next run reads them"
    written(HEAD + row.format(1) + row.format(2), six + timedelta(seconds=5))
    assert not line.land(at=six + timedelta(hours=1)).failures
    line.publish()
    assert [ticket["ticket_id"] for ticket in line.rows("tickets")] == ["T1", "T2"]
