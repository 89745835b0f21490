"""Every mistake gets one clear line: file, line, what is wrong, what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from catalog_mistakes import IN_ONE_FILE, Mistake
from catalog_mistakes_kpis import OF_CALENDARS_BY_ROW, OF_KPIS, OF_RETIREMENTS
from catalog_mistakes_others import OF_OTHERS
from catalog_mistakes_rare import RARE

from qmsreports.catalog import (
    check_calendar,
    check_clause,
    check_customers,
    check_kpi,
    check_measure,
    check_pause,
    check_reading,
    check_table,
    check_target,
)
from qmsreports.catalog.check import Rule, Scope
from qmsreports.catalog.load import load_catalog
from qmsreports.errors import CouldNotRun, ExitCode, Finding, UserError

MISTAKES = (*IN_ONE_FILE, *OF_KPIS, *OF_CALENDARS_BY_ROW, *OF_RETIREMENTS, *OF_OTHERS, *RARE)
MODULES = (
    check_calendar,
    check_clause,
    check_customers,
    check_kpi,
    check_measure,
    check_pause,
    check_reading,
    check_table,
    check_target,
)
GOLDEN = Path(__file__).parents[2] / "golden" / "catalog_messages.txt"


def golden() -> dict[str, list[str]]:
    sections = GOLDEN.read_text(encoding="utf-8").split("## ")[1:]
    return {section.splitlines()[0]: section.strip().splitlines()[1:] for section in sections}


def make(mistake: Mistake, folder: Path) -> None:
    path = folder / mistake.file
    if mistake.gone:
        path.unlink()
        return
    text = path.read_text(encoding="utf-8")
    assert mistake.old in text
    changed = text.replace(mistake.old, mistake.new, 1) if mistake.old else mistake.new
    (folder / (mistake.renamed or mistake.file)).write_text(changed, encoding="utf-8")
    if mistake.renamed:
        path.unlink()


def said(folder: Path) -> list[str]:
    try:
        return [f"warning: {finding}" for finding in load_catalog(folder).warnings]
    except UserError as error:
        assert error.exit_code is ExitCode.FINDINGS
        return [str(finding) for finding in error.findings]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_what_a_person_is_told(mistake: Mistake, folder: Path) -> None:
    make(mistake, folder)
    assert said(folder) == golden()[mistake.name]


def test_every_mistake_has_its_words_and_the_other_way_round() -> None:
    names = [mistake.name for mistake in MISTAKES]
    assert len(set(names)) == len(names)
    assert set(names) == set(golden())


def test_every_rule_is_shown_by_a_mistake(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fired: set[str] = set()

    def watched(rule: Rule) -> Rule:
        def run(scope: Scope):  # type: ignore[no-untyped-def]
            for finding in rule(scope):
                fired.add(rule.__name__)
                yield finding

        return run

    wanted = {rule.__name__ for module in MODULES for rule in module.RULES}
    for module in MODULES:
        monkeypatch.setattr(module, "RULES", tuple(watched(rule) for rule in module.RULES))
    for mistake in (*OF_KPIS, *OF_CALENDARS_BY_ROW, *OF_RETIREMENTS, *OF_OTHERS):
        original = (folder / mistake.file).read_text(encoding="utf-8")
        make(mistake, folder)
        said(folder)
        if mistake.renamed:
            (folder / mistake.renamed).unlink()
        (folder / mistake.file).write_text(original, encoding="utf-8")
    assert wanted - fired == set()


def test_all_mistakes_of_all_files_are_said_at_once_in_order(folder: Path) -> None:
    for name in ("a version inside a month", "an unknown slice", "an unknown country", "a target inside a month"):
        make(next(mistake for mistake in MISTAKES if mistake.name == name), folder)
    places = [line.split(" ")[0] for line in said(folder)]
    assert places == [
        "catalog/calendars/desk.yaml:25:",
        "catalog/kpis/on_time.yaml:8:",
        "catalog/kpis/on_time.yaml:25:",
        "catalog/targets/on_time.yaml:13:",
        "catalog/targets/on_time.yaml:14:",
    ]


def test_a_file_that_cannot_be_read_is_said_once_and_not_by_those_who_name_it(folder: Path) -> None:
    (folder / "tables/orders.yaml").write_text("table: [", encoding="utf-8")
    (folder / "kpis/on_time.yaml").write_bytes(b"title: caf\xe9\n")
    lines = said(folder)
    assert lines[0] == "catalog/kpis/on_time.yaml:1: the file is not UTF-8 text; save it as UTF-8"
    assert lines[1].startswith("catalog/tables/orders.yaml:1: not readable as YAML")
    assert len(lines) == 2


def test_no_catalog_is_no_finding_but_nothing_to_run_on(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="there is no catalog here") as raised:
        load_catalog(tmp_path / "elsewhere")
    assert raised.value.exit_code is ExitCode.COULD_NOT_RUN


def test_a_draft_can_be_read_without_the_rules_between_files(folder: Path) -> None:
    make(next(mistake for mistake in MISTAKES if mistake.name == "an unknown table"), folder)
    catalog = load_catalog(folder, check=False)
    assert catalog.kpis["on_time"].versions[1].tables == ("order",)


def test_a_warning_does_not_stop_anything(folder: Path) -> None:
    make(next(mistake for mistake in MISTAKES if mistake.name == "a target agreed afterwards"), folder)
    warnings = load_catalog(folder).warnings
    assert [type(warning) for warning in warnings] == [Finding]
    assert warnings[0].warning


@pytest.mark.parametrize(
    "scoreboard",
    ["scoreboard: [reply_time, doubled]", ""],
    ids=["the formula of a shown KPI reads it", "without a scoreboard all are shown"],
)
def test_a_kpi_that_need_not_be_named_is_no_notice(folder: Path, scoreboard: str) -> None:
    path = folder / "reviews/monthly.yaml"
    text = path.read_text(encoding="utf-8")
    assert "scoreboard: [on_time, reply_time, doubled]" in text
    path.write_text(text.replace("scoreboard: [on_time, reply_time, doubled]", scoreboard), encoding="utf-8")
    assert said(folder) == []


def test_a_line_is_known_for_every_node_and_for_the_nearest_above(folder: Path) -> None:
    catalog = load_catalog(folder)
    assert catalog.line_of("kpis", "on_time", "versions", 1, "measure", "numerator") == "catalog/kpis/on_time.yaml:30"
    assert catalog.line_of("kpis", "on_time", "versions", 1, "measure", "per") == "catalog/kpis/on_time.yaml:28"
    assert catalog.line_of("sources", "shop", "tables", 1) == "catalog/sources/shop/source.yaml:7"
    assert catalog.line_of("kpis", "unheard_of") == ""


def test_a_file_with_an_error_of_its_own_is_judged_against_the_others_as_well(folder: Path) -> None:
    path = folder / "kpis/on_time.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("owner: supply.manager", "ownr: supply.manager").replace("slices: [site]", "slices: [sitte]")
    path.write_text(text.replace("{field: urgent, is: true}", "{field: urgnt, is: true}"), encoding="utf-8")
    assert said(folder) == [
        'catalog/kpis/on_time.yaml:6: unknown field "ownr"; did you mean "owner"?',
        'catalog/kpis/on_time.yaml:8: slice "sitte" is no column of table orders; did you mean "site"?',
        'catalog/kpis/on_time.yaml:27: table orders has no column "urgnt"; did you mean "urgent"?',
    ]


def test_what_hangs_on_a_refused_part_is_not_judged(folder: Path) -> None:
    """A table whose key is a column of an unknown type: only the type is wrong, nothing else is known to be."""
    path = folder / "tables/orders.yaml"
    text = path.read_text(encoding="utf-8")
    assert "order_id, type: text" in text
    path.write_text(text.replace("order_id, type: text", "order_id, type: txt", 1), encoding="utf-8")
    assert said(folder) == ['catalog/tables/orders.yaml:7: "type" cannot be "txt"; did you mean "text"?']
