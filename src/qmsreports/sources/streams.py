"""Files as streams of bytes, unpacked where that is declared, and their hash."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from qmsreports.catalog.source import LandedFeed
from qmsreports.sources.blocks import File
from qmsreports.sources.feed import Unreadable
from qmsreports.sources.places import reason

_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"


def checked_encoding(feed: LandedFeed) -> str:
    """Return the encoding that was declared; :class:`Unreadable` where it is none for texts."""
    try:
        known = codecs.lookup(feed.encoding)
        "".encode(known.name)  # hex, rot13 and the like are known, but not for texts
    except LookupError:
        raise Unreadable(
            f'"{feed.encoding}" is no encoding', "write utf-8, cp1252 or latin-1", place=("encoding",)
        ) from None
    return feed.encoding


def opened(fs: Any, feed: LandedFeed, file: File) -> Any:
    """Return the bytes of a file as a stream; :class:`Unreadable` where it is not packed as declared."""
    stream = reached(fs, file)
    packed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    if packed == (feed.compression == "gzip"):
        return gzip.GzipFile(fileobj=stream) if packed else stream
    stream.close()
    raise Unreadable(
        f"{file.shown} is {'' if packed else 'not '}packed with gzip",
        "write compression: gzip" if packed else "write compression: none",
        place=("compression",),
    )


def reached(fs: Any, file: File) -> io.BufferedReader:
    """Return the bytes of a file as they lie there; what breaks on the way is :class:`Lost`, whenever it does."""
    try:
        stream = fs.open(file.path, "rb")
    except Exception as error:  # SFTP, S3 and the rest refuse in words of their own
        raise Unreadable(
            f"the file cannot be opened ({reason(error)})", "check its permissions", where=file.shown
        ) from None
    return io.BufferedReader(_Watched(stream, file), _BYTES)


class Lost(Unreadable):
    """The way to a file broke while it was read; nothing is said of the file by that."""


class _Watched(io.RawIOBase):
    """A stream of a file system whose errors name the file: nobody takes them for their own."""

    def __init__(self, stream: Any, file: File) -> None:
        self._stream = stream
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except Exception as error:
            raise Lost(
                f"reading the file stopped ({reason(error)})",
                "check the connection and the server, then run again",
                where=self._file.shown,
            ) from None
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._stream.seek(offset, whence))  # a place before the start is the reader's mistake

    def tell(self) -> int:
        return int(self._stream.tell())

    def close(self) -> None:
        with suppress(Exception):
            self._stream.close()
        super().close()


def content_of(fs: Any, feed: LandedFeed, file: File) -> str:
    """Return the hash of the file's bytes, unpacked: packing the same again is no change."""
    hash_ = hashlib.blake2b(digest_size=8)
    with opened(fs, feed, file) as stream, whole(file):
        while part := stream.read(_BYTES):
            hash_.update(part)
    return hash_.hexdigest()


@contextmanager
def whole(file: File) -> Iterator[None]:
    """Turn what is wrong with a packed file into a line for people."""
    try:
        yield
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        what = "is cut short" if isinstance(error, EOFError) else "is damaged"
        raise Unreadable(f"the packed file {what}", "deliver it again", where=file.shown) from None
