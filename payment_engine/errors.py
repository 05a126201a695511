"""The errors a caller can meet: each has a stable `code`, an HTTP status and the facts that explain it.

Doors translate them once (API: RFC 9457 problem+json, admin: a message, commands: a line on stderr).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One offending member of the input. `pointer` is a JSON pointer (RFC 6901) into the body, or `?name` for a query parameter."""

    pointer: str
    code: str
    detail: str


class EngineError(Exception):
    """Base of everything a caller can be told. `context` holds ids for logs, never names, account numbers or payloads."""

    code: ClassVar[str] = "engine_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Engine error"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **context: object,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.context = context


class Malformed(EngineError):
    """The request can't be read as what the operation takes: the detail says where."""

    code, status, title = "malformed", 400, "Malformed request"


class NotFound(EngineError):
    """Nothing with this name or id is there for the caller; what belongs to another tenant is answered in the same words."""

    code, status, title = "not_found", 404, "Not found"


class Conflict(EngineError):
    """The request is sound, but what it speaks of is in another state, or somebody else changed it at the same moment."""

    code, status, title = "conflict", 409, "Conflict with the current state"


class ValidationFailed(EngineError):
    """The request can be read, but at least one value breaks a rule: `errors` points at each."""

    code, status, title = "validation_failed", 422, "Validation failed"


class DateOutOfRange(ValidationFailed):
    """Calendars reach so far and no further, and a statement's day is not one to come; the detail says how far."""

    code, title = "date_out_of_range", "Date out of range"


class Unavailable(EngineError):
    """The engine can't do it now but may in a moment; carries Retry-After."""

    code, status, title = "temporarily_unavailable", 503, "Temporarily unavailable"

    def __init__(self, detail: str, *, retry_after_seconds: int = 1, **context: object) -> None:
        super().__init__(detail, errors=(), headers={"Retry-After": str(retry_after_seconds)}, **context)
