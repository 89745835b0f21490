"""Page one as a message: the same words as HTML and as text, and nothing in a row becomes markup or a header."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from html import unescape
from pathlib import Path

import pytest
from pack_fixture_review import review
from pack_hostile import hostile

from qmsreports.errors import CouldNotRun
from qmsreports.pack.letter import Letter, letter
from qmsreports.pack.mail import Mailbox, message

TEMPLATES = Path(__file__).parents[3] / "report_templates"
AT = datetime(2026, 11, 12, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def said() -> Letter:
    return letter(review(8), templates=TEMPLATES, holds=("a.pdf", "b.xlsx"))


def words(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


def test_both_texts_say_page_one(said: Letter) -> None:
    pack = review(8)
    for text in (words(said.html), words(said.text)):
        for decision in pack.decisions:
            assert words(decision.title) in text
            assert words(decision.evidence) in text
        for action in pack.actions:
            assert words(action.title) in text
        assert "a.pdf, b.xlsx" in text
    assert said.subject.endswith("(Draft, awaiting approval)")


def test_a_french_message_has_its_space_before_every_colon() -> None:
    pack = review(8)
    french = pack.model_copy(update={"header": pack.header.model_copy(update={"language": "fr"})})
    (told,) = re.findall(
        r"<li><span[^>]*>retard[^<]*</span>(.)(.)", letter(french, templates=TEMPLATES, holds=()).html
    )[:1]
    assert told == ("\u00a0", ":")


def test_it_asks_nothing_of_the_network_and_runs_nothing(said: Letter) -> None:
    assert not re.search(r"<(img|script|link|iframe|style)|src=|href=|url\(", said.html)


def test_the_worst_text_stays_text() -> None:
    pack = hostile(review(8))
    found = letter(pack, templates=TEMPLATES, holds=())
    assert "<script" not in found.html
    assert "{{" not in found.subject or "7 * 7" in found.subject  # never computed
    assert "\n" not in found.subject
    made = message(found, sender="q@example.org", to="a@example.org", pack="p", attachment=("p.pdf", b"%PDF"), at=AT)
    assert message_from_bytes(made.as_bytes(), policy=policy.default)["Subject"]


def test_a_message_is_the_same_each_time_and_known_by_its_id(said: Letter) -> None:
    def make(to: str) -> bytes:
        made = message(said, sender="q@example.org", to=to, pack="monthly-e1", attachment=("p.pdf", b"%PDF"), at=AT)
        return made.as_bytes()

    assert make("a@example.org") == make("a@example.org")
    first, second = (message_from_bytes(make(to), policy=policy.default) for to in ("a@example.org", "b@example.org"))
    assert first["Message-ID"] != second["Message-ID"]
    assert first["Message-ID"].endswith("@example.org>")
    kinds = [part.get_content_type() for part in first.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "application/pdf"]


def test_a_connection_is_read_and_never_shown() -> None:
    found = Mailbox.parse("smtp://quality:s%40cret@mail.example.org:2525?from=q@example.org", name="mail")
    assert (found.host, found.port, found.user, found.password) == ("mail.example.org", 2525, "quality", "s@cret")
    assert (found.sender, found.tls, found.starttls) == ("q@example.org", False, True)
    assert "s@cret" not in repr(found)
    assert Mailbox.parse("smtps://q%40example.org:x@mail.example.org", name="mail").port == 465
    assert Mailbox.parse("smtps://q%40example.org:x@mail.example.org", name="mail").sender == "q@example.org"


@pytest.mark.parametrize(
    ("connection", "what"),
    [
        ("https://u:geheim@mail.example.org?from=q@e.org", "names no mail server"),
        ("smtp://u:geheim@mail.example.org", "names no sender"),
        ("smtp://u:geheim@mail.example.org:x?from=q@e.org", "cannot be read"),
        ("smtp://u:geheim@mail.example.org?from=q@e.org&starttls=no", "would send its password in the clear"),
    ],
)
def test_a_connection_that_cannot_be_used_is_one_line_without_its_secret(connection: str, what: str) -> None:
    with pytest.raises(CouldNotRun, match=what) as wrong:
        Mailbox.parse(connection, name="mail")
    assert "geheim" not in str(wrong.value)
    assert str(wrong.value).startswith("connection mail: ")


def test_a_missing_template_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match=r"the mail template cannot be used: 'mail\.html\.j2' not found"):
        letter(review(2), templates=tmp_path, holds=())
