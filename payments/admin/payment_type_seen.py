"""What a page had read of a payment type, sent back with its form: nobody's change is overwritten unseen."""

from collections.abc import Callable
from hashlib import sha256

from payment_engine.api.errors import StaleVersion
from payments.definitions import definition_of
from payments.models import PaymentType


def fingerprint(*rows: PaymentType | None) -> str:
    """Of these versions as they stand: their terms, where they are in their life, and why."""
    versions = {row.version: row for row in rows if row is not None}
    facts = [(number, row.status, row.activate_at, row.reason, definition_of(row)) for number, row in sorted(versions.items())]
    return sha256(repr(facts).encode()).hexdigest()[:32]


def unchanged_since(seen: str) -> Callable[..., None]:
    """A precondition of operations: what they change is what the page had read."""

    def check(*rows: PaymentType) -> None:
        if fingerprint(*rows) != seen:
            raise StaleVersion("this payment type was changed by somebody else since you opened the page: look at it again")

    return check
