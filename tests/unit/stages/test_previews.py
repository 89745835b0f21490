"""A preview shows the pack as it would be now, again whenever something of it changes, and records nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pypdfium2 import PdfDocument

from qmsreports import stages
from qmsreports.errors import CouldNotRun, UserError
from qmsreports.pack.press import Press
from qmsreports.settings import Settings
from qmsreports.workspace import Workspace
from tests.unit.pack.pack_workspace import BUILT, ROOT, TEMPLATES, filled

LATER = BUILT + timedelta(hours=1)
SAID = "The carrier changed its hub."


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    var = tmp_path / "var"
    var.mkdir()
    filled(var).register.close()
    shutil.copytree(ROOT / "catalog", tmp_path / "catalog")
    return Settings(var=var, catalog=tmp_path / "catalog", templates=TEMPLATES)


def recorded(settings: Settings) -> dict[str, int]:
    with Workspace(settings) as workspace:
        return workspace.register.how_far()


def looked_at(settings: Settings, at: datetime = BUILT) -> stages.PreviewReport:
    with Press() as press:
        return stages.preview_pack("monthly", "2026-10", at=at, press=press, settings=settings)


def first_page(path: str) -> str:
    with closing(PdfDocument(path)) as document, closing(document[0]) as page, closing(page.get_textpage()) as text:
        return str(text.get_text_bounded())


def comment(settings: Settings, at: datetime) -> None:
    said = {"cause": SAID, "action": "A second carrier", "effect": "94 % again", "by_when": "2026-12-15"}
    stages.comment("otif", review="monthly", period="2026-10", by="E. Novak", at=at, settings=settings, **said)


def test_a_preview_is_written_and_nothing_is_recorded(settings: Settings) -> None:
    before = recorded(settings)
    found = looked_at(settings)
    folder = settings.var / "previews"
    names = ["monthly-2026-10-preview.pdf", "monthly-2026-10-preview.html"]
    assert list(found.files) == [str(folder / name) for name in names]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert "Preview, not on record" in first_page(found.files[0])
    assert "Preview, not on record" in Path(found.files[1]).read_text()
    assert recorded(settings) == before
    assert not list((settings.var / "packs").glob("*"))
    drafted = stages.build_pack("monthly", "2026-10", run_id="r2", at=BUILT, settings=settings)
    assert (drafted.edition, drafted.headline) == (1, found.headline)


def test_the_next_preview_takes_the_place_of_the_one_before(settings: Settings) -> None:
    assert SAID not in Path(looked_at(settings).files[1]).read_text()
    comment(settings, BUILT + timedelta(minutes=5))
    later = looked_at(settings, LATER)
    assert SAID in Path(later.files[1]).read_text()
    assert len(list((settings.var / "previews").iterdir())) == 2


def test_what_cannot_be_previewed_is_refused_as_for_a_pack(settings: Settings) -> None:
    with Press() as press:
        for review, period, said in (
            ("montly", "2026-10", 'there is no review "montly"; did you mean "monthly"?'),
            ("monthly", "2026-Q3", "looks back on a month"),
            ("monthly", "2031-01", "nothing has been measured for 2031-01"),
        ):
            with pytest.raises(UserError, match=said.replace("?", r"\?")):
                stages.preview_pack(review, period, at=BUILT, press=press, settings=settings)
    assert not (settings.var / "previews").exists()


def test_a_folder_that_cannot_be_written_is_told_in_a_line(settings: Settings) -> None:
    (settings.var / "previews").write_text("a file in its way")
    with pytest.raises(CouldNotRun) as told:
        looked_at(settings)
    (finding,) = told.value.findings
    assert finding.where.endswith("monthly-2026-10-preview.pdf")
    assert finding.what.startswith("the preview cannot be written")


def test_watching_makes_another_when_something_changed_and_else_none(settings: Settings) -> None:
    def look() -> None:
        next(steps, None)

    def changes() -> Iterator[None]:
        yield  # nothing changed
        comment(settings, BUILT + timedelta(minutes=5))
        yield
        (settings.catalog / "organisation.yaml").write_text(organisation + "nonsense: [\n")
        yield
        (settings.catalog / "organisation.yaml").write_text(organisation)
        yield

    organisation = (settings.catalog / "organisation.yaml").read_text()
    seen: list[str] = []
    steps = changes()
    for one in stages.previews("monthly", "2026-10", now=lambda: LATER, pause=look, settings=settings):
        if isinstance(one, UserError):
            seen.append(f"refused: {Path(one.findings[0].where.partition(':')[0]).name}")
            continue
        told = SAID in Path(one.files[1]).read_text()
        seen.append("with the comment" if told else "without")
        if len(seen) == 4:
            break
    assert seen == ["without", "with the comment", "refused: organisation.yaml", "with the comment"]
