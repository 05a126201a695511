"""Every API request of a tenant is counted against the policy its path is under, before it is acted on: see tickets.py.

Public paths and platform callers without a tenant are under no policy; callers without a valid token never get here.
"""

from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from config_mgmt.rate_limits.fields import limit_field, policy_field
from config_mgmt.rate_limits.policies import policies
from config_mgmt.rate_limits.tickets import Ticket, count, ticket_of
from payment_engine.api.endpoints import operations_of
from payment_engine.api.json import encode
from payment_engine.api.problems import CONTENT_TYPE, problem_boundary, problem_document
from tenants.middleware import ApiRequest, GetResponse
from tenants.registry import TenantRecord


class _RateLimitMiddleware:
    __slots__ = ("_get_response",)

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        tenant = getattr(request, "tenant", None)
        if tenant is None or cast("ApiRequest", request).principal is None:
            return self._get_response(request)
        return _limited(request, tenant, self._get_response)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], _args: object, _kwargs: object) -> HttpResponse | None:
        """Nothing is done for a request that was refused."""
        ticket = ticket_of(request)
        if ticket is None or (ticket.may_wait and _is_counted_together(request, view)):
            return None
        count([ticket])
        return _refusal(request, ticket)


def rate_limit_middleware(get_response: GetResponse) -> _RateLimitMiddleware:
    """Stands behind api_tenant_middleware, which says who calls and for which tenant."""
    return _RateLimitMiddleware(get_response)


@problem_boundary
def _limited(request: HttpRequest, tenant: TenantRecord, get_response: GetResponse) -> HttpResponseBase:
    ticket = Ticket(tenant, policies().policy_for(request.path_info))
    request.rate_limit_ticket = ticket  # type: ignore[attr-defined]  # see ticket_of
    response = get_response(request)
    count([ticket])  # nobody did where there is no view, or where the view refused the request by itself
    assert ticket.verdict is not None, "it was counted"  # noqa: S101
    response = _refusal(request, ticket) or response
    response.headers["RateLimit-Policy"] = policy_field(ticket.policy)
    response.headers["RateLimit"] = limit_field(ticket.policy, ticket.verdict)
    return response


def _is_counted_together(request: HttpRequest, view: Callable[..., Any]) -> bool:
    operation = operations_of(view).get(request.method or "")
    return operation is not None and operation.counted_together


def _refusal(request: HttpRequest, ticket: Ticket) -> HttpResponse | None:
    """429 with the draft's extension member; None for a request that was admitted."""
    if (error := ticket.refusal) is None:
        return None
    body = encode(problem_document(error, request) | {"violated-policies": [ticket.policy.name]})
    return HttpResponse(body, status=error.status, content_type=CONTENT_TYPE, headers=error.headers)
