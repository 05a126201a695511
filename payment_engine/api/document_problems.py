"""The problems in the document: one response for each status and set of header fields that an operation's problems have."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from payment_engine.api import response_headers
from payment_engine.api.catalogue import error_classes, problem_types
from payment_engine.api.document_headers import Traits
from payment_engine.api.errors import (
    InternalError,
    LengthRequired,
    MalformedJson,
    MethodNotAllowed,
    NotAcceptable,
    NotAuthenticated,
    PayloadTooLarge,
    PreconditionRequired,
    RateLimited,
    ScopeMissing,
    StaleVersion,
    UnsupportedMediaType,
    field_failed,
)
from payment_engine.api.json import JsonObject
from payment_engine.api.problems import CONTENT_TYPE, PROBLEMS_PATH
from payment_engine.api.response_headers import CORRELATION_ID, ResponseHeader
from payment_engine.errors import Conflict, EngineError, NotFound, Unavailable

_REF: Final = "#/components/schemas/{name}"
_ALWAYS: Final = (400, 401, 403, 404, 405, 429, 500, 503)
_WITH_CALLER: Final = frozenset({401, 403})
_WITH_BODY: Final = (409, 411, 413, 415, 422)
_FIELD_ERROR: Final[JsonObject] = {
    "type": "object",
    "required": ["pointer", "code", "detail"],
    "properties": {
        "pointer": {"type": "string", "description": "JSON pointer into the body, or ?name for a query parameter"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}
_PROBLEM: Final[JsonObject] = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "detail", "instance", "code", "correlationId", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "description": "stable; explained at /api/v1/problems/{code}"},
        "correlationId": {"type": ["string", "null"]},
        "errors": {"type": "array", "items": {"$ref": _REF.format(name="FieldError")}},
    },
}
SCHEMAS: Final[JsonObject] = {"Problem": _PROBLEM, "FieldError": _FIELD_ERROR}
_EXAMPLES: Final[tuple[EngineError, ...]] = (
    MalformedJson("JSON is malformed: expected ':' (byte 17)"),
    NotAuthenticated("a valid access token is needed"),
    ScopeMissing("the access token has not the scope payments:write"),
    NotFound("there is no such payment"),
    MethodNotAllowed("DELETE is not available here"),
    NotAcceptable("this is available as application/xml"),
    Conflict("something with these identifying values exists already"),
    LengthRequired("send the body with Content-Length instead of in chunks"),
    StaleVersion("the resource was changed since you read it"),
    PayloadTooLarge("the body is larger than 1048576 bytes"),
    UnsupportedMediaType("send the body as application/json"),
    field_failed("/amount", "EUR has 2 fraction digits"),
    PreconditionRequired("send If-Match with the ETag you read"),
    RateLimited("this tenant may send 1000 requests a minute to *, 1500 at once; come back in 2 seconds"),
    InternalError("something went wrong on our side; it was logged under the correlation id"),
    Unavailable("the database is not available at the moment"),
)


def _example_of(error: EngineError) -> JsonObject:
    return {
        "type": PROBLEMS_PATH + error.code,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": "/api/v1/transactions",
        "code": error.code,
        "correlationId": CORRELATION_ID.example,
        "errors": [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in error.errors],
    }


_EXAMPLE_OF_STATUS: Final = {error.status: _example_of(error) for error in _EXAMPLES}


def _example_of_status(status: int) -> JsonObject:
    """Of a status that only an app above the API knows: the first error that has it, in the words that explain it."""
    if status in _EXAMPLE_OF_STATUS:
        return _EXAMPLE_OF_STATUS[status]
    kind = next(kind for kind in error_classes() if kind.status == status)
    return _example_of(kind(problem_types()[kind.code].explanation))


class ProblemResponses:
    """Collects the `responses` that operations refer to; `components` has them when all operations were looked at."""

    def __init__(self) -> None:
        self.components: JsonObject = {}

    def add_to(self, path: str, document: JsonObject, *, declared: Iterable[int] = (), common: bool = True) -> None:
        """Those that this operation declares, and those that are common to all."""
        traits = Traits.of(path, document)
        expected = [*_ALWAYS, *(_WITH_BODY if "requestBody" in document else ())] if common else []
        if not traits.has_caller:
            expected = [status for status in expected if status not in _WITH_CALLER]
        problems = {str(status): self.reference(status, traits) for status in (*declared, *expected)}
        document["responses"] = dict(sorted((problems | document["responses"]).items()))

    def reference(self, status: int, traits: Traits) -> JsonObject:
        headers = traits.problem_headers(status)
        name = f"Problem{status}{_variant(headers)}"
        if name not in self.components:
            self.components[name] = _response(status, headers)
        return {"$ref": f"#/components/responses/{name}"}


def _variant(headers: tuple[ResponseHeader, ...]) -> str:
    """What tells it from the response of an operation that nobody has to call with a token, key or tag."""
    words = {
        response_headers.RATE_LIMIT: "OfTenant",
        response_headers.RATE_LIMIT_AT_TIMES: "OfCaller",
        response_headers.IDEMPOTENT_REPLAYED: "WithKey",
        response_headers.ETAG_AT_TIMES: "WithTag",
    }
    return "".join(word for header, word in words.items() if header in headers)


def _response(status: int, headers: tuple[ResponseHeader, ...]) -> JsonObject:
    content: JsonObject = {"schema": {"$ref": _REF.format(name="Problem")}, "example": _example_of_status(status)}
    return {
        "description": HTTPStatus(status).phrase,
        "headers": response_headers.references(headers),
        "content": {CONTENT_TYPE: content},
    }
