"""Every shipped preset is whole, loads in a catalog under another name, and its mappings may run."""

from __future__ import annotations

from pathlib import Path

import pytest
from preset_line import catalog_with

from qmsreports.catalog.load import load_catalog
from qmsreports.catalog.presets import FOLDER, add_preset, presets
from qmsreports.conform import mapping_misfits
from qmsreports.conform.mapping import check_select, read_select
from qmsreports.errors import ExitCode, UserError

NAMES = [preset.preset for preset in presets()]


@pytest.mark.parametrize("preset", NAMES)
def test_a_preset_loads_under_a_name_of_its_owner(preset: str, tmp_path: Path) -> None:
    catalog = load_catalog(catalog_with(tmp_path, preset, "our_system"))
    source = catalog.sources["our_system"]
    assert not catalog.warnings
    assert not list(mapping_misfits(source, catalog.tables))
    for table in source.conform:
        select = check_select(source, catalog.tables[table], read_select(source, catalog.tables[table]))
        assert select.text.startswith("--"), "a mapping begins with a sentence for its reader"
        for joined in source.conform[table].joins:
            assert select.line_of(joined), f"{joined} is declared as joined and not read"
    assert {path.stem for path in source.folder.glob("*.sql")} == set(source.conform)


@pytest.mark.parametrize("preset", presets(), ids=lambda preset: preset.preset)
def test_a_preset_has_a_page_that_says_what_it_was_tested_against(preset: object) -> None:
    page = (FOLDER / preset.preset / "README.md").read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert page.startswith("# ")
    assert preset.tested  # type: ignore[attr-defined]
    assert f"QMSREPORTS_CONNECTION_{preset.preset.upper()}" in page  # type: ignore[attr-defined]


def test_the_first_site_of_the_organisation_is_put_in(tmp_path: Path) -> None:
    text = (catalog_with(tmp_path, "generic_csv", "exports") / "sources/exports/source.yaml").read_text()
    assert "source: exports" in text and "{Headquarters: linz}" in text


@pytest.mark.parametrize("preset", [name for name in NAMES if (FOLDER / name / "tickets.sql").is_file()])
@pytest.mark.parametrize(
    ("column", "kpi"),
    [
        ("second_channel_within_7_days", "second_channel_share"),
        ("reopened", "reopened_share"),
        ("first_contact_resolved", "first_contact_resolution"),
    ],
)
def test_what_a_system_does_not_tell_is_empty_and_the_page_says_which_kpi_shows_no_value(
    preset: str, column: str, kpi: str
) -> None:
    lines = [line.split() for line in _lines(FOLDER / preset / "tickets.sql")]
    for never in ("0", "false", "FALSE"):
        assert [never, "AS", f"{column},"] not in lines, "never is not what is known"
    told = (FOLDER / preset / "README.md").read_text().partition("**Not known**")[2].partition("\n\n")[0]
    assert (f"`{kpi}`" in told) == (["NULL", "AS", f"{column},"] in lines)


@pytest.mark.parametrize("preset", [name for name in NAMES if (FOLDER / name / "tickets.sql").is_file()])
def test_a_preset_leaves_empty_how_often_a_ticket_was_handed_over_where_its_system_does_not_tell(preset: str) -> None:
    lines = [line.split() for line in _lines(FOLDER / preset / "tickets.sql")]
    assert ["0", "AS", "reassigned,"] not in lines, "0 would say that nobody was ever handed over"
    told = "`reassignments_per_case` shows no value" in (FOLDER / preset / "README.md").read_text()
    assert told == (["NULL", "AS", "reassigned,"] in lines)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


@pytest.mark.parametrize(
    ("preset", "name", "said"),
    [
        ("generic_cvs", "exports", 'there is no preset "generic_cvs"; did you mean "generic_csv"?'),
        ("generic_csv", "Our Exports", '"Our Exports" is no source name'),
        ("generic_csv", "../outside", '"../outside" is no source name'),
        ("generic_csv", "taken", "there is a source taken already"),
    ],
)
def test_what_cannot_be_added_is_said_and_nothing_is_written(tmp_path: Path, preset: str, name: str, said: str) -> None:
    catalog = catalog_with(tmp_path, "generic_csv", "taken")
    with pytest.raises(UserError) as caught:
        add_preset(preset, name=name, catalog=catalog)
    assert said in str(caught.value)
    assert caught.value.exit_code is ExitCode.USAGE
    assert [path.name for path in (catalog / "sources").iterdir()] == ["taken"]
