"""Lean API views. What `@operation` declares is both what the published document says and what `endpoint` enforces:
the methods, the scopes, and that an operation without query parameters gets none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any, Final, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from payment_engine.api.errors import MethodNotAllowed
from payment_engine.api.principals import require_scopes
from payment_engine.api.query_parameters import QueryParameter, refuse_query
from payment_engine.api.response_headers import ResponseHeader
from payment_engine.api.scopes import PLATFORM_ADMIN, SCOPES

Handler = Callable[..., HttpResponseBase]
H = TypeVar("H", bound=Handler)
Schema = Mapping[str, Any]
METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
CONFIG_PREFIX: Final = "/api/v1/config/"
"""Below it a token of the platform may act for no tenant; everywhere else it names one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A body that is not JSON of one type: media type → JSON schema, or → a type that msgspec knows; and an example of each."""

    content: Mapping[str, Any]
    examples: Mapping[str, Any] = field(default_factory=dict)


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
IF_NONE_MATCH: Final = HeaderParameter(name="If-None-Match", description="The ETag of a copy; 304 if that is current still.")
X_TENANT_ID: Final = HeaderParameter(
    name="X-Tenant-ID",
    description="Slug (demo-bank) or number (TIDLT-100008) of a tenant. A platform:admin token acts for it; to any other token it "
    "is an assertion: 403 for another tenant than its own.",
    schema={"type": "string", "pattern": "^[!-~]{1,63}$"},
)
X_CORRELATION_ID: Final = HeaderParameter(
    name="X-Correlation-ID",
    description="The caller's own name for this request: 1 to 128 letters, digits and `. _ : -`. It comes back with the answer; "
    "any other text is replaced by a new id, not refused.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. `answers` maps a status to a type, a PageOf, a Media or None (no body).

    `sends` maps a status to header fields that nothing else declared here implies, such as an ETag. `example` is one of the
    body, `answer_examples` has some of answers (of a list: an item); what has a Media carries its own.
    """

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
    sends: Mapping[int, tuple[ResponseHeader, ...]] = field(default_factory=dict)
    example: Any = None
    answer_examples: Mapping[int, Any] = field(default_factory=dict)
    credentials: tuple[Mapping[str, tuple[str, ...]], ...] = ()
    """How its caller is known where it is not by a token: security requirements of OpenAPI, one of which is met."""
    own_errors: bool = False
    """Its errors are no problems (RFC 9457), but for those in `errors`: `answers` has them."""
    counted_together: bool = False
    """Its requests are counted against the rate limit by whoever acts for them, in one round trip: see config_mgmt.rate_limits.tickets."""

    @property
    def paged(self) -> bool:
        return any(isinstance(answer, PageOf) for answer in self.answers.values())

    @property
    def takes_tenant(self) -> bool:
        """Whether a token of the platform may say which tenant it acts for."""
        return bool(set(self.scopes) - {PLATFORM_ADMIN})


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
        text = declared.pop("description", cleandoc(handler.__doc__ or ""))
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


def serves(method: str) -> Callable[[H], H]:
    """Makes an operation the view of its path: no `endpoint`, because it answers other methods and errors in a way of its own."""

    def publish(view: H) -> H:
        _endpoints[view] = {method: _operations[view]}
        return view

    return publish


def other_method(request: HttpRequest, allow: str) -> HttpResponse:
    """The answer to a method that has no handler: OPTIONS is told which have one, others are refused."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers={"Allow": allow})
    raise MethodNotAllowed(f"{request.method} is not available here", headers={"Allow": allow})


def operations_of(view: object) -> Mapping[str, Operation]:
    """The operations of a view that `endpoint` made, by method; nothing for any other view."""
    return _endpoints.get(view, {}) if callable(view) else {}
