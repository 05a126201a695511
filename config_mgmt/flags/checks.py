"""What a feature flag may say, and the sentence for each thing it may not.

Two codes: `validation_failed` where the published schema was not kept, `flag_invalid` where well-formed members make no flag.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from config_mgmt.errors import FlagInvalid
from config_mgmt.flags.documents import (
    ATTRIBUTE_PATTERN,
    CONSTRAINTS_MAX,
    KEY_PATTERN,
    PERCENTAGE_MAX,
    RULES_MAX,
    TEXT_LENGTH,
    VALUES_MAX,
    VARIANT_PATTERN,
    VARIANTS_MAX,
    WEIGHT_MAX,
    ConstraintDocument,
    FeatureDocument,
    RuleDocument,
    ScheduleDocument,
    VariantDocument,
)
from config_mgmt.flags.values import Operator
from payment_engine.api.json import Json, whole_number
from payment_engine.api.rest_errors import escape
from payment_engine.errors import FieldError

NO_UTC_INSTANT: Final = "the time is outside the years 1 to 9999 in UTC"
PAYLOAD_BYTES: Final = 16_384
PAYLOAD_DEPTH: Final = 20
_EXACT: Final = 1 << 53
_KEY: Final = re.compile(KEY_PATTERN[1:-1], re.ASCII)
_ATTRIBUTE: Final = re.compile(ATTRIBUTE_PATTERN[1:-1], re.ASCII)
_VARIANT: Final = re.compile(VARIANT_PATTERN[1:-1], re.ASCII)
_PERCENTAGE: Final = f"a percentage is a whole number from 0 to {PERCENTAGE_MAX}"


def is_key(text: str) -> bool:
    return _KEY.fullmatch(text) is not None


def errors_of(key: str, document: FeatureDocument) -> Iterator[FieldError]:
    config = document.config
    if not is_key(key):
        yield _error("/key", "a key has 1 to 100 letters, digits, dots, hyphens and underscores and starts with a letter or digit")
    if not _is_whole(config.rollout_percentage, PERCENTAGE_MAX):
        yield _error("/config/rolloutPercentage", _PERCENTAGE)
    if len(config.targeting) > RULES_MAX:
        yield _error("/config/targeting", f"a flag has at most {RULES_MAX} rules")
    for index, rule in enumerate(config.targeting[:RULES_MAX]):
        yield from _rule_errors(f"/config/targeting/{index}", rule)
    yield from _variants_errors(config.variants)
    if config.schedule is not None:
        yield from _schedule_errors(config.schedule)


def _rule_errors(pointer: str, rule: RuleDocument) -> Iterator[FieldError]:
    if rule.rollout_percentage is not None and not _is_whole(rule.rollout_percentage, PERCENTAGE_MAX):
        yield _error(f"{pointer}/rolloutPercentage", _PERCENTAGE)
    if not 1 <= len(rule.constraints) <= CONSTRAINTS_MAX:
        yield _error(f"{pointer}/constraints", f"a rule has 1 to {CONSTRAINTS_MAX} constraints")
    for index, constraint in enumerate(rule.constraints[:CONSTRAINTS_MAX]):
        yield from _constraint_errors(f"{pointer}/constraints/{index}", constraint)


def _constraint_errors(pointer: str, constraint: ConstraintDocument) -> Iterator[FieldError]:
    if _ATTRIBUTE.fullmatch(constraint.attribute) is None:
        yield _error(f"{pointer}/attribute", "an attribute's name has 1 to 50 letters, digits and underscores and starts with a letter")
    if constraint.operator not in list(Operator):
        yield _error(f"{pointer}/operator", f"an operator is one of {', '.join(Operator)}")
    if not 1 <= len(constraint.values) <= VALUES_MAX:
        yield _error(f"{pointer}/values", f"a constraint has 1 to {VALUES_MAX} values")
    for index, value in enumerate(constraint.values[:VALUES_MAX]):
        if not 1 <= len(value) <= TEXT_LENGTH or "\x00" in value:
            yield _error(f"{pointer}/values/{index}", f"a value has 1 to {TEXT_LENGTH} characters")


def _variants_errors(variants: list[VariantDocument]) -> Iterator[FieldError]:
    if len(variants) > VARIANTS_MAX:
        yield _error("/config/variants", f"a flag has at most {VARIANTS_MAX} variants")
        return
    names = Counter(variant.name for variant in variants)
    for index, variant in enumerate(variants):
        pointer = f"/config/variants/{index}"
        if _VARIANT.fullmatch(variant.name) is None:
            yield _error(
                f"{pointer}/name",
                "a variant's name has 1 to 100 letters, digits, dots, hyphens and underscores and starts with a letter or digit",
            )
        elif names[variant.name] > 1:
            yield _unfit(f"{pointer}/name", "each variant of a flag has a name of its own")
        if not _is_whole(variant.weight, WEIGHT_MAX):
            yield _error(f"{pointer}/weight", f"a weight is a whole number from 0 to {WEIGHT_MAX}")
        yield from _payload_errors(f"{pointer}/payload", variant.payload)
    if variants and all(whole_number(variant.weight) == 0 for variant in variants):
        yield _unfit("/config/variants", "at least one variant has a weight above zero")


def _payload_errors(pointer: str, payload: Json) -> Iterator[FieldError]:
    wrong = next(_unfit_members(pointer, payload, PAYLOAD_DEPTH), None)
    if wrong is not None:
        yield wrong
    elif len(msgspec.json.encode(payload, enc_hook=str)) > PAYLOAD_BYTES:
        yield _unfit(pointer, f"a payload has at most {PAYLOAD_BYTES} bytes")


def _unfit_members(pointer: str, value: Json, depth: int) -> Iterator[FieldError]:
    """What JSON can write but not every reader reads back the same (RFC 7493)."""
    if depth == 0:
        yield _unfit(pointer, f"a payload is nested at most {PAYLOAD_DEPTH} levels deep")
    elif isinstance(value, str) and "\x00" in value:
        yield _unfit(pointer, "text can't contain the NUL character")
    elif isinstance(value, int) and abs(value) > _EXACT:
        yield _unfit(pointer, "a whole number in a payload is at most 2^53; send larger ones as text")
    elif not isinstance(value, str | Mapping | list | bool | None) and not abs(float(value)) <= _EXACT:  # JSON writes it without a point
        yield _unfit(pointer, "a number in a payload is at most 2^53; send others as text")
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield from _unfit_members(pointer, name, depth)
            yield from _unfit_members(f"{pointer}/{escape(name)}", member, depth - 1)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _unfit_members(f"{pointer}/{index}", member, depth - 1)


def _schedule_errors(schedule: ScheduleDocument) -> Iterator[FieldError]:
    limits = {"activeFrom": schedule.active_from, "activeUntil": schedule.active_until}
    unfit = [name for name, at in limits.items() if at is not None and not is_utc_instant(at)]
    for name in unfit:
        yield _unfit(f"/config/schedule/{name}", NO_UTC_INSTANT)
    if unfit or schedule.active_from is None or schedule.active_until is None:
        return
    if schedule.active_until <= schedule.active_from:
        yield _unfit("/config/schedule/activeUntil", "a schedule ends after it begins")


def is_utc_instant(at: datetime) -> bool:
    """Whether it falls in the years 1 to 9999 in UTC too."""
    try:
        at.astimezone(UTC)
    except OverflowError:
        return False
    return True


def _is_whole(value: Json, largest: int) -> bool:
    number = whole_number(value)
    return number is not None and 0 <= number <= largest


def _error(pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, code="validation_failed", detail=detail)


def _unfit(pointer: str, detail: str) -> FieldError:
    return FieldError(pointer=pointer, code=FlagInvalid.code, detail=detail)
