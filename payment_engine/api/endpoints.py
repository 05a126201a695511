"""Lean API views. What `@operation` declares is both what the published document says and what `endpoint` enforces:
the methods, the scopes, and that an operation without query parameters gets none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from payment_engine.api.errors import MethodNotAllowed
from payment_engine.api.principals import require_scopes
from payment_engine.api.query_parameters import QueryParameter, refuse_query
from payment_engine.api.scopes import SCOPES

Handler = Callable[..., HttpResponseBase]
H = TypeVar("H", bound=Handler)
Schema = Mapping[str, Any]
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A body that is not JSON of one type: media type → JSON schema, or → a type that msgspec knows."""

    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOf:
    """A list answer `{data, hasMore, nextCursor}` of items of one type."""

    item: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderParameter:
    name: str
    required: bool = False
    description: str = ""
    schema: Schema = field(default_factory=lambda: {"type": "string"})


IDEMPOTENCY_KEY_REQUIRED: Final = HeaderParameter(
    name="Idempotency-Key",
    required=True,
    description="Names this request for ever: sent again with an equal body it gives the first answer again.",
    schema={"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[!-~]{1,255}$"},
)
IDEMPOTENCY_KEY_OPTIONAL: Final = HeaderParameter(
    name=IDEMPOTENCY_KEY_REQUIRED.name, description=IDEMPOTENCY_KEY_REQUIRED.description, schema=IDEMPOTENCY_KEY_REQUIRED.schema
)
IF_MATCH: Final = HeaderParameter(name="If-Match", description="The ETag that was read; another current one is refused with 412.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. `answers` maps a status to a type, a PageOf, a Media or None (no body)."""

    operation_id: str
    summary: str
    tag: str
    scopes: tuple[str, ...]
    answers: Mapping[int, Any]
    description: str = ""
    body: Any = None
    body_required: bool = True
    path: Mapping[str, Schema] = field(default_factory=dict)
    query: tuple[QueryParameter, ...] = ()
    headers: tuple[HeaderParameter, ...] = ()
    errors: tuple[int, ...] = ()
    counted_together: bool = False
    """Its requests are counted against the rate limit by whoever acts for them, in one round trip: see config_mgmt.rate_limits.tickets."""

    @property
    def paged(self) -> bool:
        return any(isinstance(answer, PageOf) for answer in self.answers.values())


_operations: dict[Handler, Operation] = {}
_endpoints: dict[Callable[..., HttpResponseBase], dict[str, Operation]] = {}


def operation(
    *,
    operation_id: str,
    summary: str,
    tag: str,
    answers: Mapping[int, Any],
    scopes: tuple[str, ...] = (),
    public: bool = False,
    **declared: Any,  # noqa: ANN401 the further fields of Operation, typed there
) -> Callable[[H], H]:
    """Declare what the function below answers. Every operation names its scopes or says that it is public."""
    if bool(scopes) is public:
        raise ImproperlyConfigured(f"{operation_id} needs scopes, or public=True, not both")
    if not set(scopes) <= SCOPES.keys():
        raise ImproperlyConfigured(f"{operation_id} names a scope that does not exist")

    def declare(handler: H) -> H:
        text = declared.pop("description", (handler.__doc__ or "").strip())
        _operations[handler] = Operation(
            operation_id=operation_id, summary=summary, tag=tag, scopes=scopes, answers=answers, description=text, **declared
        )
        return handler

    return declare


def endpoint(**handlers: Handler) -> Callable[..., HttpResponseBase]:
    """The view of one path: `endpoint(GET=list_payments, POST=create_payment)`. HEAD goes with GET."""
    if not handlers.keys() <= METHODS:
        raise ImproperlyConfigured("handlers are given by their method in capitals")
    undeclared = [handler for handler in handlers.values() if handler not in _operations]
    if undeclared:
        raise ImproperlyConfigured(f"{undeclared} must be declared by @operation")
    operations = {method: _operations[handler] for method, handler in handlers.items()}
    table = {method: (handler, operations[method]) for method, handler in handlers.items()}
    if "GET" in table:
        table["HEAD"] = table["GET"]
    allow = ", ".join(sorted((*table, "OPTIONS")))

    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401 what the URL pattern captured
        entry = table.get(request.method or "")
        if entry is None:
            return other_method(request, allow)
        handler, declared = entry
        if declared.scopes:
            require_scopes(request, declared.scopes)
        if not declared.query and not declared.paged:
            refuse_query(request)
        return handler(request, *args, **kwargs)

    _endpoints[view] = operations
    return view


def other_method(request: HttpRequest, allow: str) -> HttpResponse:
    """The answer to a method that has no handler: OPTIONS is told which have one, others are refused."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": allow})
    raise MethodNotAllowed(f"{request.method} is not available here", headers={"Allow": allow})


def operations_of(view: object) -> Mapping[str, Operation]:
    """The operations of a view that `endpoint` made, by method; nothing for any other view."""
    return _endpoints.get(view, {}) if callable(view) else {}
