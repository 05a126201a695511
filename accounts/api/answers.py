"""How a POST of this app answers: once per Idempotency-Key, if the caller sends one."""

from collections.abc import Callable

import msgspec
from django.http import HttpRequest, HttpResponse

from events.answers import Answer
from events.operations.idempotency import answer_once
from payment_engine.api.idempotency import fingerprint, optional_key
from payment_engine.api.json import Input, Output, encode
from payment_engine.api.problems import CONTENT_TYPE, problem_document
from payment_engine.errors import EngineError

_CREATED = 201


def answer_created(request: HttpRequest, body: Input, create: Callable[[], Output], *, id_member: str) -> HttpResponse:
    """201 with what `create` returns and its Location: the request's own path and the id in `id_member` of the answer."""

    def act() -> Answer:
        return Answer(status=_CREATED, body=encode(create()).decode())

    def refuse(error: EngineError) -> Answer:
        return Answer(status=error.status, body=encode(problem_document(error, request)).decode())

    key = optional_key(request)
    if key is None:
        return _respond(request, act(), id_member)
    answer, replayed = answer_once(key=key, fingerprint=fingerprint(f"POST {request.path}", body), act=act, refuse=refuse)
    response = _respond(request, answer, id_member)
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _respond(request: HttpRequest, answer: Answer, id_member: str) -> HttpResponse:
    if answer.status != _CREATED:
        return HttpResponse(answer.body, status=answer.status, content_type=CONTENT_TYPE)
    location = f"{request.path}/{msgspec.json.decode(answer.body)[id_member]}"
    return HttpResponse(answer.body, status=_CREATED, content_type="application/json", headers={"Location": location})
