"""The problem types, for people who met one: their codes, statuses and explanations, made from the error classes themselves."""

import inspect
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse

from payment_engine.api.endpoints import endpoint, operation
from payment_engine.api.json import Output, json_response
from payment_engine.api.problems import PROBLEMS_PATH
from payment_engine.errors import EngineError, NotFound


class ProblemType(Output, frozen=True, kw_only=True):
    type: str
    code: str
    status: int
    title: str
    explanation: str


class ProblemTypes(Output, frozen=True, kw_only=True):
    data: list[ProblemType]


def error_classes(base: type[EngineError] = EngineError) -> Iterator[type[EngineError]]:
    """All errors that exist, general before special, first defined first."""
    for kind in base.__subclasses__():
        yield kind
        yield from error_classes(kind)


def problem_types() -> dict[str, ProblemType]:
    """By code. A code that several classes share is explained by the first of them that has words of its own."""
    found: dict[str, ProblemType] = {}
    for kind in error_classes():
        explanation = inspect.cleandoc(kind.__dict__.get("__doc__") or "")
        if kind.code not in found or (explanation and not found[kind.code].explanation):
            found[kind.code] = ProblemType(
                type=PROBLEMS_PATH + kind.code, code=kind.code, status=kind.status, title=kind.title, explanation=explanation
            )
    return dict(sorted(found.items()))


@operation(operation_id="listProblemTypes", summary="All problem types", tag="problems", public=True, answers={200: ProblemTypes})
def list_problem_types(request: HttpRequest) -> HttpResponse:
    return json_response(ProblemTypes(data=list(problem_types().values())))


@operation(
    operation_id="getProblemType",
    summary="One problem type",
    tag="problems",
    public=True,
    path={"code": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": 64}},
    answers={200: ProblemType},
)
def get_problem_type(request: HttpRequest, code: str) -> HttpResponse:
    if (found := problem_types().get(code)) is None:
        raise NotFound("there is no problem type with this code")
    return json_response(found)


problem_types_view = endpoint(GET=list_problem_types)
problem_type_view = endpoint(GET=get_problem_type)
