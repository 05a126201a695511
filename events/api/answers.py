"""How a door answers once per Idempotency-Key: again with the same bytes, whoever of the apps above asks for it."""

from collections.abc import Callable, Mapping

import msgspec
from django.http import HttpRequest, HttpResponse

from events.answers import Answer
from events.operations.idempotency import answer_once
from payment_engine.api.idempotency import fingerprint, optional_key
from payment_engine.api.json import encode
from payment_engine.api.problems import CONTENT_TYPE, problem_document
from payment_engine.errors import EngineError

_REFUSED = 400
Headers = Callable[[HttpRequest, Answer], Mapping[str, str]]
"""What an answer below 400 carries. Read from the answer itself, as a replay has nothing else."""


def answered_once(
    request: HttpRequest, meaning: object, act: Callable[[], Answer], *, headers: Headers | None = None, operation: str | None = None
) -> HttpResponse:
    """What `act` returns, or the refusal it raises; again the same to the same key and an equal `meaning` of the body.

    A request without a key is carried out each time. `operation` is what a key is good for: the method and the path, if
    not said otherwise; another text would refuse the keys that callers used before.
    """
    key, replayed = optional_key(request), False
    if key is None:
        answer = act()
    else:
        name = fingerprint(operation or f"{request.method} {request.path}", meaning)
        answer, replayed = answer_once(key=key, fingerprint=name, act=act, refuse=lambda error: refusal_answer(error, request))
    own_headers = headers(request, answer) if headers is not None and answer.status < _REFUSED else None
    return respond(answer, replayed=replayed, headers=own_headers)


def json_answer(output: object, status: int = 200) -> Answer:
    return Answer(status=status, body=encode(output).decode())


def refusal_answer(error: EngineError, request: HttpRequest) -> Answer:
    return json_answer(problem_document(error, request), error.status)


def respond(answer: Answer, *, replayed: bool, headers: Mapping[str, str] | None = None) -> HttpResponse:
    content_type = "application/json" if answer.status < _REFUSED else CONTENT_TYPE
    response = HttpResponse(answer.body.encode(), status=answer.status, content_type=content_type, headers=headers)
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def location(id_member: str) -> Headers:
    """Where the new thing is: the request's own path and the id in this member of the answer."""

    def headers(request: HttpRequest, answer: Answer) -> Mapping[str, str]:
        return {"Location": f"{request.path}/{msgspec.json.decode(answer.body)[id_member]}"}

    return headers
