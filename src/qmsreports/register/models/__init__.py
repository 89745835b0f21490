"""Tables of the register, one module per kind of record."""

from qmsreports.register.models.base import Base
from qmsreports.register.models.catalog import Approval, CatalogVersion
from qmsreports.register.models.feeds import (
    ConformedLoad,
    FeedRecord,
    Load,
    Notice,
    Quarantine,
    QuarantineEvent,
    Validation,
)
from qmsreports.register.models.journal import JournalEntry, RowDigests, Run
from qmsreports.register.models.packs import ApprovedPrint, Delivery, Pack, PackFileRecord
from qmsreports.register.models.results import Analysis, Measurement, RestatementCandidate, Result, SqlText
from qmsreports.register.models.reviews import ActionEvent, Comment, ConsideredInput, ReviewDecision, ReviewEvent

__all__ = [
    "ActionEvent",
    "Analysis",
    "Approval",
    "ApprovedPrint",
    "Base",
    "CatalogVersion",
    "Comment",
    "ConformedLoad",
    "ConsideredInput",
    "Delivery",
    "FeedRecord",
    "JournalEntry",
    "Load",
    "Measurement",
    "Notice",
    "Pack",
    "PackFileRecord",
    "Quarantine",
    "QuarantineEvent",
    "RestatementCandidate",
    "Result",
    "ReviewDecision",
    "ReviewEvent",
    "RowDigests",
    "Run",
    "SqlText",
    "Validation",
]
