"""Reading a message's body: in pieces, into a file that leaves memory when it grows, never above the limit."""

from typing import BinaryIO, Final

from django.conf import settings
from django.http import HttpRequest, UnreadablePostError

from iso20022.queries.documents import spooled
from payment_engine.api.errors import LengthRequired, PayloadTooLarge, UnsupportedMediaType
from payment_engine.api.json import require_plain
from payment_engine.errors import Malformed

XML_TYPES: Final = ("application/xml", "text/xml")
_PIECE_BYTES: Final = 64 * 1024
_LENGTH_DIGITS: Final = 18
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})


def xml_body(request: HttpRequest) -> BinaryIO:
    """The body as a seekable file; close it. 411, 413 or 415 before a byte is read where the headers already say so."""
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if request.content_type not in XML_TYPES or charset not in _CHARSETS:
        raise UnsupportedMediaType("the body must be application/xml in UTF-8", headers={"Accept": ", ".join(XML_TYPES)})
    require_plain(request)
    limit = settings.MESSAGE_LIMIT_BYTES
    if _announced(request) > limit:
        raise PayloadTooLarge(f"the message is larger than {limit} bytes")
    file = spooled()
    try:
        _copy(request, file, limit)
    except BaseException:
        file.close()
        raise
    return file


def _copy(request: HttpRequest, file: BinaryIO, limit: int) -> None:
    try:
        while piece := request.read(_PIECE_BYTES):
            file.write(piece)
            if file.tell() > limit:
                raise PayloadTooLarge(f"the message is larger than {limit} bytes")
    except UnreadablePostError:
        raise Malformed("the body could not be read to its end") from None


def _announced(request: HttpRequest) -> int:
    announced = request.META.get("CONTENT_LENGTH") or ""
    if not announced and "HTTP_TRANSFER_ENCODING" in request.META:
        raise LengthRequired("send the body with Content-Length instead of in chunks")
    if announced and not (announced.isascii() and announced.isdigit() and len(announced) <= _LENGTH_DIGITS):
        raise Malformed("Content-Length is not a number")
    return int(announced or 0)
