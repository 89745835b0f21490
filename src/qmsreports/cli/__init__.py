"""The command line: noun, verb. Nothing heavy is imported before a command runs, so ``--help`` answers at once."""

from __future__ import annotations

import sys

import typer

from qmsreports.cli import action, catalog, demo, doctor, init, kpi, pack, quality, register, review, run, source
from qmsreports.cli.spc import spc
from qmsreports.errors import ExitCode, UserError

app = typer.Typer(
    name="qmsreports",
    help="Management review and KPI reporting for quality management systems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(run.app, name="run")
app.add_typer(source.app, name="source")
app.add_typer(catalog.app, name="catalog")
app.add_typer(kpi.app, name="kpi")
app.add_typer(quality.app, name="quality")
app.add_typer(review.app, name="review")
app.add_typer(action.app, name="action")
app.add_typer(register.app, name="register")
app.add_typer(pack.app, name="pack")
app.add_typer(pack.audit_app, name="audit")
app.command("init")(init.init)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
app.command("spc")(spc)


@app.command("version")
def version() -> None:
    """Print the version."""
    from qmsreports import __version__

    typer.echo(__version__)


def main() -> None:
    """Entry point: findings go to standard error, one line each; the exit code says what kind they are.

    A traceback is shown for errors of our own only.
    """
    try:
        app(standalone_mode=True)
    except UserError as error:
        for finding in error.findings:
            typer.echo(str(finding), err=True)
        sys.exit(int(error.exit_code))
    except KeyboardInterrupt:
        typer.echo("interrupted; nothing half-written was kept, run the same command again", err=True)
        sys.exit(int(ExitCode.COULD_NOT_RUN))
    except Exception as error:
        from qmsreports.cli.refused import refused

        said = refused(error)
        if said is None:
            raise
        typer.echo(str(said), err=True)
        sys.exit(int(ExitCode.COULD_NOT_RUN))
