"""Every API request of a tenant is counted against the policy its path is under, before anything else is done for it.

Public paths and platform callers without a tenant are under no policy; callers without a valid token never get here.
"""

from typing import Final, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from config_mgmt.rate_limits.endpoints import Policy
from config_mgmt.rate_limits.fields import limit_field, policy_field
from config_mgmt.rate_limits.gcra import Verdict
from config_mgmt.rate_limits.limiter import limiter
from config_mgmt.rate_limits.policies import policies
from config_mgmt.rate_limits.shared import Heard
from payment_engine.api.errors import RateLimited
from payment_engine.api.json import encode
from payment_engine.api.problems import CONTENT_TYPE, problem_boundary, problem_document
from tenants import registry
from tenants.middleware import ApiRequest, GetResponse
from tenants.registry import TenantRecord

_heard: Final[dict[str, Heard]] = {}


def rate_limit_middleware(get_response: GetResponse) -> GetResponse:
    """Stands behind api_tenant_middleware, which says who calls and for which tenant."""

    @problem_boundary
    def middleware(request: HttpRequest) -> HttpResponseBase:
        tenant = getattr(request, "tenant", None)
        if tenant is None or cast("ApiRequest", request).principal is None:
            return get_response(request)
        policy = policies().policy_for(request.path_info)
        verdict, heard = limiter().spend(policy)
        _listen(tenant, heard)
        response = get_response(request) if verdict.admitted else _refusal(request, policy, verdict)
        response.headers["RateLimit-Policy"] = policy_field(policy)
        response.headers["RateLimit"] = limit_field(policy, verdict)
        return response

    return middleware


def _refusal(request: HttpRequest, policy: Policy, verdict: Verdict) -> HttpResponse:
    """429 with the draft's extension member; `Retry-After` in whole seconds, after which a request is admitted."""
    seconds = verdict.wait_seconds
    error = RateLimited(
        f"this tenant may send {policy.limit.per_minute} requests a minute to {policy.endpoint}, {policy.limit.burst} at once; "
        f"come back in {seconds} second{'s' if seconds > 1 else ''}"
    )
    body = encode(problem_document(error, request) | {"violated-policies": [policy.name]})
    return HttpResponse(body, status=error.status, content_type=CONTENT_TYPE, headers={"Retry-After": str(seconds)})


def _listen(tenant: TenantRecord, heard: Heard) -> None:
    """What this process did not know yet makes it read the registry anew; once, in case the bell says more than the registry."""
    if heard.revision is None or heard == _heard.get(tenant.slug):
        return
    _heard[tenant.slug] = heard
    if heard.revision > tenant.config_revision or heard.status not in {None, tenant.status}:
        registry.forget()
