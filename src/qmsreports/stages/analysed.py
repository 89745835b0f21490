"""What this process analysed last, so that a measurement, a review and its pack do not look at the same series thrice.

It is remembered with all that an analysis is made of: the register and what it holds of values and analyses, the
catalog, and the periods that were over. Whatever differs, the series are looked at again; and then a series whose
inputs are as before is not analysed anew either, which is what the register remembers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qmsreports.period import Period
from qmsreports.workspace import Workspace

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from qmsreports.catalog.load import Catalog

_MOST = 16
"""Series that are remembered: those of four kinds of period, of some registers."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the analyses up to ``last`` are made of. ``values`` is read before the values are."""

    register: str
    last: str
    over: tuple[str, ...]
    values: tuple[Any, ...]
    catalog: Catalog

    @classmethod
    def of(cls, workspace: Workspace, session: Session, last: Period, over: Sequence[Period]) -> Ground:
        """Return it as the register is now."""
        from qmsreports.register.results import values_on_record

        where = workspace.settings.register_url
        return cls(where, str(last), tuple(map(str, over)), values_on_record(session), workspace.catalog)

    def same(self, other: Ground) -> bool:
        """Tell whether an analysis of the one is one of the other: of the very same catalog, not of one like it."""
        told, others = ((one.register, one.last, one.over, one.values) for one in (self, other))
        return told == others and self.catalog is other.catalog


_stand: dict[tuple[str, str], tuple[Ground, tuple[int, int]]] = {}


def stands(session: Session, ground: Ground) -> bool:
    """Tell whether this process analysed exactly this, and nobody has recorded an analysis since."""
    from qmsreports.register.results import analyses_on_record

    known = _stand.get((ground.register, ground.last))
    return known is not None and known[0].same(ground) and known[1] == analyses_on_record(session)


def note(ground: Ground, left: tuple[int, int]) -> None:
    """Note that this was analysed. ``left`` is what the transaction that recorded it left of analyses: what others add
    afterwards tells them apart.
    """
    _stand.pop((ground.register, ground.last), None)
    _stand[ground.register, ground.last] = (ground, left)
    while len(_stand) > _MOST:
        del _stand[next(iter(_stand))]
