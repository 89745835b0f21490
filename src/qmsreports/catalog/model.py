"""What all catalog models share: frozen, no unknown fields, names that people may type."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from qmsreports.errors import did_you_mean
from qmsreports.organisation import Language


class Model(BaseModel):
    """A frozen declaration; a field that is not declared is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False, defer_build=True)


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A name in a definition: lower-case words joined by underscores. It is looked up, never pasted into SQL."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""A sentence for people; not empty."""

Whole = Annotated[int, Field(strict=True)]
"""A whole number, written as one; true is not 1 and "3" is not 3."""

Number = Annotated[float, Field(strict=True)]
"""A number, written as one: "95 %" is a text."""


def _day(value: object) -> object:
    text = value
    if isinstance(text, str):
        try:
            value = date.fromisoformat(text)
        except ValueError:
            raise ValueError(f'"{text[:40]}" is no date; write it as 2026-01-31') from None
    if not isinstance(value, date) or isinstance(value, datetime):
        shown = "nothing" if value is None else str(value)[:40]
        raise ValueError(f'"{shown}" is no date; write it as 2026-01-31')
    if not 1950 <= value.year <= 2150:
        raise ValueError(f'"{value}" is no date of ours; check the year')
    return value


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day, with or without quotes. A number is never one, though 2026 might be read as seconds."""


TextName = Literal["title", "question", "label", "lead", "why", "because"]
"""What people read of a definition and may want in their own language."""

Translations = dict[Language, dict[TextName, Text]]
"""What people read of a definition, in other languages: ``{de: {title: Liefertreue}}``."""


class Translated(Model):
    """A definition whose texts may stand in other languages as well. They are wording: no number depends on them."""

    translations: Translations = Field(default_factory=dict)

    @model_validator(mode="after")
    def _translates_what_is_there(self) -> Translated:
        for language, texts in self.translations.items():
            for name in texts:
                if name not in type(self).model_fields:
                    known = [field for field in get_args(TextName) if hasattr(self, field)]
                    raise ValueError(f'there is no "{name}" to translate into {language}; {did_you_mean(name, known)}')
        return self

    def told(self, name: TextName, language: str) -> str:
        """Return a text in a language; as it was written where nobody translated it."""
        texts: Any = self.translations
        return str(texts.get(language, {}).get(name) or getattr(self, name))


class Agreed(Model):
    """Who agreed to a target, when, and the record that proves it."""

    by: Text
    on: Day
    record: Text
