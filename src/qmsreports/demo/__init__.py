"""The demo company: source systems of an invented pump maker, deterministic by seed, as dirty as real ones.

``build`` writes them; it imports numpy, so import it where it is used.
"""

from __future__ import annotations

from qmsreports.demo.building import DemoReport, build

__all__ = ["DemoReport", "build"]
