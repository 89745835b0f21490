"""``qmsreports spc``: the product's chart rules on any CSV, so that a number can be judged, and the rules checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import date

    from qmsreports.records import SpcResult


def spc(
    file: Annotated[Path, typer.Argument(help="A CSV file with a header row.", show_default=False)],
    date_column: Annotated[
        str,
        typer.Option("--date", metavar="COL", help="Dates: 2026-10-01 or 2026-10.", show_default=False),
    ],
    value_column: Annotated[
        str, typer.Option("--value", metavar="COL", help="Numbers; empty is a gap.", show_default=False)
    ],
    better: Annotated[str, typer.Option(help="Which direction is better: higher, lower or neither.")] = "neither",
    target: Annotated[float | None, typer.Option(help="Target, in the unit of the values.")] = None,
    rules: Annotated[str, typer.Option(help="Rule set: making_data_count or wheeler.")] = "making_data_count",
    rebase: Annotated[
        list[str] | None, typer.Option(metavar="DATE", help="Limits begin anew on this date; may be repeated.")
    ] = None,
    fix_after: Annotated[
        int | None, typer.Option(metavar="N", help="Keep the limits of the first N points of each segment.")
    ] = None,
    no_screening: Annotated[bool, typer.Option("--no-screening", help="Keep extreme moving ranges.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Judge a series in a CSV file: limits, signals, variation, and whether its target will be met."""
    from qmsreports.analysis import analyse_series
    from qmsreports.analysis.csv_series import read_series
    from qmsreports.analysis.rules import rule_set
    from qmsreports.cli.output import print_json

    _check_usage(better, fix_after, target)
    rule_set(rules)
    breaks = [_break_date(text) for text in rebase or ()]
    series = read_series(file, date_column, value_column)
    _check_breaks(breaks, [day for day, _ in series], file)
    result = analyse_series(
        series,
        better=better,
        target=target,
        rules=rules,
        rebase=breaks,
        fix_after=fix_after,
        screening=not no_screening,
    )
    if as_json:
        print_json(result.to_json())
    else:
        _print_for_people(result, better, target)


def _check_usage(better: str, fix_after: int | None, target: float | None) -> None:
    import math

    from qmsreports.analysis.variation import BETTER
    from qmsreports.errors import did_you_mean

    if better not in BETTER:
        raise _usage(f'--better "{better}" is no direction', did_you_mean(better, BETTER))
    if fix_after is not None and fix_after < 2:
        raise _usage(f"--fix-after {fix_after} leaves too few points for limits", "give 2 or more, 12 for firm limits")
    if target is not None and not math.isfinite(target):
        raise _usage(f"--target {target} is no number", "give a finite number")


def _break_date(text: str) -> date:
    from qmsreports.analysis.csv_series import parse_day

    day = parse_day(text)
    if day is None:
        raise _usage(f'--rebase "{text}" is no date', "write 2026-10-01 or 2026-10")
    return day


def _check_breaks(breaks: list[date], days: list[date], file: Path) -> None:
    """Refuse a break that cuts nothing: it is a misspelt date. One at the first point is harmless."""
    for day in breaks:
        if not days or not days[0] <= day <= days[-1]:
            span = f"has dates from {days[0]} to {days[-1]}" if days else "has no rows"
            raise _usage(f"--rebase {day} lies outside the series", f"{file} {span}")


def _usage(what: str, todo: str) -> Exception:
    from qmsreports.errors import ExitCode, Finding, UserError

    return UserError(Finding("", what, todo), exit_code=ExitCode.USAGE)


def _print_for_people(result: SpcResult, better: str, target: float | None) -> None:
    from qmsreports.cli.output import print_table
    from qmsreports.findings import describe
    from qmsreports.findings.wording import quantity

    def number(value: float | None) -> str:
        return "" if value is None else quantity(value)

    rows = [
        (str(each.date), number(each.value).rjust(9), _word(each.signal), _word(each.kind)) for each in result.points
    ]
    print_table(("date", "value".rjust(9), "signal", "kind"), rows)
    typer.echo("")
    for segment in result.segments:
        kind = "trial limits" if segment.trial else "limits"
        line = f"{segment.start} to {segment.end}: mean {number(segment.mean) or 'none'}"
        if segment.lower is not None:
            line += f", {kind} {number(segment.lower)} to {number(segment.upper)}"
        typer.echo(line)
    typer.echo(f"variation: {_word(result.variation, keep=True)}; assurance: {_word(result.assurance, keep=True)}")
    typer.echo(describe(result, better=better, target=target).title.replace("\u00a0", " ") + ".")


def _word(code: str, *, keep: bool = False) -> str:
    return "" if not keep and code in ("none", "common_cause") else code.replace("_", " ")
