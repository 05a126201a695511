"""Keeping the bytes of messages, piece by piece."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final

from iso20022.models import Message, MessageDocument

PIECE_BYTES: Final = 1024**2
_WRITTEN_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    sha256: bytes
    size_bytes: int


def fingerprint_of(source: BinaryIO) -> Fingerprint:
    digest, size = hashlib.sha256(), 0
    for piece in pieces_of(source):
        digest.update(piece)
        size += len(piece)
    return Fingerprint(sha256=digest.digest(), size_bytes=size)


def pieces_of(source: BinaryIO) -> Iterator[bytes]:
    source.seek(0)
    while piece := source.read(PIECE_BYTES):
        yield piece


def keep_document(message: Message, source: BinaryIO) -> None:
    """Insert the bytes of a message; once and never changed."""
    rows = (MessageDocument(message=message, sequence=number, content=piece) for number, piece in enumerate(pieces_of(source)))
    while batch := list(islice(rows, _WRITTEN_AT_ONCE)):
        MessageDocument.objects.bulk_create(batch)
