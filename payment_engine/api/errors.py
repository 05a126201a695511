"""What can be wrong with a request before any business rule looks at it."""

from payment_engine.errors import EngineError, FieldError, Malformed, NotFound, ValidationFailed


class MalformedJson(Malformed):
    """The body is not one JSON document in UTF-8; `detail` says where reading stopped."""

    code, title = "malformed_json", "Malformed JSON"


class UnknownField(Malformed):
    """The body has a member this operation does not know; nothing is ignored silently. Its pointer is in `errors`."""

    code, title = "unknown_field", "Unknown field"


class UnknownParameter(Malformed):
    """The query has a parameter this operation does not know; its pointer is `?name`."""

    code, title = "unknown_parameter", "Unknown query parameter"


class ParameterInvalid(Malformed):
    """A query parameter is given twice or its value can't be read."""

    code, title = "parameter_invalid", "Query parameter invalid"


class CursorInvalid(Malformed):
    """The text is not a cursor at all."""

    code, title = "cursor_invalid", "Cursor invalid"


class CursorUnknown(NotFound):
    """This list gave out no such cursor; start again without one."""

    code, title = "cursor_unknown", "Cursor unknown"


class NotAuthenticated(EngineError):
    """There is no access token, or it is not valid (any more). Get one at POST /oauth2/token."""

    code, status, title = "not_authenticated", 401, "Not authenticated"


class ScopeMissing(EngineError):
    """The token is valid but has not the scope this operation needs; `WWW-Authenticate` names it."""

    code, status, title = "not_authorised", 403, "Not authorised"


class Forbidden(EngineError):
    """The caller is known and may not do this."""

    code, status, title = "forbidden", 403, "Forbidden"


class TenantMissing(EngineError):
    """The operation belongs to a tenant and none is bound to the request."""

    code, status, title = "tenant_required", 403, "A tenant is required"


class MethodNotAllowed(EngineError):
    """The resource exists but not with this method; `Allow` names those it has."""

    code, status, title = "method_not_allowed", 405, "Method not allowed"


class NotAcceptable(EngineError):
    """None of the media types in `Accept` can be produced."""

    code, status, title = "not_acceptable", 406, "Not acceptable"


class LengthRequired(EngineError):
    """The body must be announced with `Content-Length`."""

    code, status, title = "length_required", 411, "Length required"


class StaleVersion(EngineError):
    """`If-Match` names another version than the current one: somebody changed the resource; read it again."""

    code, status, title = "stale_version", 412, "Stale version"


class PayloadTooLarge(EngineError):
    """The body is larger than this operation reads."""

    code, status, title = "payload_too_large", 413, "Payload too large"


class UnsupportedMediaType(EngineError):
    """The body's `Content-Type` is not one this operation reads."""

    code, status, title = "unsupported_media_type", 415, "Unsupported media type"


class PreconditionRequired(EngineError):
    """This change needs `If-Match` with the entity tag that was read."""

    code, status, title = "precondition_required", 428, "Precondition required"


class RateLimited(EngineError):
    """Too many requests; `Retry-After` says when to come back."""

    code, status, title = "rate_limited", 429, "Too many requests"


class InternalError(EngineError):
    """A fault of ours. It was logged under the correlation id; nothing was half done."""

    code, status, title = "internal_error", 500, "Internal error"


def at(pointer: str, error: EngineError) -> EngineError:
    """The same error, saying which member of the input it is about."""
    return type(error)(
        error.detail, errors=(FieldError(pointer=pointer, code=error.code, detail=error.detail),), headers=error.headers, **error.context
    )


def field_failed(pointer: str, detail: str, *, code: str = "validation_failed") -> ValidationFailed:
    return ValidationFailed(detail, errors=(FieldError(pointer=pointer, code=code, detail=detail),))
