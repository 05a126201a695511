"""/config/tiers/{tier}/defaults: what the platform gives every tenant of a tier, and its history."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from django.http import HttpRequest, HttpResponse

from config_mgmt.api.shapes_settings import content_of
from config_mgmt.api.tenant_paths import actor_of
from config_mgmt.api.tier_shapes import (
    TierChangeOutput,
    TierDefaultsInput,
    TierDefaultsOutput,
    TierRollbackInput,
    tier_change_output,
    tier_defaults_output,
)
from config_mgmt.errors import ImportRefused
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.tiers import DefaultValue, Precondition, replace_tier_defaults
from config_mgmt.operations.transfer import Item, checked_value, pointed
from config_mgmt.queries.tiers import TierDefaults, tier_defaults, tier_history, tier_version
from events.answers import Answer
from events.api.answers import answered_once, json_answer
from payment_engine.api.endpoints import IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH, PageOf, endpoint, operation
from payment_engine.api.etags import check_if_match
from payment_engine.api.json import decode_body, json_response
from payment_engine.api.pagination import Keyset, page_body, page_parameters
from payment_engine.api.query_parameters import read_query
from payment_engine.api.response_headers import ETAG, ETAG_AT_TIMES
from payment_engine.errors import EngineError, FieldError, NotFound, ValidationFailed
from tenants.models import Tenant

TAG: Final = "Tiers"
_PATH: Final = {"tier": {"type": "string", "enum": list(Tenant.Tier.values)}}
_HISTORY: Final = Keyset(name="tier-history", columns=("tier", "version"), key_type=tuple[str, int])


@operation(
    operation_id="getTierDefaults",
    summary="Read the defaults of a tier",
    tag=TAG,
    scopes=("platform:admin",),
    path=_PATH,
    answers={200: TierDefaultsOutput},
    sends={200: (ETAG,)},
)
def get_defaults(_request: HttpRequest, tier: str) -> HttpResponse:
    """Settings, feature flags and rate limits that apply to tenants of the tier with no value of their own."""
    _check_tier(tier)
    return _answer(tier_defaults(tier))


@operation(
    operation_id="replaceTierDefaults",
    summary="Replace the defaults of a tier",
    tag=TAG,
    scopes=("platform:admin",),
    path=_PATH,
    body=TierDefaultsInput,
    headers=(IF_MATCH,),
    answers={200: TierDefaultsOutput},
    sends={200: (ETAG,)},
    errors=(412,),
)
def put_defaults(request: HttpRequest, tier: str) -> HttpResponse:
    """All of them: those left out are taken away. Every tenant of the tier has them within two seconds."""
    _check_tier(tier)
    body = decode_body(request, TierDefaultsInput)
    defaults, errors = _checked((default.kind, default.key, default.value) for default in body.defaults)
    if errors:
        raise ImportRefused("nothing was changed: not every default is right", errors=errors)
    now = replace_tier_defaults(tier=tier, defaults=defaults, actor=actor_of(request), reason=body.reason, precondition=_if_match(request))
    return _answer(now)


@operation(
    operation_id="rollBackTierDefaults",
    summary="Bring earlier defaults of a tier back",
    tag=TAG,
    scopes=("platform:admin",),
    path=_PATH,
    body=TierRollbackInput,
    headers=(IDEMPOTENCY_KEY_OPTIONAL, IF_MATCH),
    answers={200: TierDefaultsOutput},
    sends={200: (ETAG_AT_TIMES,)},
    errors=(412,),
)
def post_rollback(request: HttpRequest, tier: str) -> HttpResponse:
    """All that were in force from that version on, as a new version. Asked again, nothing changes."""
    _check_tier(tier)
    body = decode_body(request, TierRollbackInput)
    tag: dict[str, str] = {}  # of what is in force now: an answer that is given again has none

    def bring_back() -> Answer:
        now = _rolled_back(request, tier, body)
        tag["ETag"] = _etag(now)
        return json_answer(tier_defaults_output(now))

    return answered_once(request, body, bring_back, headers=lambda *_: tag)


def _rolled_back(request: HttpRequest, tier: str, body: TierRollbackInput) -> TierDefaults:
    earlier = tier_version(tier, body.number)
    defaults, errors = _checked((default["kind"], default["key"], default["value"]) for default in earlier.defaults)
    if errors:
        detail = f"version {earlier.version} can't be brought back: {errors[0].detail}"
        raise ValidationFailed(detail, errors=[FieldError(pointer="/version", code=error.code, detail=error.detail) for error in errors])
    return replace_tier_defaults(
        tier=tier,
        defaults=defaults,
        actor=actor_of(request),
        reason=body.reason,
        rollback_of=earlier.version,
        precondition=_if_match(request),
    )


@operation(
    operation_id="listTierChanges",
    summary="History of the defaults of a tier",
    tag=TAG,
    scopes=("platform:admin",),
    path=_PATH,
    answers={200: PageOf(item=TierChangeOutput)},
)
def list_history(request: HttpRequest, tier: str) -> HttpResponse:
    """Newest first: what was added, changed and removed, by whom, when and why."""
    _check_tier(tier)
    read_query(request, paged=True)
    page = page_parameters(request, _HISTORY)
    return json_response(
        page_body(page, page.slice(tier_history(tier)), key=lambda row: (row.tier, row.version), render=tier_change_output)
    )


def _check_tier(tier: str) -> None:
    if tier not in Tenant.Tier.values:
        raise NotFound(f"there is no such tier; they are {', '.join(Tenant.Tier.values)}")


def _checked(defaults: Iterable[tuple[str, str, object]]) -> tuple[list[DefaultValue], list[FieldError]]:
    """As they are stored, and what is wrong with any of them."""
    errors: list[FieldError] = []
    checked: dict[tuple[str, str], DefaultValue] = {}
    for index, (kind, key, given) in enumerate(defaults):
        item = Item(kind=ConfigVersion.Kind(kind), key=key, value=given)
        try:
            if (kind, key) in checked:
                raise ValidationFailed("each key has one default", errors=[_repeated()])
            value = checked_value(item.kind, item.key, item.value)
        except EngineError as error:
            errors.extend(pointed(index, item, error, member="defaults"))
        else:
            checked[kind, key] = DefaultValue(kind=kind, key=key, value=value)
    return list(checked.values()), errors


def _repeated() -> FieldError:
    return FieldError(pointer="/key", code="repeated", detail="each key has one default")


def _if_match(request: HttpRequest) -> Precondition:
    return lambda stored: check_if_match(request, _etag(stored))


def _etag(now: TierDefaults) -> str:
    return f'"{sha256(content_of(tier_defaults_output(now))).hexdigest()[:32]}"'


def _answer(now: TierDefaults) -> HttpResponse:
    return json_response(tier_defaults_output(now), headers={"ETag": _etag(now)})


defaults_of_tier = endpoint(GET=get_defaults, PUT=put_defaults)
history_of_tier = endpoint(GET=list_history)
rollback_of_tier = endpoint(POST=post_rollback)
