"""What an account has used of the limits on it, as the posting core counts it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account
from payments.operations.writes import usage_of
from payments.snapshot import current_snapshot
from payments.terms import PaymentTerms
from payments.velocity import (
    COUNTABLE,
    EVERY_TYPE,
    Counter,
    MinorLimit,
    UsageKey,
    UsageOfAccount,
    Used,
    VelocityLimit,
    Window,
    limit_in_minor_units,
)
from tenants.database.pipeline import pipelined_transaction

Limit = tuple[str, VelocityLimit]
"""As PaymentTerms.limits has them: what is counted, and how much of it is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitUse:
    """One limit and what an account has used of it in the window that ends at `ends_at`. `counted_as` is empty for all types."""

    counted_as: str
    window: Window
    ends_at: datetime
    used: Used
    max_count: int | None
    max_minor: int | None
    currency: str

    @property
    def percent_of_count(self) -> int:
        return 0 if not self.max_count else 100 * self.used.count // self.max_count

    @property
    def percent_of_amount(self) -> int:
        return 0 if not self.max_minor else 100 * self.used.amount_minor // self.max_minor


def limits_of_account(account: Account, moment: datetime) -> list[LimitUse]:
    """Every limit of the payment types in force that serve the account's currency, and those over all types together."""
    limits = dict.fromkeys(limit for terms in current_snapshot().terms.values() if _applies(terms, account) for limit in terms.limits)
    return limit_uses(account, limits, moment)


def limit_uses(account: Account, limits: Iterable[Limit], moment: datetime) -> list[LimitUse]:
    asked = list(limits)
    used = usage_of_account(account, asked, moment)
    return [
        _limit_use(limit_in_minor_units(limit, account.currency, counted_as=counted_as), used, moment, account.currency)
        for counted_as, limit in sorted(asked, key=_order)
    ]


def usage_of_account(account: Account, limits: Iterable[Limit], moment: datetime) -> UsageOfAccount:
    """Of the windows that hold this moment, by now; takes no lock, so a payment under way may be missing."""
    asked = sorted({UsageKey(account.id, counted_as, limit.window) for counted_as, limit in limits})
    if not asked:
        return {}
    with pipelined_transaction() as transaction:
        rows = usage_of(transaction, asked, moment)
    return {(row.key.counted_as, row.key.window): row.used for row in rows}


def _applies(terms: PaymentTerms, account: Account) -> bool:
    return terms.active and terms.serves(account.currency)


_SHORTEST_FIRST = tuple(Window)


def _order(limit: Limit) -> tuple[bool, str, int]:
    counted_as, velocity = limit
    return counted_as == EVERY_TYPE, counted_as, _SHORTEST_FIRST.index(velocity.window)


def _limit_use(limit: MinorLimit, used: UsageOfAccount, moment: datetime, currency: str) -> LimitUse:
    counter: Counter = limit.counted_as, limit.window
    return LimitUse(
        counted_as=limit.counted_as,
        window=limit.window,
        ends_at=limit.window.end(moment),
        used=used.get(counter, Used()),
        max_count=limit.max_count,
        max_minor=limit.max_minor if limit.max_minor < COUNTABLE else None,
        currency=currency,
    )
