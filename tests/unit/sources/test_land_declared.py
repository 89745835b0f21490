"""How files are packed and written is declared; what does not fit is told, and a mended declaration reads anew."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from small_source import World, make_source

FEED = {"table": "answers", "files": "answers.csv*", "key": ["id"], "needs": ["said"]}
TEXT = "id,said\n1,d\u00e9j\u00e0\n2,NA\n"


def world(folder: Path, content: bytes, **declared: Any) -> World:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / "answers.csv.gz").write_bytes(content)
    return World(folder, make_source({**FEED, **declared}, kind="files"), str(folder / "in"))


def said(world: World) -> list[str]:
    return [row["said"] for row in world.rows("answers")]


def test_a_packed_file_is_read_where_that_is_declared(tmp_path: Path) -> None:
    packed = world(tmp_path, gzip.compress(TEXT.encode()), compression="gzip")
    assert packed.landed() == {"answers": 2}
    assert said(packed) == ["d\u00e9j\u00e0", "NA"]


def test_packing_the_same_again_is_no_change(tmp_path: Path) -> None:
    packed = world(tmp_path, gzip.compress(TEXT.encode(), mtime=1), compression="gzip")
    packed.land()
    again = world(tmp_path, gzip.compress(TEXT.encode(), compresslevel=1, mtime=2), compression="gzip")
    assert again.landed() == {}


PACKED = gzip.compress(TEXT.encode(), mtime=0)  # gzip writes the second of packing into its head


@pytest.mark.parametrize(
    ("content", "declared", "told"),
    [
        (
            PACKED,
            {},
            "source shop, table answers: in/answers.csv.gz is packed with gzip (never landed so far); "
            "write compression: gzip",
        ),
        (
            TEXT.encode(),
            {"compression": "gzip"},
            "source shop, table answers: in/answers.csv.gz is not packed with gzip (never landed so far); "
            "write compression: none",
        ),
        (
            PACKED[:-9],
            {"compression": "gzip"},
            "in/answers.csv.gz: source shop, table answers: the packed file is cut short (never landed so far); "
            "deliver it again",
        ),
        (
            PACKED[:-8] + bytes(8),
            {"compression": "gzip"},
            "in/answers.csv.gz: source shop, table answers: the packed file is damaged (never landed so far); "
            "deliver it again",
        ),
    ],
    ids=["not declared", "declared in vain", "cut short", "damaged"],
)
def test_what_is_not_packed_as_declared_is_told(
    tmp_path: Path, content: bytes, declared: dict[str, str], told: str
) -> None:
    assert world(tmp_path, content, **declared).one_failure() == told


def test_a_mended_encoding_reads_the_files_again(tmp_path: Path) -> None:
    wrong = world(tmp_path, TEXT.encode("cp850"), encoding="latin-1")
    wrong.land()
    assert said(wrong) == ["d\x82j\x85", "NA"]
    assert wrong.landed() == {}
    mended = world(tmp_path, TEXT.encode("cp850"), encoding="cp850")
    assert mended.landed() == {"answers": 2}
    assert said(mended)[2:] == ["d\u00e9j\u00e0", "NA"]
    assert mended.landed() == {}


def test_texts_that_mean_nothing_land_as_received(tmp_path: Path) -> None:
    plain = world(tmp_path, TEXT.encode(), nulls=["NA"])
    plain.land()
    assert said(plain) == ["d\u00e9j\u00e0", "NA"]


def test_a_column_whose_dates_are_declared_must_be_there(tmp_path: Path) -> None:
    lacking = world(tmp_path, TEXT.encode(), dates={"sent": "%d.%m.%Y"})
    assert lacking.one_failure() == (
        'in/answers.csv.gz:1: source shop, table answers: there is no date column "sent"; known: id, said '
        "(never landed so far); mend it at the source, or change source.yaml and the mappings"
    )


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("%d.%m.", 'form "%d.%m." of sent says no year; write for example "%d/%m/%Y %H:%M"'),
        ("%Y-%m", 'form "%Y-%m" of sent says no day; write for example "%d/%m/%Y %H:%M"'),
        ("DD.MM.YYYY", 'form "DD.MM.YYYY" of sent says no year; write for example "%d/%m/%Y %H:%M"'),
        ("%d.%m.%Y %Q", 'form "%d.%m.%Y %Q" of sent has %Q; write for example "%d/%m/%Y %H:%M"'),
    ],
)
def test_a_form_says_the_whole_day(form: str, told: str) -> None:
    with pytest.raises(ValidationError, match="sent") as caught:
        make_source({**FEED, "dates": {"sent": form}})
    assert told in str(caught.value)
