"""Payment types as the API writes them."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, Literal

from django.conf import settings
from msgspec import UNSET, UnsetType, field, to_builtins

from payment_engine.api.json import Output, encode
from payment_engine.money import exponent, is_currency
from payments.definitions import Definition, definition_of
from payments.fees import FeeSchedule
from payments.models import PaymentType
from payments.routes import INTERNAL
from payments.value_dates import format_cut_off

Status = Literal["DRAFT", "ACTIVE", "RETIRED"]
_DIGITS: Final = 2
"""Shown of an amount that may be in any currency."""


class FeeTierOutput(Output, frozen=True, kw_only=True):
    up_to: str | None
    amount: str | UnsetType = UNSET
    percentage: str | UnsetType = UNSET


class FeeScheduleOutput(Output, frozen=True, kw_only=True):
    """As in FeeScheduleInput."""

    type: Literal["FLAT", "PERCENTAGE", "TIERED"]
    payer: Literal["DEBTOR", "CREDITOR"]
    amount: str | UnsetType = UNSET
    percentage: str | UnsetType = UNSET
    minimum: str | UnsetType = field(default=UNSET, name="min")
    maximum: str | UnsetType = field(default=UNSET, name="max")
    tiers: list[FeeTierOutput] | UnsetType = UNSET


class VelocityLimitOutput(Output, frozen=True, kw_only=True):
    window: Literal["MINUTE", "HOUR", "DAY", "MONTH"]
    max_count: int | None
    max_amount: str | None
    scope: Literal["DEBTOR_ACCOUNT"] = "DEBTOR_ACCOUNT"


class RetryPolicyOutput(Output, frozen=True, kw_only=True):
    max_attempts: int
    backoff_seconds: int


class PaymentTypeOutput(Output, frozen=True, kw_only=True):
    """One version of a payment type. `processingFee` is null where there is a `feeSchedule`; `notes` say what has no effect yet."""

    code: str
    version: int
    status: Status
    name: str
    description: str
    is_synchronous: bool
    currencies: list[str]
    min_amount: str | None
    max_amount: str | None
    daily_limit: str | None
    velocity_limits: list[VelocityLimitOutput]
    processing_fee: str | None
    fee_schedule: FeeScheduleOutput | None
    cut_off_time: str | None
    time_zone: str | None
    calendar: str | None
    rail: str
    rail_fallbacks: list[str]
    approval_threshold: str | None
    retry_policy: RetryPolicyOutput | None
    notes: list[str]
    reason: str
    rollback_of: int | None
    created_by: str
    created_at: datetime
    activate_at: datetime | None
    activated_by: str | None
    activated_at: datetime | None
    retired_by: str | None
    retired_at: datetime | None
    retire_reason: str | None
    correlation_id: str | None


class TermChange(Output, frozen=True, kw_only=True):
    """One member that differs, as JSON."""

    member: str
    old_value: Any
    new_value: Any


class PaymentTypeDiff(Output, frozen=True, kw_only=True):
    """What has to change to get from one version to the other."""

    code: str
    from_version: int
    to_version: int
    changes: list[TermChange]


def payment_type_output(row: PaymentType) -> PaymentTypeOutput:
    terms = definition_of(row)
    digits = _digits_of(terms)
    was_active = row.status == PaymentType.Status.ACTIVE or row.activated_at is not None
    return PaymentTypeOutput(
        code=row.code,
        version=row.version,
        status=row.status,  # type: ignore[arg-type]  # the column's own choices
        name=terms.name,
        description=terms.description,
        is_synchronous=terms.is_synchronous,
        currencies=list(terms.currencies),
        min_amount=_plain(terms.min_amount, digits),
        max_amount=_plain(terms.max_amount, digits),
        daily_limit=_plain(terms.daily_limit, digits),
        velocity_limits=[
            VelocityLimitOutput(window=limit.window.value, max_count=limit.max_count, max_amount=_plain(limit.max_amount, digits))
            for limit in terms.velocity_limits
        ],
        processing_fee=_plain(terms.processing_fee, digits) if terms.fee_schedule is None else None,
        fee_schedule=None if terms.fee_schedule is None else _schedule_output(terms.fee_schedule, digits),
        cut_off_time=None if terms.cut_off_time is None else format_cut_off(terms.cut_off_time),
        time_zone=terms.time_zone or None,
        calendar=terms.calendar or None,
        rail=terms.rail,
        rail_fallbacks=list(terms.rail_fallbacks),
        approval_threshold=_plain(terms.approval_threshold, digits),
        retry_policy=None
        if terms.retry_policy is None
        else RetryPolicyOutput(max_attempts=terms.retry_policy.max_attempts, backoff_seconds=terms.retry_policy.backoff_seconds),
        notes=list(_notes(terms)),
        reason=row.reason,
        rollback_of=row.rollback_of,
        created_by=row.created_by,
        created_at=row.created_at,
        activate_at=row.activate_at,
        activated_by=row.activated_by or None,
        activated_at=(row.activated_at or row.created_at) if was_active else None,
        retired_by=row.retired_by or None,
        retired_at=row.retired_at,
        retire_reason=row.retire_reason or None,
        correlation_id=row.correlation_id or None,
    )


def payment_type_etag(row: PaymentType) -> str:
    return body_etag(encode(payment_type_output(row)))


def body_etag(body: bytes) -> str:
    """Strong: of every byte of the version as it is shown, its life cycle included."""
    return f'"{sha256(body).hexdigest()[:32]}"'


_TERMS: Final = PaymentTypeOutput.__struct_fields__[
    PaymentTypeOutput.__struct_fields__.index("name") : PaymentTypeOutput.__struct_fields__.index("notes")
]


def payment_type_diff(old: PaymentType, new: PaymentType) -> PaymentTypeDiff:
    """Of the terms, member by member, in the order in which they are shown."""
    before, after = payment_type_output(old), payment_type_output(new)
    names = dict(zip(PaymentTypeOutput.__struct_fields__, PaymentTypeOutput.__struct_encode_fields__, strict=True))
    return PaymentTypeDiff(
        code=new.code,
        from_version=old.version,
        to_version=new.version,
        changes=[
            TermChange(member=names[name], old_value=to_builtins(getattr(before, name)), new_value=to_builtins(getattr(after, name)))
            for name in _TERMS
            if getattr(before, name) != getattr(after, name)
        ],
    )


def _notes(terms: Definition) -> Iterator[str]:
    """What a tenant may say and nothing carries out as the version stands, said aloud."""
    if terms.retry_policy is not None and set(terms.route) == {INTERNAL}:
        yield "retryPolicy: for rails that can fail; the internal rail never needs it"
    missing = [rail for rail in terms.route if rail not in settings.CONNECTED_RAILS]
    if missing:
        yield f"rail: {', '.join(missing)} not connected; this version can be activated once its whole route is"
    if terms.is_synchronous and set(terms.route) != {INTERNAL}:
        yield "isSynchronous: a payment that leaves the bank is not final while its caller waits; activation needs isSynchronous false"


def _schedule_output(schedule: FeeSchedule, digits: int) -> FeeScheduleOutput:
    return FeeScheduleOutput(
        type=schedule.type.value,
        payer=schedule.payer.value,
        amount=_given(schedule.amount, digits),
        percentage=_given(schedule.percentage, 0),
        minimum=_given(schedule.minimum, digits),
        maximum=_given(schedule.maximum, digits),
        tiers=[
            FeeTierOutput(up_to=_plain(tier.up_to, digits), amount=_given(tier.amount, digits), percentage=_given(tier.percentage, 0))
            for tier in schedule.tiers
        ]
        or UNSET,
    )


def _given(amount: Decimal | None, digits: int) -> str | UnsetType:
    return _plain(amount, digits) or UNSET


def _digits_of(terms: Definition) -> int:
    """The most fraction digits of the currencies it serves."""
    return max((exponent(currency) for currency in terms.currencies if is_currency(currency)), default=_DIGITS)


def _plain(amount: Decimal | None, digits: int) -> str | None:
    """With at least these fraction digits, and all that count."""
    if amount is None:
        return None
    shown = amount.normalize()
    places = max(digits, -int(shown.as_tuple().exponent))
    return f"{shown:.{places}f}"
