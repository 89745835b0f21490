"""What a log of a run holds of the libraries below it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.system


def test_the_import_of_great_expectations_fills_no_log() -> None:
    program = "import logging; logging.basicConfig(level=logging.INFO); import qmsreports.validate.checker"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "great_expectations" not in done.stderr
