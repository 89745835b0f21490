"""Reading the customer page: what happened to whom, and what they wrote, from the lake at its pinned versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qmsreports.language import spoken
from qmsreports.pack.customers import Customers, Experiences, Family, Lost, Quote, Said, ThemeSaid
from qmsreports.pack.masking import Masking, vocabulary
from qmsreports.pack.objective import Objective

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from qmsreports.catalog.customer_page import CustomerPage, Theme
    from qmsreports.catalog.load import Catalog
    from qmsreports.period import Period

_LOST = 1000  # customers named who did not come back
_LONG = 220  # characters of a quote
_READ = 2000  # characters of a comment from which its quote is taken: a pasted protocol would be masked for minutes
_SEVERAL = 3  # customers from whom a word is no name
_YEARS = 2  # of comments from which the common words are taken

_HAPPENED = (
    ("late_lines > 0", "late_delivery"),
    ("breached_cases > 0", "case_not_solved"),
    ("justified_complaints > 0", "justified_complaint"),
    ("detractor", "advises_against"),
)
"""The four bad experiences, as columns of ``customer_months`` and by name."""


@dataclass(frozen=True, slots=True)
class _Comment:
    """A comment as it was written. ``customer`` is the name of who wrote it, known so that it can be masked."""

    text: str
    recommend: int | None
    satisfied: int | None
    channel: str
    segment: str
    customer: str

    @property
    def unhappy(self) -> bool:
        return (self.recommend is not None and self.recommend <= 6) or (
            self.satisfied is not None and self.satisfied <= 2
        )

    @property
    def order(self) -> tuple[int, int, str]:
        """The unhappiest first; of equals always the same one."""
        return (
            self.recommend if self.recommend is not None else 11,
            self.satisfied if self.satisfied is not None else 6,
            self.text,
        )


def customers(
    connection: DuckDBPyConnection, catalog: Catalog, period: Period, objectives: Sequence[Objective]
) -> Customers | None:
    """Return the customer page; ``None`` where the catalog declares none or the pack has none of its KPIs."""
    page, there = catalog.customers, {one.kpi for one in objectives}
    if page is None or there.isdisjoint(page.kpis):
        return None
    families = [
        Family(title=one.told("title", spoken().code), kpis=tuple(kpi for kpi in one.kpis if kpi in there))
        for one in page.expectations
    ]
    return Customers(
        clause=page.clause,
        voices=tuple(kpi for kpi in page.voices if kpi in there),
        response_rate=_there(page.response_rate, there),
        by=page.by,
        expectations=tuple(family for family in families if family.kpis),
        complaints=tuple(kpi for kpi in page.complaints if kpi in there),
        share=_there(page.share, there),
        again=_there(page.again, there),
        others=_there(page.others, there),
        experiences=_experiences(connection, catalog, page, period),
        said=_said(connection, catalog, page, period),
    )


def _there(kpi: str | None, there: set[str]) -> str:
    return kpi if kpi in there and kpi else ""


def _experiences(
    connection: DuckDBPyConnection, catalog: Catalog, page: CustomerPage, period: Period
) -> Experiences | None:
    """Return the bad experiences of a month; none of a longer period, whose last month alone would pass for it."""
    if "customer_months" not in catalog.tables or period.kind != "month":
        return None
    month = {"month": period.containing(period.last_day).start}
    counted = ", ".join(f"count(*) FILTER (bad_experience AND {condition})" for condition, _ in _HAPPENED)
    active, bad, repeated, *causes = connection.execute(
        f"""SELECT count(*), count(*) FILTER (bad_experience), count(*) FILTER (bad_experience AND EXISTS (
                SELECT 1 FROM customer_months b WHERE b.customer_id = m.customer_id AND b.bad_experience
                AND b.month_on < $month AND b.month_on >= $month - INTERVAL 11 MONTH)), {counted}
            FROM customer_months m WHERE m.month_on = $month AND m.active""",
        month,
    ).fetchall()[0]
    if not active:
        return None
    ended = connection.execute(
        """SELECT strftime(max(month_on), '%Y-%m'), count(*), count(*) FILTER (reordered_within_90_days)
           FROM customer_months WHERE active AND bad_experience
           AND watched_until >= $start AND watched_until < $end""",
        {"start": month["month"], "end": period.end},
    ).fetchall()[0]
    named = [(what, count) for (_, what), count in zip(_HAPPENED, causes, strict=True) if count]
    return Experiences(
        month=f"{month['month']:%Y-%m}",
        active=active,
        bad=bad,
        causes=tuple(sorted(named, key=lambda one: -one[1])),
        repeated=repeated,
        earlier_month=ended[0] or "",
        earlier=ended[1],
        came_back=ended[2],
        lost=_lost(connection, catalog, page, period),
    )


def _lost(connection: DuckDBPyConnection, catalog: Catalog, page: CustomerPage, period: Period) -> tuple[Lost, ...]:
    """Return those who did not come back, the largest part of our broken promises first."""
    conditions = ", ".join(f"m.{condition}" for condition, _ in _HAPPENED)
    named = "coalesce(c.name, m.customer_id)" if page.names else "m.customer_id"
    rows = connection.execute(
        f"""SELECT {named}, m.site, coalesce(m.segment, ''),
                (SELECT max(o.ordered_on) FROM order_lines o
                    WHERE o.customer_id = m.customer_id AND o.ordered_on < $end),
                (SELECT count(*) FROM complaints p WHERE p.customer_id = m.customer_id
                    AND p.received_on < $end AND (p.closed_on IS NULL OR p.closed_on >= $end)),
                {conditions}
            FROM customer_months m LEFT JOIN customers c ON c.customer_id = m.customer_id
            WHERE m.active AND m.bad_experience AND NOT m.reordered_within_90_days
                AND m.watched_until >= $month AND m.watched_until < $end
            ORDER BY m.late_lines + m.breached_cases + m.justified_complaints DESC, m.customer_id LIMIT {_LOST}""",
        {"month": period.containing(period.last_day).start, "end": period.end},
    ).fetchall()
    return tuple(
        Lost(
            customer=customer,
            site=catalog.organisation.site_title(site),
            segment=segment,
            happened=tuple(what for (_, what), held in zip(_HAPPENED, happened, strict=True) if held),
            last_order=ordered,
            open_complaints=complaints,
        )
        for customer, site, segment, ordered, complaints, *happened in rows
    )


def _said(connection: DuckDBPyConnection, catalog: Catalog, page: CustomerPage, period: Period) -> Said | None:
    if "survey_answers" not in catalog.tables or not page.themes:
        return None
    segment = "coalesce(a.segment, '')" if catalog.tables["survey_answers"].column("segment") else "''"
    rows = connection.execute(
        f"""SELECT trim(a.comment), a.recommend_score, a.satisfaction_score, a.channel, {segment},
                coalesce(c.name, '')
            FROM survey_answers a LEFT JOIN customers c ON c.customer_id = a.customer_id
            WHERE a.answered_on >= $start AND a.answered_on < $end AND trim(coalesce(a.comment, '')) <> ''
            ORDER BY a.answered_on, a.answer_id""",
        {"start": period.start, "end": period.end},
    ).fetchall()
    (answers,) = connection.execute(
        "SELECT count(*) FROM survey_answers WHERE answered_on >= $start AND answered_on < $end",
        {"start": period.start, "end": period.end},
    ).fetchall()[0]
    written = [_Comment(*row) for row in rows]
    caught = {theme.theme: [one for one in written if theme.about(one.text)] for theme in page.themes}
    masking = Masking(_common(connection, catalog, page, period), vocabulary(page.never, _people(catalog)))
    themes = [_theme(theme, caught[theme.theme], page.quotes, masking) for theme in page.themes if caught[theme.theme]]
    found = {id(one) for some in caught.values() for one in some}
    return Said(
        comments=len(written),
        answers=answers,
        themes=tuple(sorted(themes, key=lambda one: -one.comments)),
        elsewhere=sum(id(one) not in found for one in written),
    )


def _theme(theme: Theme, about: Sequence[_Comment], quotes: int, masking: Masking) -> ThemeSaid:
    shown: dict[str, Quote] = {}
    for one in sorted(about, key=lambda one: one.order) if quotes else ():
        text = _cut(masking.mask(_cut(one.text, _READ), one.customer))
        if text and text not in shown:
            shown[text] = Quote(
                text=text,
                recommend=one.recommend,
                satisfied=one.satisfied,
                channel=one.channel,
                segment=one.segment,
            )
        if len(shown) == quotes:
            break
    return ThemeSaid(
        title=theme.told("title", spoken().code),
        comments=len(about),
        unhappy=sum(one.unhappy for one in about),
        quotes=tuple(shown.values()),
    )


def _common(connection: DuckDBPyConnection, catalog: Catalog, page: CustomerPage, period: Period) -> frozenset[str]:
    """Return the words that point at nobody: written by several customers, or declared in the catalog."""
    rows: list[tuple[Any, ...]] = connection.execute(
        """SELECT word FROM (
                SELECT customer_id, unnest(regexp_extract_all(comment, '[\\p{L}\\p{M}]+')) AS word
                FROM survey_answers
                WHERE comment IS NOT NULL AND answered_on >= $since AND answered_on < $end)
            GROUP BY word HAVING count(DISTINCT customer_id) >= $several""",
        {
            "since": period.start.replace(year=period.start.year - _YEARS, day=1),
            "end": period.end,
            "several": _SEVERAL,
        },
    ).fetchall()
    declared = [word for theme in page.themes for listed in theme.words.values() for word in listed]
    sites = [site.title for site in catalog.organisation.sites]
    return vocabulary((word for (word,) in rows), declared, sites, [catalog.organisation.name])


def _people(catalog: Catalog) -> list[str]:
    """Return the names of who takes part in reviews: they are known, and no quote shows them."""
    return [one.name for review in catalog.reviews.values() for one in review.participants if one.name]


def _cut(text: str, long: int = _LONG) -> str:
    if len(text) <= long:
        return text
    return text[:long].rsplit(" ", 1)[0].rstrip(" ,;.-") + " \u2026"
