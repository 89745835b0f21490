"""Rules on clause maps and reviews."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from qmsreports.catalog.check import Rule, Scope
from qmsreports.catalog.check_measure import condition_misfits
from qmsreports.catalog.document import Location
from qmsreports.catalog.measure import Formula
from qmsreports.errors import Finding, did_you_mean


def clause_items_are_named_once(scope: Scope) -> Iterator[Finding]:
    """Find clauses that stand in a map twice."""
    for name, clauses in scope.catalog.clause_maps.items():
        seen: set[str] = set()
        for index, item in enumerate(clauses.items):
            if item.clause in seen:
                place = ("items", index, "clause")
                yield scope.finding("clauses", name, place, f"clause {item.clause} is listed twice", "keep one")
            seen.add(item.clause)


def clause_map_follows_a_known_one(scope: Scope) -> Iterator[Finding]:
    """Find ``follows``, ``adds_to`` and ``same_as`` that point at nothing."""
    for name, clauses in scope.catalog.clause_maps.items():
        if clauses.follows is not None and clauses.follows not in scope.names("clauses") - {name}:
            what = f'"{clauses.follows}" is no other clause map'
            todo = did_you_mean(clauses.follows, scope.names("clauses") - {name})
            yield scope.finding("clauses", name, ("follows",), what, todo)
        if clauses.adds_to is not None and clauses.adds_to not in scope.names("clauses") - {name}:
            what = f'"{clauses.adds_to}" is no other clause map'
            todo = did_you_mean(clauses.adds_to, scope.names("clauses") - {name})
            yield scope.finding("clauses", name, ("adds_to",), what, todo)
        followed = scope.catalog.clause_maps.get(clauses.follows or "")
        for index, item in enumerate(clauses.items):
            if item.same_as is None:
                continue
            place = ("items", index, "same_as")
            if clauses.follows is None:
                what = "same_as points at another map, but this one follows none"
                yield scope.finding("clauses", name, place, what, 'add "follows" or remove same_as')
            elif followed is not None and followed.item(item.same_as) is None:
                what = f"{clauses.follows} has no clause {item.same_as}"
                known = [other.clause for other in followed.items]
                yield scope.finding("clauses", name, place, what, did_you_mean(item.same_as, known))


def clause_evidence_is_declared(scope: Scope) -> Iterator[Finding]:
    """Find evidence in tables and columns that are not declared, or by conditions that make no sense."""
    for name, clauses in scope.catalog.clause_maps.items():
        for index, item in enumerate(clauses.items):
            place: Location = ("items", index, "evidence")
            for number, table in enumerate(item.evidence.tables):
                if table not in scope.names("tables"):
                    todo = did_you_mean(table, scope.names("tables"))
                    what = f'table "{table}" is not declared'
                    yield scope.finding("clauses", name, (*place, "tables", number), what, todo)
            for table, conditions in item.evidence.where.items():
                at = (*place, "where", table)
                if table not in item.evidence.tables and scope.names("tables").issuperset(item.evidence.tables):
                    what = f'the conditions are about "{table}", which is no evidence here'
                    yield scope.finding("clauses", name, at, what, did_you_mean(table, item.evidence.tables))
                declared = scope.table(table)
                for number, condition in enumerate(conditions):
                    for below, what, todo in condition_misfits(condition, declared) if declared is not None else ():
                        yield scope.finding("clauses", name, (*at, number, *below), what, todo)


def clause_maps_name_known_kpis(scope: Scope) -> Iterator[Finding]:
    """Find KPIs that do not exist among what proves an item and what asks for an action plan."""
    for name, clauses in scope.catalog.clause_maps.items():
        for index, item in enumerate(clauses.items):
            proving = () if isinstance(item.evidence.kpis, str) else item.evidence.kpis
            planned = item.action_plan.kpis if item.action_plan else ()
            for field, kpis in (("evidence", proving), ("action_plan", planned)):
                for number, kpi in enumerate(kpis):
                    if kpi not in scope.names("kpis"):
                        place: Location = ("items", index, field, "kpis", number)
                        todo = did_you_mean(kpi, scope.names("kpis"))
                        yield scope.finding("clauses", name, place, f'KPI "{kpi}" is not known', todo)


def kpi_feeds_are_clauses(scope: Scope) -> Iterator[Finding]:
    """Find feeds that no map lists: nobody would ever see the KPI as evidence."""
    if any(kind == "clauses" for kind, _ in scope.unread) or not scope.catalog.clause_maps:
        return
    maps = scope.catalog.clause_maps.values()
    keys = {key for clauses in maps for item in clauses.items for key in clauses.feed_keys(item)}
    plain = {key for key in keys if "/" not in key}
    for kpi in scope.catalog.kpis.values():
        counts = Counter(kpi.feeds)
        for index, feed in enumerate(kpi.feeds):
            if feed not in keys:
                what = f'no clause map lists "{feed}"'
                yield scope.finding("kpis", kpi.kpi, ("feeds", index), what, _clause_hint(feed, plain))
            elif counts[feed] > 1 and kpi.feeds.index(feed) != index:
                yield scope.finding("kpis", kpi.kpi, ("feeds", index), f'"{feed}" is written twice', "keep one")


def _clause_hint(feed: str, known: set[str]) -> str:
    hint = did_you_mean(feed, known)
    return hint if hint.startswith("did") else "write a clause key such as 9.3.2-c3, or add it to a clause map"


def review_standards_are_known(scope: Scope) -> Iterator[Finding]:
    """Find standards that have no clause map, and those that only list what they add to one that is not named.

    The ledger of such a review would look covered, and it would close, with hardly an input looked at.
    """
    for name, review in scope.catalog.reviews.items():
        for index, standard in enumerate(review.standards):
            place = ("standards", index)
            if standard not in scope.names("clauses"):
                todo = did_you_mean(standard, scope.names("clauses")) or "add it in catalog/clauses"
                yield scope.finding("reviews", name, place, f'standard "{standard}" has no clause map', todo)
            clauses = scope.catalog.clause_maps.get(standard)
            base = clauses.adds_to if clauses is not None else None
            if base is not None and base not in review.standards and base in scope.names("clauses"):
                what = f"{standard} lists only what it adds to {base}, which this review does not name"
                yield scope.finding("reviews", name, place, what, f"name both: [{base}, {standard}]")


def review_sections_cover_the_inputs(scope: Scope) -> Iterator[Finding]:
    """Find inputs of the leading standard without a section or with two, and sections about nothing."""
    for name, review in scope.catalog.reviews.items():
        leading = scope.catalog.clause_maps.get(review.standards[0])
        if leading is None:
            continue
        known = [item.clause for item in leading.items]
        counts = Counter(section.clause for section in review.sections)
        for index, section in enumerate(review.sections):
            place = ("sections", index, "clause")
            if section.clause not in known:
                what = f"{leading.title} has no clause {section.clause}"
                yield scope.finding("reviews", name, place, what, _clause_hint(section.clause, set(known)))
            elif counts[section.clause] > 1:
                counts[section.clause] = 1
                what = f"clause {section.clause} has two sections"
                yield scope.finding("reviews", name, place, what, "join them")
        for item in leading.side("input"):
            if item.clause not in counts:
                what = f"no section covers input {item.clause}"
                yield scope.finding("reviews", name, ("sections",), what, f'add one: "{item.label}"')


def review_names_what_exists(scope: Scope) -> Iterator[Finding]:
    """Find KPIs and tables of a review that do not exist."""
    kpis, tables = scope.names("kpis"), scope.names("tables")
    for name, review in scope.catalog.reviews.items():
        for index, kpi in enumerate(review.scoreboard):
            if kpi not in kpis:
                what = f'KPI "{kpi}" is not known'
                yield scope.finding("reviews", name, ("scoreboard", index), what, did_you_mean(kpi, kpis))
        for index, section in enumerate(review.sections):
            for number, kpi in enumerate(section.kpis):
                if kpi not in kpis:
                    place = ("sections", index, "kpis", number)
                    yield scope.finding("reviews", name, place, f'KPI "{kpi}" is not known', did_you_mean(kpi, kpis))
            for number, table in enumerate(section.tables):
                if table not in tables:
                    place = ("sections", index, "tables", number)
                    what = f'table "{table}" is not declared'
                    yield scope.finding("reviews", name, place, what, did_you_mean(table, tables))


def review_periods_are_declared(scope: Scope) -> Iterator[Finding]:
    """Find reviews of a fiscal year that the organisation does not have."""
    fiscal = scope.catalog.organisation.fiscal
    for name, review in scope.catalog.reviews.items():
        if not review.period.startswith("fiscal_"):
            continue
        if fiscal is None:
            what, todo = f"{review.period}: there is no fiscal year", "add fiscal_year to catalog/organisation.yaml"
        elif review.kind == "month" and not fiscal.weeks:
            what, todo = "the months of the fiscal year are calendar months", "write period: month"
        else:
            continue
        yield scope.finding("reviews", name, ("period",), what, todo)


def review_annexes_are_cut(scope: Scope) -> Iterator[Finding]:
    """Find annexes of KPIs that do not exist or are not cut by what the annexes are of."""
    kpis = scope.names("kpis")
    for name, review in scope.catalog.reviews.items():
        for index, kpi in enumerate(review.annexes.kpis if review.annexes else ()):
            place = ("annexes", "kpis", index)
            declared = scope.catalog.kpis.get(kpi)
            if kpi not in kpis:
                yield scope.finding("reviews", name, place, f'KPI "{kpi}" is not known', did_you_mean(kpi, kpis))
            elif declared is not None and review.annexes and review.annexes.slice not in declared.slices:
                what = f"{kpi} is not cut by {review.annexes.slice}"
                yield scope.finding("reviews", name, place, what, f"leave it out, or add it to the slices of {kpi}")


def kpis_are_shown(scope: Scope) -> Iterator[Finding]:
    """Notice KPIs that are measured but that no review shows, unless the formula of another KPI reads them."""
    catalog = scope.catalog
    if any(kind in ("reviews", "kpis") for kind, _ in scope.unread) or not catalog.reviews:
        return
    if not all(review.scoreboard for review in catalog.reviews.values()):
        return  # a review without a scoreboard shows all of them
    shown = {kpi for review in catalog.reviews.values() for kpi in review.scoreboard}
    formulas = [version.measure for kpi in catalog.kpis.values() for version in kpi.versions]
    read = {name for measure in formulas if isinstance(measure, Formula) for name in measure.value.kpis()}
    for name, kpi in catalog.kpis.items():
        if name not in shown | read and kpi.retired is None:
            where = " or ".join(f"catalog/reviews/{review}.yaml" for review in sorted(catalog.reviews))
            todo = f"add it to scoreboard, and to kpis of a section, in {where}"
            yield scope.finding("kpis", name, ("kpi",), f"no review shows {name}", todo, warning=True)


RULES: tuple[Rule, ...] = (
    clause_items_are_named_once,
    clause_map_follows_a_known_one,
    clause_evidence_is_declared,
    clause_maps_name_known_kpis,
    kpi_feeds_are_clauses,
    review_standards_are_known,
    review_sections_cover_the_inputs,
    review_names_what_exists,
    review_periods_are_declared,
    review_annexes_are_cut,
    kpis_are_shown,
)
