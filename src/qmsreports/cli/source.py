"""``qmsreports source``: the declared source systems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from qmsreports.cli.output import print_json, print_table

app = typer.Typer(help="Source systems.", no_args_is_help=True)


@app.callback()
def source() -> None:
    """Source systems as the catalog declares them."""


@app.command("list")
def list_sources(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the declared sources: what is landed, which tables it feeds, and whether a connection is set."""
    from qmsreports.errors import CouldNotRun
    from qmsreports.settings import connection_of
    from qmsreports.workspace import Workspace

    rows = []
    with Workspace() as workspace:
        for name, declared in workspace.written.sources.items():
            try:
                connection_of(name)
                connected = "set"
            except CouldNotRun:
                connected = "missing"
            rows.append(
                {
                    "source": name,
                    "title": declared.title,
                    "kind": declared.kind,
                    "connection": connected,
                    "landed": [feed.table for feed in declared.tables],
                    "feeds": list(declared.conform),
                }
            )
    if as_json:
        print_json(rows)
        return
    print_table(
        ("source", "title", "kind", "connection", "landed", "feeds"),
        [
            (row["source"], row["title"], row["kind"], row["connection"], len(row["landed"]), ", ".join(row["feeds"]))
            for row in rows
        ],
    )


@app.command("presets")
def list_presets(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the systems that there is a preset for, which tables each feeds, and what it was tested against."""
    from dataclasses import asdict

    from qmsreports.catalog.presets import presets

    found = presets()
    if as_json:
        print_json([asdict(preset) for preset in found])
        return
    print_table(
        ("preset", "title", "kind", "feeds", "tested"),
        [(entry.preset, entry.title, entry.kind, ", ".join(entry.feeds), entry.tested) for entry in found],
    )


@app.command("add")
def add(
    preset: Annotated[str, typer.Argument(help="Preset; source presets lists them.")],
    name: Annotated[str, typer.Option("--as", help="Name of the source here; the preset's own if left out.")] = "",
) -> None:
    """Copy a preset into the catalog, where it is yours to adapt."""
    from qmsreports.catalog.presets import add_preset
    from qmsreports.settings import Settings

    chosen = name or preset
    for path in add_preset(preset, name=chosen, catalog=Settings().catalog):
        typer.echo(f"wrote {path}")
    typer.echo(f"next: read its README.md, set QMSREPORTS_CONNECTION_{chosen.upper()}, run qmsreports catalog check")


@app.command("check")
def check(
    name: Annotated[str, typer.Argument(help="Source; source list names them.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at a source without landing anything: does it answer, may it be read, are cursors and clock sane.

    Below the checks stand the first rows of each table as they would be landed. Exit code 1 when something would stop
    a table.
    """
    from qmsreports import stages
    from qmsreports.cli import clock
    from qmsreports.errors import ExitCode

    report = stages.check_source(name, now=clock.now)
    if as_json:
        print_json(report.to_json())
    else:
        print_table(
            ("table", "check", "outcome", "what"),
            [
                (
                    entry.table,
                    entry.check,
                    entry.outcome,
                    "; ".join(filter(None, (entry.what, entry.todo, entry.where and f"see {entry.where}"))),
                )
                for entry in report.checks
            ],
        )
        _print_samples(report.samples)
    if report.failed:
        raise typer.Exit(int(ExitCode.FINDINGS))


def _print_samples(samples: Mapping[str, list[dict[str, Any]]]) -> None:
    """Print the first rows of each table that has some, a column of it on each line."""
    for table, rows in samples.items():
        if rows:
            typer.echo(f"\n{table}: first rows as they would be landed")
            names = dict.fromkeys(name for row in rows for name in row)
            head = ("column", *(f"row {number}" for number in range(1, len(rows) + 1)))
            print_table(head, [(name, *(_short((name, row.get(name)))[1] for row in rows)) for name in names])


@app.command("preview")
def preview(
    name: Annotated[str, typer.Argument(help="Source; source list names them.")],
    table: Annotated[str, typer.Argument(help="Canonical table that the source feeds.")],
    rows: Annotated[int, typer.Option("--rows", min=1, max=1000, help="How many rows.")] = 3,
    fresh: Annotated[bool, typer.Option("--fresh", help="Read the source, also where rows were landed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show rows as received beside the canonical rows that they become, refused ones first."""
    from dataclasses import asdict
    from itertools import zip_longest

    from qmsreports import stages

    found = stages.preview_source(name, table, rows=rows, fresh=fresh)
    if as_json:
        print_json(asdict(found))
        return
    typer.echo(f"{name}: {found.of}")
    for number, row in enumerate(found.rows, 1):
        typer.echo(f"\nrow {number}" + (f": refused, {row.refused}" if row.refused else ""))
        print_table(
            (found.landed_table, "as read", table, "as it becomes"),
            [
                (*_short(left), *_short(right))
                for left, right in zip_longest(row.landed.items(), row.canonical.items(), fillvalue=("", ""))
            ],
        )


def _short(cell: tuple[str, Any]) -> tuple[str, str]:
    """Name and value of a column, in the width of a terminal; an empty value shows as a dash."""
    name, value = cell
    text = "-" if value is None else str(value)
    if isinstance(value, bool):  # as refused rows have it, which come as text
        text = text.lower()
    elif "+00:00" in text[-9:]:
        text = text[: text.rindex("+00") + 3]
    return name, text if len(text) <= 40 else f"{text[:39]}…"
