"""The terms of a payment type as the rules read them: plain, immutable, per currency in minor units."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from payment_engine.errors import DateOutOfRange
from payment_engine.money import exponent
from payments.fees import FeeSchedule, MinorFee, fee_in_minor_units, flat_fee
from payments.routes import BOOKED_HERE, Route
from payments.value_dates import EVERY_DAY_IN_UTC, ValueDateRule
from payments.velocity import EVERY_TYPE, MinorLimit, VelocityLimit, Window, limit_in_minor_units

FURTHEST_AHEAD: Final = timedelta(days=366)
"""Of a requested execution date: a year beyond is a typing error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinorTerms:
    """Terms in minor units of one currency; None where there is no limit."""

    min_minor: int | None
    max_minor: int | None
    approval_minor: int | None
    limits: tuple[MinorLimit, ...]
    fee: MinorFee


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTerms:
    """One version of a payment type. Amounts are major units, valid for every currency it serves (empty: all).

    `max_daily_limit` is the tenant's own: per debtor account and UTC day over all its payment types together.
    """

    code: str
    version: int
    active: bool
    currencies: frozenset[str] = frozenset()
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    daily_limit: Decimal | None = None
    velocity_limits: tuple[VelocityLimit, ...] = ()
    max_daily_limit: Decimal | None = None
    processing_fee: Decimal = Decimal(0)
    fee_schedule: FeeSchedule | None = None
    approval_threshold: Decimal | None = None
    synchronous: bool = True
    route: Route = BOOKED_HERE
    value_date_rule: ValueDateRule = EVERY_DAY_IN_UTC
    _minor: dict[str, MinorTerms] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def limits(self) -> tuple[tuple[str, VelocityLimit], ...]:
        """Every limit on usage, with what it counts."""
        return tuple(self._limits())

    @property
    def charges(self) -> bool:
        """Whether any payment of this type may cost something."""
        return self.fee_schedule is not None or bool(self.processing_fee)

    def serves(self, currency: str) -> bool:
        return not self.currencies or currency in self.currencies

    def in_minor_units(self, currency: str) -> MinorTerms:
        """Raises ValidationFailed if the fee can't be expressed in the currency (0.50 in JPY): never rounded."""
        minor = self._minor.get(currency)
        if minor is None:
            minor = self._minor[currency] = _in_minor_units(self, currency)
        return minor

    def value_date_at(self, moment: datetime, requested: date | None) -> date:
        """From when a payment decided now (in UTC) counts. Raises DateOutOfRange for a requested date more than a year ahead, or beyond
        the years that calendars reach, ValidationFailed where the calendar has no business day for a year."""
        if requested is not None and requested - moment.date() > FURTHEST_AHEAD:
            raise DateOutOfRange(f"this is more than {FURTHEST_AHEAD.days} days ahead")
        if self.value_date_rule is EVERY_DAY_IN_UTC:
            today = moment.date()
            return today if requested is None else max(requested, today)
        return self.value_date_rule.value_date(moment, requested=requested).date

    def _limits(self) -> Iterator[tuple[str, VelocityLimit]]:
        if self.daily_limit is not None:
            yield self.code, VelocityLimit(window=Window.DAY, max_amount=self.daily_limit)
        for limit in self.velocity_limits:
            yield self.code, limit
        if self.max_daily_limit is not None:
            yield EVERY_TYPE, VelocityLimit(window=Window.DAY, max_amount=self.max_daily_limit)


def _in_minor_units(terms: PaymentTerms, currency: str) -> MinorTerms:
    unit = Decimal(10) ** exponent(currency)
    return MinorTerms(
        min_minor=None if terms.min_amount is None else math.ceil(terms.min_amount * unit),
        max_minor=None if terms.max_amount is None else math.floor(terms.max_amount * unit),
        approval_minor=None if terms.approval_threshold is None else math.ceil(terms.approval_threshold * unit),
        limits=tuple(limit_in_minor_units(limit, currency, counted_as=code) for code, limit in terms.limits),
        fee=fee_in_minor_units(terms.fee_schedule or flat_fee(terms.processing_fee), currency, of=terms.code),
    )
