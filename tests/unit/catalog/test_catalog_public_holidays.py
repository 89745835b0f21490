"""Public holidays of one country are those that the package knows, and no other country is loaded for them."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import holidays
import pytest

from qmsreports.catalog.public_holidays import public_holidays


def test_austria_has_the_thirteen_days_of_its_law() -> None:
    """The dates of § 7 Arbeitsruhegesetz in 2026; Easter Sunday was 5 April."""
    assert sorted(public_holidays("AT", None, range(2026, 2027))) == [
        date(2026, 1, 1), date(2026, 1, 6), date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 14), date(2026, 5, 25),
        date(2026, 6, 4), date(2026, 8, 15), date(2026, 10, 26), date(2026, 11, 1), date(2026, 12, 8),
        date(2026, 12, 25), date(2026, 12, 26),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("country", "region"), [("AT", None), ("DE", "BY"), ("US", "CA"), ("GU", None), ("AX", None), ("CH", "ZH")]
)
def test_a_country_alone_says_what_the_package_says_with_all_of_them(country: str, region: str | None) -> None:
    """Guam is made from the United States and Åland from Finland: what a country is made from is loaded with it."""
    alone = f"""
import sys
from qmsreports.catalog.public_holidays import public_holidays
found = sorted(str(day) for day in public_holidays({country!r}, {region!r}, range(2024, 2028)))
assert "holidays.countries.zambia" not in sys.modules, "another country was loaded"
from holidays.countries import Zambia  # whoever wants all of them still gets them
assert Zambia(years=2026)
print(" ".join(found))
"""
    said = subprocess.run([sys.executable, "-c", alone], capture_output=True, text=True, check=True).stdout
    expected = holidays.country_holidays(country, subdiv=region, years=range(2024, 2028))
    assert said.split() == [day.isoformat() for day in sorted(expected)]


def test_a_country_that_nobody_knows_is_refused_by_the_package() -> None:
    with pytest.raises(NotImplementedError):
        public_holidays("XX", None, range(2026, 2027))
