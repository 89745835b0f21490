"""Reads a suite: the rules of one canonical table as an auditor reads them, checked before any row is looked at.

One JSON file per table, in Great Expectations' own words plus what a person needs to judge a rule::

    {"name": "customers",
     "expectations": [
       {"type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "segment", "value_set": ["key_account", "standard", "distributor"]},
        "severity": "warning",
        "meta": {"why": "...", "owner": "sales.operations", "on_failure": "quarantine"}}]}

``meta`` may also hold ``name`` (tells two rules on the same column apart), ``reason`` (the sentence for a broken row,
``"The line is delivered but {delivered_on} ..."``) and ``from_rows`` (a rule with a tolerance stops the table only when
at least this many rows break it, so that one bad row in a delivery of ten is no gross failure).
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qmsreports.catalog.table import Column, Table
from qmsreports.errors import Finding, UserError, did_you_mean
from qmsreports.validate.arguments import read_condition, typed, wrong_arguments, wrong_other
from qmsreports.validate.positions import Located, read_located
from qmsreports.validate.vocabulary import AS_LANDED, CODES, KINDS, LINK, Kind

_SEVERITIES = ("critical", "warning", "info")
_ACTIONS = {"critical": ("stop", "quarantine"), "warning": ("quarantine", "keep"), "info": ("keep",)}
_ACTIONS_AS_LANDED = {"critical": ("stop",), "warning": ("keep",), "info": ("keep",)}
_FIELDS = ("type", "kwargs", "severity", "meta")
_META = ("why", "owner", "on_failure", "name", "reason", "from_rows")
_ON_ROWS = ("row", "unique")
_BOUNDS = ("min_value", "max_value")
_COMPARES_VALUES = (
    "expect_column_values_to_be_between",
    "expect_column_max_to_be_between",
    "expect_column_min_to_be_between",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One checked rule. ``kwargs`` are the library's arguments without ``mostly``; ``tolerance`` is the share of the
    values that may break it (``mostly`` 0.95 is a tolerance of 0.05). ``where`` is its ``file:line``; ``condition``
    names the columns of its row condition.
    """

    type: str
    kwargs: Mapping[str, Any]
    severity: str
    on_failure: str
    why: str
    owner: str
    where: str
    kind: Kind
    columns: tuple[str, ...]
    condition: tuple[str, ...] = ()
    tolerance: float = 0.0
    from_rows: int = 1
    name: str = ""
    reason: str = ""

    @property
    def label(self) -> str:
        """Name under which the result is stored: the rule's own name, else its type."""
        return self.name or self.type

    @property
    def identity(self) -> str:
        """Name and columns: what tells a rule from others of its type, and what a row in quarantine is kept under."""
        return f"{self.label} on {', '.join(self.columns)}" if self.columns else self.label

    @property
    def check(self) -> str:
        """What is really computed: rules that differ only in severity and tolerance share one check."""
        return f"{self.type} {sorted(self.kwargs.items(), key=lambda item: item[0])!r}"


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of one table, in the order of the file."""

    table: str
    path: Path
    rules: tuple[Rule, ...]

    @property
    def links(self) -> tuple[str, ...]:
        """Other canonical tables that rows point into; they have to be published before this table is audited."""
        named = {str(rule.kwargs["other_table"]) for rule in self.rules if rule.type == LINK}
        return tuple(sorted(named - {self.table}))

    @property
    def mark(self) -> str:
        """Return eight letters that change when a row may fare otherwise under the rules on rows; "" without any."""
        said = [(r.check, r.on_failure, r.tolerance, r.from_rows) for r in self.rules if r.kind.scope in _ON_ROWS]
        return hashlib.sha256(repr(sorted(said)).encode()).hexdigest()[:8] if said else ""

    def compares_rows(self, key: Collection[str]) -> bool:
        """Whether a rule looks for rows that repeat each other in other columns than the table's key."""
        return any(rule.kind.scope == "unique" and not set(key) <= set(rule.columns) for rule in self.rules)

    def judged(self, declared: Mapping[str, Collection[str]]) -> frozenset[str]:
        """Return those columns of ``declared`` (codes by column) for which no other code passes unseen.

        A rule does that which looks at every row and allows declared codes alone; one with a tolerance or a row
        condition lets some by.
        """
        return frozenset(
            rule.columns[0]
            for rule in self.rules
            if rule.type == CODES
            and not rule.tolerance
            and not rule.condition
            and set(map(str, rule.kwargs["value_set"])) <= set(declared.get(rule.columns[0], ()))
        )


def load_suite(
    path: Path, table: Table, *, as_landed: bool = False, tables: Mapping[str, Table] | None = None
) -> Suite:
    """Read and check the suite of a table; ``as_landed`` one of a landed table, whose rules stop the feed or count.

    ``tables`` are all canonical tables by name: where they are given, what a rule names of another table is checked.
    Raises :class:`UserError` with one finding per mistake, each with ``file:line``: no file, not JSON, a key written
    twice, an unknown type, argument or column (with the nearest known word), a value that its column cannot hold, no
    why, owner or severity.
    """
    if not path.is_file():
        raise UserError(
            Finding(
                str(path),
                f"the canonical table {table.table} has no suite",
                "every canonical table needs one: copy the suite of a similar table and name its columns",
            )
        )
    document = read_located(path)
    findings = _check_top(document, table)
    rules: list[Rule] = []
    for entry, where in document.entries:
        found, rule = _Reader(entry, where, table, as_landed=as_landed).read(tables)
        findings += found
        if rule is not None:
            rules.append(rule)
    findings += _twice(rules)
    if findings:
        raise UserError(*findings)
    return Suite(table.table, path, tuple(rules))


def _check_top(document: Located, table: Table) -> list[Finding]:
    findings = [
        Finding(document.where, f'unknown field "{name}"', did_you_mean(name, ("name", "expectations")))
        for name in document.fields
        if name not in ("name", "expectations")
    ]
    if document.fields.get("name") != table.table:
        findings.append(
            Finding(document.where, f'"name" is {document.fields.get("name")!r}', f'write "{table.table}", the table')
        )
    if not document.entries:
        findings.append(Finding(document.where, "no expectation is written down", 'fill the list "expectations"'))
    return findings


def _twice(rules: Sequence[Rule]) -> list[Finding]:
    seen: dict[tuple[str, ...], Rule] = {}
    findings = []
    for rule in rules:
        identity = (rule.label, *rule.columns, rule.severity, rule.on_failure)
        if identity in seen:
            findings.append(
                Finding(
                    rule.where,
                    f"{rule.label} on {', '.join(rule.columns) or 'the table'} is there twice, first in "
                    f"{seen[identity].where}",
                    'delete one, or tell them apart by "name" in meta',
                )
            )
        seen[identity] = rule
    return findings


class _Reader:
    """Checks one entry and gathers everything that is wrong with it."""

    def __init__(self, entry: Any, where: str, table: Table, *, as_landed: bool) -> None:
        self.as_landed = as_landed
        self.kinds = AS_LANDED if as_landed else KINDS
        self.actions: Mapping[str, Sequence[str]] = _ACTIONS_AS_LANDED if as_landed else _ACTIONS
        self.entry = entry
        self.where = where
        self.table = table
        self.findings: list[Finding] = []

    def read(self, tables: Mapping[str, Table] | None) -> tuple[list[Finding], Rule | None]:
        if not isinstance(self.entry, dict):
            return [Finding(self.where, "an expectation must be an object", 'write {"type": ..., "kwargs": ...}')], None
        self._known(self.entry, _FIELDS, "field")
        kind = self._kind()
        meta = self._object("meta")
        kwargs = dict(self._object("kwargs"))
        self._known(meta, _META, "field of meta")
        for name in ("why", "owner"):
            if not str(meta.get(name) or "").strip():
                self._wrong(f'"{name}" is missing in meta', _MISSING[name])
        self._outcome(str(self.entry.get("severity") or ""), str(meta.get("on_failure") or ""))
        if kind is None:
            return self.findings, None
        columns = self._columns(kind, kwargs)
        self._arguments(kind, kwargs)
        tolerance, from_rows = self._tolerance(kwargs, meta)
        self._sense(kind, kwargs, str(meta.get("on_failure") or ""), tables)
        kwargs = {name: self._value(name, value, columns) for name, value in kwargs.items()}
        self._reason(str(meta.get("reason") or ""))
        condition = self._condition(kwargs)
        if self.findings:
            return self.findings, None
        return [], Rule(
            type=self.entry["type"],
            kwargs=kwargs,
            severity=self.entry["severity"],
            on_failure=meta["on_failure"],
            why=str(meta["why"]).strip(),
            owner=str(meta["owner"]).strip(),
            where=self.where,
            kind=kind,
            columns=columns,
            condition=condition,
            tolerance=tolerance,
            from_rows=from_rows,
            name=str(meta.get("name") or ""),
            reason=str(meta.get("reason") or ""),
        )

    def _wrong(self, what: str, todo: str) -> None:
        self.findings.append(Finding(self.where, what, todo))

    def _known(self, values: Mapping[str, Any], known: Sequence[str], kind: str) -> None:
        for name in values:
            if name not in known:
                self._wrong(f'unknown {kind} "{name}"', did_you_mean(name, known))

    def _object(self, name: str) -> Mapping[str, Any]:
        value = self.entry.get(name, {})
        if isinstance(value, dict):
            return value
        self._wrong(f'"{name}" must be an object', f'write "{name}": {{...}}')
        return {}

    def _kind(self) -> Kind | None:
        name = self.entry.get("type")
        kind = self.kinds.get(name) if isinstance(name, str) else None
        if kind is None and name in KINDS:
            self._wrong(f"{name} is no rule for a feed as landed", "write it into the suite of a canonical table")
        elif kind is None:
            self._wrong(f'unknown expectation type "{name}"', did_you_mean(str(name), self.kinds))
        return kind

    def _outcome(self, severity: str, action: str) -> None:
        if severity not in _SEVERITIES:
            what = f'unknown severity "{severity}"' if severity else '"severity" is missing'
            self._wrong(what, "write critical, warning or info")
        elif action not in self.actions[severity]:
            allowed = " or ".join(self.actions[severity])
            what = f'on_failure "{action}" does not go with severity {severity}' if action else "on_failure is missing"
            self._wrong(what, f"write {allowed}")

    def _columns(self, kind: Kind, kwargs: Mapping[str, Any]) -> tuple[str, ...]:
        columns: list[str] = []
        for argument in kind.columns:
            value = kwargs.get(argument)
            names = value if argument == "column_list" and isinstance(value, list) else [value]
            for name in names:
                if not isinstance(name, str) or not name:
                    self._wrong(f'"{argument}" is missing', f"name a column of {self.table.table}")
                elif self.table.column(name) is None:
                    self._wrong(f'{self.table.table} declares no column "{name}"', did_you_mean(name, self.table.names))
                else:
                    columns.append(name)
        return tuple(columns)

    def _arguments(self, kind: Kind, kwargs: Mapping[str, Any]) -> None:
        self._known(kwargs, (*kind.columns, *kind.arguments), "argument")
        for name in kind.required:
            if name not in kwargs:
                self._wrong(f'argument "{name}" is missing', f"{self.entry['type']} needs it")

    def _sense(self, kind: Kind, kwargs: Mapping[str, Any], action: str, tables: Mapping[str, Table] | None) -> None:
        """Note what no row and no other table could ever satisfy."""
        wrong = wrong_arguments(self.entry["type"], kind, kwargs, self.table, as_landed=self.as_landed)
        if tables is not None:
            wrong += wrong_other(self.entry["type"], kwargs, self.table, tables)
        for what, todo in wrong:
            self._wrong(what, todo)
        if kind.scope in ("whole", "delivery") and action == "quarantine":
            self._wrong(
                "on_failure quarantine does not go with a rule on the delivery as a whole",
                "write keep, or severity critical and stop: there is no row to set aside",
            )

    def _condition(self, kwargs: dict[str, Any]) -> tuple[str, ...]:
        """Put the row condition into the library's form; return the columns that it names."""
        found = read_condition(kwargs.get("row_condition"), self.table, as_landed=self.as_landed)
        for what, todo in found.wrong:
            self._wrong(what, todo)
        if found.condition is not None:
            kwargs["row_condition"] = found.condition
        return found.columns

    def _tolerance(self, kwargs: dict[str, Any], meta: Mapping[str, Any]) -> tuple[float, int]:
        """Take ``mostly`` out of the arguments: the share is judged over the whole delivery, not batch by batch."""
        mostly = kwargs.pop("mostly", 1)
        if isinstance(mostly, bool) or not isinstance(mostly, int | float) or not 0 < mostly <= 1:
            self._wrong(f'"mostly" is {mostly!r}', "write a share above 0 and up to 1, such as 0.95")
            return 0.0, 1
        from_rows = meta.get("from_rows", 1)
        if isinstance(from_rows, bool) or not isinstance(from_rows, int) or from_rows < 1:
            self._wrong(f'"from_rows" is {from_rows!r}', "write a whole number of rows, 1 or more")
            return 0.0, 1
        if mostly == 1 and from_rows > 1:
            self._wrong('"from_rows" needs a tolerance', 'give the rule a "mostly" below 1')
        if mostly < 1 and meta.get("on_failure") == "quarantine":
            self._wrong(
                '"mostly" does not go with on_failure quarantine', "every row that breaks such a rule is kept out"
            )
        return 1 - float(mostly), from_rows

    def _value(self, name: str, value: Any, columns: tuple[str, ...]) -> Any:
        """Give values the type of their column, and compare codes with those that the table declares."""
        found = [column for column in map(self.table.column, columns) if column is not None]
        if not found:
            return value
        column = found[0]
        if name in _BOUNDS and column.type in ("date", "instant"):
            return self._typed(value, column, f'"{name}" is {value!r}')
        if name in _BOUNDS and self.entry["type"] in _COMPARES_VALUES and column.type == "text":
            if isinstance(value, int | float) and not self.as_landed:
                self._wrong(f'"{name}" is {value!r}, and {column.name} holds texts', "name a column of numbers")
            return value
        if name == "value_set":
            if not isinstance(value, list) or not value:
                self._wrong('"value_set" is empty', "list the values that are allowed")
            elif column.values:
                self._known(dict.fromkeys(map(str, value)), column.values, f"value of {column.name}")
            else:
                return [self._typed(one, column) for one in value]
        if name == "value_pairs_set" and len(found) == 2:
            if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
                self._wrong('"value_pairs_set" is no list of pairs', 'write [["a", "b"], ["c", "d"]]')
                return value
            return [tuple(self._typed(one, of) for one, of in zip(pair, found, strict=True)) for pair in value]
        return value

    def _typed(self, value: Any, column: Column, what: str = "") -> Any:
        known, wrong = typed(value, column, as_landed=self.as_landed)
        if wrong is not None:
            self._wrong(what or wrong[0], wrong[1])
        return known

    def _reason(self, reason: str) -> None:
        try:
            fields = [field for field in string.Formatter().parse(reason) if field[1] is not None]
        except ValueError:
            self._wrong('"reason" has a stray brace', "write columns as {column}")
            return
        for _text, name, form, conversion in fields:
            if form or conversion:
                self._wrong(
                    f'"reason" gives {name} a format', f"write {{{name}}}: values are said as people write them"
                )
            elif name is not None and self.table.column(name) is None:
                self._wrong(f'"reason" names no column "{name}"', did_you_mean(name, self.table.names))


_MISSING = {
    "why": "say in a sentence why the rule exists; it is printed beside every failure",
    "owner": "name the role that mends such rows, for example sales.operations",
}
