"""Combinations of slices stand in the tables of a pack and in its files, and in no chart."""

from __future__ import annotations

from pathlib import Path

from pack_fixture_review import review

from qmsreports.catalog.load import load_catalog
from qmsreports.pack.attachments import values
from qmsreports.pack.collect.measured import Measured
from qmsreports.pack.collect.series import objective
from qmsreports.pack.drawings import draw
from qmsreports.pack.model import PackModel
from qmsreports.pack.view import show
from qmsreports.pack.view.board import depth
from qmsreports.pack.web import render_html
from qmsreports.period import Period
from qmsreports.register.models import Result

ROOT = Path(__file__).parents[3]


def with_combinations(pack: PackModel) -> PackModel:
    """The same pack with two combined parts on its first exception that has parts."""
    chosen = next(one for one in pack.objectives if one.exception and one.slices)
    pieces = tuple(
        piece.model_copy(
            update={"dimension": "site, channel", "key": f"x, {number}", "title": f"Somewhere, way {number}"}
        )
        for number, piece in enumerate(chosen.slices[:1] * 2)
    )
    changed = chosen.model_copy(update={"combined": pieces})
    return pack.model_copy(
        update={"objectives": tuple(changed if one.kpi == chosen.kpi else one for one in pack.objectives)}
    )


def test_they_are_told_in_the_table_and_drawn_nowhere() -> None:
    before = review(8)
    pack = with_combinations(before)
    charts = draw(pack)
    assert charts.keys() == draw(before).keys()
    page = render_html(show(pack), charts, templates=ROOT / "report_templates")
    assert page.count('<th scope="row">Somewhere, way 1</th><td>site, channel</td>') == 1
    assert "Somewhere" not in "".join(charts.values())
    assert 'site, channel=x, 1"' in values(pack)
    assert "Somewhere" not in render_html(show(before), charts, templates=ROOT / "report_templates")


def test_they_come_from_the_register_under_the_names_of_both_parts() -> None:
    catalog = load_catalog(ROOT / "catalog")
    kpi = catalog.kpis["on_time_delivery"].model_copy(update={"combinations": (("product_family", "site"),)})
    rows = {}
    for key, cut, value in (
        ("", {}, 90.0),
        ("site=linz", {"site": "linz"}, 91.0),
        ("product_family=dosing,site=linz", {"product_family": "dosing", "site": "linz"}, 92.0),
        ("channel=phone,site=linz", {"channel": "phone", "site": "linz"}, 93.0),
    ):
        rows[kpi.kpi, key] = [
            Result(
                kpi=kpi.kpi,
                version=2,
                period="2026-10",
                slice_key=key,
                slice=cut,
                value=value,
                n=40,
                status="met",
                provisional=False,
                why="",
                table_versions={},
                sql="",
                fingerprint="f",
            )
        ]
    found = objective(kpi, catalog, Measured((Period.parse("2026-10"),), rows, {}, {}), {})
    assert [(piece.dimension, piece.title, piece.latest.value) for piece in found.slices] == [("site", "Linz", 91.0)]
    assert [(piece.dimension, piece.key, piece.title, piece.latest.value) for piece in found.combined] == [
        ("site, product_family", "linz, dosing", "Linz, Dosing", 92.0)
    ]


def test_a_value_of_too_few_cases_has_no_colour() -> None:
    """Two of three late is a word, not a red chip; the whole keeps its colour where its own cases are enough."""
    pack = review(8)
    chosen = next(one for one in pack.objectives if one.slices)
    enough = chosen.points[-1].model_copy(update={"n": 500, "status": "missed"})
    chosen = chosen.model_copy(update={"points": (*chosen.points[:-1], enough)})
    part = chosen.slices[0]
    few = part.points[-1].model_copy(update={"n": 3, "status": "missed"})
    part = part.model_copy(update={"points": (*part.points[:-1], few)})
    for limit, tone, chip in ((30, "mute", False), (3, "bad", True), (0, "bad", True)):
        changed = chosen.model_copy(update={"small_sample": limit, "slices": (part, *chosen.slices[1:])})
        shown = depth(changed, pack)
        assert (shown["slices"][0]["status"]["tone"], shown["slices"][0]["status"]["chip"]) == (tone, chip)
        assert shown["slices"][0]["status"]["word"] == shown["status"]["word"]
        assert shown["status"]["chip"]
