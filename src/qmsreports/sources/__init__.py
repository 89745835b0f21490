"""Reads source systems into the landing zone, as received and only what is new."""

from __future__ import annotations

from qmsreports.sources.checking import Checked, CheckReport, check
from qmsreports.sources.visit import land, sample

__all__ = ["CheckReport", "Checked", "check", "land", "sample"]
