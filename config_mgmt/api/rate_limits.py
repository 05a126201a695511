"""/config/tenants/{id}/rate-limits: how many requests a tenant may send, to which endpoints, and the history of that."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from msgspec import UNSET, Meta

from config_mgmt.api import examples
from config_mgmt.api.answers import version_headers
from config_mgmt.api.rate_limit_shapes import (
    ONE_OR_ALL,
    Endpoint,
    RateLimitInput,
    RateLimitOutput,
    RateLimitRollbackInput,
    RateLimitVersionOutput,
    policy_output,
    saved_output,
    version_output,
)
from config_mgmt.api.tenant_paths import TENANT_ID, actor_of, addressed_tenant
from config_mgmt.errors import EndpointUnclear
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.rate_limits import remove_rate_limit, roll_back_rate_limit, save_rate_limit
from config_mgmt.queries.versions import active_version, history
from config_mgmt.rate_limits.endpoints import check_endpoint
from config_mgmt.rate_limits.policies import policies_in_force
from events.answers import Answer
from events.api.answers import answered_once, json_answer
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH, Media, PageOf, endpoint, operation
from payment_engine.api.etags import check_if_match, content_etag, version_etag
from payment_engine.api.json import decode_body, encode, json_response
from payment_engine.api.pagination import newest_first, page_body, page_parameters
from payment_engine.api.query_parameters import QueryParameter, read_query
from payment_engine.api.response_headers import ETAG
from payment_engine.errors import FieldError

TAG: Final = "Rate limits"
_KIND: Final = ConfigVersion.Kind.RATE_LIMIT
_TENANT: Final = {"tenant_id": TENANT_ID}
_ENDPOINT: Final = QueryParameter(name="endpoint", type=Endpoint)
_REASON: Final = QueryParameter(name="reason", type=Annotated[str, Meta(max_length=500)])
_HISTORY: Final = newest_first("rate-limit-history")


@operation(
    operation_id="getRateLimits",
    summary="Read the rate limit of an endpoint, or all of them",
    tag=TAG,
    scopes=("config:read",),
    path=_TENANT,
    query=(_ENDPOINT,),
    answers={200: Media(content={"application/json": ONE_OR_ALL})},
    sends={200: (ETAG,)},
    errors=(422,),
)
def get_rate_limits(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """With `endpoint`: the limit that decides it, wherever it comes from. Without: all limits in force, by pattern, as `data`."""
    asked = _query_value(request, _ENDPOINT)
    if asked is not None:
        check_endpoint(asked)
    with addressed_tenant(request, tenant_id):
        policies = policies_in_force()
        if asked is None:
            body = encode({"data": [policy_output(policy) for policy in policies.all]})
            return HttpResponse(body, content_type="application/json", headers={"ETag": content_etag(body)})
        policy = policies.named(asked) or policies.policy_for(asked)
        return json_response(policy_output(policy, asked), headers={"ETag": version_etag(_active_number(asked))})


@operation(
    operation_id="saveRateLimit",
    summary="Set the rate limit of an endpoint",
    tag=TAG,
    scopes=("config:write",),
    path=_TENANT,
    query=(_ENDPOINT,),
    body=RateLimitInput,
    headers=(IF_MATCH,),
    answers={200: RateLimitOutput, 201: RateLimitOutput, 202: RateLimitOutput},
    example=examples.NEW_RATE_LIMIT,
    answer_examples={201: examples.RATE_LIMIT},
    sends={200: (ETAG,), 201: (ETAG,)},
    errors=(412,),
)
def put_rate_limit(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """201 for the tenant's first own limit of the endpoint, 200 in place of another, 202 when it takes effect later.

    Every process follows within two seconds, each bucket full. Equal to what is in force: nothing changes.
    """
    with addressed_tenant(request, tenant_id):
        body = decode_body(request, RateLimitInput)
        pattern = _endpoint(request, body)
        version, is_new = save_rate_limit(
            endpoint=pattern,
            value=body.value,
            actor=actor_of(request),
            reason=body.reason,
            activate_at=body.activate_at,
            expected_version=_expected_version(request, pattern),
        )
    if version.status != ConfigVersion.Status.ACTIVE:
        return json_response(saved_output(version), 202)
    return json_response(saved_output(version), 201 if is_new else 200, headers={"ETag": version_etag(version.version)})


@operation(
    operation_id="removeRateLimit",
    summary="Take an endpoint's own rate limit away",
    tag=TAG,
    scopes=("config:write",),
    path=_TENANT,
    query=(_ENDPOINT, _REASON),
    headers=(IF_MATCH,),
    answers={204: None},
    errors=(412, 422),
)
def delete_rate_limit(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """The limits of the tenant's tier apply from now on. The history stays, and a rollback brings the limit back."""
    with addressed_tenant(request, tenant_id):
        asked = _query_value(request, _ENDPOINT, _REASON)
        if asked is None:
            raise _endpoint_missing()
        remove_rate_limit(
            endpoint=asked,
            actor=actor_of(request),
            reason=request.GET.get("reason", ""),
            expected_version=_expected_version(request, asked),
        )
    return HttpResponse(status=204)


@operation(
    operation_id="listRateLimitVersions",
    summary="List the changes of rate limits",
    tag=TAG,
    scopes=("config:read",),
    path=_TENANT,
    query=(_ENDPOINT,),
    answers={200: PageOf(item=RateLimitVersionOutput)},
    errors=(422,),
)
def rate_limit_history(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """Of one endpoint, or of all: newest first, with the value before and after, who, when and why."""
    asked = _query_value(request, _ENDPOINT, paged=True)
    if asked is not None:
        check_endpoint(asked)
    with addressed_tenant(request, tenant_id):
        page = page_parameters(request, _HISTORY)
        return json_response(page_body(page, page.slice(history(_KIND, asked)), key=_position, render=version_output))


@operation(
    operation_id="rollBackRateLimit",
    summary="Bring an earlier version of a rate limit back",
    tag=TAG,
    scopes=("config:write",),
    path=_TENANT,
    body=RateLimitRollbackInput,
    headers=(IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH),
    answers={200: RateLimitVersionOutput},
    sends={200: (ETAG,)},
    errors=(412,),
)
def post_rollback(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """As a new version. Only a version that was once in force."""
    body = decode_body(request, RateLimitRollbackInput)

    def bring_back() -> Answer:
        made = roll_back_rate_limit(
            endpoint=body.endpoint,
            version=body.number,
            actor=actor_of(request),
            reason=body.reason,
            expected_version=_expected_version(request, body.endpoint),
        )
        return json_answer(version_output(history(_KIND, body.endpoint).get(id=made.id)))

    with addressed_tenant(request, tenant_id):
        return answered_once(request, body, bring_back, headers=version_headers)


def _query_value(request: HttpRequest, wanted: QueryParameter, *others: QueryParameter, paged: bool = False) -> str | None:
    """The value of one parameter, once all of them have been read."""
    criteria = read_query(request, wanted, *others, paged=paged)
    return next((criterion.value for criterion in criteria if criterion.column == wanted.name), None)


def _endpoint(request: HttpRequest, body: RateLimitInput) -> str:
    """From the query or the body; in both it must be the same."""
    asked = _query_value(request, _ENDPOINT)
    if body.endpoint is UNSET:
        if asked is None:
            raise _endpoint_missing()
        return check_endpoint(asked)
    if asked is not None and asked != body.endpoint:
        raise _unclear("/endpoint", "the endpoint in the body is another one than that in the query; send one of them")
    return check_endpoint(body.endpoint, pointer="/endpoint")


def _endpoint_missing() -> EndpointUnclear:
    return _unclear("?endpoint", "say which endpoint is meant, as in ?endpoint=/api/v1/transactions")


def _unclear(pointer: str, detail: str) -> EndpointUnclear:
    return EndpointUnclear(detail, errors=[FieldError(pointer=pointer, code=EndpointUnclear.code, detail=detail)])


def _active_number(pattern: str) -> int:
    active = active_version(_KIND, pattern)
    return 0 if active is None else active.version


def _expected_version(request: HttpRequest, pattern: str) -> int | None:
    """The version If-Match names, to be compared again under the lock; None without If-Match."""
    if "If-Match" not in request.headers:
        return None
    number = _active_number(pattern)
    check_if_match(request, version_etag(number))
    return number


def _position(version: ConfigVersion) -> tuple[datetime, UUID]:
    return version.created_at, version.id


rate_limits = endpoint(GET=get_rate_limits, PUT=put_rate_limit, DELETE=delete_rate_limit)
rate_limit_versions = endpoint(GET=rate_limit_history)
rate_limit_rollback = endpoint(POST=post_rollback)
