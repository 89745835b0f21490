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

MAIL, LINK, NUMBER, NAME, CUSTOMER, ADDRESS = "[e-mail]", "[link]", "[number]", "[name]", "[customer]", "[address]"

_FEW = 4  # digits from which a token points at an order, a person or a day
_ACCOUNT_DIGITS = 8  # digits that every number of a bank account has at least
_LETTER = r"[^\W\d_]"
_DOT = r"(?:\.|\s*[(\[{]\s*(?:dot|punkt|punto|point)\s*[)\]}]\s*|\s+(?:dot|punkt|punto|point)\s+)"
_SAID_AT = "(?:at|\u00e4t|arroba|arobase|chez)"
_AT = (
    rf"(?:@|\s*[(\[{{]\s*(?:{_SAID_AT}|a)\s*[)\]}}]\s*|\s+{_SAID_AT}\s+"
    r"(?=[\w-]+\s*(?:\.\w\w|[(\[{]\s*(?:dot|punkt|punto|point)|\s+(?:dot|punkt|punto|point)\s)))"
)
_MAIL = re.compile(
    rf"(?<![\w.+'%-])[\w.+'%-]+(?:\s+(?:dot|punkt|punto|point)\s+[\w+'%-]+)*\s?{_AT}\s?[\w-]+(?:{_DOT}[\w-]+)*|(?<!\S)\S*@\S*",
    re.I,
)
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|(?<![\w@.-])(?:[\w-]+\.)+[a-z]{2,}/\S+"
    r"|(?<![\w@.-])(?:[\w-]+\.)+(?:com|org|net|info|biz|eu|at|ch|de|es|fr|io|it|me|nl|pt|uk)\b(?!@)",
    re.I,
)
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?:[ .-]?[A-Z0-9]{4}){2,7}(?:[ .-]?[A-Z0-9]{1,3}\b)?", re.I)
_HANDLE = re.compile(r"(?<![\w:.])[\w:.]*[^\W_]_[^\W_][\w.]*")
_PHONE = re.compile(r"(?:\b[A-Za-z]{1,4})?(?:\+|\()?\d(?:[\s()./\-\u2010-\u2015]*\d){5,}")
_NAMED_NUMBER = re.compile(
    r"\b(order|auftrag|bestellung|rechnung|invoice|ticket|case|commande|facture|pedido|encomenda|fatura|kunde|"
    r"kundennummer|customer|client|cliente|nr|no|num)\b([\s.:#\u2116]*(?:no|nr|number|nummer|num)?[\s.:#\u2116]*)"
    r"[A-Za-z]{0,4}[-/]?\d[\w/-]*",
    re.I,
)
_LETTERS = "[A-Za-z\u00c4\u00d6\u00dc\u00e4\u00f6\u00fc]"
_PLATE = re.compile(  # W-123 AB, L-AB 123, AB-123-CD, 12-AB-34: what is written with hyphens, as products are not
    rf"\b(?:{_LETTERS}{{1,3}}-\d{{1,5}}(?:\s?[A-Z]{{1,3}}|[a-z]{{1,3}})"
    rf"|{_LETTERS}{{1,3}}-{_LETTERS}{{1,2}}\s?\d{{1,4}}[EHeh]?"
    rf"|{_LETTERS}{{2}}-\d{{2,3}}-{_LETTERS}{{2}}|\d{{2}}-{_LETTERS}{{2}}-\d{{2}}|\d{{2}}-\d{{2}}-{_LETTERS}{{2}})\b"
)
_TOKEN = re.compile(r"[#\w][\w\-/.]*\d[\w\-/]*")
_YEAR = re.compile(r"(?:19|20)\d\d")
_HOUSE = r"\d+(?:\s?[a-z])?\b"
_WAY = r"(?:rue|avenue|boulevard|chemin|all\u00e9e|impasse|calle|avenida|avda\.?|paseo|plaza|rua|viale)"
_PLACE = re.compile(
    rf"\b[\w-]*(?:stra(?:\u00df|ss)e|str\.|gasse|weg|platz|allee)\s+{_HOUSE}"
    rf"|\b(?:\d+\s?(?:bis|ter)?,?\s+{_WAY}(?:\s+[\w'\u2019-]+){{1,4}}"
    rf"|{_WAY}(?:\s+[\w'\u2019-]+){{1,4}}?,?\s+{_HOUSE})"
    rf"|\b\d+\s+(?:[\w'\u2019-]+\s+){{1,2}}(?:street|road|lane|avenue|drive|square)\b",
    re.I,
)
_NO_NAMES = "(?:von|van|der|den|de|da|do|dos|di|del|la|le|el|al|bin|ben|zu|zum)"
_A_NAME = rf"{_LETTER}[\w'\u2019-]*\.?"
_NAMES = rf"((?:{_NO_NAMES}\s+)*{_A_NAME})((?:\s+{_A_NAME}){{0,3}})"
_TITLED = re.compile(
    r"\b(?:mrs?|ms|mx|miss|dr|prof|ing|mag|herrn?|frau|mme|mlle|monsieur|madame|m(?=\.)|sra?|se\u00f1ora?|senhora?|signora?|"
    rf"don|do\u00f1a|d\u00f1a)\b\.?\s+{_NAMES}",
    re.I,
)
_INTRODUCED = re.compile(
    r"\b((?:my name is|name:|mein name ist|ich hei(?:\u00df|ss)e|je m['\u2019]appelle|mon nom est|"
    r"me llamo|mi nombre es|"
    rf"chamo-me|signed|sign\u00e9|firmado|gez\.?)\s+){_NAMES}",
    re.I,
)
_THANKED = re.compile(
    r"\b((?:thanks|thank you|thx|danke|dank|merci|gracias|obrigad[oa])\s+(?:(?:to|an|\u00e0|a|ao)\s+)?)"
    rf"({_A_NAME})((?:\s+{_A_NAME})?)",
    re.I,
)
_CLOSING = re.compile(
    r"(\b(?:regards|sincerely|yours|cheers|gr(?:\u00fc|ue)(?:\u00df|ss)en?|gru\u00df|lg|mfg|cordialement|cdt|salutations|"
    r"saludos?|atentamente|atte|cordialmente|cumprimentos|abra\u00e7o)\s*[,.\-\u2013]*\s+)"
    rf"{_A_NAME}(?:\s+{_A_NAME}){{0,3}}\s*[.!]?\s*$",
    re.I,
)
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|['\u2019\u00b7-](?=[^\W\d_]))*")
_PLACED = re.compile(r"\[(?:e-mail|link|number|name|customer|address)\]")
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
        plain = _MAIL.sub(MAIL, plain)
        plain = _LINK.sub(LINK, plain)
        plain = _ACCOUNT.sub(_account, plain)
        plain = _PLACE.sub(ADDRESS, plain)
        plain = _HANDLE.sub(NAME, plain)
        plain = _NAMED_NUMBER.sub(lambda found: f"{found[1]}{found[2]}{NUMBER}", plain)
        plain = _PHONE.sub(NUMBER, plain)
        plain = _TOKEN.sub(_number, _PLATE.sub(NUMBER, plain))
        plain = _TITLED.sub(lambda found: f"{NAME}{self._rest(found[1], found[2])}", plain)
        plain = _INTRODUCED.sub(lambda found: f"{found[1]}{NAME}{self._rest(found[2], found[3])}", plain)
        plain = _CLOSING.sub(rf"\1{NAME}", plain)
        plain = _THANKED.sub(self._thanked, plain)
        own_words = frozenset(word for word in words(own) if len(word) > 2) - self.common
        return _PLACED.sub(_said, _AGAIN.sub(NAME, self._names(plain, own_words)))

    def _rest(self, name: str, following: str) -> str:
        """Return what follows a name in small letters, from the first word on that several customers write.

        Whoever writes a name with a capital letter does so with all of it.
        """
        found = following.split()
        if name.split()[-1][0].isupper():
            return following
        shown = next((place for place, word in enumerate(found) if self._is_common(word)), len(found))
        return "".join(f" {word}" for word in found[shown:])

    def _thanked(self, found: re.Match[str]) -> str:
        """Return thanks without whom they go to; what several customers write after it is no name."""
        if self._is_common(found[2]):
            return found.group()
        return f"{found[1]}{NAME}{self._rest(found[2], found[3])}"

    def _is_common(self, word: str) -> bool:
        return all(piece in self.common and piece not in self.never for piece in words(word))

    def _names(self, text: str, own: frozenset[str]) -> str:
        parts, at = [], 0
        for placed in [*_PLACED.finditer(text), None]:
            end = placed.start() if placed else len(text)
            parts.append(_WORD.sub(lambda found: self._word(found, own), text[at:end]))
            if placed:
                parts.append(placed.group())
                at = placed.end()
        return "".join(parts)

    def _word(self, found: re.Match[str], own: frozenset[str]) -> str:
        word = found.group()
        pieces = [piece for piece in words(word) if len(piece) > 1]
        if any(piece in self.never for piece in pieces):
            return NAME
        if any(piece in own for piece in pieces):
            return CUSTOMER
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


def _account(found: re.Match[str]) -> str:
    """Return an account number masked; what has as few digits as a sentence with two numbers is none."""
    token = found.group()
    return NUMBER if sum(one.isdigit() for one in token) >= _ACCOUNT_DIGITS else token


def _number(found: re.Match[str]) -> str:
    token = found.group()
    if _YEAR.fullmatch(token.strip("./-#")):
        return token
    return NUMBER if sum(one.isdigit() for one in token) >= _FEW else token
