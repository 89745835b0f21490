"""Quotes point at nobody, however the writer tries or forgets."""

# ruff: noqa: RUF001
from __future__ import annotations

import pytest

from qmsreports.pack.masking import Masking, vocabulary, words

COMMON = vocabulary(
    [
        "I Delivery The chat bot wanted a person Nobody told us about the delay Quick and friendly",
        "understood our plant at once",
        "Alles bestens pünktlich Ersatzteil falsch dritte Reklamation Rückruf Danke Ihre Firma Lieferung",
        "Très bonne assistance merci Peças certas Podia ser OK Price list My order Please call me write to Best",
        "ההזמנה הגיעה באיחור Pump Thanks",
    ]
)
MASKING = Masking(COMMON, never=frozenset({"wolfgang"}))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # what is no personal data stays as it is
        ("Nobody told us about the delay.", "Nobody told us about the delay."),
        ("Alles bestens & pünktlich.", "Alles bestens & pünktlich."),
        ("Price list <2025> is outdated.", "Price list <2025> is outdated."),
        ("Pump DN50 leaks, 3 of 12 seals", "Pump [name] leaks, 3 of 12 seals"),  # too much rather than too little
        # addresses
        ("write to anna.huber@firma.example please", "write to [e-mail] please"),
        ("write to anna.huber＠firma.example", "write to [e-mail]"),
        ("write to anna(at)firma(dot)example", "write to [e-mail]"),
        ("write to anna [at] firma.example", "write to [e-mail]"),
        ("write to anna at firma dot example", "write to [e-mail]"),
        ("write to an\u200bna@fir\u00adma.example", "write to [e-mail]"),
        ("see me as @anna_h", "see me [e-mail]"),
        ("see https://firma.example/u/anna?x=1", "see [link]"),
        ("write to anna.huber[ät]firma.example", "write to [e-mail]"),
        ("write to anna punkt huber at firma punkt example", "write to [e-mail]"),
        ("write to anna arroba firma punto es", "write to [e-mail]"),
        ("write to anna chez firma point fr", "write to [e-mail]"),
        ("see firma.example/u/anna", "see [link]"),
        ("see annahuber.at please", "see [link] please"),
        ("see anna_huber_official", "see [name]"),
        # where somebody lives
        ("write to hauptstraße 12a please", "write to [address] please"),
        ("write to 12 bis rue de la paix", "write to [address]"),
        ("write to calle mayor 3, please", "write to [address], please"),
        ("write to 7 mill lane", "write to [address]"),
        # numbers
        ("call me +43 660 123 45 67!", "call me [number]!"),
        ("call me (0660) 1234567", "call me [number]"),
        ("call me ٠٦٦٠١٢٣٤٥٦٧", "call me [number]"),
        ("My order SO-2024-000123 is late", "My order [number] is late"),
        ("My order 123 is late", "My order [number] is late"),
        ("order no. A00012", "order no. [number]"),
        ("late was W-123 AB", "late was [number]"),
        ("late was w-123ab and told us", "late was [number] and told us"),
        ("late was L-AB 123, late was AB-123-CD", "late was [number], late was [number]"),
        ("late was 12-AB-34", "late was [number]"),
        ("day-to-day, 3-4 of 5", "day-to-day, 3-4 of 5"),  # no plate
        ("IBAN AT61 1904 3002 3457 3201", "[name] [number]"),
        ("My order GB29 NWBK 6016 1331 9268 19", "My order [number]"),
        ("My order FR14 2004 1010 0505 0001 3M02 606 please", "My order [number] please"),
        ("My order nl91abna0417164300", "My order [number]"),
        ("My order MT84 MALT 0110 0001 2345 MTLC AST0 01S", "My order [number]"),
        ("since 12.10.2026", "since [number]"),
        # names
        ("Mr Bereghy understood our plant at once.", "[name] understood our plant at once."),
        ("mr. bereghy understood", "[name] understood"),
        ("Frau von der Leitner ist pünktlich", "[name] ist pünktlich"),
        ("the driver Anna Huber-Weiß was friendly", "the driver [name] was friendly"),
        ("Anna's delay", "[name] delay"),
        ("ANNA told us", "[name] told us"),
        ("ᴬnna Ａnna told us", "[name] told us"),
        ("wolfgang told us", "[name] told us"),
        ("my name is anna huber, please", "my name is [name], please"),
        ("the delay. Best regards, anna", "the delay. Best regards, [name]"),
        ("Danke. LG anna h.", "Danke. [name] [name]"),
        ("frau anna huber told us", "[name] told us"),
        ("m. dupont told us", "[name] told us"),
        ("doña carmen lopez told us", "[name] told us"),
        ("my name is anna huber weiss please", "my name is [name] please"),
        ("mi nombre es juan pérez", "mi nombre es [name]"),
        ("thanks to anna please", "thanks to [name] please"),
        ("thanks about the delay", "thanks about the delay"),
        ("the delay. un saludo, juan", "the delay. un saludo, [name]"),
        ("the delay. atte. juan pérez", "the delay. atte. [name]"),
        ("the acme delay", "the [customer] delay"),
        ("דני ההזמנה", "[name] ההזמנה"),
        ("Acme Pumps GmbH told us", "[customer] told us"),
    ],
)
def test_what_a_quote_shows(text: str, shown: str) -> None:
    said = MASKING.mask(text, customer="Acme Pumps GmbH")
    assert said.replace("[name] [name]", "[name]") == shown.replace("[name] [name]", "[name]")


@pytest.mark.parametrize("secret", ["Xaver", "Zölß", "O'Brady", "Çağla", "Ørsted", "Łukasz", "Ñuñez", "Ǆemal"])
def test_a_name_that_few_know_is_shown_to_nobody(secret: str) -> None:
    for text in (f"{secret}", f"ask {secret}.", f"({secret})", f'"{secret}"', f"the delay,{secret}!", f"a/{secret}/b"):
        assert secret.casefold() not in MASKING.mask(text).casefold(), text


def test_words_are_compared_as_people_read_them() -> None:
    assert words("Anna's Rück\u00adruf, straẞe-nord") == ("anna", "rückruf", "strasse", "nord")
    assert MASKING.mask("") == ""


def test_no_placeholder_can_be_read_as_markup() -> None:
    assert MASKING.mask("<script>alert('Xaver 0660123456')</script>") == "<script>alert('[name] [number]')</script>"
