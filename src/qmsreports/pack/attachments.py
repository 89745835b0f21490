"""What travels inside the PDF and beside it: values as CSV, the model as JSON, the definitions as YAML."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

from qmsreports.language import say
from qmsreports.pack.kept import Keep, make_anew
from qmsreports.pack.model import PackModel
from qmsreports.pack.objective import Objective, Point, Record

_COLUMNS = (
    "kpi",
    "version",
    "period",
    "slice",
    "unit",
    "value",
    "numerator",
    "denominator",
    "n",
    "low",
    "high",
    "target",
    "near",
    "status",
    "provisional",
    "restated",
    "mean",
    "lower_limit",
    "upper_limit",
    "signal",
    "kind",
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of the pack besides its two forms."""

    name: str
    mime: str
    description: str
    text: str


def attachments(pack: PackModel, keep: Keep = make_anew) -> tuple[Attachment, ...]:
    """Return the three files in a fixed order; ``keep`` is asked first for the definitions and for the values."""
    return (
        Attachment("kpi_values.csv", "text/csv", _described(pack), values(pack, keep)),
        Attachment("model.json", "application/json", say("attachment.model"), model_json(pack)),
        Attachment("definitions.yaml", "application/yaml", say("attachment.definitions"), definitions_yaml(pack, keep)),
    )


def model_json(pack: PackModel) -> str:
    """Return the model as JSON, everything in the order in which it is declared: the same model gives the same bytes.

    Each part stands on a line of its own, and so does each of its items: half as long as with one value a line, and a
    person still finds an objective in it. What has its default is left out.
    """
    usual = {name: field.default for name, field in PackModel.model_fields.items()}
    parts = ((name, getattr(pack, name)) for name in usual)
    return "{\n" + ",\n".join(f'"{name}": {_part(part)}' for name, part in parts if part != usual[name]) + "\n}\n"


def _part(part: Any) -> str:
    if not isinstance(part, tuple) or not part:
        return _json(part)
    return "[\n" + ",\n".join(map(_json, part)) + "\n]"


def _json(part: Any) -> str:
    if isinstance(part, Record):
        return part.model_dump_json(exclude_defaults=True)
    return json.dumps(part, ensure_ascii=False)


def _described(pack: PackModel) -> str:
    """Say what the values are, where a reader of the PDF looks for it."""
    periods = max((len(objective.points) for objective in pack.objectives), default=0)
    parts = sum(len(objective.slices) + len(objective.combined) for objective in pack.objectives)
    return say("attachment.values", n=periods, objectives=len(pack.objectives), parts=parts)


def values(pack: PackModel, keep: Keep = make_anew) -> str:
    """Return one row per objective, slice and period; nothing is rounded, and what is usual is left empty.

    Left empty are ``provisional`` and ``restated`` where they are not, ``signal`` where there is none, and ``kind``
    where the variation is of common causes. Whole numbers are written without ``.0``.

    ``keep`` is asked first for the rows of each objective: a comment changes none of them.
    """
    head = ",".join(_COLUMNS) + "\n"
    return head + "".join(_rows_of(objective, keep) for objective in pack.objectives)


def _rows_of(objective: Objective, keep: Keep) -> str:
    def write() -> str:
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        kpi, unit = unarmed(objective.kpi), objective.unit
        writer.writerows(_row(kpi, "", unit, point) for point in objective.points)
        for piece in (*objective.slices, *objective.combined):
            slice_ = unarmed(f"{piece.dimension}={piece.key}")
            writer.writerows(_row(kpi, slice_, unit, point) for point in piece.points)
        return out.getvalue()

    return write() if keep is make_anew else keep(f"values\n{objective.model_dump_json(exclude={'comment'})}", write)


def _row(kpi: str, slice_: str, unit: str, point: Point) -> tuple[Any, ...]:
    return (
        kpi,
        point.version,
        point.period,
        slice_,
        unit,
        _number(point.value),
        _number(point.numerator),
        _number(point.denominator),
        point.n,
        _number(point.low),
        _number(point.high),
        _number(point.target),
        _number(point.near),
        point.status,
        "true" if point.provisional else "",
        "true" if point.restated else "",
        _number(point.mean),
        _number(point.lower),
        _number(point.upper),
        "" if point.signal == "none" else point.signal,
        "" if point.kind == "common_cause" else point.kind,
    )


def _number(value: float | None) -> float | int | str:
    """Return the number so that it is written in full and no longer than that: 24 and not 24.0."""
    if value is None:
        return ""
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def unarmed(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def definitions_yaml(pack: PackModel, keep: Keep = make_anew) -> str:
    """Return every definition with all its versions in the catalog's language."""

    def version(objective: Objective) -> list[dict[str, Any]]:
        return [
            {
                "version": item.version,
                "effective_from": item.effective_from.isoformat(),
                "in_force": item.in_force,
                "why": item.why,
                "fingerprint": item.fingerprint,
                "approved": list(item.approved),
                "rule": item.rule,
            }
            for item in objective.definitions
        ]

    document = [
        {
            "kpi": objective.kpi,
            "title": objective.title,
            "question": objective.question,
            "unit": objective.unit,
            "better": objective.better,
            "owner": objective.owner,
            "feeds": list(objective.feeds),
            "versions": version(objective),
        }
        for objective in pack.objectives
    ]
    return keep(f"definitions\n{json.dumps(document)}", lambda: _yaml(document))


def _yaml(document: list[dict[str, Any]]) -> str:
    """Return the definitions as YAML, each rule as a block of its own lines."""
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import LiteralScalarString

    for objective in document:
        for version in objective["versions"]:
            version["rule"] = LiteralScalarString(version["rule"])
    yaml = YAML()
    yaml.width = 120
    yaml.allow_unicode = True
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()
