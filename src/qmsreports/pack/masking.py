"""What customers wrote, made fit to be quoted: whatever could point at a person is replaced by what it was.

Addresses, numbers and names with a title are known by their form. Any other name is known by what it is not: a word
with a capital letter (or of a script that has none) stays only where several customers wrote it, or where the catalog
declares it. That masks too much rather than too little. It cannot see a name in small letters without a title; who
approves a pack reads the quotes, and ``quotes: 0`` leaves them out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from qmsreports.language import say

MAIL, LINK, NUMBER, NAME, CUSTOMER = "[e-mail]", "[link]", "[number]", "[name]", "[customer]"

_FEW = 4  # digits from which a token points at an order, a person or a day
_AT = r"(?:@|\s*[(\[{]\s*at\s*[)\]}]\s*|\s+at\s+(?=[\w-]+\s*(?:\.\w\w|[(\[{]\s*dot|\s+dot\s|\s+punkt\s)))"
_DOT = r"(?:\.|\s*[(\[{]\s*(?:dot|punkt)\s*[)\]}]\s*|\s+(?:dot|punkt)\s+)"
_MAIL = re.compile(rf"[\w.+'%-]+\s?{_AT}\s?[\w-]+(?:{_DOT}[\w-]+)*|\S*@\S*", re.I)
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.I)
_PHONE = re.compile(r"(?:\b[A-Za-z]{1,4})?(?:\+|\()?\d(?:[\s()./\-\u2010-\u2015]*\d){5,}")
_NAMED_NUMBER = re.compile(
    r"\b(order|auftrag|bestellung|rechnung|invoice|ticket|case|commande|facture|pedido|encomenda|fatura|kunde|"
    r"kundennummer|customer|client|cliente|nr|no|num)\b([\s.:#\u2116]*(?:no|nr|number|nummer|num)?[\s.:#\u2116]*)"
    r"[A-Za-z]{0,4}[-/]?\d[\w/-]*",
    re.I,
)
_TOKEN = re.compile(r"[#\w][\w\-/.]*\d[\w\-/]*")
_YEAR = re.compile(r"(?:19|20)\d\d")
_NO_NAMES = "(?:von|van|der|den|de|da|do|dos|di|del|la|le|el|al|bin|ben|zu|zum)"
_TITLED = re.compile(
    r"\b(?:mrs?|ms|mx|miss|dr|prof|ing|mag|herrn?|frau|mme|mlle|monsieur|madame|sra?|se\u00f1ora?|senhora?|signora?)\b"
    rf"\.?\s+(?:{_NO_NAMES}\s+)*[^\W\d_][\w'\u2019-]*",
    re.I,
)
_A_NAME = r"[^\W\d_][\w'\u2019.-]*"
_INTRODUCED = re.compile(
    r"(\b(?:my name is|name:|mein name ist|ich hei(?:\u00df|ss)e|je m['\u2019]appelle|me llamo|chamo-me|signed|gez\.?)"
    r"\s+)"
    rf"{_A_NAME}(?:\s+{_A_NAME})?",
    re.I,
)
_CLOSING = re.compile(
    r"(\b(?:regards|sincerely|yours|cheers|gr(?:\u00fc|ue)(?:\u00df|ss)en?|gru\u00df|lg|mfg|cordialement|saludos|atentamente|"
    rf"cumprimentos|abra\u00e7o)\s*[,.\-\u2013]?\s+){_A_NAME}(?:\s+{_A_NAME}){{0,3}}\s*[.!]?\s*$",
    re.I,
)
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|['\u2019\u00b7-](?=[^\W\d_]))*")
_PLACED = re.compile(r"\[(?:e-mail|link|number|name|customer)\]")
_AGAIN = re.compile(r"\[name\](?:[\s,&-]+\[name\])+")


@dataclass(frozen=True, slots=True)
class Masking:
    """``common``: words that may stay whoever writes them, ``never``: words that never may; both in small letters."""

    common: frozenset[str]
    never: frozenset[str] = frozenset()

    def mask(self, text: str, customer: str = "") -> str:
        """Return the text without what points at a person; ``customer`` is the name of who wrote it."""
        plain = _plain(text)
        own = _plain(customer)
        if len(own) > 2:
            plain = re.sub(re.escape(own), CUSTOMER, plain, flags=re.I)
        plain = _LINK.sub(LINK, plain)
        plain = _MAIL.sub(MAIL, plain)
        plain = _NAMED_NUMBER.sub(lambda found: f"{found[1]}{found[2]}{NUMBER}", plain)
        plain = _PHONE.sub(NUMBER, plain)
        plain = _TOKEN.sub(_number, plain)
        plain = _TITLED.sub(NAME, plain)
        plain = _INTRODUCED.sub(rf"\1{NAME}", plain)
        plain = _CLOSING.sub(rf"\1{NAME}", plain)
        return _PLACED.sub(_said, _AGAIN.sub(NAME, self._names(plain)))

    def _names(self, text: str) -> str:
        parts, at = [], 0
        for placed in [*_PLACED.finditer(text), None]:
            end = placed.start() if placed else len(text)
            parts.append(_WORD.sub(self._word, text[at:end]))
            if placed:
                parts.append(placed.group())
                at = placed.end()
        return "".join(parts)

    def _word(self, found: re.Match[str]) -> str:
        word = found.group()
        pieces = [piece for piece in words(word) if len(piece) > 1]
        if any(piece in self.never for piece in pieces):
            return NAME
        if not (word[0].isupper() or word[0].istitle() or unicodedata.category(word[0]) == "Lo"):
            return word
        return word if all(piece in self.common for piece in pieces) else NAME


def _said(placed: re.Match[str]) -> str:
    return say(f"mask.{placed.group()[1:-1].replace('-', '_')}")


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in small letters, compared as people read them: ``Anna's`` is ``anna``."""
    folded = _plain(text).casefold()
    return tuple(
        piece
        for word in _WORD.findall(folded)
        for piece in re.split(r"[-\u00b7]", re.sub(r"['\u2019]s$", "", word))
        if piece
    )


def vocabulary(*texts: Iterable[str]) -> frozenset[str]:
    """Return all words of some texts, for :class:`Masking`."""
    return frozenset(word for some in texts for text in some for word in words(text))


def _plain(text: str) -> str:
    """Return the text in one form, so that nothing hides: wide letters are narrow, invisible characters gone."""
    whole = unicodedata.normalize("NFKC", text)
    seen = "".join(
        " " if unicodedata.category(one) in ("Cc", "Zl", "Zp", "Zs") else one
        for one in whole
        if unicodedata.category(one) not in ("Cf", "Co", "Cn", "Cs")
    )
    return " ".join(unicodedata.normalize("NFC", seen).split())


def _number(found: re.Match[str]) -> str:
    token = found.group()
    if _YEAR.fullmatch(token.strip("./-#")):
        return token
    return NUMBER if sum(one.isdigit() for one in token) >= _FEW else token
