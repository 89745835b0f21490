"""A disk that fills while rows are staged or published: one line that says so, and a rerun that ends as if nothing was.

The limit on the size of a file stands in for the full disk; it is set in a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from landed_fixture import Line, item, make_source, order

ROWS = 4000
SCRIPT = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from landed_fixture import Line, make_source
from qmsreports.errors import CouldNotRun
folder, limited = Path(sys.argv[2]), sys.argv[3]
line = Line(folder, make_source(folder / "catalog"))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def fill():
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
if limited == "staging":
    fill()
try:
    staged = line.stage()
    fill()
    line.publish(staged)
except CouldNotRun as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("limited", "said"), [("staging", "staged rows cannot be written"), ("lake", "lake/order_lines: cannot be written")]
)
def test_a_full_disk_is_one_line_and_a_rerun_completes(tmp_path: Path, limited: str, said: str) -> None:
    line = Line(tmp_path, make_source(tmp_path / "catalog"))
    names = [f"A{number * 7919}" for number in range(ROWS)]
    line.land("1", so_item=[item(name, qty=len(name) * 1.7) for name in names], sales_order=[order(n) for n in names])
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(tmp_path), limited]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert said in out and "File too large" in out and "run again" in out
    assert "\n" not in out
    published = line.run()
    assert published is not None and published.inserted == ROWS
