"""What a tenant says of a payment type: the content of one version, as it crosses the border and as the table keeps it."""

from dataclasses import asdict, dataclass
from datetime import time
from decimal import Decimal
from typing import Any

import msgspec

from payment_engine.api.json import Json
from payments.fees import FeeSchedule
from payments.models import PaymentType
from payments.routes import INTERNAL, RetryPolicy
from payments.velocity import VelocityLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """The content of a version. Two that are equal decide every payment alike. Amounts are major units."""

    name: str
    description: str = ""
    is_synchronous: bool = True
    currencies: tuple[str, ...] = ()
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    daily_limit: Decimal | None = None
    velocity_limits: tuple[VelocityLimit, ...] = ()
    processing_fee: Decimal = Decimal(0)
    fee_schedule: FeeSchedule | None = None
    cut_off_time: time | None = None
    time_zone: str = ""
    calendar: str = ""
    rail: str = INTERNAL
    rail_fallbacks: tuple[str, ...] = ()
    approval_threshold: Decimal | None = None
    retry_policy: RetryPolicy | None = None

    def columns(self) -> dict[str, Any]:
        """As PaymentType keeps it."""
        plain = asdict(self)
        return {
            **plain,
            "currencies": list(self.currencies),
            "rail_fallbacks": list(self.rail_fallbacks),
            "velocity_limits": _as_json(self.velocity_limits),
            "fee_schedule": None if self.fee_schedule is None else _as_json(self.fee_schedule),
            "retry_policy": None if self.retry_policy is None else _as_json(self.retry_policy),
        }

    @property
    def route(self) -> tuple[str, ...]:
        """The rails in the order in which they are tried."""
        return (self.rail, *self.rail_fallbacks)


def definition_of(row: PaymentType) -> Definition:
    """The content of a version that is stored."""
    return Definition(
        name=row.name,
        description=row.description,
        is_synchronous=row.is_synchronous,
        currencies=tuple(row.currencies),
        min_amount=row.min_amount,
        max_amount=row.max_amount,
        daily_limit=row.daily_limit,
        velocity_limits=velocity_limits_of(row),
        processing_fee=row.processing_fee,
        fee_schedule=fee_schedule_of(row),
        cut_off_time=row.cut_off_time,
        time_zone=row.time_zone,
        calendar=row.calendar,
        rail=row.rail,
        rail_fallbacks=tuple(row.rail_fallbacks),
        approval_threshold=row.approval_threshold,
        retry_policy=None if row.retry_policy is None else msgspec.convert(row.retry_policy, RetryPolicy),
    )


def velocity_limits_of(row: PaymentType) -> tuple[VelocityLimit, ...]:
    return msgspec.convert(row.velocity_limits, tuple[VelocityLimit, ...])


def fee_schedule_of(row: PaymentType) -> FeeSchedule | None:
    return None if row.fee_schedule is None else msgspec.convert(row.fee_schedule, FeeSchedule)


def _as_json(value: object) -> Json:  # decimals as strings
    return msgspec.to_builtins(value)
