"""What a series says, in words: made by rule from an analysed series, in the language that is spoken.

Below the stages, because two of them say it: the analysis stores the finding with its result, and a pack in another
language says the same result again.
"""

from __future__ import annotations

from qmsreports.findings.sentences import SeriesFinding, describe, episodes

__all__ = ["SeriesFinding", "describe", "episodes"]
