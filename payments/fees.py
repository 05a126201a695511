"""What a payment costs: fee schedules as data, and their exact price in minor units. Pure, integers only, never a float."""

from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct, field

from payment_engine.errors import ValidationFailed
from payment_engine.money import exponent

PERCENT_DIGITS: Final = 6
"""Fraction digits a percentage may have."""
_SCALE: Final = 10**PERCENT_DIGITS
_WHOLE: Final = 100 * _SCALE
_HALF: Final = _WHOLE // 2


class FeeType(StrEnum):
    FLAT = "FLAT"
    PERCENTAGE = "PERCENTAGE"
    TIERED = "TIERED"


class FeePayer(StrEnum):
    """DEBTOR: on top of the amount. CREDITOR: taken from what arrives."""

    DEBTOR = "DEBTOR"
    CREDITOR = "CREDITOR"


class FeeTier(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Amounts up to and including `up_to` (None: all above the tier before) cost this: an amount, or per cent of the whole payment."""

    up_to: Decimal | None = None
    amount: Decimal | None = None
    percentage: Decimal | None = None


class FeeSchedule(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A price in major units. FLAT has an amount, PERCENTAGE a percentage, TIERED tiers; the last two may have bounds."""

    type: FeeType = field()
    payer: FeePayer = FeePayer.DEBTOR
    amount: Decimal | None = None
    percentage: Decimal | None = None
    minimum: Decimal | None = field(default=None, name="min")
    maximum: Decimal | None = field(default=None, name="max")
    tiers: tuple[FeeTier, ...] = ()

    def rates(self) -> tuple[FeeTier, ...]:
        """The schedule as tiers, the last of them open: flat and percentage fees are one tier for every amount."""
        return self.tiers or (FeeTier(amount=self.amount, percentage=self.percentage),)

    def amounts(self) -> tuple[Decimal, ...]:
        """Every sum of money that is charged as it stands, and so must be expressible in the currency."""
        given = (self.minimum, self.maximum, *(tier.amount for tier in self.rates()))
        return tuple(amount for amount in given if amount is not None)


class MinorTier(NamedTuple):
    up_to_minor: int | None
    amount_minor: int
    parts: int
    """Of a hundred million: a percentage with all its digits as an integer."""


class MinorFee(Struct, frozen=True, kw_only=True):
    """A fee schedule in minor units of one currency."""

    payer: FeePayer
    tiers: tuple[MinorTier, ...]
    min_minor: int = 0
    max_minor: int | None = None

    def of(self, amount_minor: int) -> int:
        """The fee of a payment. Percentages are rounded half up to the currency's smallest unit, then bounded."""
        tier = self.tier_of(amount_minor)
        fee = tier.amount_minor
        if tier.parts:
            fee += (amount_minor * tier.parts + _HALF) // _WHOLE
        fee = max(fee, self.min_minor)
        return fee if self.max_minor is None else min(fee, self.max_minor)

    def tier_of(self, amount_minor: int) -> MinorTier:
        for tier in self.tiers:
            if tier.up_to_minor is None or amount_minor <= tier.up_to_minor:
                return tier
        raise AssertionError("the last tier is open")


def fee_in_minor_units(schedule: FeeSchedule, currency: str, *, of: str) -> MinorFee:
    """Raises ValidationFailed if an amount can't be expressed in the currency (0.50 in JPY): those are never rounded."""
    digits = exponent(currency)
    if any(amount.scaleb(digits) % 1 for amount in schedule.amounts()):
        raise ValidationFailed(f"the fee of {of} can't be expressed in {currency}")
    return MinorFee(
        payer=schedule.payer,
        tiers=tuple(_minor_tier(tier, digits) for tier in schedule.rates()),
        min_minor=_minor(schedule.minimum, digits) or 0,
        max_minor=_minor(schedule.maximum, digits),
    )


def flat_fee(amount: Decimal) -> FeeSchedule:
    """What `processingFee` is short for."""
    return FeeSchedule(type=FeeType.FLAT, amount=amount)


def _minor_tier(tier: FeeTier, digits: int) -> MinorTier:
    parts = int((tier.percentage or Decimal(0)) * _SCALE)
    return MinorTier(up_to_minor=_minor(tier.up_to, digits), amount_minor=_minor(tier.amount, digits) or 0, parts=parts)


def _minor(amount: Decimal | None, digits: int) -> int | None:
    """Rounded down, which matters for the borders of tiers only."""
    return None if amount is None else int(amount.scaleb(digits))
