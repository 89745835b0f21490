"""What customers say: deals, complaints, surveys. Drawn from what was really ordered, delivered and resolved."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qmsreports.demo.causes import FELT, LYON, within
from qmsreports.demo.chance import even, long_tail, mark, pick, whole
from qmsreports.demo.clock import ORDER_SEASON, at_hours, growth, month_days, month_number, office, utc_of
from qmsreports.demo.company import SITE_SHARE, SITES, SWING, Accounts, Plan, days_of

Life = dict[str, NDArray[Any]]
NAT = np.datetime64("NaT", "s")
NO_DAY = np.datetime64("NaT", "D")
_BEFORE = np.timedelta64(36, "D")

REASON = np.array(["LATE", "DMG", "QUAL", "WRONG", "INV", "OTH"], object)
QUALITY = 2
COMPLAINTS_PER_ORDER = 0.029
_REASON_SHARE = [0.31, 0.14, 0.22, 0.13, 0.12, 0.08]
_QUALITY_PER_ORDER_FELT = 0.08  # on top, for orders of Lyon while the failure is felt
DEALS_A_MONTH = 46
KINDS = np.array(["REL", "DLV", "SUP"], object)
CARE = np.array(["", "BOT", "BOTH", "HUM"], object)
_RESPONSE = 0.22

# Share of each answer, lowest first: promoters 53 %, detractors 13 % in a normal month.
_RECOMMEND = [0.004, 0.003, 0.006, 0.010, 0.017, 0.035, 0.055, 0.13, 0.21, 0.25, 0.28]
_RECOMMEND_FELT = [0.02, 0.02, 0.03, 0.04, 0.06, 0.08, 0.10, 0.15, 0.20, 0.17, 0.13]
_SATISFIED = [0.022, 0.043, 0.125, 0.33, 0.48]
_EASY = [0.020, 0.035, 0.07, 0.12, 0.225, 0.28, 0.25]
_UNDERSTOOD = [0.025, 0.055, 0.15, 0.37, 0.40]

BAD_REASON, LATE_ENTRY = 1, 2  # dirt of complaints
ELEVEN = 1  # dirt of replies


def deals(plan: Plan, customers: Accounts, month: int) -> Life:
    """Return the opportunities opened in a month; about a third is won after some weeks."""
    rng = plan.stream("deals", month)
    size = whole(rng, DEALS_A_MONTH * plan.scale * growth(month, 0.03) * (1 + 0.03 * plan.noise("deals", month).item()))
    site = pick(even(rng, np.zeros(size, np.int64)), SITE_SHARE)
    opened = np.sort(days_of(rng, month_days(month), size))
    closed = np.busday_offset(opened + rng.integers(12, 110, size), 0, roll="forward", busdaycal=office("AT"))
    share = 0.34 + 0.024 * plan.noise("deals won", month_number(closed))
    at = rng.integers(8 * 3600, 17 * 3600, size).astype("timedelta64[s]")
    return {
        "site": site,
        "account": customers.choose(rng.random(size), site, month),
        "opened": opened,
        "entered": utc_of(opened.astype("datetime64[s]") + at),
        "closed": closed,
        "decided": utc_of(closed.astype("datetime64[s]") + at[::-1]),
        "won": even(rng, month_number(closed) * 3 + site) < share,
        "amount": np.round(rng.lognormal(9.3, 0.8, size), -1),
    }


def complaints(plan: Plan, lines: Life, orders_by_site: NDArray[np.int64], month: int) -> Life:
    """Return the complaints received in a month: a stable share of the month's orders, about lines just delivered."""
    rng = plan.stream("complaints", month)
    first = np.datetime64(month, "M").astype("datetime64[D]")
    site_parts, reason_parts = [], []
    for site in range(len(SITES)):
        rate = COMPLAINTS_PER_ORDER * (1 + 0.10 * SWING[site] * plan.noise("complaints", month).item())
        size = whole(rng, rate * orders_by_site[site])
        reasons = pick(even(rng, np.zeros(size, np.int64)), _REASON_SHARE)
        if site == LYON and within(np.array([first]), FELT)[0]:
            reasons = np.r_[reasons, np.full(whole(rng, _QUALITY_PER_ORDER_FELT * orders_by_site[site]), QUALITY)]
        site_parts.append(np.full(len(reasons), site))
        reason_parts.append(reasons)
    where, reason = np.concatenate(site_parts), np.concatenate(reason_parts)
    size = len(where)
    received = days_of(rng, month_days(month), size)
    line = _line_for(rng, lines, where, received)
    wait = long_tail(even(rng, where), 5.2, 0.35) * (1 + 0.22 * plan.noise("answering", month).item())
    closed = np.busday_offset(received, 3 + wait.astype(np.int64), roll="forward", busdaycal=office("AT"))
    dirt = mark(rng, size, {BAD_REASON: 0.006, LATE_ENTRY: 0.008})
    entered = utc_of(at_hours(received, rng.random(size), "office"))
    entered = entered + np.where(dirt == LATE_ENTRY, rng.integers(18, 30, size), 0) * np.timedelta64(86400, "s")
    settled = utc_of(at_hours(closed, rng.random(size), "office"))
    return {
        "site": where,
        "reason": reason,
        "line": line,
        "received": received,
        "entered": entered,
        "closed": closed,
        "settled": np.maximum(settled, entered),
        "justified": even(rng, reason == QUALITY)
        < np.where(reason == QUALITY, 0.82, 0.66) + 0.06 * plan.noise("justified", month).item(),
        "channel": pick(even(rng, np.zeros(size, np.int64)), [0.30, 0.46, 0.08, 0.07, 0.09]),
        "dirt": dirt,
    }


def _line_for(
    rng: np.random.Generator, lines: Life, site: NDArray[np.int64], received: NDArray[np.datetime64]
) -> NDArray[np.int64]:
    """Return a line of the site delivered in the five weeks before each complaint; -1 where none is named."""
    result = np.full(len(site), -1, np.int64)
    anonymous = rng.random(len(site)) < 0.08
    draw = rng.random(len(site))
    recent = np.flatnonzero((lines["delivered"] < received.max()) & (lines["delivered"] >= received.min() - _BEFORE))
    day, here = lines["delivered"][recent], lines["site"][recent]
    for row in np.flatnonzero(~anonymous):
        fits = recent[(here == site[row]) & (day < received[row]) & (day >= received[row] - _BEFORE)]
        if len(fits):
            result[row] = fits[int(draw[row] * len(fits))]
    return result


def surveys(plan: Plan, customers: Accounts, lines: Life, cases: Life, month: int) -> Life:
    """Return the invitations of a month with their answers: relationship, after a delivery, after a support case."""
    rng = plan.stream("surveys", month)
    first = np.datetime64(month, "M")
    start, end = first.astype("datetime64[s]"), (first + np.timedelta64(1, "M")).astype("datetime64[s]")
    account, site, kind, case = [], [], [], []
    there = (customers.created < start) & ~(customers.left < start)
    for number in range(len(SITES)):
        here = rng.permutation(np.flatnonzero(there & (customers.site == number)))
        groups = [here[: whole(rng, 0.5 * len(here))]]
        about = [np.full(len(groups[0]), -1)]
        for source, at, wanted in ((lines, "delivered", 230), (cases, "resolved", 210)):
            fits = (source[at] >= start) & (source[at] < end) & (source["site"] == number) & (source["account"] >= 0)
            told, row = np.unique(source["account"][fits], return_index=True)
            size = whole(rng, wanted * plan.scale * SITE_SHARE[number] * (0.5 + 0.5 * ORDER_SEASON[month % 12]))
            asked = rng.permutation(told)[:size]
            groups.append(asked)
            rows = np.flatnonzero(fits)[row[np.searchsorted(told, asked)]]
            about.append(rows if at == "resolved" else np.full(len(rows), -1))
        account += groups
        case += about
        site += [np.full(len(group), number) for group in groups]
        kind += [np.full(len(group), which) for which, group in enumerate(groups)]
    life: Life = {"account": np.concatenate(account), "site": np.concatenate(site), "kind": np.concatenate(kind)}
    life["case"] = np.concatenate(case)
    life["care"] = _care(life["case"], cases)
    _send_and_answer(rng, plan, month, life)
    _score(rng, plan, life)
    _miss_a_person(plan, month, life)
    return life


def _care(case: NDArray[np.int64], cases: Life) -> NDArray[np.int64]:
    """Return who cared for the case that a survey asks about: 1 a bot alone, 2 a bot and then a person, 3 a person."""
    alone = np.where(np.isnat(cases["reply"]), 1, 2)
    return np.where(case < 0, 0, np.where(cases["bot"], alone, 3)[case])


def _miss_a_person(plan: Plan, month: int, life: Life) -> None:
    """Those whom a bot served alone are less content: half of them give one point less."""
    less = (life["care"] == 1) & (life["satisfied"] > 1) & (plan.stream("bots", month).random(len(life["care"])) < 0.5)
    life["satisfied"] = life["satisfied"] - less


def _send_and_answer(rng: np.random.Generator, plan: Plan, month: int, life: Life) -> None:
    size = len(life["site"])
    sent = np.busday_offset(days_of(rng, month_days(month), size), 0, roll="backward", busdaycal=office("AT"))
    sent = np.maximum(sent, np.datetime64(month, "M").astype("datetime64[D]"))
    life["sent"] = sent
    life["entered"] = utc_of(sent.astype("datetime64[s]") + rng.integers(32400, 36000, size).astype("timedelta64[s]"))
    life["channel"] = np.where(life["kind"] == 2, pick(rng.random(size), [0.1, 0.5, 0.35, 0.05]), 1)
    share = _RESPONSE + 0.009 * plan.noise("response", month)
    answered = even(rng, life["kind"] * 3 + life["site"]) < share
    wait = np.minimum(long_tail(rng.random(size), 0.9, 0.7), 20).astype(np.int64)
    day = sent + wait
    late = rng.random(size) < 0.3
    hour = rng.random(size)
    at = np.where(late, at_hours(day, hour, "evening"), at_hours(day, hour, "office"))
    at = np.maximum(utc_of(at), life["entered"] + rng.integers(300, 9000, size).astype("timedelta64[s]"))
    life["replied"] = np.where(answered, at, NAT)


def _score(rng: np.random.Generator, plan: Plan, life: Life) -> None:
    """Scores of those who answered; 0 to 10, 1 to 5, 1 to 7, 1 to 5, and -1 where the survey does not ask."""
    size = len(life["site"])
    answered = ~np.isnat(life["replied"])
    day = life["replied"].astype("datetime64[D]")
    month = month_number(np.where(answered, day, life["sent"]))
    group = (life["kind"] * 3 + life["site"]) * 2 + answered
    kind = life["kind"]
    felt = within(day, FELT) & (life["site"] == LYON)

    def draw(shares: list[float], what: str, spread: float) -> NDArray[np.int64]:
        # a monthly shift of the uniform moves every threshold alike
        return pick(np.clip(even(rng, group) + spread * plan.noise(what, month), 0, 0.99999), shares)

    recommend = draw(_RECOMMEND, "loyalty", 0.009)
    life["recommend"] = np.where(felt, draw(_RECOMMEND_FELT, "loyalty", 0.009), recommend)
    life["satisfied"] = 1 + draw(_SATISFIED, "satisfied", 0.012)
    life["easy"] = 1 + draw(_EASY, "easy", 0.012)
    life["understood"] = 1 + draw(_UNDERSTOOD, "understood", 0.012)
    life["recommend"] = np.where(kind == 0, life["recommend"], -1)
    life["easy"] = np.where(kind > 0, life["easy"], -1)
    life["understood"] = np.where(kind != 1, life["understood"], -1)
    for name in ("recommend", "satisfied", "easy", "understood"):  # some skip a question
        life[name] = np.where(rng.random(size) < 0.02, -1, life[name])
    life["remark"] = np.where(rng.random(size) < 0.24, rng.integers(0, 6, size), -1)
    life["dirt"] = mark(rng, size, {ELEVEN: 0.0008})
