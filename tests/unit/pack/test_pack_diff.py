"""Two packs beside each other: each kind of difference is given its cause, and a value without one is found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from qmsreports.pack.diff import PackDiff, changed_values, diff, lines
from qmsreports.pack.difference import Difference, Side

OCTOBER, SEPTEMBER = "2026-10", "2026-09"


def point(period: str, value: float | None, **more: Any) -> dict[str, Any]:
    return {"period": period, "value": value, "n": 100, "target": 95.0, "status": "missed", **more}


def side(name: str = "monthly-2026-10-e1") -> Side:
    """A pack with one KPI of two months and one site, as it lies in its files."""
    versions = [{"version": 1, "fingerprint": "f1", "why": "First."}]
    otif = {
        "kpi": "otif",
        "title": "On time in full",
        "unit": "percent",
        "definitions": versions,
        "points": [point(SEPTEMBER, 91.0), point(OCTOBER, 92.0, provisional=True)],
        "slices": [{"dimension": "site", "key": "linz", "points": [point(OCTOBER, 90.0)]}],
    }
    row = {"number": "9.3.2\N{NO-BREAK SPACE}b", "state": "missing"}
    model = {
        "objectives": [otif],
        "decisions": [{"title": "Two actions are overdue"}],
        "ledgers": [{"standard": {"title": "ISO 9001"}, "rows": [row]}],
    }
    manifest = {
        "tables": {"audits": 1},
        "read": {"order_lines@3": 1},
        "catalog": {"kpi/otif/v1": "f1", "targets/otif": "t1"},
        "record": {"comment/On time in full": "c1"},
        "code_version": "1.0",
        "templates": "a" * 64,
        "code": {"sources": "s1", "python": "3.11.7", "installed": "i1"},
        "tools": {"typst": "0.15.0"},
    }
    return Side(name, model, manifest)


def changed(change: Callable[[Any, Any, Any], None], whys: dict[Any, str] | None = None) -> PackDiff:
    """Return the difference that a change of (the KPI, the model, the manifest) makes."""
    before = side()
    model, manifest = copy.deepcopy(dict(before.model)), copy.deepcopy(dict(before.manifest))
    change(model["objectives"][0], model, manifest)
    return diff(before, Side("monthly-2026-10-e2", model, manifest), whys or {})


def only(found: PackDiff) -> Difference:
    (one,) = found.differences
    return one


def test_the_same_pack_has_no_difference() -> None:
    found = diff(side(), side(), {})
    assert found.differences == found.follows == ()
    assert lines(found) == ["monthly-2026-10-e1 and monthly-2026-10-e1 say the same, made by the same"]


def test_new_data() -> None:
    def november(kpi: Any, _model: Any, manifest: Any) -> None:
        kpi["points"].append(point("2026-11", 93.0))
        manifest["read"] = {"order_lines@5": 1}

    found = changed(november)
    assert {one.cause for one in found.differences} == {"new_data"}
    assert [one.text for one in found.differences] == [
        "order lines: lake version 3 → 5",
        "November 2026: 1\N{NO-BREAK SPACE}value for the first time, of On time in full",
    ]


def test_late_data_within_the_settling_time() -> None:
    one = only(changed(lambda kpi, *_: kpi["points"][1].update(value=92.5, n=104)))
    assert (one.cause, one.kpi, one.period, one.before, one.after) == ("late_data", "otif", OCTOBER, 92.0, 92.5)


def test_late_data_as_the_register_has_it() -> None:
    whys = {("otif", "site=linz", OCTOBER): "late data within the settling time"}
    one = only(changed(lambda kpi, *_: kpi["slices"][0]["points"][0].update(value=90.5), whys))
    assert (one.cause, one.slice) == ("late_data", "site=linz")
    assert "On time in full (site linz), October 2026: 90.0" in one.text


def test_another_day_to_count_from_is_one_cause_and_no_feed_that_changed() -> None:
    """A review was held since: what came in is counted from its pack on, and no rule failed in what came since."""

    before, after = side(), side("monthly-2026-10-e2")
    rule = {"source": "crm", "table": "order_lines", "rule": "in_set", "column": "site", "rows_failed": 35}
    was = {**before.model, "header": {"period": OCTOBER, "counted_from": None}, "failed_rules": [rule]}
    now = {**after.model, "header": {"period": OCTOBER, "counted_from": "2026-12-02"}, "failed_rules": []}
    one = only(diff(Side(before.name, was, before.manifest), Side(after.name, now, after.manifest), {}))
    assert (one.cause, one.before, one.after) == ("record", None, "2026-12-02")
    assert one.text.endswith("counted from the pack of the last review on: the beginning \u2192 2026-12-02")


def test_a_restatement_says_who_and_why() -> None:
    whys = {("otif", "", SEPTEMBER): "restatement by M. Huber: wrong unit at Porto"}
    one = only(changed(lambda kpi, *_: kpi["points"][0].update(value=90.0, restated=True), whys))
    assert one.cause == "restatement"
    assert one.text.endswith("(restatement by M. Huber: wrong unit at Porto)")


def test_a_definition() -> None:
    def redefine(kpi: Any, _model: Any, manifest: Any) -> None:
        kpi["definitions"].append({"version": 2, "fingerprint": "f2", "why": "Open lines count."})
        kpi["points"][1].update(value=88.0, version=2)
        manifest["catalog"]["kpi/otif/v2"] = "f2"

    found = changed(redefine)
    assert {one.cause for one in found.differences} == {"definition"}
    first, second = found.differences
    assert first.text == "kpi otif v2: new (Open lines count)"
    assert "version 1 → 2" in second.text


def test_an_edited_definition_of_the_same_version() -> None:
    def edit(kpi: Any, *_: Any) -> None:
        kpi["definitions"][0]["fingerprint"] = "f9"
        kpi["points"][0].update(value=80.0)

    assert only(changed(edit)).cause == "definition"


def test_a_target() -> None:
    def lower(kpi: Any, _model: Any, manifest: Any) -> None:
        manifest["catalog"]["targets/otif"] = "t2"
        kpi["points"][1].update(target=90.0, status="met")

    found = changed(lower)
    assert {one.cause for one in found.differences} == {"target"}
    assert "target 95\N{NO-BREAK SPACE}% → 90\N{NO-BREAK SPACE}%, missed → met" in found.differences[1].text
    assert found.follows == ("On time in full: missed → met",)


def test_code() -> None:
    def newer(kpi: Any, _model: Any, manifest: Any) -> None:
        manifest["code_version"] = "1.1"
        manifest["code"] = {"sources": "s2", "python": "3.12.1", "installed": "i2"}
        manifest["tools"] = {"typst": "0.16.0"}
        manifest["templates"] = "b" * 64
        kpi["points"][0].update(value=91.1)

    found = changed(newer)
    assert {one.cause for one in found.differences} == {"code"}
    assert sorted(one.text for one in found.differences if one.what != "value") == [
        "Python: 3.11.7 → 3.12.1",
        "installed distributions: changed",
        "sources of qmsreports: changed",
        "templates: changed",
        "typst: 0.15.0 → 0.16.0",
        "version of qmsreports: 1.0 → 1.1",
    ]


def test_an_interval_of_other_code_is_told_though_the_value_stands() -> None:
    def narrower(kpi: Any, _model: Any, manifest: Any) -> None:
        manifest["code"]["sources"] = "s2"
        kpi["points"][0].update(low=89.0, high=92.0)

    value = next(one for one in changed(narrower).differences if one.what == "value")
    assert (value.cause, value.before, value.after) == ("code", 91.0, 91.0)
    assert "low None → 89.0, high None → 92.0" in value.text


def test_a_value_that_settled_and_one_whose_feed_failed() -> None:
    assert only(changed(lambda kpi, *_: kpi["points"][1].update(provisional=False, status="met"))).cause == "settled"
    stopped = changed(lambda kpi, *_: kpi["points"][0].update(value=None, n=0, status="not_valid"))
    assert only(stopped).cause == "feed"


def test_what_people_put_on_record_and_what_followed() -> None:
    def people(kpi: Any, model: Any, manifest: Any) -> None:
        manifest["record"] |= {"statement/9.3.2-b": "x"}
        manifest["approval"] = {"by": "M. Huber"}
        model["ledgers"][0]["rows"][0]["state"] = "considered"
        model["decisions"] = [{"title": "On time in full cannot meet its objective"}]
        kpi["variation"] = "concern_low"

    found = changed(people)
    assert [(one.cause, one.text) for one in found.differences] == [
        ("analysis", "On time in full: the analysis of the same values changed (variation none → concern low)"),
        ("record", "statement 9.3.2-b: new"),
        ("record", "approved by nobody → M. Huber"),
    ]
    assert found.follows == (
        "needs a decision now: On time in full cannot meet its objective",
        "needs no decision any more: Two actions are overdue",
        "On time in full: common cause → concern low",
        "input 9.3.2 b of ISO 9001: missing → considered",
    )


@pytest.mark.parametrize("field", ["value", "status"])
def test_a_settled_value_that_moved_without_a_record_is_unexplained(field: str) -> None:
    found = changed(lambda kpi, *_: kpi["points"][0].update({field: 99.0 if field == "value" else "met"}))
    assert only(found).cause == "unexplained"
    assert found.unexplained
    assert found.as_dict()["causes"] == {"unexplained": 1}


def test_the_register_is_asked_of_what_differs_only() -> None:
    after = copy.deepcopy(dict(side().model))
    after["objectives"][0]["points"][1]["value"] = 1.0
    after["objectives"][0]["points"].append(point("2026-11", 1.0))
    assert changed_values(side(), Side("b", after, {})) == {("otif", "", OCTOBER)}


def test_many_differences_of_one_cause_are_counted() -> None:
    def many(kpi: Any, *_: Any) -> None:
        kpi["slices"][0]["points"] = [point(f"{2000 + year}-01", 1.0) for year in range(20)]
        kpi["points"] += [point(f"{2000 + year}-01", 1.0) for year in range(20)]

    said = lines(changed(many), most=5)
    assert said[0] == "New data:"
    assert said[6] == "  and 15 more, see --json"


def test_what_only_follows_is_told() -> None:
    """Packs whose decisions differ do not say the same, whatever their values and makers say."""
    found = changed(lambda _kpi, model, _: model.update(decisions=[]))
    assert found.differences == ()
    assert lines(found) == ["What reads differently:", "  needs no decision any more: Two actions are overdue"]


def test_a_part_that_nothing_tells_of_is_named() -> None:
    def more(_kpi: Any, model: Any, _manifest: Any) -> None:
        model["header"] = {"edition": 2, "data_read_at": "2026-11-04", "classification": "Secret"}
        model["changes"] = [{"kind": "edition", "text": "This edition replaces monthly-2026-10-e1."}]
        model["older_actions"] = 4

    found = changed(more)
    assert lines(found) == ["What reads differently:", "  reads differently: header, older actions"]

    def edition(_kpi: Any, model: Any, _manifest: Any) -> None:
        model["header"] = {"edition": 2, "data_read_at": "2026-11-04"}

    assert lines(changed(edition)) == ["monthly-2026-10-e1 and monthly-2026-10-e2 say the same, made by the same"]


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("published", "stopped", "published → stopped (failed)"),
        ("failed", "published", "failed → published (recovered)"),
        ("stopped", "unchanged", "stopped → unchanged (recovered)"),
        ("published", None, "published → none"),
        (None, "broken", "none → broken (failed)"),
        ("published", "unchanged", ""),
    ],
)
def test_a_feed_that_failed_or_recovered(was: str | None, now: str | None, words: str) -> None:
    def quality(status: str | None) -> dict[str, Any]:
        feeds = [{"table": "order_lines", "status": status}] if status else []
        return {"quality": [{"source": "crm", "feeds": feeds}]}

    sides = [
        Side(name, {**side().model, **quality(status)}, side().manifest) for name, status in (("a", was), ("b", now))
    ]
    found = diff(*sides, {})
    assert [(one.cause, one.text) for one in found.differences] == (
        [("feed", f"crm order lines: {words}")] if words else []
    )


def test_a_rule_that_did_not_hold() -> None:
    rule = {"source": "crm", "table": "order_lines", "rule": "in_set", "column": "site", "rows_failed": 2}
    one = only(changed(lambda _kpi, model, _: model.update(failed_rules=[rule])))
    assert (one.cause, one.text) == ("feed", "crm order lines, rule in set of site: 0 → 2 rows did not hold")


def test_an_analysis_of_the_same_values() -> None:
    def limits(kpi: Any, *_: Any) -> None:
        kpi["points"][0].update(mean=90.0, lower=80.0, upper=100.0)
        kpi["slices"][0]["points"][0].update(signal="run_low", kind="concern")

    found = changed(limits)
    assert [(one.cause, one.slice, one.text) for one in found.differences] == [
        ("analysis", "", "On time in full: the analysis of the same values changed (limits)"),
        ("analysis", "site=linz", "On time in full (site linz): the analysis of the same values changed (signals)"),
    ]
    assert not found.unexplained

    def measured(kpi: Any, *_: Any) -> None:
        kpi["points"][1].update(value=92.5, mean=90.0)  # limits follow from the value

    assert only(changed(measured)).cause == "late_data"


def test_other_words() -> None:
    def edit(kpi: Any, _model: Any, manifest: Any) -> None:
        kpi.update(title="Delivered as promised", owner="a.b")
        manifest["wording"] = {"kpi/otif": "w2", "table/tickets": "t2", "organisation": "o"}

    before = side()
    before = Side(before.name, before.model, {**before.manifest, "wording": {"kpi/otif": "w", "table/tickets": "t"}})
    model, manifest = copy.deepcopy(dict(before.model)), copy.deepcopy(dict(before.manifest))
    edit(model["objectives"][0], model, manifest)
    found = diff(before, Side("b", model, manifest), {})
    assert [(one.cause, one.text) for one in found.differences] == [
        ("wording", 'Delivered as promised: title "On time in full" → "Delivered as promised"'),
        ("wording", 'Delivered as promised: owner none → "a.b"'),
        ("wording", "organisation: changed"),
        ("wording", "table tickets: changed"),
    ]
