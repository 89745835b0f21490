"""Feeds of web interfaces, declared in ``source.yaml`` and read over HTTP."""

from __future__ import annotations

from qmsreports.sources.rest.feeds import RestFeeds

__all__ = ["RestFeeds"]
