"""The page "Connect your first system": its commands, run as a reader would from an empty folder, say what it shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "connect-your-first-system.md"

pytestmark = pytest.mark.system


def test_the_commands_of_the_page(tmp_path: Path) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    commands = "".join(block for kind, block in blocks if kind == "bash").replace("/path/to/qmsreports", str(ROOT))
    commands = commands.replace("$QMS/.venv/bin", str(Path(sys.executable).parent))
    done = subprocess.run(
        ["bash", "-euc", commands],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    shown = [line for kind, block in blocks if not kind for line in block.splitlines() if line != "..."]
    assert len(shown) > 10
    missing = [line for line in shown if line not in done.stdout.splitlines()]
    assert missing == []
    # Waits in open hours, Monday to Friday 8 to 17: 2, 65 (asked on a Saturday, answered on Monday at 9:05), 88, and
    # the one that nobody answered till the end of October. Half of them waited at most (65 + 88) / 2 minutes.
    assert "Published: 76.5 minutes" in done.stdout
