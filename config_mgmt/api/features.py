"""/config/tenants/{id}/features: feature flags, who has them, their history."""

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from msgspec import Meta

from config_mgmt.api import examples
from config_mgmt.api.answers import version_headers
from config_mgmt.api.feature_shapes import (
    FeatureInput,
    FeatureOutput,
    FeatureRollbackInput,
    FeatureVersionOutput,
    KillInput,
    feature_output,
    feature_version_output,
    variant_output,
)
from config_mgmt.api.tenant_paths import TENANT_ID, actor_of, addressed_tenant
from config_mgmt.errors import FeatureUnknown
from config_mgmt.flags.documents import KEY_PATTERN
from config_mgmt.flags.evaluate import chosen_variant, is_active
from config_mgmt.flags.reading import stored_flag
from config_mgmt.flags.values import UNIT, Flag
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.features import kill_feature, remove_feature, roll_back_feature, save_feature
from config_mgmt.queries.features import feature, features_in_force
from config_mgmt.queries.versions import active_version, history
from events.answers import Answer
from events.api.answers import answered_once, json_answer
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH, PageOf, endpoint, operation
from payment_engine.api.errors import StaleVersion
from payment_engine.api.etags import check_if_match, version_etag
from payment_engine.api.json import decode_body, json_response
from payment_engine.api.pagination import newest_first, page_body, page_parameters
from payment_engine.api.query_parameters import QueryParameter, as_filters, read_query
from payment_engine.api.response_headers import ETAG, LOCATION

TAG: Final = "Feature flags"
_TENANT: Final = {"tenant_id": TENANT_ID}
_FEATURE: Final = {**_TENANT, "key": {"type": "string", "pattern": KEY_PATTERN}}
_FEATURES: Final = newest_first("features")
_HISTORY: Final = newest_first("feature-history")
_AttributeText = Annotated[str, Meta(min_length=1, max_length=200)]
_STANDARD: Final = (
    QueryParameter(name=UNIT, type=_AttributeText, description="Whom the feature rolls out by: a customer, an account, …"),
    *(
        QueryParameter(name=name, type=_AttributeText, description="An attribute for targeting")
        for name in ("customer", "account", "channel")
    ),
)
_REASON: Final = QueryParameter(name="reason", type=Annotated[str, Meta(max_length=500)])


@operation(
    operation_id="listFeatures",
    summary="List feature flags",
    tag=TAG,
    scopes=("config:read",),
    path=_TENANT,
    answers={200: PageOf(item=FeatureOutput)},
    answer_examples={200: examples.FEATURE},
)
def list_features(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """Those changed last first."""
    read_query(request, paged=True)
    with addressed_tenant(request, tenant_id):
        page = page_parameters(request, _FEATURES)
        return json_response(page_body(page, page.slice(features_in_force()), key=_position, render=feature_output))


@operation(
    operation_id="getFeature",
    summary="Read a feature flag, and whether a unit has it",
    tag=TAG,
    scopes=("config:read",),
    path=_FEATURE,
    query=_STANDARD,
    answers={200: FeatureOutput},
    answer_examples={200: examples.ASKED_FEATURE},
    sends={200: (ETAG,)},
)
def get_feature(request: HttpRequest, tenant_id: str, key: str) -> HttpResponse:
    """With `unit`, or any attribute that the flag's targeting asks for, the answer says `active` and `variant`."""
    with addressed_tenant(request, tenant_id):
        version = feature(key)
        output = feature_output(version)
        flag = stored_flag(key, version.value)
        asked = {name.removesuffix("__exact"): value for name, value in as_filters(read_query(request, *_parameters(flag))).items()}
    if asked:
        unit = asked.pop(UNIT, None)
        output = msgspec.structs.replace(
            output,
            active=is_active(flag, unit=unit, attributes=asked),
            variant=variant_output(chosen_variant(flag, unit=unit, attributes=asked)),
        )
    return json_response(output, headers={"ETag": version_etag(version.version)})


@operation(
    operation_id="saveFeature",
    summary="Make or change a feature flag",
    tag=TAG,
    scopes=("config:write",),
    path=_FEATURE,
    body=FeatureInput,
    headers=(IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH),
    answers={200: FeatureOutput, 201: FeatureOutput, 202: FeatureOutput},
    example=examples.NEW_FEATURE,
    answer_examples={201: examples.FEATURE},
    sends={200: (ETAG,), 201: (ETAG, LOCATION)},
    errors=(412,),
)
def post_feature(request: HttpRequest, tenant_id: str, key: str) -> HttpResponse:
    """201 for a new flag, 200 for one that was there, 202 when it takes effect later. Equal to what is in force: nothing changes."""
    body = decode_body(request, FeatureInput)

    def save() -> Answer:
        version, is_new = save_feature(
            key=key,
            document=body,
            actor=actor_of(request),
            reason=body.reason,
            activate_at=body.activate_at,
            expected_version=_expected_version(request, key),
        )
        return _answer(version, 201 if is_new else 200)

    with addressed_tenant(request, tenant_id):
        return answered_once(request, body, save, headers=_headers_of_saved)


@operation(
    operation_id="removeFeature",
    summary="Remove a feature flag",
    tag=TAG,
    scopes=("config:write",),
    path=_FEATURE,
    query=(_REASON,),
    headers=(IF_MATCH,),
    answers={204: None},
    errors=(412,),
)
def delete_feature(request: HttpRequest, tenant_id: str, key: str) -> HttpResponse:
    """Off from now on. Its history stays, and a rollback brings it back."""
    criteria = read_query(request, _REASON)
    with addressed_tenant(request, tenant_id):
        remove_feature(
            key=key,
            actor=actor_of(request),
            reason=criteria[0].value if criteria else "",
            expected_version=_expected_version(request, key),
        )
    return HttpResponse(status=204)


@operation(
    operation_id="killFeature",
    summary="Switch a feature off for everybody",
    tag=TAG,
    scopes=("config:write",),
    path=_FEATURE,
    body=KillInput,
    body_required=False,
    headers=(IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH),
    answers={200: FeatureOutput},
    sends={200: (ETAG,)},
    errors=(412,),
)
def kill(request: HttpRequest, tenant_id: str, key: str) -> HttpResponse:
    """Sets the kill switch and keeps everything else of the flag."""
    body = decode_body(request, KillInput) if request.body else KillInput()

    def switch_off() -> Answer:
        expected = _expected_version(request, key)
        return _answer(kill_feature(key=key, actor=actor_of(request), reason=body.reason, expected_version=expected))

    with addressed_tenant(request, tenant_id):
        return answered_once(request, body, switch_off, headers=version_headers)


@operation(
    operation_id="listFeatureVersions",
    summary="List the changes of a feature flag",
    tag=TAG,
    scopes=("config:read",),
    path=_FEATURE,
    answers={200: PageOf(item=FeatureVersionOutput)},
)
def feature_history(request: HttpRequest, tenant_id: str, key: str) -> HttpResponse:
    """Newest first: who, when, why; also of a flag that was removed."""
    read_query(request, paged=True)
    with addressed_tenant(request, tenant_id):
        versions = history(ConfigVersion.Kind.FEATURE, key)
        if not versions.exists():
            raise FeatureUnknown("this tenant never had such a feature flag")
        page = page_parameters(request, _HISTORY)
        return json_response(page_body(page, page.slice(versions), key=_position, render=feature_version_output))


@operation(
    operation_id="rollBackFeature",
    summary="Bring an earlier version of a feature flag back",
    tag=TAG,
    scopes=("config:write",),
    path=_FEATURE,
    body=FeatureRollbackInput,
    headers=(IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH),
    answers={200: FeatureVersionOutput},
    sends={200: (ETAG,)},
    errors=(412,),
)
def post_rollback(request: HttpRequest, tenant_id: str, key: str) -> HttpResponse:
    """As a new version. A version that was once in force only."""
    body = decode_body(request, FeatureRollbackInput)

    def bring_back() -> Answer:
        expected = _expected_version(request, key)
        version = roll_back_feature(key=key, version=body.number, actor=actor_of(request), reason=body.reason, expected_version=expected)
        return json_answer(feature_version_output(version))

    with addressed_tenant(request, tenant_id):
        return answered_once(request, body, bring_back, headers=version_headers)


def _parameters(flag: Flag) -> tuple[QueryParameter, ...]:
    """What can be asked of this flag: the usual attributes and those its rules name."""
    known = {parameter.name for parameter in _STANDARD}
    named = {constraint.attribute for rule in flag.rules for constraint in rule.constraints} - known
    return (*_STANDARD, *(QueryParameter(name=name, type=_AttributeText) for name in sorted(named)))


def _position(version: ConfigVersion) -> tuple[datetime, UUID]:
    return version.created_at, version.id


def _expected_version(request: HttpRequest, key: str) -> int | None:
    """The version If-Match names, to be compared again under the lock; None without If-Match."""
    if "If-Match" not in request.headers:
        return None
    active = active_version(ConfigVersion.Kind.FEATURE, key)
    if active is None:
        raise StaleVersion("there is no such feature flag to change")
    check_if_match(request, version_etag(active.version))
    return active.version


def _answer(version: ConfigVersion, status: int = 200) -> Answer:
    waits = version.status != ConfigVersion.Status.ACTIVE
    return json_answer(feature_output(version), 202 if waits else status)


def _headers_of_saved(request: HttpRequest, answer: Answer) -> Mapping[str, str]:
    headers = version_headers(request, answer)
    return {**headers, "Location": request.path} if answer.status == HTTPStatus.CREATED else headers


features = endpoint(GET=list_features)
feature_view = endpoint(GET=get_feature, POST=post_feature, DELETE=delete_feature)
feature_kill = endpoint(POST=kill)
feature_versions = endpoint(GET=feature_history)
feature_rollback = endpoint(POST=post_rollback)
