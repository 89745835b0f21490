"""Loader and compiler under coverage-guided fuzzing: no traceback, no statement but a SELECT over declared columns."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="make fuzz installs it, and so does make test-systems")
pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
INPUTS = 4000


def test_thousands_of_damaged_definitions(tmp_path: Path) -> None:
    """About a minute. A share of the inputs must come all the way to a statement, or nothing would be tested."""
    command = [sys.executable, "-m", "tests.fuzz.definitions", f"-runs={INPUTS}", "-seed=20261101"]
    done = subprocess.run(
        [*command, f"-artifact_prefix={tmp_path}/"], cwd=ROOT, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found = re.findall(r"^after (\d+) inputs: (\{.*\})$", done.stderr, re.MULTILINE)
    assert int(found[-1][0]) == INPUTS
    became = ast.literal_eval(found[-1][1])
    assert became["definition compiled"] > 100
    assert became["text compiled"] > 100
    assert sum(became.values()) == INPUTS


def test_the_harness_sees_what_it_looks_for() -> None:
    """An undeclared column, a second statement and one that is no SELECT are failures."""
    from tests.fuzz.definitions import _one_select_of_declared_columns

    _one_select_of_declared_columns("SELECT opened_at FROM tickets")
    for text in ("SELECT password FROM tickets", "SELECT 1; SELECT 2", "DROP TABLE tickets"):
        with pytest.raises((AssertionError, ValueError)):
            _one_select_of_declared_columns(text)
