"""Changes some values of a YAML file and leaves every other character of it as a person wrote it.

The difference between two contents becomes a few edits of the text: a value is written over, an entry goes in after
its neighbour, an entry goes out. Comments, order, quotes and spacing elsewhere stay. What comes out is read back and
must be the wanted content; where it is not (a layout that is not foreseen), the file is written anew and only the
comment at its head stays.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from qmsreports.catalog.canonical import to_yaml
from qmsreports.catalog.document import parse_document
from qmsreports.catalog.written import flow, lines, text_lines
from qmsreports.errors import UserError

_IDENTITY: tuple[tuple[str, ...], ...] = (("version",), ("from", "slice"), ("on",), ("clause",), ("name",), ("field",))
"""Fields by which an entry of a list is the same entry with another content."""
_WIDEST = 100


def rewritten(text: str, before: Any, after: Any) -> str:
    r"""Return ``text``, whose content is ``before``, with the content ``after``.

    Both are plain data as :func:`qmsreports.catalog.canonical.plain` gives it: fields at their default may be written
    in the text and missing in ``before``.

    >>> print(rewritten("a: 1  # one\\nb: {c: 2}\\n", {"a": 1, "b": {"c": 2}}, {"a": 3, "b": {"c": 2}}), end="")
    a: 3  # one
    b: {c: 2}
    """
    if before == after:
        return text
    written = parse_document(text, "file").data
    newline = "\r\n" if "\r\n" in text else "\n"
    if not text.endswith("\n"):
        text += newline
    sheet = _Sheet(text, newline)
    try:
        sheet.change(_composed(text), before, after, 0)
        changed = sheet.result()
        if _content(changed) == _merged(written, before, after):
            return changed
    except (UserError, _UnforeseenError):
        pass
    return _anew(text, after).replace("\n", newline)


def new_text(content: Any) -> str:
    """Return the text of a file that nobody has written yet."""
    return "".join(f"{line}\n" for line in lines(content, 0))


def _content(text: str) -> Any:
    return parse_document(text, "file").data


def _composed(text: str) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).compose(io.StringIO(text, newline=""))


def _anew(text: str, content: Any) -> str:
    head = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        head.append(f"{line}\n")
    fresh = "".join(head) + new_text(content)
    return fresh if _content(fresh) == _data(content) else "".join(head) + to_yaml(content)


def _merged(written: Any, before: Any, after: Any) -> Any:
    """Return what the file must say: ``after``, with the defaults that are written out and nobody changed."""
    if isinstance(written, dict) and isinstance(before, Mapping) and isinstance(after, Mapping):
        kept = {key: value for key, value in written.items() if key not in before and key not in after}
        return kept | {key: _merged(written.get(key), before.get(key), value) for key, value in after.items()}
    if isinstance(written, list) and _is_list(before) and _is_list(after):
        pairs = {new: old for old, new in _pairs(before, after) if old is not None and new is not None}
        return [
            _merged(written[pairs[index]], before[pairs[index]], value) if index in pairs else _data(value)
            for index, value in enumerate(after)
        ]
    return written if before == after and written is not None else _data(after)


def _data(value: Any) -> Any:
    """Return plain data with lists for tuples, as a file is read."""
    if isinstance(value, Mapping):
        return {key: _data(item) for key, item in value.items()}
    return [_data(item) for item in value] if _is_list(value) else value


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _identity(item: Any) -> str:
    if isinstance(item, Mapping):
        for fields in _IDENTITY:
            if fields[0] in item:
                return json.dumps([[name, item.get(name)] for name in fields], default=str, sort_keys=True)
    return json.dumps(item, default=str, sort_keys=True)


def _pairs(before: Sequence[Any], after: Sequence[Any]) -> Iterator[tuple[int | None, int | None]]:
    """Yield which entry became which, in the order of the new list; ``None`` where one came or went."""
    matcher = SequenceMatcher(None, [_identity(item) for item in before], [_identity(item) for item in after], False)
    for tag, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        shared = min(old_end - old_start, new_end - new_start) if tag in ("equal", "replace") else 0
        for offset in range(shared):
            yield old_start + offset, new_start + offset
        for old in range(old_start + shared, old_end):
            yield old, None
        for new in range(new_start + shared, new_end):
            yield None, new


class _UnforeseenError(Exception):
    """A layout that cannot be edited in place."""


@dataclass
class _Sheet:
    """Edits of one text, gathered and then made at once."""

    text: str
    newline: str
    edits: list[tuple[int, int, str]] = field(default_factory=list)

    def result(self) -> str:
        """Return the text with all edits made."""
        parts: list[str] = []
        at = 0
        for start, end, words in sorted(self.edits, key=lambda edit: edit[0]):  # stable: inserts keep their order
            if start < at:
                raise _UnforeseenError
            parts += [self.text[at:start], words]
            at = end
        return "".join([*parts, self.text[at:]])

    def change(self, node: Any, before: Any, after: Any, indent: int, *, inside_flow: bool = False) -> None:
        """Edit the text of a node, so that its content becomes ``after``; ``indent`` is its parent's column."""
        if before == after:
            return
        inside_flow = inside_flow or bool(getattr(node, "flow_style", False))
        kind = type(node).__name__
        if kind == "MappingNode" and isinstance(before, Mapping) and isinstance(after, Mapping) and after:
            self._mapping(node, before, after, inside_flow)
        elif kind == "SequenceNode" and _is_list(before) and _is_list(after) and after:
            self._sequence(node, before, after, inside_flow)
        else:
            self._replace(node, after, indent, inside_flow)

    def _replace(self, node: Any, value: Any, indent: int, inside_flow: bool) -> None:
        start, end = node.start_mark.index, self._end(node)
        before = len(self.text[:start].rstrip())  # a block begins on a line of its own, a plain value follows its key
        pad = self.newline + " " * indent
        if inside_flow:
            fresh = [flow(value, inside=True)]
        elif isinstance(value, str):
            fresh = text_lines(value, indent, before - self._line_start(before) - indent)
        elif len(short := flow(value)) <= _WIDEST - indent or not isinstance(value, Mapping | list | tuple):
            fresh = [short]
        else:
            fresh = ["", *(f"  {line}" for line in lines(value, indent + 2, spread=True))]
        block = type(node).__name__ != "ScalarNode" and not getattr(node, "flow_style", True)
        spaced = block or not fresh[0] or self.text[start - 1] == ":"
        self.edits.append((before if spaced else start, end, (" " if spaced and fresh[0] else "") + pad.join(fresh)))

    def _mapping(self, node: Any, before: Mapping[str, Any], after: Mapping[str, Any], inside_flow: bool) -> None:
        entries = {str(key.value): (key, value) for key, value in node.value}
        column = node.start_mark.column
        gone = [key for key in before if key not in after]
        if any(key not in entries for key in before) or len(gone) == len(entries):
            raise _UnforeseenError
        last = next((name for name in entries if name not in gone), None)
        for key, value in after.items():
            if key in entries:
                self.change(entries[key][1], before.get(key), value, column, inside_flow=inside_flow)
                last = key
            elif inside_flow:
                assert last is not None
                at = self._end(entries[last][1])
                self.edits.append((at, at, f", {key}: {flow(value, inside=True)}"))
            else:
                assert last is not None
                self._insert_lines(self._end(entries[last][1]), lines({key: value}, column), column)
        names = list(entries)
        for key in gone:
            index = names.index(key)
            following = node.value[index + 1][0] if index + 1 < len(names) else None
            previous = node.value[index - 1][1] if index else None
            self._remove(entries[key][0].start_mark.index, entries[key][1], previous, following, inside_flow)

    def _sequence(self, node: Any, before: Sequence[Any], after: Sequence[Any], inside_flow: bool) -> None:
        if len(node.value) != len(before):
            raise _UnforeseenError
        column = node.start_mark.column
        last: int | None = None
        for old, new in _pairs(before, after):
            if old is not None and new is not None:
                self.change(node.value[old], before[old], after[new], column, inside_flow=inside_flow)
                last = old
            elif old is not None:
                following = node.value[old + 1] if old + 1 < len(node.value) else None
                previous = node.value[old - 1] if old else None
                self._remove(node.value[old].start_mark.index, node.value[old], previous, following, inside_flow)
                last = old
            elif new is not None:
                self._insert_item(node, last, after[new], inside_flow)

    def _insert_item(self, node: Any, last: int | None, value: Any, inside_flow: bool) -> None:
        column = node.start_mark.column
        if inside_flow:
            at = node.start_mark.index + 1 if last is None else self._end(node.value[last])
            short = flow(value, inside=True)
            self.edits.append((at, at, f"{short}, " if last is None else f", {short}"))
            return
        beside = node.value[0 if last is None else last]
        fresh = lines(value, column + 2, spread=not getattr(beside, "flow_style", True))
        item = [f"- {fresh[0]}", *(f"  {line}" for line in fresh[1:])]
        if last is None:
            at = self._line_start(node.value[0].start_mark.index)
            self.edits.append((at, at, "".join(" " * column + line + self.newline for line in item)))
            return
        self._insert_lines(self._end(beside), item, column)

    def _insert_lines(self, after: int, fresh: Sequence[str], column: int) -> None:
        at = self._line_end(after)
        self.edits.append((at, at, "".join(" " * column + line + self.newline for line in fresh)))

    def _remove(self, start: int, node: Any, previous: Any, following: Any, inside_flow: bool) -> None:
        """Take out the entry that begins at ``start``: a key with its value, or a value of a list."""
        line = self._line_start(start)
        lead = self.text[line:start].strip()
        if inside_flow and previous is not None:
            self.edits.append((self._end(previous), self._end(node), ""))
        elif inside_flow or (lead == "-" and start != node.start_mark.index):  # the first key after a dash
            if following is None:
                raise _UnforeseenError
            self.edits.append((start, following.start_mark.index, ""))
        elif lead in ("", "-"):
            self.edits.append((line, self._line_end(self._end(node)), ""))
        else:
            raise _UnforeseenError

    def _end(self, node: Any) -> int:
        """Return where the content of a node ends; blank lines and comments after it are not its own."""
        kind = type(node).__name__
        if kind != "ScalarNode" and not node.flow_style:
            inner = node.value[-1]
            return self._end(inner[1] if isinstance(inner, tuple) else inner)
        start, end = node.start_mark.index, node.end_mark.index
        if kind == "ScalarNode" and node.style in ("|", ">"):
            return int(start + len(self.text[start:end].rstrip()))
        return int(end)

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        return end + 1 if end >= 0 else len(self.text)
