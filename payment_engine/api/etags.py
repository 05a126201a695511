"""Entity tags and the conditions on them (RFC 9110 §8.8, §13.1)."""

from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

from payment_engine.api.errors import PreconditionRequired, StaleVersion


def version_etag(version: int) -> str:
    """The strong tag of a row that counts its changes."""
    return f'"v{version}"'


def content_etag(body: bytes) -> str:
    """A weak tag of an answer that has no version: same bytes, same tag."""
    return f'W/"{sha256(body).hexdigest()[:32]}"'


def check_if_match(request: HttpRequest, current: str, *, required: bool = False) -> None:
    """Refuse a change made from an outdated copy: 412, or 428 when the tag is required and absent.

    Call it after locking the row, else somebody may still come between. If-Match compares strongly, so weak tags never match.
    """
    header = request.META.get("HTTP_IF_MATCH")
    if header is None:
        if required:
            raise PreconditionRequired("send If-Match with the ETag you read", headers={"ETag": current})
        return
    tags = parse_etags(header)
    if tags != ["*"] and (current not in tags or current.startswith("W/")):
        raise StaleVersion("the resource was changed since you read it", headers={"ETag": current})


def not_modified(request: HttpRequest, current: str) -> HttpResponse | None:
    """The 304 for a caller whose copy is still current; If-None-Match compares weakly."""
    header = request.META.get("HTTP_IF_NONE_MATCH")
    if header is None:
        return None
    tags = [tag.removeprefix("W/") for tag in parse_etags(header)]
    if tags != ["*"] and current.removeprefix("W/") not in tags:
        return None
    return HttpResponse(status=304, headers={"ETag": current})
