"""How a POST about configuration answers: once per Idempotency-Key, if the caller sends one."""

from collections.abc import Callable

import msgspec
from django.http import HttpRequest, HttpResponse

from events.answers import Answer
from events.operations.idempotency import answer_once
from payment_engine.api.etags import version_etag
from payment_engine.api.idempotency import fingerprint, optional_key
from payment_engine.api.json import Output, encode
from payment_engine.api.problems import CONTENT_TYPE, problem_document
from payment_engine.errors import EngineError

_ACCEPTED, _REFUSED = 202, 400
Act = Callable[[], tuple[int, Output]]


def answered_once(request: HttpRequest, body: object, act: Act) -> HttpResponse:
    """The status and body that `act` returns, or the refusal it raises; again the same to the same key and an equal body."""

    def carry_out() -> Answer:
        status, output = act()
        return Answer(status=status, body=encode(output).decode())

    def refuse(error: EngineError) -> Answer:
        return Answer(status=error.status, body=encode(problem_document(error, request)).decode())

    key = optional_key(request)
    if key is None:
        return _respond(carry_out())
    name = fingerprint(f"{request.method} {request.path}", body)
    answer, replayed = answer_once(key=key, fingerprint=name, act=carry_out, refuse=refuse)
    response = _respond(answer)
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _respond(answer: Answer) -> HttpResponse:
    if answer.status >= _REFUSED:
        return HttpResponse(answer.body, status=answer.status, content_type=CONTENT_TYPE)
    response = HttpResponse(answer.body, status=answer.status, content_type="application/json")
    version = msgspec.json.decode(answer.body).get("version")
    if version is not None and answer.status != _ACCEPTED:  # what waits is not what If-Match will be compared with
        response.headers["ETag"] = version_etag(version)
    return response
