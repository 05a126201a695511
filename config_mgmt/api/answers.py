"""The headers of an answer about configuration."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from django.http import HttpRequest

from events.answers import Answer
from payment_engine.api.etags import version_etag


def version_headers(_request: HttpRequest, answer: Answer) -> Mapping[str, str]:
    """The tag of its `version`; none of one that waits, which is not what If-Match will be compared with."""
    if answer.status == HTTPStatus.ACCEPTED:
        return {}
    return {"ETag": version_etag(msgspec.json.decode(answer.body)["version"])}
