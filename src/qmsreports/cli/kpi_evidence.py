"""``qmsreports kpi explain|preview|backtest|restate``: from a number to its evidence, and what a change would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qmsreports.cli.output import print_json, print_table, printable, progress
from qmsreports.errors import ExitCode, Finding, UserError

if TYPE_CHECKING:
    from qmsreports.stages import Trail

JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
KPI = Annotated[str, typer.Argument(help="Name of the KPI.")]
PERIOD = Annotated[str | None, typer.Option(help="2026-10, 2026-Q3, 2026 or FY2027-Q1; default the last closed one.")]

EVERY = Annotated[str | None, typer.Option(help="Periods to compare: month, quarter, half, year or fiscal_quarter.")]


def explain(
    kpi: KPI,
    period: PERIOD = None,
    slice_: Annotated[list[str] | None, typer.Option("--slice", help="site=lyon; several are joined.")] = None,
    rows: Annotated[Path | None, typer.Option(help="Write the counted rows to this CSV file.")] = None,
    as_json: JSON = False,
) -> None:
    """Show the question, the rule in words, version and approval, target, SQL, rows left out, and the feeds behind."""
    from qmsreports import stages
    from qmsreports.cli.clock import now

    at = now()
    of = stages.asked_period(period, at, recorded=True)
    trail = stages.explain(kpi, of, at=at, slice=_slice(slice_ or ()), rows_to=rows)
    if as_json:
        print_json({name: value for name, value in asdict(trail).items() if name != "text"})
        return
    for line in _told(trail):
        typer.echo(line)


def _told(trail: Trail) -> Iterator[str]:
    if trail.waiting:
        yield from (trail.waiting, "")
    yield from (trail.text.rstrip(), "")
    yield from (f"Approval: {approval}" for approval in trail.approvals)
    yield from _published(trail)
    for failure in trail.failures:
        yield from _failure(failure)
    for feed in trail.feeds:
        yield from _feed(feed)
    for file in trail.files:
        yield f"Rows: {file['rows']:,} counted rows of {file['table']} in {file['path']}"
    if trail.replacement is not None:
        yield from ("", "What would replace it:", "", trail.replacement.text.rstrip(), "")
        yield from (f"Approval: {approval}" for approval in trail.replacement.approvals)


def _feed(feed: Mapping[str, Any]) -> Iterator[str]:
    left = feed["deleted_with_parent"]
    with_parent = f", {left:,} of them with the row that they belonged to" if left else ""
    yield (
        f"Feed {feed['source']}/{feed['table']}: {feed['rows_in']:,} rows in, {feed['refreshed']:,} looked at again, "
        f"{feed['conformed']:,} conformed, {feed['quarantined']:,} quarantined, {feed['duplicates']:,} duplicates, "
        f"{feed['deleted_at_source']:,} deleted at the source{with_parent} ({feed['published_at']})"
    )
    if feed["made_of"]:
        yield f"  made of {', '.join(f'{table} {version}' for table, version in sorted(feed['made_of'].items()))}"
    for load in feed["landed"]:
        landed = f": {load['rows']:,} rows landed {load['landed_at']}" if load["rows"] is not None else ""
        yield f"  load {load['table']}/{load['load']}{landed}"
    yield from _rules(feed)


def _failure(feed: Mapping[str, Any]) -> Iterator[str]:
    message = f": {printable(feed['message'])}" if feed["message"] else ""
    yield f"Not valid, for feed {feed['source']}/{feed['table']} {feed['status']} ({feed['at']}){message}"
    yield from _rules(feed)


def _rules(feed: Mapping[str, Any]) -> Iterator[str]:
    for rule in feed["failed_rules"]:
        yield f"  rule that did not hold: {rule}"
    for rule in feed["failed_landed_rules"]:
        yield f"  rule of the feed as landed that did not hold: {rule}"


def _published(trail: Trail) -> Iterator[str]:
    """Yield what stands in the register, whether it can be computed again, and what would replace it."""
    stands = trail.published
    if stands is None:
        if not trail.waiting:
            yield f"Not published: to measure it, run: qmsreports run measure --period {trail.period}"
        return
    target = f", target {_shown(stands['target'])}" if stands["target"] is not None else ""
    value = "not reached" if stands["not_reached"] else f"{_shown(stands['value']) or 'no value'} {trail.unit}"
    by = f"by version {stands['version']}, {stands['computed_at']}"
    yield f"Published: {value} ({stands['status']}{target}), {by}"
    again = _shown(trail.recomputed)
    if stands["status"] != "not_valid" and _shown(stands["value"]) != again:
        yield f"Computed again it is {again or 'no value'}: what it reads, or how it is computed, is not as it was then"
        read = ", ".join(f"{name} {_shown(part)}" for name, part in stands["parts"].items())
        yield from [f"Read then: {read}"] if trail.inputs and read else []
    instead = trail.replacement
    if instead is not None:
        of = f"--from {trail.period} --to {trail.period} --why ... --by ..."
        how = f'"qmsreports kpi restate {trail.kpi} {of}"' if instead.settled else '"qmsreports run measure"'
        makes = f"make it {_shown(instead.value) or 'no value'} {trail.unit}"
        yield f"Version {instead.version} and the data of today {makes}, which waits for {how}"


def preview(
    kpi: KPI,
    period: PERIOD = None,
    every: EVERY = None,
    version: Annotated[int | None, typer.Option(help="Version; default the newest.")] = None,
    as_json: JSON = False,
) -> None:
    """Compute one month, quarter or year with the definition as it is written now; writes nothing to the record."""
    _compare(kpi, last=1, until=period, every=every, against="approved", version=version, as_json=as_json, picture=None)


def backtest(
    kpi: KPI,
    last: Annotated[int, typer.Option(min=1, max=120, help="Months, or what --every says, to go back.")] = 24,
    against: Annotated[
        str, typer.Option(help="approved, v1 (a version for all months), or a YAML file as the draft.")
    ] = "approved",
    version: Annotated[int | None, typer.Option(help="Version of the draft; default the newest.")] = None,
    period: PERIOD = None,
    every: EVERY = None,
    picture: Annotated[str | None, typer.Option(help="Write both series as SVG to this file.")] = None,
    as_json: JSON = False,
) -> None:
    """Compare the definition as written with what counts: old, new, difference, n, status flips, changed signals."""
    _compare(
        kpi, last=last, until=period, every=every, against=against, version=version, as_json=as_json, picture=picture
    )


def restate(
    kpi: KPI,
    first: Annotated[str, typer.Option("--from", help="First month.")],
    last: Annotated[str, typer.Option("--to", help="Last month.")],
    why: Annotated[str, typer.Option(help="Reason, for the record.")],
    by: Annotated[str, typer.Option("--by", help="Who restates.")],
    as_json: JSON = False,
) -> None:
    """Replace settled values by what the approved definition gives today; the earlier values stay in the register."""
    from qmsreports import stages
    from qmsreports.cli.clock import new_run_id, now

    at = now()
    restated = stages.restate(kpi, first, last, why=why, who=by, run_id=new_run_id(at), at=at)
    if as_json:
        print_json([asdict(entry) for entry in restated])
        return
    print_table(
        ("period", "slice", "before", "after"),
        [(entry.period, entry.slice_key, _shown(entry.before), _shown(entry.after)) for entry in restated],
    )
    many = "1 value" if len(restated) == 1 else f"{len(restated)} values"
    typer.echo(f"{many} restated" if restated else "nothing differs; nothing was written")


def _compare(
    kpi: str,
    *,
    last: int,
    until: str | None,
    every: str | None,
    against: str,
    version: int | None,
    as_json: bool,
    picture: str | None,
) -> None:
    from qmsreports import stages
    from qmsreports.cli.clock import now

    at = now()
    with progress("kpi") as tell:
        tell(f"{kpi}: {last} periods", 0)
        found = stages.backtest(
            kpi,
            last=last,
            every=every or "",
            until=stages.asked_period(until, at),
            at=at,
            against=against,
            version=version,
        )
    if picture:
        stages.draw_backtest(found, picture)
    rows = [_row(entry) for entry in found.differences]
    if as_json:
        print_json(
            {
                "kpi": kpi,
                "version": found.version,
                "flips": found.flips,
                "signals": list(found.signals),
                "periods": rows,
            }
        )
        return
    print_table(
        ("period", "slice", "old", "new", "difference", "n", "status"),
        [
            (
                row["period"],
                ",".join(f"{name}={value}" for name, value in row["slice"].items()),
                _shown(row["old"]),
                _shown(row["new"]),
                _shown(row["difference"]),
                row["n"],
                row["status"] if row["old_status"] == row["status"] else f"{row['old_status']} -> {row['status']}",
            )
            for row in rows
            if not row["slice"]
        ],
    )
    flips = "1 status flip" if found.flips == 1 else f"{found.flips} status flips"
    typer.echo(f"{flips}; changed signals: {', '.join(found.signals) or 'none'}")


def _row(entry: Any) -> dict[str, Any]:
    old, new = entry.old, entry.new
    return {
        "period": str(entry.period),
        "slice": dict(entry.slice),
        "old": old.value if old else None,
        "new": new.value if new else None,
        "difference": entry.change,
        "n": new.n if new else 0,
        "old_status": old.status if old else "none",
        "status": new.status if new else "none",
    }


def _slice(parts: Sequence[str]) -> dict[str, str]:
    found = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            raise UserError(Finding("", f'"{part}" is no slice', "write it as site=lyon"), exit_code=ExitCode.USAGE)
        found[name] = value
    return found


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
