"""JSON into a `Flag` and back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from config_mgmt.errors import FlagInvalid
from config_mgmt.flags.checks import errors_of
from config_mgmt.flags.documents import FeatureDocument, RuleDocument, ScheduleDocument
from config_mgmt.flags.values import Constraint, Flag, Operator, Rule, Schedule, Variant
from payment_engine.api.json import Json, JsonNumber, whole_number
from payment_engine.errors import ValidationFailed


def read_flag(key: str, document: FeatureDocument) -> Flag:
    """Raises ValidationFailed, or FlagInvalid for what is well-formed, with a pointer and a sentence per offending member."""
    if errors := list(errors_of(key, document)):
        refusal = FlagInvalid if all(error.code == FlagInvalid.code for error in errors) else ValidationFailed
        raise refusal(errors[0].detail if len(errors) == 1 else "no feature flag can be made of this", errors=errors)
    config = document.config
    return Flag(
        key=key,
        enabled=document.enabled,
        killed=config.kill_switch,
        rollout_percentage=_whole(config.rollout_percentage),
        rules=tuple(_rule(rule) for rule in config.targeting),
        variants=tuple(Variant(name=each.name, weight=_whole(each.weight), payload=_plain(each.payload)) for each in config.variants),
        schedule=_schedule(config.schedule),
    )


def stored_flag(key: str, value: Json) -> Flag:
    """The flag of a configuration version's value. Raises ValidationFailed or msgspec.ValidationError if it is none."""
    return read_flag(key, msgspec.convert(value, FeatureDocument))


def document_of(flag: Flag) -> dict[str, Any]:
    """The flag in JSON, the same for the same flag: what is not used is left out."""
    config: dict[str, Any] = {"rolloutPercentage": flag.rollout_percentage}
    if flag.killed:
        config["killSwitch"] = True
    if flag.rules:
        config["targeting"] = [_rule_document(rule) for rule in flag.rules]
    if flag.variants:
        config["variants"] = [_variant_document(variant) for variant in flag.variants]
    if flag.schedule is not None:
        limits = {"activeFrom": flag.schedule.active_from, "activeUntil": flag.schedule.active_until}
        config["schedule"] = {name: _text(at) for name, at in limits.items() if at is not None}
    return {"enabled": flag.enabled, "config": config}


def _rule(document: RuleDocument) -> Rule:
    constraints = (
        Constraint(attribute=each.attribute, operator=Operator(each.operator), values=frozenset(each.values))
        for each in document.constraints
    )
    own = document.rollout_percentage
    return Rule(constraints=tuple(constraints), rollout_percentage=None if own is None else _whole(own))


def _whole(value: Json) -> int:
    number = whole_number(value)
    assert number is not None, "what is no whole number was refused"  # noqa: S101
    return number


def _schedule(document: ScheduleDocument | None) -> Schedule | None:
    if document is None or (document.active_from is None and document.active_until is None):
        return None
    return Schedule(active_from=document.active_from, active_until=document.active_until)


def _plain(payload: Json) -> Json:
    """A payload is opaque: its numbers are what JSON libraries make of them."""
    match payload:
        case JsonNumber() | float():
            return float(payload) + 0.0  # which is 0 of −0: the column has no other zero
        case Mapping():
            return {name: _plain(member) for name, member in payload.items()}
        case list():
            return [_plain(member) for member in payload]
        case _:
            return payload


def _rule_document(rule: Rule) -> dict[str, Any]:
    constraints = [{"attribute": c.attribute, "operator": c.operator.value, "values": sorted(c.values)} for c in rule.constraints]
    own = {} if rule.rollout_percentage is None else {"rolloutPercentage": rule.rollout_percentage}
    return {"constraints": constraints, **own}


def _variant_document(variant: Variant) -> dict[str, Any]:
    payload = {} if variant.payload is None else {"payload": variant.payload}
    return {"name": variant.name, "weight": variant.weight, **payload}


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
