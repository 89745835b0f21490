"""What lies in the catalog and is not read is said, with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from qmsreports.catalog.load import load_catalog
from qmsreports.errors import UserError

SLIPS = {
    "kpis/foo.yml": "catalog/kpis/foo.yml: this file is not read; rename it to foo.yaml",
    "kpis/foo.YAML": "catalog/kpis/foo.YAML: this file is not read; rename it to foo.yaml",
    "targets/foo.yaml.txt": "catalog/targets/foo.yaml.txt: this file is not read; rename it to foo.yaml",
    "kpsi/foo.yaml": 'catalog/kpsi: nothing in this folder is read; did you mean "kpis"?',
    "Targets/foo.yaml": 'catalog/Targets: nothing in this folder is read; did you mean "targets"?',
    "target/more/foo.yml": 'catalog/target: nothing in this folder is read; did you mean "targets"?',
    "customers.yml": "catalog/customers.yml: this file is not read; rename it to customers.yaml",
    "brands.yaml": 'catalog/brands.yaml: this file is not read; did you mean "brand.yaml"?',
    "sources/crm.yaml": "catalog/sources/crm.yaml: this file is not read; move it to catalog/sources/crm/source.yaml",
    "sources/crm/source.yml": "catalog/sources/crm/source.yml: this file is not read; rename it to source.yaml",
    "sources/crm/sources.yaml": 'catalog/sources/crm/sources.yaml: this file is not read; did you mean "source.yaml"?',
}
ASIDE = {
    "kpis/old/foo.yaml": "catalog/kpis/old: nothing in this folder is read; move it to catalog/kpis",
    "foo.yaml": "catalog/foo.yaml: this file is not read; known: brand.yaml, customers.yaml, organisation.yaml",
    "archive/foo.yaml": (
        "catalog/archive: nothing in this folder is read; "
        "known: calendars, clauses, kpis, reviews, sources, tables, targets"
    ),
}


def _put(folder: Path, file: str) -> None:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("kpi: foo\n", encoding="utf-8")


@pytest.mark.parametrize("file", SLIPS)
def test_a_name_written_a_little_wrong_is_a_finding(file: str, folder: Path) -> None:
    if file == "customers.yml":
        (folder / "customers.yaml").unlink()
    _put(folder, file)
    with pytest.raises(UserError) as raised:
        load_catalog(folder)
    assert [str(finding) for finding in raised.value.findings] == [SLIPS[file]]


@pytest.mark.parametrize("file", ASIDE)
def test_what_may_be_there_on_purpose_is_a_warning(file: str, folder: Path) -> None:
    before = load_catalog(folder).warnings
    _put(folder, file)
    assert [str(one) for one in load_catalog(folder).warnings if one not in before] == [ASIDE[file]]


@pytest.mark.parametrize("file", ["README.md", ".hidden.yaml", "kpis/.foo.yml", "kpis/README.md", "notes/README.md"])
def test_other_files_are_nobodys_business(file: str, folder: Path) -> None:
    before = load_catalog(folder).warnings
    _put(folder, file)
    assert load_catalog(folder).warnings == before
