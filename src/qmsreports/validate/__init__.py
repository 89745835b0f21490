"""Audits staged rows with the suite of their table, sets bad rows aside, and says which tables may be measured."""

from qmsreports.validate.auditing import audit, audit_landed
from qmsreports.validate.gating import gate
from qmsreports.validate.standing import standing
from qmsreports.validate.suite import Rule, Suite, load_suite

__all__ = ["Rule", "Suite", "audit", "audit_landed", "gate", "load_suite", "standing"]
