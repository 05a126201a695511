"""Django REST framework's exceptions as ours."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Final

from rest_framework import exceptions as rest

from payment_engine.api.errors import (
    Forbidden,
    MalformedJson,
    MethodNotAllowed,
    NotAcceptable,
    NotAuthenticated,
    RateLimited,
    UnknownField,
    UnsupportedMediaType,
)
from payment_engine.errors import EngineError, FieldError, Malformed, NotFound, Unavailable, ValidationFailed

UNKNOWN_FIELD: Final = "unknown_field"


_BY_CLASS: Final[tuple[tuple[type[rest.APIException], type[EngineError]], ...]] = (
    (rest.ParseError, MalformedJson),
    (rest.NotAuthenticated, NotAuthenticated),
    (rest.AuthenticationFailed, NotAuthenticated),
    (rest.PermissionDenied, Forbidden),
    (rest.NotFound, NotFound),
    (rest.MethodNotAllowed, MethodNotAllowed),
    (rest.NotAcceptable, NotAcceptable),
    (rest.UnsupportedMediaType, UnsupportedMediaType),
    (rest.Throttled, RateLimited),
)


def translate_rest_error(error: rest.APIException) -> EngineError:
    if isinstance(error, rest.ValidationError):
        return _validation(tuple(_field_errors(error.detail)))
    for theirs, ours in _BY_CLASS:
        if isinstance(error, theirs):
            return ours(str(error.detail), headers=_headers(error))
    if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Malformed(str(error.detail))
    return Unavailable(str(error.detail))


def _headers(error: rest.APIException) -> dict[str, str]:
    wait = getattr(error, "wait", None)
    return {"Retry-After": str(max(1, ceil(wait)))} if wait is not None else {}


def _validation(errors: tuple[FieldError, ...]) -> EngineError:
    unknown = tuple(error for error in errors if error.code == UNKNOWN_FIELD)
    if unknown:
        return UnknownField(unknown[0].detail, errors=unknown)
    return ValidationFailed(errors[0].detail if errors else "the body is not valid", errors=errors)


def _field_errors(detail: object, pointer: str = "") -> Iterator[FieldError]:
    """Serializer errors nest like the body does; a list holds either messages or the errors of list items."""
    match detail:
        case Mapping():
            for name, nested in detail.items():
                yield from _field_errors(nested, pointer if name == "non_field_errors" else f"{pointer}/{escape(str(name))}")
        case rest.ErrorDetail():
            yield FieldError(pointer=pointer, code=detail.code or "invalid", detail=str(detail))
        case str():
            yield FieldError(pointer=pointer, code="invalid", detail=detail)
        case Sequence():
            for index, nested in enumerate(detail):
                yield from _field_errors(nested, f"{pointer}/{index}" if isinstance(nested, Mapping) else pointer)


def escape(name: str) -> str:
    """One token of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
