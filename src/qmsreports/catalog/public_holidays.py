"""Public holidays of one country, without loading those of all others.

The package ``holidays`` imports the modules of all 250 countries as soon as one of them is asked for: a tenth of a
second, as much as counting a month of a KPI stage. So the one country is loaded first, from the package's folder and
without running the package's list of all; what it then says is its own.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import date
from importlib.util import find_spec
from threading import Lock
from types import ModuleType

_COUNTRIES = "holidays.countries"
_one_at_a_time = Lock()


def public_holidays(country: str, region: str | None, years: range) -> frozenset[date]:
    """Return the public holidays of a country (ISO 3166, ``AT``) and region in these years.

    Austria has 13 in 2026, New Year's Day and 1 May among them. ``NotImplementedError`` for a country or region of
    which the package knows none.
    """
    import holidays

    with _one_at_a_time, suppress(ImportError):  # then the package is asked as it is, and loads all
        _load(country)
    return frozenset(holidays.country_holidays(country, subdiv=region, years=years))


def _load(country: str) -> None:
    import holidays

    entity = getattr(holidays, country, None)
    spec = find_spec(_COUNTRIES)
    if entity is None or not hasattr(entity, "get_entity") or spec is None or _COUNTRIES in sys.modules:
        return
    stand_in = ModuleType(_COUNTRIES)
    stand_in.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[_COUNTRIES] = stand_in
    try:
        entity.get_entity()  # kept by the package for the next time
    finally:
        del sys.modules[_COUNTRIES]
