"""XML or JSON, as the caller asked."""

from collections.abc import Mapping
from typing import Final

from django.http import HttpRequest, HttpResponse

from payment_engine.api.errors import NotAcceptable

_XML: Final = ("application/xml", "text/xml")
_JSON: Final = "application/json"


def answers_in_xml(request: HttpRequest, *, by_default: bool = False) -> bool:
    """True if XML is what `Accept` prefers, or leaves open and the operation's own default. 406 if neither will do."""
    preferred = request.get_preferred_type([*_XML, _JSON] if by_default else [_JSON, *_XML])
    if preferred is None:
        raise NotAcceptable("this is available as application/json and as application/xml")
    return preferred in _XML


def require_xml(request: HttpRequest) -> None:
    """406 for a caller that takes no XML."""
    if request.get_preferred_type(list(_XML)) is None:
        raise NotAcceptable("this is available as application/xml")


def xml_response(document: bytes, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(document, content_type="application/xml", headers=headers)
