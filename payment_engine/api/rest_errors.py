"""Django REST framework's exceptions as ours."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil

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

UNKNOWN_FIELD = "unknown_field"


def translate_rest_error(error: rest.APIException) -> EngineError:
    detail = str(error.detail)
    match error:
        case rest.ValidationError():
            return _validation(tuple(_field_errors(error.detail)))
        case rest.ParseError():
            return MalformedJson(detail)
        case rest.NotAuthenticated() | rest.AuthenticationFailed():
            return NotAuthenticated(detail)
        case rest.PermissionDenied():
            return Forbidden(detail)
        case rest.NotFound():
            return NotFound(detail)
        case rest.MethodNotAllowed():
            return MethodNotAllowed(detail)
        case rest.NotAcceptable():
            return NotAcceptable(detail)
        case rest.UnsupportedMediaType():
            return UnsupportedMediaType(detail)
        case rest.Throttled():
            return RateLimited(detail, headers={"Retry-After": str(max(1, ceil(error.wait or 1)))})
        case _:
            return Malformed(detail) if error.status_code < 500 else Unavailable(detail)


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
            yield FieldError(pointer=pointer, code=detail.code, detail=str(detail))
        case str():
            yield FieldError(pointer=pointer, code="invalid", detail=detail)
        case Sequence():
            for index, nested in enumerate(detail):
                yield from _field_errors(nested, f"{pointer}/{index}" if isinstance(nested, Mapping) else pointer)


def escape(name: str) -> str:
    """One token of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
