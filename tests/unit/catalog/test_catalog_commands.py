"""The life of a definition on the command line, from the first proposal to the approval of a second person."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from qmsreports.cli import app
from qmsreports.errors import UserError

Run = Callable[..., tuple[int, list[str]]]
THIRD = """
  - version: 3
    effective_from: 2026-01-01
    why: All orders again.
    population: {table: orders, period_by: due_on}
    measure: {kind: ratio, numerator: {count: rows}, denominator: {count: rows}}
"""


@pytest.fixture
def run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``qmsreports catalog ...`` on the small catalog; gives the exit code and what was said, findings last."""
    monkeypatch.setenv("QMSREPORTS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("QMSREPORTS_CATALOG", str(folder))
    monkeypatch.setenv("QMSREPORTS_EXPECTATIONS", str(tmp_path / "expectations"))  # none: the catalog by itself

    def command(*words: str) -> tuple[int, list[str]]:
        result = CliRunner().invoke(app, ["catalog", *words])
        said = result.output.splitlines()
        if isinstance(result.exception, UserError):
            return int(result.exception.exit_code), said + [str(finding) for finding in result.exception.findings]
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, said

    return command


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_two_people_approve_where_the_organisation_says_so(run: Run, folder: Path) -> None:
    edit(folder / "organisation.yaml", "sites:", "approvals: 2\nsites:")
    assert run("apply", "--by", "anna", "--quiet") == (0, ["11 definitions proposed by anna; 7 of them need approval"])
    assert run("approve", "on_time", "--by", "Anna") == (
        1,
        [
            "KPI on_time version 1 was proposed by anna; another person has to approve it",
            "KPI on_time version 2 was proposed by anna; another person has to approve it",
            "targets of on_time was proposed by anna; another person has to approve it",
        ],
    )
    code, said = run("approve", "--all", "--by", "bert", "--note", "Review of October")
    assert (code, said[-1]) == (0, "7 definitions approved by bert")
    assert "waits for approval: KPI on_time version 1, proposed by anna" in run("plan")[1]
    assert run("approve", "on_time", "--by", "bert")[0] == 1
    code, said = run("approve", "--all", "--by", "cleo", "--quiet")
    assert (code, said) == (0, ["7 definitions approved by cleo"])
    assert run("plan") == (0, ["the register has everything as it is written"])
    assert run("approve", "--all", "--by", "dora") == (0, ["catalog: nothing waits for approval"])


def test_what_an_approved_version_counts_cannot_be_edited(run: Run, folder: Path) -> None:
    run("apply", "--by", "anna")
    run("approve", "--all", "--by", "bert")
    path = folder / "kpis/on_time.yaml"
    edit(path, "{field: urgent, is: true}", "{field: urgent, is: false}")
    refusal = (
        "catalog/kpis/on_time.yaml:24: version 2 was approved and what it counts was edited; "
        "put it back as it was and add version 3"
    )
    assert run("apply", "--by", "anna") == (1, [refusal])
    assert run("apply", "--by", "anna", "--dry-run") == (1, [refusal])
    assert run("plan") == (1, [refusal])
    edit(path, "{field: urgent, is: false}", "{field: urgent, is: true}")
    path.write_text(path.read_text(encoding="utf-8").rstrip() + THIRD, encoding="utf-8")
    assert run("apply", "--by", "anna") == (
        0,
        [
            "KPI on_time version 3: new, in force from 2026-01-01; needs approval",
            "1 definition proposed by anna",
            "another person approves: qmsreports catalog approve on_time --by NAME",
        ],
    )


def test_wording_keeps_the_approval(run: Run, folder: Path) -> None:
    run("apply", "--by", "anna")
    run("approve", "--all", "--by", "bert")
    edit(folder / "kpis/on_time.yaml", "title: On time", "title: In time")
    _, said = run("apply", "--by", "anna")
    assert said[0] == "KPI on_time version 1: other wording, same numbers; the approval holds"
    assert run("plan") == (0, ["the register has everything as it is written"])


def test_how_a_number_is_judged_is_named_where_it_was_edited(run: Run, folder: Path) -> None:
    run("apply", "--by", "anna")
    run("approve", "--all", "--by", "bert")
    edit(folder / "kpis/doubled.yaml", "better: neither", "better: higher")
    edit(folder / "kpis/on_time.yaml", "slices: [site]", "slices: [site, status]")
    edit(folder / "kpis/on_time.yaml", "why: Urgent", "settles_after: {days: 5}\n    why: Urgent")
    _, said = run("apply", "--by", "anna")
    same, sliced = "no number changes; the approval holds", "slices is site, status, was site"
    assert said[:3] == [
        f"KPI doubled version 1: better is higher, was neither; {same}",
        f"KPI on_time version 1: {sliced}; {same}",
        f"KPI on_time version 2: {sliced}, settles_after is 5 days, was 0 days; {same}",
    ]


def test_a_definition_is_shown_with_its_versions_and_who_approved_them(run: Run, folder: Path) -> None:
    run("apply", "--by", "anna")
    run("approve", "on_time", "--by", "bert")
    path = folder / "kpis/on_time.yaml"
    path.write_text(path.read_text(encoding="utf-8").rstrip() + THIRD, encoding="utf-8")
    said = CliRunner().invoke(app, ["kpi", "show", "on_time"]).output.splitlines()
    assert said[:3] == [
        "on_time: On time (percent, better: higher)",
        "Of the orders due, how many were done by then?",
        "owner supply.manager; feeds 9.3.2-c3; slices site",
    ]
    assert [line for line in said if line.startswith("version")] == [
        "version 1, from 2024-01-01: approved",
        "version 2, from 2025-01-01: approved",
        "version 3, from 2026-01-01: not applied",
    ]
    assert "  Urgent orders only." in said
    assert sum(line.startswith("  approved by bert on 20") for line in said) == 2
    assert said[-3:] == [
        "target from 2024-01-01 to 2024-12-31: 90, near 85",
        "target from 2025-01-01: 95, near 93",
        "target from 2025-01-01 for site lyon: 92",
    ]
    unknown = CliRunner().invoke(app, ["kpi", "show", "on_tim"])
    assert isinstance(unknown.exception, UserError)
    assert 'did you mean "on_time"?' in str(unknown.exception.findings[0])


def test_a_dry_run_writes_nothing(run: Run, tmp_path: Path) -> None:
    code, said = run("apply", "--by", "anna", "--dry-run")
    assert (code, said[-1]) == (0, "nothing was written; 11 definitions would be proposed by anna")
    assert run("apply", "--by", "anna", "--quiet") == (0, ["11 definitions proposed by anna; 7 of them need approval"])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("apply", "--by", " "), 2, "nobody is named; say who it is: --by"),
        (("approve", "--by", "anna"), 2, "name the KPIs to approve, or say --all"),
        (("approve", "on_time", "--by", "anna"), 1, 'nothing of "on_time" waits for approval; apply it first'),
        (("approve", "on_tme", "--by", "anna"), 2, 'there is no KPI "on_tme"; did you mean "on_time"?'),
        (("apply", "a.xlsx", "--by", "x"), 3, "a.xlsx: cannot be read (No such file or directory); check the name"),
        (("export", "--xlsx", "a.xlsx", "--out", "b"), 2, "--xlsx goes with no other option; run it alone"),
    ],
)  # fmt: skip
def test_mistakes_on_the_command_line_are_one_line(run: Run, words: tuple[str, ...], code: int, said: str) -> None:
    assert run(*words) == (code, [said])


def test_a_mistake_in_a_file_is_one_line_on_standard_error(folder: Path, tmp_path: Path) -> None:
    edit(folder / "kpis/on_time.yaml", "owner: supply.manager", "ownr: supply.manager")
    environment = {"QMSREPORTS_CATALOG": str(folder), "QMSREPORTS_VAR": str(tmp_path / "var"), "PATH": ""}
    command = [sys.executable, "-c", "from qmsreports.cli import main; main()", "catalog", "check"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == 'catalog/kpis/on_time.yaml:6: unknown field "ownr"; did you mean "owner"?\n'


def test_a_check_for_scripts_has_the_same_findings(run: Run, folder: Path) -> None:
    code, said = run("check", "--json")
    found = json.loads("\n".join(said))
    assert (code, found["findings"], found["kpis"]) == (0, [], len(list((folder / "kpis").iterdir())))
    edit(folder / "kpis/on_time.yaml", "owner: supply.manager", "ownr: supply.manager")
    code, said = run("check", "--json")
    assert (code, json.loads("\n".join(said))) == (
        1,
        {
            "findings": [
                {
                    "where": "catalog/kpis/on_time.yaml:6",
                    "what": 'unknown field "ownr"',
                    "todo": 'did you mean "owner"?',
                    "warning": False,
                }
            ],
            "warnings": [],
        },
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "AS pieces",
            "AS peices",
            'catalog/sources/shop/orders.sql:7: orders has no column peices; did you mean "pieces"?',
        ),
        (
            "    o.state            AS status,\n",
            "",
            "catalog/sources/shop/orders.sql: the SELECT does not give status, declared in catalog/tables/orders.yaml; "
            "add the column; NULL AS … where this source does not know it and it may be empty",
        ),
        (
            "FROM ord o",
            "FROM ordr o",
            'catalog/sources/shop/orders.sql:9: "ordr" is not landed by shop; did you mean "ord"?',
        ),
        (
            "to_date(o.due) ",
            "to_date(o.due",
            'catalog/sources/shop/orders.sql:9: the SQL cannot be read near "FROM": Expecting )',
        ),
    ],
)
def test_the_check_reads_the_mappings_of_sources(run: Run, folder: Path, old: str, new: str, said: str) -> None:
    assert run("check")[0] == 0
    edit(folder / "sources/shop/orders.sql", old, new)
    assert run("check") == (1, [said])
    code, printed = run("check", "--json")
    assert code == 1
    (found,) = json.loads("\n".join(printed))["findings"]
    assert found["where"] == said.partition(": ")[0]


def test_the_check_reads_the_select_of_a_derived_table(run: Run, folder: Path) -> None:
    derived = """
table: site_totals
title: Totals
meaning: Pieces of a site.
key: [site]
derived_from: [orders]
columns:
  - {name: site, type: text, meaning: Site.}
  - {name: pieces, type: number, meaning: Pieces.}
"""
    (folder / "tables/site_totals.yaml").write_text(derived, encoding="utf-8")
    path = folder / "tables/site_totals.sql"
    path.write_text("SELECT site, sum(pieces) AS pieces FROM orders GROUP BY site", encoding="utf-8")
    assert run("check")[0] == 0
    edit(path, "AS pieces", "AS piece")
    assert run("check") == (
        1,
        ["catalog/tables/site_totals.sql: site_totals has no column piece; give exactly the declared columns"],
    )


def test_an_export_says_what_it_leaves_out(run: Run, folder: Path) -> None:
    run("apply", "--by", "anna")
    run("approve", "--all", "--by", "bert")
    path = folder / "kpis/on_time.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.rstrip() + THIRD, encoding="utf-8")
    run("apply", "--by", "anna")
    assert run("export", "--proposed") == (0, ["catalog: every file says what the register says"])
    assert run("export") == (
        0,
        [
            str(path),
            "left out, because it waits for approval: KPI on_time version 3; --proposed writes it, too",
            "1 files written",
        ],
    )
    assert path.read_text(encoding="utf-8") == text
    run("export", "--proposed")
    assert path.read_text(encoding="utf-8") == text.rstrip() + THIRD


def test_a_target_that_says_it_was_agreed_on_a_day_to_come_is_warned_of(run: Run, folder: Path) -> None:
    edit(folder / "targets/on_time.yaml", "on: 2024-12-01", "on: 2090-01-01")
    _, said = run("apply", "--by", "anna")
    line = (
        "warning: catalog/targets/on_time.yaml:12: the target of 2025-01-01 says it was agreed on 2090-01-01, a day to "
        "come; write the day on which it was agreed"
    )
    assert line in said


def test_what_holds_without_approval_is_told_from_what_waits(run: Run, folder: Path) -> None:
    run("apply", "--by", "anna")
    run("approve", "--all", "--by", "bert")
    review = folder / "reviews/monthly.yaml"
    edit(review, "title: Review", "title: Month")
    assert run("apply", "--by", "anna", "--quiet") == (0, ["1 definition proposed by anna; no approval is needed"])
    edit(review, "title: Month", "title: Monthly")
    edit(folder / "targets/on_time.yaml", "meet: 95", "meet: 96")
    assert run("apply", "--by", "anna", "--quiet") == (
        0,
        ["2 definitions proposed by anna; 1 of them needs approval"],
    )
