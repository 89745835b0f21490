"""The page "The life of a definition": its commands, run from an empty folder, say what it shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "life-of-a-definition.md"

pytestmark = pytest.mark.system


def plain(line: str) -> str:
    """A line with its figures as zeros and its gaps as one: the demo company may change, what is said may not."""
    return " ".join(re.sub(r"\d+(\.\d+)?", "0", line).split())


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
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    shown = [line for kind, block in blocks if not kind for line in block.splitlines()]
    assert len(shown) > 30
    said = {plain(line) for line in done.stdout.replace(f"{tmp_path}/company/", "").splitlines()}
    assert [line for line in shown if plain(line) not in said] == []
    company = tmp_path / "company"
    assert (company / "backtest.svg").read_text(encoding="utf-8").startswith("<svg")
    assert len((company / "rows.csv").read_text(encoding="utf-8").splitlines()) > 900
    assert "    meet: 95\n    near: 92\n" in (company / "catalog/targets/otif.yaml").read_text(encoding="utf-8")
