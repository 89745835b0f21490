"""The same numbers as somebody who knows pandas well would compute them.

Order lines come a file at a time: one grouping by all months and slices per file, whose sums are added up and rolled
up at the end; all at once would need tens of gigabytes. Tickets are a tenth and are read whole, since percentiles need
their rows. Texts are categories, so groups are found by small numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.kpi50.by_hand import lay_out_quarters
from benchmarks.kpi50.definitions import CLOCKS, LINES, MEMBERS, PERIODS, TICKETS, ZONE

Numbers = dict[str, float | None]
_PERIODS = [str(period) for period in PERIODS]
_SUMS = ["n", "value", "pieces", "in_time", "late", "otif", "short", "waiting", "large", "shipped"]


def numbers(folder: Path) -> Numbers:
    """Compute everything; pandas is imported already."""
    return {**_of_lines(folder / "order_lines"), **_of_tickets(folder / "tickets")}


def _months(days: Any) -> Any:
    return days.dt.year * 12 + days.dt.month


def _read(path: Any, columns: list[str]) -> Any:
    import pandas as pd
    import pyarrow.parquet as pq

    there = [name for name in columns if name in MEMBERS or name == "status"]
    read = pq.ParquetFile(path, read_dictionary=there).read(columns=columns)
    frame = read.to_pandas(date_as_object=False)
    for name in there:
        if name in MEMBERS:
            frame[name] = pd.Categorical(frame[name], categories=MEMBERS[name])
    return frame


def _of_lines(folder: Path) -> Numbers:
    import deltalake
    import pandas as pd

    cubes: dict[str, list[Any]] = {clock: [] for clock in CLOCKS}
    dates = [f"{clock}_on" for clock in CLOCKS]
    columns = [*LINES, "status", *dates, "quantity_ordered", "quantity_delivered", "net_value"]
    for path in deltalake.DeltaTable(str(folder)).file_uris():
        rows = _read(path, columns)
        in_time = rows["delivered_on"] <= rows["promised_on"]
        full = rows["quantity_delivered"] >= rows["quantity_ordered"]
        counted = pd.DataFrame(
            {
                **{name: rows[name] for name in LINES},
                "n": 1,
                "value": rows["net_value"],
                "pieces": rows["quantity_ordered"],
                "in_time": in_time,
                "late": rows["delivered_on"] > rows["promised_on"],
                "otif": in_time & full,
                "short": rows["quantity_delivered"] < rows["quantity_ordered"],
                "waiting": rows["delivered_on"].isna(),
                "large": rows["net_value"] > 500,
                "shipped": rows["quantity_delivered"],
            }
        )
        populations = {
            "promised": rows["status"] != "cancelled",
            "delivered": rows["status"] == "delivered",
            "ordered": None,
        }
        for clock, population in populations.items():
            own = counted if population is None else counted[population]
            month = _months(rows[f"{clock}_on"] if population is None else rows.loc[population, f"{clock}_on"])
            grouped = own.groupby([month.rename("month"), *LINES], observed=True, sort=False)[_SUMS]
            cubes[clock].append(grouped.sum().reset_index())
    found: Numbers = {}
    for clock, parts in cubes.items():
        cube = pd.concat(parts)
        for cut, sums in _cuts(cube, LINES, _SUMS):
            found.update(_of_clock(clock, cut, sums))
    return found


def _cuts(cube: Any, slices: list[str], sums: list[str]) -> Iterator[tuple[str, Any]]:
    yield "", cube.groupby("month")[sums].sum()
    for name in slices:
        yield name, cube.groupby(["month", name], observed=True)[sums].sum()


def _of_clock(clock: str, cut: str, sums: Any) -> Iterator[tuple[str, float]]:
    n = sums["n"]
    values = {
        "lines": n,
        "value": sums["value"],
        "pieces": sums["pieces"],
        "mean_pieces": sums["pieces"] / n,
        "mean_value": sums["value"] / n,
        "on_time": 100.0 * sums["in_time"] / n,
        **{name: 100.0 * sums[name] / n for name in ("late", "otif", "short", "waiting", "large")},
        "filled": 100.0 * sums["shipped"] / sums["pieces"],
    }
    for name, series in values.items():
        yield from _told(f"{clock}_{name}", cut, series)


def _told(name: str, cut: str, series: Any) -> Iterator[tuple[str, float]]:
    """Yield key and value of each entry of a series by month, or by month and member."""
    for place, value in series.items():
        month, member = place if cut else (place, "")
        period = month if isinstance(month, str) else f"{(month - 1) // 12:.0f}-{(month - 1) % 12 + 1:02.0f}"
        if period in _KNOWN and value == value:
            yield f"{name}|{period}|{f'{cut}={member}' if cut else ''}", float(value)


_KNOWN = frozenset(_PERIODS)


def _of_tickets(folder: Path) -> Numbers:
    import deltalake
    import pandas as pd

    columns = [*TICKETS, "opened_at", "first_reply_at", "resolved_at", "due_at", "reopened", "reassigned"]
    files = deltalake.DeltaTable(str(folder)).file_uris()
    rows = pd.concat([_read(path, columns) for path in files], ignore_index=True)
    days = {name: rows[f"{name}_at"].dt.tz_convert(ZONE) for name in ("opened", "resolved", "due")}
    months = {name: _months(day) for name, day in days.items()}
    cube = pd.DataFrame({name: rows[name] for name in TICKETS})
    cube = cube.assign(
        n=1,
        answered=rows["first_reply_at"].notna(),
        urgent=rows["priority"].isin(["high", "highest"]),
        handed=rows["reassigned"],
        again=rows["reopened"] >= 1,
        in_time=rows["resolved_at"] <= rows["due_at"],
    )
    sums = ["n", "answered", "urgent", "handed", "again", "in_time"]
    found: Numbers = {}
    for clock, month in months.items():
        parts = cube.groupby([month.rename("month"), *TICKETS], observed=True)[sums].sum().reset_index()
        for cut, total in _cuts(parts, TICKETS, sums):
            found.update(_shares(clock, cut, total))
    found.update(_levels(cube, months))
    found.update(_percentiles(rows, months["opened"]))
    return found


def _shares(clock: str, cut: str, total: Any) -> Iterator[tuple[str, float]]:
    n = total["n"]
    values = {
        "opened": {
            "opened": n,
            "urgent": 100.0 * total["urgent"] / n,
            "answered": 100.0 * total["answered"] / n,
            "handovers": total["handed"] / n,
        },
        "resolved": {"resolved": n, "reopened": 100.0 * total["again"] / n},
        "due": {"due_in_time": 100.0 * total["in_time"] / n},
    }[clock]
    for name, series in values.items():
        yield from _told(name, cut, series)


def _levels(cube: Any, months: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Begun by the end of each month minus ended by then, where ending before the beginning counts as neither."""
    import numpy as np
    import pandas as pd

    for name, begun in (("backlog", "opened"), ("overdue", "due")):
        own = pd.DataFrame({**{slice_: cube[slice_] for slice_ in TICKETS}, "n": 1})
        ended = months["resolved"].fillna(np.inf)
        own["begun"], own["ended"] = months[begun], ended
        grouped = own.groupby(["begun", "ended", *TICKETS], observed=True)["n"].sum().reset_index()
        for period in PERIODS:
            last = period.start.year * 12 + period.start.month
            until = grouped[grouped["begun"] <= last]
            open_ = until["n"].where(until["ended"] > last, 0)
            yield f"{name}|{period}|", float(open_.sum())
            for cut in TICKETS:
                for member, value in open_.groupby(until[cut], observed=True).sum().items():
                    yield f"{name}|{period}|{cut}={member}", float(value)


def _percentiles(rows: Any, opened: Any) -> Iterator[tuple[str, float]]:
    import numpy as np
    import pandas as pd

    first, worked, is_open = lay_out_quarters()
    began, replied = _seconds(rows["opened_at"]), _seconds(rows["first_reply_at"])
    ends = {period.start.year * 12 + period.start.month: period.utc_bounds(ZONE)[1].timestamp() for period in PERIODS}
    end = opened.map(ends).to_numpy()

    def open_until(seconds: Any) -> Any:
        quarter = np.floor(seconds / 900).astype("int64") - first
        return worked[quarter] + is_open[quarter] * (seconds - (quarter + first) * 900)

    until = np.where(replied < end, replied, end)  # an empty reply is not before the end
    lengths = {
        "reply": open_until(until) - open_until(began),
        "resolve": _seconds(rows["resolved_at"]) - began,
    }
    shares = np.array([0.5, 0.9])
    for name, length in lengths.items():
        table = pd.DataFrame({slice_: rows[slice_] for slice_ in TICKETS})
        table["month"], table["length"] = opened, length
        table = table[table["length"].notna()]
        for cut in ("", *TICKETS):
            found = table.groupby(["month", cut] if cut else "month", observed=True)["length"].quantile(shares)
            split = found.unstack() / 3600.0
            yield from _told(f"{name}_median", cut, split[0.5])
            yield from _told(f"{name}_p90", cut, split[0.9])


def _seconds(moments: Any) -> Any:
    """Return seconds since 1970, with gaps."""
    import pandas as pd

    return (moments - pd.Timestamp(0, tz="UTC")).dt.total_seconds().to_numpy()
