"""/config/tenants/{id}/config: settings as they apply, their changes, their history."""

from hashlib import sha256
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

from config_mgmt.api import examples
from config_mgmt.api.answers import version_headers
from config_mgmt.api.shapes_settings import (
    ConfigChangeOutput,
    ConfigKey,
    DifferenceOutput,
    DiffOutput,
    Environment,
    RollbackInput,
    SettingChangeOutput,
    SettingInput,
    SettingOutput,
    VersionNumber,
    change_output,
    content_of,
    setting_change_output,
    setting_output,
    version_value,
)
from config_mgmt.api.tenant_paths import TENANT_ID, actor_of, addressed_tenant, principal_of
from config_mgmt.errors import VersionUnknown
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.settings import Authority, Precondition, SettingChange, change_setting, roll_back_setting
from config_mgmt.queries.differences import differences
from config_mgmt.queries.versions import DEFAULT_ENVIRONMENT, active_version, history, version_of
from config_mgmt.settings_catalogue import setting_of
from config_mgmt.settings_values import approval_rule, resolve
from events.answers import Answer
from events.api.answers import answered_once, json_answer
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH, PageOf, endpoint, operation
from payment_engine.api.etags import check_if_match, version_etag
from payment_engine.api.json import decode_body, json_response
from payment_engine.api.pagination import Keyset, newest_first, page_body, page_parameters
from payment_engine.api.query_parameters import QueryParameter, read_query
from payment_engine.api.response_headers import ETAG

TAG: Final = "Settings"
_PATH: Final = {"tenant_id": TENANT_ID}
_SETTING: Final = ConfigVersion.Kind.SETTING
_KEY: Final = QueryParameter(name="configKey", type=ConfigKey)
_ENVIRONMENT: Final = QueryParameter(name="environment", type=Environment, description="production if none is named")
_ANY_ENVIRONMENT: Final = QueryParameter(name="environment", type=Environment)
_BETWEEN: Final = (
    QueryParameter(name="configKey", type=ConfigKey, required=True),
    _ENVIRONMENT,
    QueryParameter(name="from", type=VersionNumber, required=True),
    QueryParameter(name="to", type=VersionNumber),
)
_BY_KEY: Final = Keyset(name="settings", columns=("key",), key_type=tuple[str], descending=False)
HISTORY: Final = newest_first("setting-history")


@operation(
    operation_id="listSettings",
    summary="List settings as they apply",
    tag=TAG,
    scopes=("config:read",),
    path=_PATH,
    query=(_KEY, _ENVIRONMENT),
    answers={200: PageOf(item=SettingOutput)},
    answer_examples={200: examples.SETTING},
    sends={200: (ETAG,)},
    errors=(422,),
)
def list_settings(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """By key: the tenant's own value, else what its profile says, else its tier's, else the default; `source` says which.

    With `configKey` the ETag is that of the key's version, without it that of the whole list; If-Match takes either.
    """
    asked = _asked(request, _KEY, _ENVIRONMENT, paged=True)
    environment, key = asked.get("environment", DEFAULT_ENVIRONMENT), asked.get("configKey")
    page = page_parameters(request, _BY_KEY)
    with addressed_tenant(request, tenant_id):
        if key is not None:
            setting_of(key, pointer="?configKey")
        rows = _settings(environment, key)
        etag = _list_etag(environment) if key is None else _key_etag(key, environment)
    shown = [row for row in rows if page.after is None or row.config_key > page.after[0]]
    body = page_body(page, shown[: page.limit + 1], key=lambda row: (row.config_key,), render=lambda row: row)
    return json_response(body, headers={"ETag": etag})


@operation(
    operation_id="saveSetting",
    summary="Set or change a setting",
    tag=TAG,
    scopes=("config:write",),
    path=_PATH,
    body=SettingInput,
    headers=(IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH),
    answers={200: SettingChangeOutput, 201: SettingChangeOutput, 202: SettingChangeOutput},
    example=examples.NEW_SETTING,
    answer_examples={201: examples.SETTING_CHANGE, 202: examples.WAITING_SETTING_CHANGE},
    sends={200: (ETAG,), 201: (ETAG,)},
    errors=(412,),
)
def post_setting(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """201 with the new version; 200 when the value was that already; 202 when it waits for approval or for its time."""
    body = decode_body(request, SettingInput)

    def save() -> Answer:
        change = change_setting(
            key=body.config_key,
            value=body.config_value,
            actor=actor_of(request),
            authority=authority_of(request, asks_approval=body.require_approval),
            environment=body.environment,
            reason=body.reason,
            activate_at=body.activate_at,
            precondition=_if_match(request, body.environment),
        )
        return _answer(change, body.config_key, body.environment)

    with addressed_tenant(request, tenant_id):
        return answered_once(request, body, save, headers=version_headers)


@operation(
    operation_id="rollBackSetting",
    summary="Bring an earlier value of a setting back",
    tag=TAG,
    scopes=("config:write",),
    path=_PATH,
    body=RollbackInput,
    headers=(IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH),
    answers={200: SettingChangeOutput, 201: SettingChangeOutput, 202: SettingChangeOutput},
    sends={200: (ETAG,), 201: (ETAG,)},
    errors=(412,),
)
def post_rollback(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """As a new version, of a value that was once in force. The answers are those of a change."""
    body = decode_body(request, RollbackInput)

    def bring_back() -> Answer:
        change = roll_back_setting(
            key=body.config_key,
            version=body.number,
            actor=actor_of(request),
            authority=authority_of(request, asks_approval=body.require_approval),
            environment=body.environment,
            reason=body.reason,
            precondition=_if_match(request, body.environment),
        )
        return _answer(change, body.config_key, body.environment)

    with addressed_tenant(request, tenant_id):
        return answered_once(request, body, bring_back, headers=version_headers)


@operation(
    operation_id="listSettingVersions",
    summary="List the changes of settings",
    tag=TAG,
    scopes=("config:read",),
    path=_PATH,
    query=(_KEY, _ANY_ENVIRONMENT),
    answers={200: PageOf(item=ConfigChangeOutput)},
    errors=(422,),
)
def list_history(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """Newest first: what it was, what it became, who, when, why, who approved, and what became of it."""
    asked = _asked(request, _KEY, _ANY_ENVIRONMENT, paged=True)
    with addressed_tenant(request, tenant_id):
        versions = history(_SETTING, asked.get("configKey"), asked.get("environment"))
        if "configKey" in asked and not versions.exists():
            setting_of(asked["configKey"], pointer="?configKey")
        page = page_parameters(request, HISTORY)
        return json_response(page_body(page, page.slice(versions), key=lambda row: (row.created_at, row.id), render=change_output))


@operation(
    operation_id="diffSetting",
    summary="Compare two versions of a setting",
    tag=TAG,
    scopes=("config:read",),
    path=_PATH,
    query=_BETWEEN,
    answers={200: DiffOutput},
)
def get_diff(request: HttpRequest, tenant_id: str) -> HttpResponse:
    """`from` and `to` are versions of `configKey`; without `to` it is compared with the value in force."""
    asked = _asked(request, *_BETWEEN)
    key, environment = asked["configKey"], asked.get("environment", DEFAULT_ENVIRONMENT)
    with addressed_tenant(request, tenant_id):
        before = version_of(_SETTING, key, environment, asked["from"])
        after = version_of(_SETTING, key, environment, asked["to"]) if "to" in asked else active_version(_SETTING, key, environment)
    if after is None:
        raise VersionUnknown(f"{key} has no version in force in {environment}")
    found = [DifferenceOutput(op=d.op, path=d.path, before=d.before, after=d.after) for d in differences(before.value, after.value)]
    return json_response(
        DiffOutput(
            config_key=key, environment=environment, from_version=version_value(before), to_version=version_value(after), differences=found
        )
    )


def authority_of(request: HttpRequest, *, asks_approval: bool = False) -> Authority:
    return Authority(is_platform=principal_of(request).is_platform, asks_approval=asks_approval)


def _answer(change: SettingChange, key: str, environment: str) -> Answer:
    waits = change.version is not None and change.version.status != ConfigVersion.Status.ACTIVE
    status = 202 if waits else 201 if change.is_new else 200
    return json_answer(setting_change_output(change, key=key, environment=environment), status)


def _settings(environment: str, key: str | None = None) -> list[SettingOutput]:
    needs_approval = approval_rule()
    rows = resolve(environment, None if key is None else [key])
    return [setting_output(row, environment, needs_approval=needs_approval(row.setting)) for row in rows]


def _key_etag(key: str, environment: str) -> str:
    active = active_version(_SETTING, key, environment)
    return version_etag(active.version if active else 0)


def _list_etag(environment: str) -> str:
    content = b"\n".join(content_of(row) for row in _settings(environment))
    return f'"{sha256(content).hexdigest()[:32]}"'


def _if_match(request: HttpRequest, environment: str) -> Precondition:
    """If-Match names what was read before: the version of the key, or the whole list."""

    def check(active: ConfigVersion | None) -> None:
        header = request.META.get("HTTP_IF_MATCH")
        current = version_etag(active.version if active else 0)
        if header is not None and current not in (tags := parse_etags(header)) and _list_etag(environment) in tags:
            return
        check_if_match(request, current)

    return check


def _asked(request: HttpRequest, *declared: QueryParameter, paged: bool = False) -> dict[str, Any]:
    return {criterion.column: criterion.value for criterion in read_query(request, *declared, paged=paged)}


settings = endpoint(GET=list_settings, POST=post_setting)
setting_history = endpoint(GET=list_history)
setting_rollback = endpoint(POST=post_rollback)
setting_diff = endpoint(GET=get_diff)
