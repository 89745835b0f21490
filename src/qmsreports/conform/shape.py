"""The declared shape, as SQL: read each value as its declared type, or say in words why it is not one.

A value that cannot be read never becomes an empty one: its row is refused with a reason that names column and value.
So is a code that is not declared, unless the table's suite has a rule for the column: then the rule decides, by its
severity, whether the row stops the table, waits in quarantine or counts all the same.
Blank text is no value. Yes and no may be written as true/false, yes/no, y/n, t/f or 1/0.
"""

from __future__ import annotations

from dataclasses import dataclass

from qmsreports.catalog.table import Column, Table
from qmsreports.lake import DUCKDB_TYPES, NO_MONTH, SYSTEM_COLUMNS, literal, month_of, quoted

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_YES = "('true', 't', 'yes', 'y', '1')"
_NO = "('false', 'f', 'no', 'n', '0')"
_NOUN = {"integer": "whole number", "number": "number", "date": "date", "instant": "instant", "boolean": "yes or no"}
_INSTANT = DUCKDB_TYPES["instant"]
_SHOWN = 60  # characters of a value that a reason repeats


@dataclass(frozen=True, slots=True)
class Shape:
    """SQL of one table's shape over a mapping's rows. ``given`` are DuckDB's types of the columns that it returned."""

    table: Table
    given: dict[str, str]
    source: str
    source_zone: str
    zone: str  # the organisation's
    sites: tuple[str, ...]
    judged: frozenset[str] = frozenset()  # columns whose codes the suite of the table judges

    def rows(self, mapping: str) -> str:
        """SELECT that reads a mapping's rows as the declared types, each with its content hash and month.

        Beside ``_at``, ``_load`` and ``_gone`` of the driving row there is ``_reason``, null where the row is fine, and
        ``_given``: what the mapping gave for each column, as text, of a row that is not.
        """
        columns = ", ".join(quoted(name) for name in self.table.names)
        raws = ", ".join(f"{self._raw(column)} AS {_raw_name(column)}" for column in self.table.columns)
        typed = ", ".join(f"{self._typed(column)} AS {quoted(column.name)}" for column in self.table.columns)
        faults = ", ".join(self._fault(column) for column in self.table.columns)
        given = ", ".join(f"CAST({_raw_name(column)} AS VARCHAR)" for column in self.table.columns)
        content = ", ".join(f"coalesce(CAST({quoted(name)} AS VARCHAR), chr(30))" for name in self.table.names)
        gone = "(_gone OR coalesce(CAST(_deleted AS BOOLEAN), false))" if "_deleted" in self.given else "_gone"
        reject = "CAST(_reject AS VARCHAR)" if "_reject" in self.given else "CAST(NULL AS VARCHAR)"
        return f"""
            SELECT {columns}, {literal(self.source)} AS _source, CAST(_load AS VARCHAR) AS _load,
                md5(concat_ws(chr(31), {content})) AS _row, {self._month()} AS _month, _at, _gone, _reason,
                CASE WHEN _reason IS NOT NULL THEN [{given}] END AS _given
            FROM (SELECT *, coalesce(_reject, nullif(concat_ws('; ', _doubt, {faults}), '')) AS _reason
                  FROM (SELECT *, {typed}
                        FROM (SELECT _at, _load, {gone} AS _gone, {reject} AS _reject, _doubt, {raws}
                              FROM {mapping})))"""

    def passed(self, shaped: str) -> str:
        """SELECT of the canonical rows, in the declared order with the system columns behind."""
        columns = ", ".join(quoted(name) for name in (*self.table.names, *SYSTEM_COLUMNS))
        return f"SELECT {columns} FROM {shaped} WHERE _reason IS NULL AND NOT _gone"

    def refused(self, shaped: str) -> str:
        """SELECT of the refused rows: every declared column as the text that was given, and the reason."""
        columns = ", ".join(
            f"coalesce(_given[{place}], CAST({quoted(name)} AS VARCHAR)) AS {quoted(name)}"
            for place, name in enumerate(self.table.names, start=1)
        )
        return f"""SELECT {columns}, _reason AS _reject, _source, _load
            FROM {shaped} WHERE _reason IS NOT NULL AND NOT _gone"""

    def _month(self) -> str:
        partition = self.table.column(self.table.partition) if self.table.partition else None
        if partition is None:
            return literal(NO_MONTH)
        return f"coalesce({month_of(partition, self.zone)}, {literal(NO_MONTH)})"

    def _raw(self, column: Column) -> str:
        """Value as the mapping gave it; blank text is none."""
        name = quoted(column.name)
        if self.given[column.name] != "VARCHAR":
            return name
        return f"CASE WHEN ascii({name}) > 32 OR trim({name}) <> '' THEN {name} END"  # most texts begin with a letter

    def _typed(self, column: Column) -> str:
        """Value as its declared type, null where it cannot be read."""
        raw, given = _raw_name(column), self.given[column.name]
        if given == DUCKDB_TYPES[column.type] and given not in {"DATE", "DOUBLE", _INSTANT}:
            return raw
        return {
            "text": self._text,
            "integer": self._integer,
            "number": self._number,
            "date": self._date,
            "instant": self._instant,
            "boolean": self._boolean,
        }[column.type](raw, given)

    def _text(self, raw: str, _given: str) -> str:
        return f"CAST({raw} AS VARCHAR)"

    def _boolean(self, raw: str, _given: str) -> str:
        word = f"lower(trim(CAST({raw} AS VARCHAR)))"
        return f"CASE WHEN {word} IN {_YES} THEN true WHEN {word} IN {_NO} THEN false END"

    def _integer(self, raw: str, given: str) -> str:
        if given in _INTEGERS:
            return f"CAST({raw} AS BIGINT)"
        number = _double(raw, given)  # a plain cast would round 9.5 to 10
        return f"CASE WHEN {number} = trunc({number}) AND abs({number}) < 9e15 THEN CAST({number} AS BIGINT) END"

    def _number(self, raw: str, given: str) -> str:
        return f"CASE WHEN isfinite({_double(raw, given)}) THEN {_double(raw, given)} END"

    def _date(self, raw: str, given: str) -> str:
        if given == _INSTANT:  # lies on the organisation's day
            return _within(f"CAST({raw} AT TIME ZONE {literal(self.zone)} AS DATE)")
        return _within(f"CAST({raw} AS DATE)" if given in {"DATE", "TIMESTAMP"} else f"try_date({raw})")

    def _instant(self, raw: str, given: str) -> str:
        if given == _INSTANT:
            return _within(raw)
        if given in {"DATE", "TIMESTAMP"}:
            return _within(f"first_occurrence(CAST({raw} AS TIMESTAMP), {literal(self.source_zone)})")
        return _within(f"try_utc({raw}, {literal(self.source_zone)})")

    def _fault(self, column: Column) -> str:
        """Reason to refuse the row for this column, null where it is fine."""
        raw, name = _raw_name(column), quoted(column.name)
        cases = []
        if column.type != "text":
            cases.append(
                f"WHEN {raw} IS NOT NULL AND {name} IS NULL THEN {_says(column, 'is no ' + _NOUN[column.type])}"
            )
        if not column.nullable:
            cases.append(f"WHEN {name} IS NULL THEN {literal(column.name + ' is empty')}")
        if column.values and column.name not in self.judged:
            allowed = ", ".join(literal(value) for value in column.values)
            cases.append(
                f"WHEN {name} NOT IN ({allowed}) THEN {_says(column, 'is none of ' + ', '.join(column.values))}"
            )
        if column.name == "site" and self.sites and column.name not in self.judged:
            allowed = ", ".join(literal(site) for site in self.sites)
            cases.append(f"WHEN {name} NOT IN ({allowed}) THEN {_says(column, 'is no site of the organisation')}")
        return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS VARCHAR)"


def _double(raw: str, given: str) -> str:
    return f"TRY_CAST({f'trim({raw})' if given == 'VARCHAR' else raw} AS DOUBLE)"


def _within(value: str) -> str:
    """Leave out what no calendar of ours holds: infinity, years before Christ or of five digits."""
    return f"CASE WHEN year({value}) BETWEEN 1 AND 9999 THEN {value} END"


def _raw_name(column: Column) -> str:
    return quoted(f"raw {column.name}")


def _says(column: Column, what: str) -> str:
    shown = f"left(CAST({_raw_name(column)} AS VARCHAR), {_SHOWN})"
    return f"""{literal(f'{column.name} "')} || {shown} || {literal(f'" {what}')}"""
