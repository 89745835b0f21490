"""``qmsreports kpi``: what is measured, and the values in the register."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qmsreports.cli import kpi_evidence, kpi_show
from qmsreports.cli.output import print_json, print_table
from qmsreports.errors import ExitCode, Finding, UserError, did_you_mean

if TYPE_CHECKING:
    from qmsreports.catalog.load import Catalog
    from qmsreports.stages.change import Change

app = typer.Typer(help="KPIs: definitions and values.", no_args_is_help=True)

app.command("show")(kpi_show.show)
app.command("explain")(kpi_evidence.explain)
app.command("preview")(kpi_evidence.preview)
app.command("backtest")(kpi_evidence.backtest)
app.command("restate")(kpi_evidence.restate)

JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_kpis(as_json: JSON = False) -> None:
    """List the KPIs: the version in force today and whether it counts."""
    from qmsreports.catalog.approved import approved_view
    from qmsreports.cli.clock import now
    from qmsreports.register.catalog_records import CatalogRecords
    from qmsreports.workspace import Workspace

    today = now().date()
    with Workspace() as workspace:
        catalog = workspace.catalog
        approved = approved_view(catalog, CatalogRecords(workspace.register))
    rows: list[dict[str, Any]] = []
    for name, kpi in catalog.kpis.items():
        current = kpi.in_force(today)
        counts = current is not None and current.version in approved.get(name, frozenset())
        ended = approved.catalog.kpis[name].retired if name in approved else None
        rows.append(
            {
                "kpi": name,
                "title": kpi.title,
                "unit": kpi.unit,
                "better": kpi.better,
                "owner": kpi.owner,
                "feeds": list(kpi.feeds),
                "version": current.version if current else None,
                "state": f"retired from {ended.start}"
                if ended is not None
                else "approved"
                if counts
                else "proposed"
                if current
                else "not in force",
            }
        )
    if as_json:
        print_json(rows)
        return
    print_table(
        ("kpi", "title", "unit", "better", "owner", "version", "state"),
        [tuple(row[key] for key in ("kpi", "title", "unit", "better", "owner", "version", "state")) for row in rows],
    )


@app.command()
def values(
    kpi: Annotated[str | None, typer.Argument(help="One KPI; all when none is named.")] = None,
    period: Annotated[
        str | None, typer.Option(help="2026-10, 2026-Q3, 2026 or FY2027-Q1; all when none is named.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="What was believed at the end of that day (UTC).")
    ] = None,
    slices: Annotated[bool, typer.Option("--slices", help="Show slices, too.")] = False,
    as_json: JSON = False,
) -> None:
    """Show values as they are recorded; with --as-of as they were believed then."""
    from qmsreports.stages.change import values as recorded
    from qmsreports.stages.left_behind import left_behind
    from qmsreports.workspace import Workspace

    moment = _end_of(as_of) if as_of else None
    with Workspace() as workspace:
        if kpi is not None and kpi not in workspace.catalog.kpis and not recorded(workspace, kpi=kpi):
            raise UserError(
                Finding("", f'there is no KPI "{kpi}"', did_you_mean(kpi, workspace.catalog.kpis)),
                exit_code=ExitCode.USAGE,
            )
        rows = recorded(workspace, kpi=kpi, period=period, as_of=moment)
        stale, waits = left_behind(workspace, [row for row, _ in rows]) if moment is None else ({}, ())
        ended = _ended(workspace.catalog, kpi, period)
        dropped = kpi is not None and kpi not in workspace.catalog.kpis
    if as_json:
        print_json([_contract(row) | asdict(change) | {"left_behind": stale.get(row.id)} for row, change in rows])
        return
    print_table(
        ("kpi", "period", "slice", "value", "unit", "n", "low", "high", "change", "target", "status", "version"),
        [
            (
                row.kpi,
                row.period,
                row.slice_key,
                "not reached" if change.not_reached else _short(row.value),
                row.unit,
                row.n,
                _short(row.low),
                "not reached" if row.high is None and row.low is not None else _short(row.high),
                _with_ends(change),
                _short(row.target),
                row.status
                + (f" (stays so: {stale[row.id]})" if row.id in stale else "")
                + (" (provisional)" if row.provisional and row.status != "provisional" else "")
                + (
                    f" (would be restated to {_short(change.restated_to) or 'none'})"
                    if change.would_be_restated
                    else ""
                ),
                row.version,
            )
            for row, change in rows
            if slices or not row.slice_key
        ],
    )
    for sentence in waits:
        typer.echo(sentence, err=True)
    if dropped:
        typer.echo(
            f"{kpi} has no file any more and is not measured; qmsreports catalog plan says how to end it", err=True
        )
    if not rows and moment is not None:
        typer.echo(f"no such value was on record at the end of {as_of} (UTC)", err=True)
    if ended and not rows:
        typer.echo(ended, err=True)
    elif period and not rows and moment is None and not dropped:
        typer.echo(
            f"no value of {period} is on record; to measure it, run: qmsreports run measure --period {period}", err=True
        )


def _ended(catalog: Catalog, kpi: str | None, period: str | None) -> str:
    """Say that a KPI is retired in a period, nothing where it is not."""
    entry = catalog.kpis.get(kpi or "")
    if entry is None or entry.retired is None or not period or not entry.is_retired(catalog.recorded(period).end):
        return ""
    return f"{kpi} is retired from {entry.retired.start} on and has no value of {period}"


_CONTRACT = (
    *("kpi", "version", "period", "slice", "unit", "value", "numerator", "denominator", "n", "low", "high"),
    *("target", "near", "status", "provisional"),
)


def _contract(row: Any) -> dict[str, Any]:
    """Fields of ``kpi values --json``; they may be added to, never renamed."""
    return {name: getattr(row, name) for name in _CONTRACT}


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.3g}" if abs(value) < 1000 else f"{value:+,.0f}"


def _with_ends(change: Change) -> str:
    """Return the difference to the period before, with its 95 % interval where there is one."""
    if change.change_low is None or change.change_high is None:
        return _signed(change.change)
    return f"{_signed(change.change)} ({_signed(change.change_low)} to {_signed(change.change_high)})"


def _end_of(text: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    except ValueError:
        raise UserError(
            Finding("", f'"{text}" is no day', "write it as 2026-11-03"), exit_code=ExitCode.USAGE
        ) from None
