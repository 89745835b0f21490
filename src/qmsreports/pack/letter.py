"""Page one as a message: what a recipient reads before anything is opened, as HTML and as text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.language import say, speaking
from qmsreports.pack.brand import PLAIN, Brand
from qmsreports.pack.model import PackModel
from qmsreports.pack.view import show

_HTML, _TEXT = "mail.html.j2", "mail.txt.j2"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message about one pack; both texts say the same."""

    subject: str
    html: str
    text: str
    logo: bytes = b""  # PNG, which the HTML names as cid:logo


def letter(pack: PackModel, *, templates: Path, holds: tuple[str, ...], brand: Brand = PLAIN) -> Letter:
    """Return page one of a pack as a message. ``holds`` are the files of the pack, of which the PDF is attached.

    :class:`CouldNotRun` where a template is missing or wrong.
    """
    with speaking(pack.header.language):
        return _written(pack, templates, holds, brand)


def _written(pack: PackModel, templates: Path, holds: tuple[str, ...], brand: Brand) -> Letter:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

    view: dict[str, Any] = {
        **show(pack),
        "holds": holds,
        "t": say,
        "look": brand.palette,
        "accent": brand.accent,
        "alternative": brand.alternative if brand.logo else "",
        "family": brand.family,
    }
    head = view["header"]
    try:
        made = []
        for name in (_HTML, _TEXT):
            environment = Environment(
                loader=FileSystemLoader(templates),
                autoescape=name == _HTML,
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
            )
            made.append(environment.get_template(name).render(view))
    except (TemplateError, OSError) as error:
        raise CouldNotRun(
            Finding(str(templates), f"the mail template cannot be used: {error}", "check QMSREPORTS_TEMPLATES")
        ) from error
    subject = say("mail.subject", **{name: head[name] for name in ("organisation", "document", "state")})
    subject = " ".join(subject.split())
    return Letter(subject, made[0], "\n".join(line.rstrip() for line in made[1].splitlines()) + "\n", brand.picture())
