"""Where an approved pack goes: a folder, mail addresses, an object store. Addresses stand here, secrets never."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from qmsreports.catalog.model import Model, Name, Text

_ADDRESS = re.compile(r"[^@\s<>,;\"\x00-\x1f]+@[^@\s<>,;\"\x00-\x1f]+")


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError(f'"{value[:60]}" is no mail address; write one address, without a name')
    return value


Address = Annotated[str, AfterValidator(_address)]


class Mail(Model):
    """Page one as the message, the PDF beside it, one message to each recipient.

    ``connection`` names where the server and the sender stand: ``QMSREPORTS_CONNECTION_<NAME>``.
    """

    to: tuple[Address, ...] = Field(min_length=1)
    connection: Name = "mail"


class Store(Model):
    """All files under a prefix of an object store: ``s3://bucket/prefix``.

    ``connection`` names where the credentials stand; without it those of the machine count.
    """

    url: Text
    connection: str = Field(default="", pattern=r"^([a-z][a-z0-9_]{0,62})?$")

    @model_validator(mode="after")
    def _is_url(self) -> Store:
        if "://" not in self.url or "@" in self.url:
            raise ValueError("url is written as s3://bucket/prefix, without credentials; those belong to a connection")
        return self


class Delivery(Model):
    """Where an approved pack goes; at least one of the three."""

    folder: str = ""
    email: Mail | None = None
    store: Store | None = None

    @model_validator(mode="after")
    def _somewhere(self) -> Delivery:
        if not self.folder and self.email is None and self.store is None:
            raise ValueError("deliver names no recipient; write folder, email or store")
        return self
