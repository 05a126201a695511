"""Reading the bytes of messages, piece by piece."""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from iso20022.models import Message, MessageDocument

IN_MEMORY_BYTES: Final = 8 * 1024**2


def spooled() -> BinaryIO:
    """A file that stays in memory while it is small."""
    return cast("BinaryIO", SpooledTemporaryFile(max_size=IN_MEMORY_BYTES))


def document_file(message: Message) -> BinaryIO:
    """The bytes of a message as a seekable file; close it."""
    file = spooled()
    for piece in document_pieces(message):
        file.write(piece)
    return file


def document_pieces(message: Message) -> Iterator[bytes]:
    """The bytes of a message, one query for each piece."""
    sequence = 0
    while True:
        content = MessageDocument.objects.filter(message=message, sequence=sequence).values_list("content", flat=True).first()
        if content is None:
            return
        yield bytes(content)
        sequence += 1
