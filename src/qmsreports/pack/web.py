"""The pack on screen: one HTML file that asks nothing of the network and can be read on a phone or printed.

Every text is escaped by Jinja2; style, script, fonts and charts stand inside the file, and its own content security
policy forbids everything else (the one script is named by its hash).
"""

from __future__ import annotations

import base64
import hashlib
import marshal
import re
from collections.abc import Mapping, MutableMapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qmsreports.errors import CouldNotRun, Finding
from qmsreports.language import say
from qmsreports.pack.brand import PLAIN, Brand
from qmsreports.pack.charts.style import Palette
from qmsreports.pack.kept import Keep, make_anew
from qmsreports.pack.seal import templates_hash

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

TEMPLATE = "pack.html.j2"
_STYLE, _SCRIPT = "pack.css", "pack.js"

_VARIABLES = {
    "ink": "--ink",
    "quiet": "--faint",
    "hairline": "--hair",
    "paper": "--paper",
    "target": "--goal",
    "improvement": "--good",
    "concern_text": "--bad",
    "line": "--chart-line",
    "band": "--chart-band",
    "band_trial": "--chart-band-trial",
    "limit": "--chart-limit",
    "prior": "--chart-prior",
    "common_cause": "--chart-common",
    "concern": "--chart-concern",
    "neutral": "--chart-neutral",
}
"""Colours of the charts by meaning, each a variable on screen, so that the dark page has charts it can show."""

_COLOUR = re.compile(r"(?<=[:\s\"])#[0-9a-fA-F]{6}(?=[;\"])")
_SHAPE = re.compile(r'<path id="([^"]+)"([^>]*)/>')
_USED = re.compile(r'href="#([^"]+)"')

_LATIN = (*range(0x20, 0x7F), *range(0xA0, 0x180))
_SIGNS = (
    0x2013,
    0x2014,
    0x2018,
    0x2019,
    0x201C,
    0x201D,
    0x201E,
    0x2022,
    0x2026,
    0x202F,
    0x2192,
    0x2212,
    0x2264,
    0x2265,
)
_FACES = (("Light", 300), ("Regular", 400), ("Semibold", 600))


def render_html(
    view: Mapping[str, Any],
    charts: Mapping[str, str],
    *,
    templates: Path,
    brand: Brand = PLAIN,
    keep: Keep = make_anew,
) -> str:
    """Return the page. The same view and charts give the same text.

    :class:`CouldNotRun` where a template is missing or wrong, with its file and line.
    """
    from jinja2 import TemplateError, TemplateSyntaxError
    from markupsafe import Markup

    drawings = Drawings(charts, brand.palette)
    try:
        style = (templates / _STYLE).read_text(encoding="utf-8")
        script = (templates / _SCRIPT).read_text(encoding="utf-8")
        template = _environment(templates, templates_hash(templates), keep).get_template(TEMPLATE)
        page = template.render(
            **view,
            charts=charts,
            t=say,
            svg=drawings.inline,
            shapes=drawings.shapes,
            code=highlighted,
            style=Markup(_faces(brand, keep) + _colours(brand.palette) + style + _own(brand)),
            logo=_logo(brand),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    except TemplateSyntaxError as error:
        where = f"{templates / (error.name or TEMPLATE)}:{error.lineno}"
        raise CouldNotRun(Finding(where, f"the web template is wrong: {error.message}", "mend it")) from error
    except (TemplateError, OSError) as error:
        raise CouldNotRun(
            Finding(
                str(templates / TEMPLATE), f"the web template cannot be used: {error}", "check QMSREPORTS_TEMPLATES"
            )
        ) from error
    return page


@lru_cache(maxsize=4)
def _environment(templates: Path, _content: str, keep: Keep) -> Environment:
    """Return the environment of these templates, by their content: compiling them takes as long as filling them."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    class Compiled(FileSystemLoader):
        """Templates that are compiled once for all builds, as Python's own modules are."""

        def load(
            self, environment: Environment, name: str, globals: MutableMapping[str, Any] | None = None
        ) -> Template:
            source, path, uptodate = self.get_source(environment, name)

            def compiled() -> str:
                return base64.b64encode(marshal.dumps(environment.compile(source, name, path))).decode()

            code = marshal.loads(base64.b64decode(keep(f"template {path}\n{source}", compiled)))
            return environment.template_class.from_code(environment, code, globals or {}, uptodate)

    return Environment(
        loader=Compiled(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


class Drawings:
    """Puts charts into the page: in its colours, with the shapes of letters and marks kept once for all charts.

    A letter is an outline of some hundred bytes that stands in every chart; shared, a page of sixty objectives is half
    as large, and no id can occur twice.
    """

    def __init__(self, charts: Mapping[str, str], palette: Palette = PLAIN.palette) -> None:
        self._charts = charts
        self._colours = {getattr(palette, meaning).lower(): name for meaning, name in _VARIABLES.items()}
        self._shapes: dict[str, str] = {}

    def inline(self, key: str, alt: str) -> Markup:
        """Return one chart for the page."""
        from markupsafe import Markup, escape

        named: dict[str, str] = {}

        def keep(match: re.Match[str]) -> str:
            named[match[1]] = self._shapes.setdefault(match[2], f"s{len(self._shapes)}")
            return ""

        drawn = _SHAPE.sub(keep, _COLOUR.sub(self._variable, self._charts[key])).replace("<defs></defs>", "")
        drawn = _USED.sub(lambda match: f'href="#{named.get(match[1], match[1])}"', drawn)
        if " role=" not in drawn.partition(">")[0]:
            drawn = drawn.replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" ', 1)
        return Markup(drawn)  # drawn by us: its texts are outlines, its name is quoted

    def _variable(self, match: re.Match[str]) -> str:
        """Return a chart's colour as a variable; only styles can hold one, so it stays the fallback elsewhere."""
        name = self._colours.get(match.group().lower())
        return f"var({name})" if name else match.group()

    def shapes(self) -> Markup:
        """Return the shapes of all charts so far; stands once in the page, behind the last chart."""
        from markupsafe import Markup

        kept = "".join(f'<path id="{name}"{shape}/>' for shape, name in self._shapes.items())
        return Markup(f'<svg class="shapes" aria-hidden="true"><defs>{kept}</defs></svg>')


def _colours(palette: Palette) -> str:
    """Return the colours of the charts on a light page as CSS; the style sheet replaces them on a dark one."""
    own = {name: getattr(palette, meaning) for meaning, name in _VARIABLES.items() if name.startswith("--chart-")}
    return ":root { " + " ".join(f"{name}: {colour};" for name, colour in sorted(own.items())) + " }\n"


def _own(brand: Brand) -> str:
    """Return the colours of the organisation as CSS behind the style sheet, whose rules for the dark stay stronger."""
    if not brand.files:
        return ""
    colours = brand.palette
    chosen = {"--ink": colours.ink, "--good": colours.improvement, "--bad": colours.concern_text}
    light = chosen | {"--goal": colours.target, "--accent": brand.accent}
    said = "".join(f"{name}: {colour}; " for name, colour in light.items())
    dark = f"--accent: {brand.accent_dark};"
    family = f'body {{ font-family: "{_BRAND}", "Source Sans Pro", system-ui, sans-serif; }}\n' if brand.faces else ""
    return (
        f"\n:root {{ {said}}}\n@media (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {dark} }} }}\n"
        f':root[data-theme="dark"] {{ {dark} }}\n{family}'
    )


def _logo(brand: Brand) -> dict[str, str] | None:
    """Return the logo as an address that holds it; as an image no SVG can run anything."""
    if not brand.logo:
        return None
    kind = "svg+xml" if brand.logo_format == "svg" else brand.logo_format
    return {
        "address": f"data:image/{kind};base64,{base64.b64encode(brand.logo).decode()}",
        "alternative": brand.alternative,
    }


_TOKENS = re.compile(
    r"(?P<c>--[^\n]*)|(?P<s>'(?:[^']|'')*')|(?P<k>\b(?:SELECT|FROM|WHERE|AND|OR|NOT|IN|AS|ON|JOIN|LEFT|INNER|ANTI|SEMI"
    r"|GROUP|BY|ORDER|HAVING|FILTER|CASE|WHEN|THEN|ELSE|END|WITH|UNION|ALL|DISTINCT|COUNT|SUM|AVG|MIN|MAX|CAST|NULL|IS"
    r"|BETWEEN|LIMIT|OVER|PARTITION|GROUPING|SETS|QUALIFY|USING|CROSS|COALESCE|TRUE|FALSE|INTERVAL|DATE)\b)"
)


def highlighted(text: str) -> Markup:
    """Return SQL with comments, texts and key words marked; everything is escaped first to last."""
    from markupsafe import Markup, escape

    parts: list[str] = []
    at = 0
    for match in _TOKENS.finditer(text):
        before, found = escape(text[at : match.start()]), escape(match.group())
        parts.append(f'{before}<span class="{match.lastgroup}">{found}</span>')
        at = match.end()
    return Markup("".join((*parts, escape(text[at:]))))


_BRAND = "Brand"


def _faces(brand: Brand, keep: Keep) -> str:
    """Return the text fonts as CSS: the organisation's, or those of the product."""
    if not brand.faces:
        return keep("faces of the product", font_faces)
    named = repr([(weight, hashlib.sha256(content).hexdigest()) for weight, content in brand.faces])
    return keep(f"faces {named}", lambda: "".join(_face(_BRAND, weight, _latin(face)) for weight, face in brand.faces))


def _face(family: str, weight: int, woff: bytes) -> str:
    data = base64.b64encode(woff).decode()
    return (
        f'@font-face {{ font-family: "{family}"; font-style: normal; '
        f"font-weight: {weight}; src: url(data:font/woff;base64,{data}) format('woff'); }}\n"
    )


@cache
def font_faces() -> str:
    """Return the text fonts as CSS, cut down to Latin letters and the signs of a pack: three faces, about 70 KB."""
    from importlib.resources import files

    folder = Path(str(files("font_source_sans_pro"))) / "files"
    return "".join(
        _face("Source Sans Pro", weight, _latin((folder / f"SourceSansPro-{face}.ttf").read_bytes()))
        for face, weight in _FACES
    )


@lru_cache(maxsize=8)
def _latin(content: bytes) -> bytes:
    """Return a font cut down to Latin letters and the signs of a pack, as WOFF."""
    import io

    from fontTools import subset  # type: ignore[import-untyped]

    options = subset.Options()
    options.flavor = "woff"
    options.layout_features = ["kern", "liga", "tnum", "lnum", "mark", "ccmp"]
    options.hinting = False
    options.recalc_timestamp = False
    options.drop_tables += ["FFTM"]  # a time stamp of some editors
    out = io.BytesIO()
    with subset.load_font(io.BytesIO(content), options) as font:
        cut = subset.Subsetter(options)
        cut.populate(unicodes=(*_LATIN, *_SIGNS))
        cut.subset(font)
        subset.save_font(font, out, options)
    return out.getvalue()
