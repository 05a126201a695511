"""The terms of a payment type as the rules read them: plain, immutable, per currency in minor units."""

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from payment_engine.errors import ValidationFailed
from payment_engine.money import exponent


@dataclass(frozen=True, slots=True, kw_only=True)
class MinorTerms:
    """Terms in minor units of one currency; None where there is no limit."""

    min_minor: int | None
    max_minor: int | None
    daily_limit_minor: int | None
    fee_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentTerms:
    """One version of a payment type. Amounts are major units, valid for every currency it serves (empty: all)."""

    code: str
    version: int
    active: bool
    currencies: frozenset[str] = frozenset()
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    daily_limit: Decimal | None = None
    processing_fee: Decimal = Decimal(0)

    def in_minor_units(self, currency: str) -> MinorTerms:
        """Raises ValidationFailed if the fee can't be expressed in the currency (0.50 in JPY): never rounded."""
        return _in_minor_units(self, currency)


@lru_cache(maxsize=4096)
def _in_minor_units(terms: PaymentTerms, currency: str) -> MinorTerms:
    unit = Decimal(10) ** exponent(currency)
    fee = terms.processing_fee * unit
    if fee != fee.to_integral_value():
        raise ValidationFailed(f"the fee of {terms.code} can't be expressed in {currency}")
    return MinorTerms(
        min_minor=None if terms.min_amount is None else math.ceil(terms.min_amount * unit),
        max_minor=None if terms.max_amount is None else math.floor(terms.max_amount * unit),
        # Usage is counted in a BIGINT: what it can't count is over every limit.
        daily_limit_minor=None if terms.daily_limit is None else min(math.floor(terms.daily_limit * unit), 2**63 - 1),
        fee_minor=int(fee),
    )
