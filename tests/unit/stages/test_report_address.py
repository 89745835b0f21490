"""Where people find the data-quality report: a link for browsers where its address is set, else the path."""

from __future__ import annotations

from pathlib import Path

import pytest

from qmsreports import stages
from qmsreports.settings import Settings


@pytest.mark.parametrize("written", ["https://reports.example/qms", "https://reports.example/qms/"])
def test_a_link_to_what_lies_in_the_workspace(tmp_path: Path, written: str) -> None:
    settings = Settings(var=tmp_path / "var", reports_url=written)
    page = stages.quality_page(settings)
    assert stages.address_of(page, settings) == "https://reports.example/qms/quality/data-quality.html"
    odd = tmp_path / "var" / "packs" / "monthly 2026-10" / "a#b.pdf"
    assert stages.address_of(odd, settings) == "https://reports.example/qms/packs/monthly%202026-10/a%23b.pdf"


def test_the_path_elsewhere(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path / "var", reports_url="https://reports.example")
    assert stages.address_of(tmp_path / "page.html", settings) == str(tmp_path / "page.html")
    page = tmp_path / "var" / "quality" / "data-quality.html"
    assert stages.address_of(page, Settings(var=tmp_path / "var", reports_url="")) == str(page)
