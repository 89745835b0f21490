"""The data-quality report: what it says, that hostile text stays text, that it asks nothing of the network."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qmsreports.errors import CouldNotRun
from qmsreports.validate.report_facts import Quality, RuleHistory, Run, SourceQuality, TableQuality, Waiting
from qmsreports.validate.report_page import history, render_quality, volume

TEMPLATES = Path(__file__).parents[3] / "report_templates"
AT = datetime(2026, 11, 5, 6, tzinfo=UTC)
HOSTILE = "</style><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&{{ 7*7 }}"


def run(day: int, failed: int = 0, *, broken: bool = False) -> Run:
    return Run(AT - timedelta(days=day), not failed and not broken, broken, 1200, failed)


def rule(
    text: str = "It matters.", runs: tuple[Run, ...] = (run(1), run(0, 7)), severity: str = "warning"
) -> RuleHistory:
    return RuleHistory("crm", "orders", "in_set", "status", severity, "keep", text, "it.data", runs, (f"A1: {text}",))


def table(**values: Any) -> TableQuality:
    given: dict[str, Any] = {
        "source": "crm",
        "table": "orders",
        "title": "Orders",
        "status": "published",
        "message": "",
        "read_at": AT,
        "rows_in": 12345,
        "refreshed": 5,
        "conformed": 12338,
        "quarantined": 7,
        "duplicates": 3,
        "deleted_at_source": 2,
        "newest": date(2026, 11, 2),
        "weekly": (5, 10, 0),
        "rules": (rule(),),
        "waiting": (Waiting(4, "A1", date(2026, 9, 1), 65, "Too many.", (("order_id", "A1"),)),),
        "waits": 7,
        "ages": (4, 2, 1),
    }
    return TableQuality(**given | values)


def page(*tables: TableQuality, templates: Path = TEMPLATES) -> str:
    return render_quality(Quality("Works", AT, (SourceQuality("crm", "CRM", tables),)), templates=templates)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html.split("</style>")[1]).replace("\u202f", ",").split())


def test_a_table_shows_age_volume_reconciliation_rules_and_quarantine() -> None:
    said = words(page(table()))
    for part in (
        "1 of 1 tables may be measured",
        "1 rules do not hold",
        "7 rows wait in quarantine",
        "1 of them for more than 30 days, the oldest since 2026-09-01",
        "2026-11-02 3 days old",
        "12,345 + 5",
        "12,338 + 7 + 3 + 2",
        "every row is accounted for",
        "4 up to a week, 2 up to 30 days, 1 longer",
        "A1 number 4, since 2026-09-01, 65 days Too many. order_id: A1",
        "7 of 1,200",
        "Owner it.data",
    ):
        assert part in said, part
    assert "does not add up" in words(page(table(conformed=12337)))


def test_rows_that_left_with_another_are_told_apart() -> None:
    assert "(1 of them with the row they belonged to)" in words(page(table(deleted_with_parent=1)))
    assert "belonged to" not in words(page(table()))


def test_a_rule_that_had_nothing_to_be_checked_against_does_not_hold() -> None:
    yet = Run(AT, True, False, 0, 0, unjudged=True)
    said = page(table(rules=(rule(runs=(run(1), yet)),)))
    assert "0 of 1 rules hold, 1 not checked" in words(said) and "holds" not in words(said)
    assert "held in 1 of 2 runs" in said and "<title>2026-11-05: not checked</title>" in said


def test_stopped_tables_come_first_and_the_gravest_rules_before_the_greatest() -> None:
    grave = rule("A grave one.", (run(0, 1),), "critical")
    said = words(page(table(status="stopped", message="half of the keys repeat", rules=(rule(), grave))))
    assert said.index("Tables that may not be measured") < said.index("Worst offenders")
    assert "crm, Orders stopped half of the keys repeat" in said
    assert said.index("A grave one.") < said.index("It matters.")
    assert "Worst offenders" not in words(page(table(rules=(rule(runs=(run(0),)),))))
    assert "Nothing was read yet." in words(page())


def test_hostile_text_stays_text() -> None:
    cells = ((HOSTILE, HOSTILE),)
    html = page(
        table(
            title=HOSTILE,
            message=HOSTILE,
            status="stopped",
            rules=(rule(HOSTILE),),
            waiting=(Waiting(1, HOSTILE, date(2026, 9, 1), 1, HOSTILE, cells),),
        )
    )
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("<style>") == html.count("</style>") == 1
    assert "49" not in words(html).replace("7*7", "")
    assert html.count("&lt;script&gt;") >= 8


def test_the_page_asks_nothing_of_the_network() -> None:
    html = page(table())
    assert "default-src 'none'" in html
    assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!#)", html)
    assert "url(" not in html
    assert "@import" not in html


def test_bars_are_drawn_to_scale_and_a_lost_week_is_a_gap() -> None:
    heights = re.findall(r'height="([0-9.]+)"/>', str(volume((5, 10, 0))))
    assert heights == ["12.5", "25.0", "0.0"]
    assert 'aria-label="0 rows in the last week, 10 at most in 3 weeks"' in str(volume((5, 10, 0)))
    assert str(volume((0, 0))) == ""


def test_each_run_is_a_mark_of_its_own_shape() -> None:
    drawn = str(history((run(2), run(1, 3), run(0, broken=True))))
    assert re.findall(r'class="(held|failed|broke)"', drawn) == ["held", "failed", "broke"]
    assert "held in 1 of 3 runs" in drawn
    assert "2026-11-04: 3 rows" in drawn


def test_a_template_that_is_missing_or_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="cannot be read"):
        page(table(), templates=tmp_path)
    (tmp_path / "quality").mkdir()
    (tmp_path / "quality" / "quality.css").write_text("")
    (tmp_path / "quality" / "quality.html.j2").write_text("\n{% if %}")
    with pytest.raises(CouldNotRun, match=r"quality.html.j2:2"):
        page(table(), templates=tmp_path)
