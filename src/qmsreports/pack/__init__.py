"""The pack: collected into one model, drawn, printed, sealed, and written where nothing is ever overwritten."""

from __future__ import annotations

from qmsreports.pack.approve import approved
from qmsreports.pack.brand import brand_of
from qmsreports.pack.build import build
from qmsreports.pack.preview import preview
from qmsreports.pack.verify import verify

__all__ = ["approved", "brand_of", "build", "preview", "verify"]
