"""/config/tiers/{tier}/defaults: what the platform gives every tenant of a tier."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from django.http import HttpRequest, HttpResponse

from config_mgmt.api.shapes_settings import TierDefaultsInput, TierDefaultsOutput, content_of, tier_defaults_output
from config_mgmt.api.tenant_paths import actor_of
from config_mgmt.errors import ImportRefused
from config_mgmt.models import ConfigVersion
from config_mgmt.operations.tiers import DefaultValue, replace_tier_defaults, tier_defaults
from config_mgmt.operations.transfer import Item, checked_value, pointed
from payment_engine.api.endpoints import IF_MATCH, endpoint, operation
from payment_engine.api.etags import check_if_match
from payment_engine.api.json import decode_body, json_response
from payment_engine.errors import EngineError, FieldError, NotFound, ValidationFailed
from tenants.models import Tenant, TierDefault

TAG: Final = "Tiers"
_PATH: Final = {"tier": {"type": "string", "enum": list(Tenant.Tier.values)}}


@operation(
    operation_id="getTierDefaults",
    summary="Read the defaults of a tier",
    tag=TAG,
    scopes=("platform:admin",),
    path=_PATH,
    answers={200: TierDefaultsOutput},
)
def get_defaults(_request: HttpRequest, tier: str) -> HttpResponse:
    """Settings, feature flags and rate limits that apply to tenants of the tier with no value of their own."""
    _check_tier(tier)
    return _answer(tier, tier_defaults(tier))


@operation(
    operation_id="replaceTierDefaults",
    summary="Replace the defaults of a tier",
    tag=TAG,
    scopes=("platform:admin",),
    path=_PATH,
    body=TierDefaultsInput,
    headers=(IF_MATCH,),
    answers={200: TierDefaultsOutput},
    errors=(412,),
)
def put_defaults(request: HttpRequest, tier: str) -> HttpResponse:
    """All of them: those left out are taken away. Every tenant of the tier has them within two seconds."""
    _check_tier(tier)
    defaults = _checked(decode_body(request, TierDefaultsInput))
    rows = replace_tier_defaults(
        tier=tier, defaults=defaults, actor=actor_of(request), precondition=lambda stored: check_if_match(request, _etag(tier, stored))
    )
    return _answer(tier, rows)


def _check_tier(tier: str) -> None:
    if tier not in Tenant.Tier.values:
        raise NotFound(f"there is no such tier; they are {', '.join(Tenant.Tier.values)}")


def _checked(body: TierDefaultsInput) -> list[DefaultValue]:
    errors: list[FieldError] = []
    checked: dict[tuple[str, str], DefaultValue] = {}
    for index, default in enumerate(body.defaults):
        item = Item(kind=ConfigVersion.Kind(default.kind), key=default.key, value=default.value)
        try:
            if (default.kind, default.key) in checked:
                raise ValidationFailed("each key has one default", errors=[_repeated()])
            value = checked_value(item.kind, item.key, item.value)
        except EngineError as error:
            errors.extend(pointed(index, item, error, member="defaults"))
        else:
            checked[default.kind, default.key] = DefaultValue(kind=default.kind, key=default.key, value=value)
    if errors:
        raise ImportRefused("nothing was changed: not every default is right", errors=errors)
    return list(checked.values())


def _repeated() -> FieldError:
    return FieldError(pointer="/key", code="repeated", detail="each key has one default")


def _etag(tier: str, rows: Sequence[TierDefault]) -> str:
    return f'"{sha256(content_of(tier_defaults_output(tier, list(rows)))).hexdigest()[:32]}"'


def _answer(tier: str, rows: list[TierDefault]) -> HttpResponse:
    return json_response(tier_defaults_output(tier, rows), headers={"ETag": _etag(tier, rows)})


defaults_of_tier = endpoint(GET=get_defaults, PUT=put_defaults)
