"""The original bytes of a message as an HTTP answer, for the API and the portal."""

from collections.abc import Mapping

from django.http import StreamingHttpResponse

from iso20022.models import Message
from iso20022.queries.documents import document_pieces


def document_response(message: Message, headers: Mapping[str, str] | None = None) -> StreamingHttpResponse:
    """Piece by piece, in the tenant of the request (its middleware carries the scope along)."""
    response = StreamingHttpResponse(document_pieces(message), content_type="application/xml", headers=headers)
    response.headers["Content-Length"] = str(message.size_bytes)
    return response
