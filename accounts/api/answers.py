"""How a POST of this app answers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from payment_engine.api.idempotency import optional_key
from payment_engine.api.json import Output, json_response


def answer_created(request: HttpRequest, create: Callable[[], tuple[str, Output]]) -> HttpResponse:
    """201 with the Location and the body that `create` returns. The one place where this app meets an Idempotency-Key."""
    optional_key(request)
    location, body = create()
    return json_response(body, 201, {"Location": location})
